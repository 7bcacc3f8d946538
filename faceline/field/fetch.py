"""Downloads models from the field into the user's cache."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from faceline.core.errors import InputError
from faceline.field.cache import model_path, place
from faceline.field.facts import ModelFacts


def fetch(facts: ModelFacts) -> Path:
    """The model's file in the cache, downloaded with progress where it is not there yet, its hash checked.

    Raises:
        InputError: the download fails, or another file comes.
    """
    if facts.file is not None:
        return model_path(facts)
    import pooch  # brings requests, which takes a while to import

    path = place(facts)
    pooch.get_logger().setLevel("WARNING")
    progress = tqdm(desc=facts.name, total=1, unit="B", unit_scale=True, disable=None, leave=False)
    download = pooch.HTTPDownloader(progressbar=progress, timeout=30)
    try:
        pooch.retrieve(facts.address, f"sha256:{facts.sha256}", path.name, path.parent, downloader=download)
    except (OSError, ValueError) as error:  # those of requests are OSErrors; ValueError is another hash
        raise InputError(
            f"{facts.address}: cannot be downloaded ({error}); get the file another way, then "
            f"`faceline fetch {facts.name} --from FILE`"
        ) from None
    return path
