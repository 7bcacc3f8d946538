"""The figures that choose a checkpoint."""

import numpy as np
import torch

from faceline.recognition.net.embedding_net import EmbeddingNet, NetConfig
from faceline.recognition.training.training_data import FacesInMemory
from faceline.recognition.training.validation import at_least, embed_faces


def figures(tpr, auc, accuracy):
    return {"dev_tpr_at_fpr_1e-2": tpr, "dev_auc": auc, "val_accuracy": accuracy}


def test_the_area_decides_ties_and_the_later_epoch_when_all_is_equal():
    assert at_least(figures(0.5, 0.91, 0), figures(0.5, 0.9, 1))
    assert not at_least(figures(0.5, 0.9, 1), figures(0.5, 0.91, 0))
    assert not at_least(figures(0.4, 1.0, 1), figures(0.5, 0.9, 0))
    assert at_least(figures(0.5, 0.9, 0), figures(0.5, 0.9, 1))


def test_embeddings_have_unit_norm_and_the_order_asked_for():
    net = EmbeddingNet(NetConfig("spherenet4", 8, 2, 0.0, 32)).eval()
    photos = torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    positions = np.arange(200)[::-1] % 3  # more than a batch
    embeddings = embed_faces(net, FacesInMemory(photos), positions, torch.device("cpu"))
    with torch.no_grad():
        raw = net(photos / 127.5 - 1).numpy()
    wanted = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    assert embeddings.dtype == np.float32
    assert np.allclose(embeddings, wanted[positions], atol=1e-5)
