"""Embeds a set of aligned tiles with the trained recogniser."""

from functools import partial
from pathlib import Path

from faceline.core.stage import run_stage
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams
from faceline.evaluation.embeddings.table import write_embeddings
from faceline.models.model_file import model_hash
from faceline.models.params import RuntimeParams
from faceline.models.runtime import prepare
from faceline.packed.sets import PackedSet
from faceline.recognition.embedding.embedder import Embedder
from faceline.recognition.embedding.packed_faces import embed_packed, rejected_like
from faceline.recognition.embedding.params import EmbeddingParams


def embed(
    embedding: EmbeddingParams, runtime: RuntimeParams, engine: EngineParams, tiles: Path, model: Path, out: Path
) -> None:
    """Embeds every tile of a set; faces that could not be aligned are rows without an embedding."""
    packed = PackedSet(tiles)
    device = prepare(runtime)
    embedder = Embedder.load(model, device, with_head=True)
    embedder.check_alignment(packed.metadata, str(tiles))
    rejected = rejected_like(tiles, packed.rows)
    metadata = {"model": model_hash(model), "synthetic": embedder.synthetic, "flip": embedding.flip}
    by = open_engine(engine, runtime.workers, runtime.threads, device.type == "cuda", partial(prepare, runtime))
    write_embeddings(out, embed_packed(packed, rejected, embedder, embedding.flip, metadata, by))


if __name__ == "__main__":
    run_stage(embed)
