import numpy as np
from made_people import all_scores, made_embeddings

from faceline.evaluation.pairs import scores


def test_every_pair_once():
    embeddings, person = made_embeddings(4, 3)
    genuine, impostor = scores(embeddings, [f"name {code}" for code in person])
    wanted_genuine, wanted_impostor = all_scores(embeddings, person)
    assert np.allclose(np.sort(genuine), np.sort(wanted_genuine), atol=1e-6)
    assert np.allclose(np.sort(impostor), np.sort(wanted_impostor), atol=1e-6)
