"""A packed set of aligned faces to a table of embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.errors import InputError
from faceline.core.images import decode_all
from faceline.core.packed import PackedSet
from faceline.core.params import ATTRIBUTES
from faceline.core.progress import track
from faceline.evaluation.embeddings.table import OK, EmbeddingTable
from faceline.recognition.embedder import NO_LABEL, Embedder

_KEPT = ["image_id", "person", "role", "split"]
_CHUNK = 256


def read_rejected(path: Path, facts: pd.DataFrame) -> pd.DataFrame:
    """The faces that alignment turned away, with `reason`, in the types of `facts`; none where there is no file.

    Raises:
        InputError: a column is missing.
    """
    columns = [*_KEPT, *(name for name in ATTRIBUTES if name in facts)]
    if not path.exists():
        return facts.iloc[:0][columns].assign(reason=pd.Series(dtype=str))
    rejected = pd.read_csv(path, dtype={"image_id": str}, keep_default_na=False)
    missing = [name for name in [*columns, "reason"] if name not in rejected]
    if missing:
        raise InputError(f"{path}: lacks the columns {', '.join(missing)}; run the stage align again")
    return rejected[[*columns, "reason"]].astype({name: facts[name].dtype for name in columns})


def embed_packed(
    aligned: PackedSet, rejected: pd.DataFrame, embedder: Embedder, flip: bool, workers: int, metadata: Mapping
) -> EmbeddingTable:
    """Embeds every face of a packed set, in its order, followed by the rejected ones without an embedding."""
    images = iter(track(decode_all(aligned.encoded(), workers), "embedding faces", len(aligned)))
    embeddings, persons = [], []
    while chunk := list(islice(images, _CHUNK)):
        vectors, named = embedder.embed_and_name(chunk, flip)
        embeddings.append(vectors)
        persons.append(named)
    nothing = np.full((len(rejected), embedder.net.config.embedding_dim), np.nan, np.float32)
    unnamed = np.full(len(rejected), NO_LABEL, np.int32)
    columns = [name for name in rejected if name != "reason"]
    facts = pd.concat(
        [aligned.facts[columns].assign(status=OK), rejected[columns].assign(status=rejected["reason"])],
        ignore_index=True,
    )
    facts["head_label"] = np.concatenate([*persons, unnamed])
    return EmbeddingTable(facts, np.concatenate([*embeddings, nothing]), dict(metadata))
