import numpy as np
import pytest
from made_people import made_comparisons, made_embeddings
from sklearn.metrics.pairwise import cosine_distances

from faceline.evaluation.recognition.embedding_space import MAX_ON_MAP, embedding_map, silhouette
from faceline.evaluation.verification.comparisons import Comparisons


def test_silhouette_by_its_definition():
    embeddings, person = made_embeddings(5, 4)
    distances = cosine_distances(embeddings)
    values = []
    for row, own in enumerate(person):
        same = distances[row, (person == own) & (np.arange(20) != row)].mean()
        other = min(distances[row, person == code].mean() for code in range(5) if code != own)
        values.append((other - same) / max(other, same))
    assert silhouette(embeddings, person) == pytest.approx(np.mean(values), abs=1e-5)


def test_no_silhouette_without_clusters():
    embeddings, person = made_embeddings(4, 1)
    assert silhouette(embeddings, person) is None
    assert silhouette(embeddings, np.zeros(4)) is None


def test_map_keeps_people_together_and_is_the_same_again():
    comparisons, (_, person, _, _) = made_comparisons(people=8, photos=6, scatter=0.4, failed=3)
    placed = embedding_map(comparisons, seed=1)
    assert len(placed) == 45
    assert person[placed["row"]].tolist() == placed["person"].tolist()
    spots = placed[["x", "y"]].to_numpy()
    distances = np.linalg.norm(spots[:, None] - spots, axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = placed["person"].to_numpy()[distances.argmin(axis=1)]
    assert np.mean(nearest == placed["person"]) > 0.95
    assert embedding_map(comparisons, seed=1).equals(placed)


def test_map_has_room_for_so_many_photos_of_whole_people(monkeypatch):
    monkeypatch.setattr("faceline.evaluation.recognition.embedding_space.MAX_ON_MAP", 20)
    comparisons, _ = made_comparisons(people=8, photos=6)
    assert embedding_map(comparisons)["person"].tolist() == np.repeat([0, 1, 2], 6).tolist()
    assert MAX_ON_MAP == 400


def test_no_map_of_a_handful():
    embeddings, person = made_embeddings(3, 2)
    assert embedding_map(Comparisons.of(embeddings, person)).empty
