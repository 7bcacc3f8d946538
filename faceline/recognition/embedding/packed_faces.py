"""A packed set of aligned faces to a table of embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.columns import ATTRIBUTES
from faceline.core.errors import InputError
from faceline.evaluation.embeddings.table import OK, EmbeddingTable
from faceline.imaging.images import decode_all
from faceline.imaging.progress import track
from faceline.packed.sets import PackedSet
from faceline.recognition.embedding.embedder import NO_LABEL, Embedder

_KEPT = ["image_id", "person", "role", "split"]
_CHUNK = 256  # photos decoded at a time


def read_rejected(path: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Faces that alignment rejected, with `reason`, in the types of a set's `rows`; none where there is no file.

    Raises:
        InputError: a column is missing.
    """
    columns = [*_KEPT, *(name for name in ATTRIBUTES if name in rows)]
    if not path.exists():
        return rows.iloc[:0][columns].assign(reason=pd.Series(dtype=str))
    rejected = pd.read_csv(path, dtype={"image_id": str}, keep_default_na=False)
    missing = [name for name in [*columns, "reason"] if name not in rejected]
    if missing:
        raise InputError(f"{path}: lacks the columns {', '.join(missing)}; run the stage align again")
    return rejected[[*columns, "reason"]].astype({name: rows[name].dtype for name in columns})


def embed_packed(
    packed: PackedSet, rejected: pd.DataFrame, embedder: Embedder, flip: bool, workers: int, metadata: Mapping
) -> EmbeddingTable:
    """Embeds every face of a packed set, in its order, followed by the rejected ones without an embedding."""
    images = iter(track(decode_all(packed.encoded(), workers), "embedding faces", len(packed)))
    embeddings, persons = [], []
    while chunk := list(islice(images, _CHUNK)):
        vectors, named = embedder.embed_and_name(chunk, flip)
        embeddings.append(vectors)
        persons.append(named)
    nothing = np.full((len(rejected), embedder.net.config.embedding_dim), np.nan, np.float32)
    unnamed = np.full(len(rejected), NO_LABEL, np.int32)
    columns = [name for name in rejected if name != "reason"]
    rows = pd.concat(
        [packed.facts[columns].assign(status=OK), rejected[columns].assign(status=rejected["reason"])],
        ignore_index=True,
    )
    rows["head_label"] = np.concatenate([*persons, unnamed])
    return EmbeddingTable(rows, np.concatenate([*embeddings, nothing]), dict(metadata))
