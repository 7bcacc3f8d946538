"""OpenCV's YuNet (Wu et al., Machine Intelligence Research 2023) with the user's ONNX file of it."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from faceline.core.errors import InputError
from faceline.core.files import check_file
from faceline.detection.detections import Detections, Detector, DetectorSettings

MAX_MODEL_BYTES = 2**28


class Yunet(Detector):
    """YuNet, an image at a time."""

    name = "yunet"
    default_min_score = 0.8

    def __init__(self, settings: DetectorSettings) -> None:
        """Loads the model; InputError where its file is missing, or OpenCV cannot read it as YuNet."""
        super().__init__(settings)
        model = Path(settings.model)
        hint = (
            "yunet takes face_detection_yunet_2023mar.onnx of OpenCV's model zoo, as wild.detector_model in "
            "params.yaml or --detector-model of the tool"
        )
        check_file(model, hint, MAX_MODEL_BYTES)
        try:
            self._net = cv2.FaceDetectorYN.create(str(model), "", (320, 320), self.min_score)
            self._detect(np.zeros((320, 320, 3), np.uint8))  # fails for a model of something else
        except cv2.error as error:
            raise InputError(f"{model}: OpenCV cannot read it as YuNet ({error.err}); {hint}") from None

    def detect(self, images: Sequence[np.ndarray]) -> list[Detections]:
        return [self._detect(image) for image in images]

    def _detect(self, image: np.ndarray) -> Detections:
        self._net.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._net.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if rows is None:
            return Detections.none()
        rows = rows.astype(np.float64)
        # it lists the subject's right eye first, which is the left one from the viewer's side
        return Detections(rows[:, :4], rows[:, 14], rows[:, 4:14].reshape(-1, 5, 2))


DETECTOR = Yunet
