"""Aligned faces to embeddings, with a trained recogniser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from faceline.core.errors import InputError
from faceline.imaging.images import at_size
from faceline.recognition.heads.base import Head
from faceline.recognition.net.embedding_net import EmbeddingNet
from faceline.recognition.net.recognizer_file import load_recognizer

NO_LABEL = -1
Images = np.ndarray | Sequence[np.ndarray]


class Embedder:
    """A recogniser ready for use.

    Attributes:
        net: the net, in evaluation mode.
        metadata: of the model file.
        input_px: side of the net's input; other sizes are brought to it.
        synthetic: the model was trained on synthetic faces and is of no use for photos.
        people: the persons that the training head tells apart, in its order.
    """

    def __init__(self, net: EmbeddingNet, head: Head | None, metadata: Mapping, device: torch.device) -> None:
        self.net = net.to(device).to(memory_format=torch.channels_last).eval()
        self.metadata = dict(metadata)
        self.input_px: int = metadata["input_px"]
        self.synthetic: bool = metadata["synthetic"]
        self.people: list[int] = metadata["people"]
        self._head = head and head.to(device).eval()
        self._device = device
        self._mean = torch.tensor(metadata["mean"], device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(metadata["std"], device=device).view(1, 3, 1, 1)

    @classmethod
    def load(cls, path: Path, device: torch.device, with_head: bool = False) -> Embedder:
        """Reads a model file.

        Args:
            with_head: load the training head as well, which `embed_and_name` needs.

        Raises:
            InputError: the file is no recogniser of faceline's.
        """
        return cls(*load_recognizer(path, with_head), device)

    def embed(self, images: Images, flip: bool, batch_size: int = 64) -> np.ndarray:
        """Embeds aligned faces.

        Args:
            images: (n, H, W, 3) RGB uint8, or n such images.
            flip: embed the mirror image as well and average.

        Returns:
            (n, embedding_dim) float32 of unit norm.
        """
        return self._embed(images, flip, batch_size)[0]

    def embed_and_name(self, images: Images, flip: bool) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings as `embed` gives them, and which training person the head takes each for, without margin.

        Returns:
            (n, embedding_dim) float32 of unit norm, and (n,) int32 persons; -1 where the model has no head, or the
            loss no people.

        Raises:
            ValueError: the model was loaded without its head.
        """
        if self._head is None and self.metadata["loss"] is not None:
            raise ValueError("the model was loaded without its head")
        return self._embed(images, flip, 64)

    def check_alignment(self, metadata: Mapping, name: str) -> None:
        """Makes sure that faces were aligned as the model's training faces were.

        Args:
            metadata: of a packed set of aligned faces.
            name: the set's, for the message.

        Raises:
            InputError: another tile size or template.
        """
        for key in ("size_px", "template"):
            wanted, found = self.metadata["align"][key], metadata.get(key)
            if found is None or not np.allclose(wanted, found, atol=1e-3):
                raise InputError(
                    f"{name}: faces aligned with {key} {found}, but the model was trained with {wanted}; repeat the "
                    "alignment, or train again"
                )

    @torch.inference_mode()
    def _embed(self, images: Images, flip: bool, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        embeddings = np.empty((len(images), self.net.config.embedding_dim), np.float32)
        persons = np.full(len(images), NO_LABEL, np.int32)
        for start in range(0, len(images), batch_size):
            rows = slice(start, start + batch_size)
            raw = self._raw(images[rows], flip)
            embeddings[rows] = F.normalize(raw).cpu().numpy()
            scores = None if self._head is None else self._head.predict(raw)
            if scores is not None:
                persons[rows] = np.asarray(self.people, np.int32)[scores.argmax(dim=1).cpu().numpy()]
        return embeddings, persons

    def _raw(self, images: Images, flip: bool) -> Tensor:
        pixels = np.stack([at_size(image, self.input_px) for image in images])
        batch = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)  # channels_last as it lies
        batch = (batch.float() - self._mean) / self._std
        raw = self.net(batch).float()
        return (raw + self.net(batch.flip(3)).float()) / 2 if flip else raw
