"""Embeds every aligned face with the trained recogniser."""

from pathlib import Path

from faceline.models.model_file import model_hash
from faceline.packed.sets import REJECTED, PackedSet
from faceline.evaluation.verification.params import EvaluationParams
from faceline.models.runtime import RuntimeParams
from faceline.models.runtime import prepare
from faceline.core.stage import run_stage
from faceline.evaluation.embeddings import write_embeddings
from faceline.recognition.embedding.embedder import Embedder
from faceline.recognition.embedding.packed_faces import embed_packed, read_rejected


def embed(evaluation: EvaluationParams, runtime: RuntimeParams, aligned: Path, model: Path, out: Path) -> None:
    """Embeds faces of every role; those that could not be aligned are rows without an embedding."""
    packed = PackedSet(aligned)
    embedder = Embedder.load(model, prepare(runtime))
    embedder.check_alignment(packed.metadata, str(aligned))
    rejected = read_rejected(aligned / REJECTED, packed.facts)
    metadata = {"model": model_hash(model), "drawn": embedder.drawn, "flip": evaluation.flip}
    write_embeddings(out, embed_packed(packed, rejected, embedder, evaluation.flip, runtime.workers, metadata))


if __name__ == "__main__":
    run_stage(embed)
