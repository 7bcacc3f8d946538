"""A packed set of aligned faces to a table of embeddings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from faceline.core.columns import ATTRIBUTES, PERSON_COLUMNS
from faceline.core.errors import InputError
from faceline.engines.engine import LOCAL, Engine, Work
from faceline.evaluation.embeddings.table import OK, EmbeddingTable
from faceline.imaging.images import decode_rgb
from faceline.packed.sets import REJECTED, PackedSet, read_rejected
from faceline.recognition.embedding.embedder import NO_LABEL, Embedder

_CHUNK = 256  # faces of a batch


def rejected_like(folder: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Faces that are missing from a packed set, with `reason`, in the types of the set's `rows`.

    Raises:
        InputError: there is no such table, or a column is missing.
    """
    rejected = read_rejected(folder)
    columns = [*PERSON_COLUMNS, *(name for name in ATTRIBUTES if name in rows)]
    missing = [name for name in [*columns, "reason"] if name not in rejected]
    if missing:
        raise InputError(f"{folder / REJECTED}: lacks the columns {', '.join(missing)}; run the set's stage again")
    try:
        return rejected[[*columns, "reason"]].astype({name: rows[name].dtype for name in columns})
    except (ValueError, TypeError) as error:
        raise InputError(f"{folder / REJECTED}: not in the types of its set ({error}); run its stage again") from None


@dataclass(frozen=True)
class _Embed(Work[bytes, np.ndarray, tuple[np.ndarray, np.ndarray]]):
    what, unit = "embed", "face"
    packed: PackedSet
    embedder: Embedder
    flip: bool

    def inputs(self, rows: range) -> Iterator[bytes]:
        return self.packed.encoded(rows)

    def read(self, one: bytes) -> np.ndarray:
        return decode_rgb(one)

    def finish(self, rows: range, read: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        return self.embedder.embed_and_name(read, self.flip)


def embed_packed(
    packed: PackedSet,
    rejected: pd.DataFrame,
    embedder: Embedder,
    flip: bool,
    metadata: Mapping,
    engine: Engine = LOCAL,
) -> EmbeddingTable:
    """Embeds every face of a packed set, in its order, followed by the rejected ones without an embedding."""
    embeddings, persons = [], []
    for _, (vectors, named) in engine.map(_Embed(packed, embedder, flip), len(packed), _CHUNK):
        embeddings.append(vectors)
        persons.append(named)
    embeddings.append(np.full((len(rejected), embedder.net.config.embedding_dim), np.nan, np.float32))
    persons.append(np.full(len(rejected), NO_LABEL, np.int32))
    unembedded = rejected.rename(columns={"reason": "status"})
    rows = pd.concat([packed.rows.assign(status=OK)[unembedded.columns], unembedded], ignore_index=True)
    rows["head_label"] = np.concatenate(persons)
    return EmbeddingTable(rows, np.concatenate(embeddings), dict(metadata))
