"""A packed set to a table of embeddings."""

import numpy as np
from tiny_faces import make_aligned

from faceline.packed.sets import PackedSet
from faceline.recognition.embedding import packed_faces
from faceline.recognition.embedding.packed_faces import embed_packed, rejected_like


class Brightness:
    """Embeds a face as its mean colour, and names it by the order in which it came."""

    class net:  # noqa: N801 - stands in for an attribute
        class config:  # noqa: N801
            embedding_dim = 3

    def __init__(self):
        self.seen = 0

    def embed_and_name(self, images, flip):
        names = np.arange(self.seen, self.seen + len(images), dtype=np.int32)
        self.seen += len(images)
        return np.stack([image.mean(axis=(0, 1)) for image in images]).astype(np.float32), names


def test_sets_larger_than_a_chunk_are_embedded_whole_and_in_order(tmp_path, monkeypatch):
    make_aligned(tmp_path / "aligned", rejected=2)
    packed = PackedSet(tmp_path / "aligned")
    rejected = rejected_like(tmp_path / "aligned", packed.rows)
    whole = embed_packed(packed, rejected, Brightness(), False, {})
    monkeypatch.setattr(packed_faces, "_CHUNK", 7)
    assert len(packed) > 7
    parts = embed_packed(packed, rejected, Brightness(), False, {})
    np.testing.assert_array_equal(parts.embeddings, whole.embeddings)
    assert parts.rows.head_label.tolist() == [*range(len(packed)), -1, -1]
    assert parts.rows.image_id.tolist() == [*packed.rows.image_id, *rejected.image_id]
