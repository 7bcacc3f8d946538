"""A gallery by its address: the path of a file, or the URL of a collection in Qdrant."""

from __future__ import annotations

import atexit
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from faceline.core.errors import FacelineError, InputError
from faceline.galleries.gallery import Gallery

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

    from faceline.galleries.qdrant_gallery import QdrantGallery

PORT = 6333
API_KEY = "QDRANT_API_KEY"  # the environment variable that a service's key is taken from
_SCHEMES = {"qdrant": "http", "http": "http", "https": "https"}


def open_gallery(address: str) -> Gallery | QdrantGallery:
    """Opens an existing gallery.

    Args:
        address: a file, `qdrant://HOST[:PORT]/COLLECTION`, the same with http or https, or
            `qdrant:///FOLDER/COLLECTION` for Qdrant's files in a folder, without a service.

    Raises:
        InputError: there is none, it is something else, or no such address.
    """
    if "://" not in address:
        return Gallery(Path(address))
    from faceline.galleries.qdrant_gallery import QdrantGallery

    return QdrantGallery(*_connected(address))


def open_or_create_gallery(address: str, model: str, dim: int) -> Gallery | QdrantGallery:
    """Opens a gallery for embeddings of one model, and makes it first when it is not there: see both classes."""
    if "://" not in address:
        return Gallery.open_or_create(Path(address), model, dim)
    from faceline.galleries.qdrant_gallery import QdrantGallery

    return QdrantGallery.open_or_create(*_connected(address), model, dim)


def gallery_exists(address: str) -> bool:
    """Whether there is anything at an address."""
    if "://" not in address:
        return Path(address).exists()
    from faceline.galleries.qdrant_gallery import exists

    return exists(*_connected(address))


def _connected(address: str) -> tuple[QdrantClient, str, str]:
    """A client, the collection, and the address for messages.

    Raises:
        InputError: no such address, or the client is not installed.
        FacelineError: another process has the folder open.
    """
    wanted = (
        f"{address}: expected a file, qdrant://HOST/COLLECTION, https://HOST:PORT/COLLECTION, or "
        "qdrant:///FOLDER/COLLECTION"
    )
    try:
        parts = urlsplit(address)
        port = parts.port or PORT
    except ValueError as error:
        raise InputError(f"{wanted} ({error})") from None
    folder, _, collection = unquote(parts.path).rpartition("/")
    local = parts.scheme == "qdrant" and not parts.netloc
    if parts.scheme not in _SCHEMES or not collection or (local and not folder) or (not local and folder):
        raise InputError(wanted)
    if find_spec("qdrant_client") is None:
        raise InputError(f"{address}: this needs the package qdrant-client: pip install 'faceline[qdrant]'")
    if not local:
        return _client("", f"{_SCHEMES[parts.scheme]}://{parts.hostname}:{port}"), collection, address
    try:
        return _client(folder, ""), collection, address
    except RuntimeError as error:  # Qdrant's files are one process's at a time
        raise FacelineError(f"{address}: {' '.join(str(error).split())[:200]}") from None


@cache
def _client(folder: str, url: str) -> QdrantClient:
    """One client a place: a folder is its client's alone."""
    from qdrant_client import QdrantClient

    client = (
        QdrantClient(path=folder)
        if folder
        else QdrantClient(url=url, api_key=os.environ.get(API_KEY), check_compatibility=False)
    )
    atexit.register(client.close)  # later it cannot be closed without a complaint
    return client
