"""OpenCV's YuNet (Wu et al., Machine Intelligence Research 2023), its ONNX file run by ONNX Runtime.

What `cv2.FaceDetectorYN` does with the same file, in half the processor time.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import check_file
from faceline.detection.detections import Detections, Detector, DetectorSettings
from faceline.field.cache import model_path
from faceline.field.onnx_file import open_onnx, read_onnx
from faceline.imaging.parallel import ordered_map

STRIDES = (8, 16, 32)  # of the three maps, px of the image
OVERLAP = 0.3  # of two boxes the worse is dropped beyond this IoU
MOST = 5000  # candidates that are looked at, as in OpenCV
PARTS = ("cls", "obj", "bbox", "kps")
MAX_MODEL_BYTES = 2**28


class Yunet(Detector):
    """YuNet, an image at a time, several at once."""

    name = "yunet"
    default_min_score = 0.8

    def __init__(self, settings: DetectorSettings) -> None:
        """Loads the model, from the user's cache where the settings name no file.

        Raises:
            InputError: the file is missing, or is not YuNet.
        """
        super().__init__(settings)
        model = model_path("yunet") if settings.model == "none" else Path(settings.model)
        hint = (
            "yunet takes face_detection_yunet_2023mar.onnx of OpenCV's model zoo; `faceline fetch yunet` gets it, "
            "and then no file needs naming"
        )
        check_file(model, hint, MAX_MODEL_BYTES)
        net = read_onnx(model)
        self._outputs = [f"{part}_{stride}" for part in PARTS for stride in STRIDES]
        if len(net.graph.input) != 1 or {*self._outputs} != {one.name for one in net.graph.output}:
            raise InputError(f"{model}: not YuNet of 2023; `faceline fetch yunet` gets it")
        for size, name in zip(net.graph.input[0].type.tensor_type.shape.dim[2:], ("height", "width"), strict=True):
            size.dim_param = name  # the file says 640; the net takes any multiple of 32
        for one in net.graph.output:
            one.type.tensor_type.shape.dim[1].dim_param = one.name
        self._session = open_onnx(net, model)
        self._input = net.graph.input[0].name

    def __reduce__(self) -> tuple:
        """Another process opens the file itself: no session of ONNX Runtime can be sent."""
        return Yunet, (self.settings,), {"box_map": self.box_map}

    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        return list(ordered_map(self._detect, images))

    def _detect(self, image: np.ndarray) -> Detections:
        below, right = (-side % STRIDES[-1] for side in image.shape[:2])
        padded = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT)
        planes = cv2.dnn.blobFromImage(padded, swapRB=True)  # blue first, 0..255
        maps = iter(self._session.run(self._outputs, {self._input: planes}))
        width = padded.shape[1]
        found = zip(*(self._candidates(width, *level) for level in self._levels(maps)), strict=True)
        boxes, scores, points = (np.concatenate(one) for one in found)
        # OpenCV suppresses by whole pixels
        kept = cv2.dnn.NMSBoxes(boxes.astype(int).tolist(), scores.tolist(), self.min_score, OVERLAP, 1.0, MOST)
        # it lists the subject's right eye first, which is the left one from the viewer's side
        return Detections(boxes, scores, points).select(np.array(kept, int).reshape(-1))

    @staticmethod
    def _levels(maps: Iterator[np.ndarray]) -> list[tuple]:
        """The stride of each level, and its (cells, k) maps in the order of `PARTS`."""
        parts = [[next(maps)[0] for _ in STRIDES] for _ in PARTS]
        return list(zip(STRIDES, *parts, strict=True))

    def _candidates(
        self, width: int, stride: int, cls: np.ndarray, obj: np.ndarray, box: np.ndarray, points: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Boxes, scores and points of one level's cells, in image px, that reach the smallest score."""
        scores = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
        chosen = np.flatnonzero(scores >= self.min_score)
        row, column = np.divmod(chosen, width // stride)
        cell = np.column_stack([column, row]).astype(np.float64)
        size = np.exp(box[chosen, 2:].astype(np.float64)) * stride
        corner = (cell + box[chosen, :2]) * stride - size / 2
        places = (points[chosen].reshape(-1, 5, 2) + cell[:, None]) * stride
        return np.hstack([corner, size]), scores[chosen].astype(np.float64), places


DETECTOR = Yunet
