"""Embeds every aligned face with the trained recogniser."""

from pathlib import Path

from faceline.core.model_file import model_hash
from faceline.core.packed import REJECTED, PackedSet
from faceline.core.params import EvaluationParams, RuntimeParams
from faceline.core.runtime import prepare
from faceline.core.stage import run_stage
from faceline.evaluation.embeddings.table import write_embeddings
from faceline.recognition.embedder import Embedder
from faceline.recognition.embedding import embed_packed, read_rejected


def embed(evaluation: EvaluationParams, runtime: RuntimeParams, aligned: Path, model: Path, out: Path) -> None:
    """Embeds faces of every role; those that could not be aligned are rows without an embedding."""
    packed = PackedSet(aligned)
    embedder = Embedder.load(model, prepare(runtime))
    embedder.check_alignment(packed.metadata, str(aligned))
    rejected = read_rejected(aligned / REJECTED, packed.facts)
    metadata = {"model": model_hash(model), "synthetic": embedder.drawn, "flip": evaluation.flip}
    write_embeddings(out, embed_packed(packed, rejected, embedder, evaluation.flip, runtime.workers, metadata))


if __name__ == "__main__":
    run_stage(embed)
