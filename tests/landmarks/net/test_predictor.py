import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from faceline.boxes.boxes import box_around
from faceline.core.errors import InputError
from faceline.landmarks.net.hourglass import HourglassConfig, StackedHourglass
from faceline.landmarks.net.predictor import LandmarkPredictor, save_hourglass
from faceline.windows.windows import transform

CONFIG = HourglassConfig(stacks=1, channels=16, depth=2, input_px=64, sigma_px=1.5)


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    net = StackedHourglass(CONFIG)
    torch.nn.init.normal_(net.heads[0].weight, std=0.3)
    path = tmp_path / "hourglass.safetensors"
    training = {"checkpoint": "best", "epoch": 3}
    save_hourglass(path, net, CONFIG, margin=-0.05, labels="people", training=training)
    return path, net.eval()


def images(count, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (90 + 7 * n, 100 + 5 * n, 3), dtype=np.uint8) for n in range(count)]


def maps(count):
    return np.array([[[0.8 + 0.1 * n, 0.05, 3], [-0.05, 0.8 + 0.1 * n, 4 + n]] for n in range(count)])


def test_the_file_gives_back_the_net_and_all_its_metadata(model):
    path, net = model
    predictor = LandmarkPredictor.load(path)
    for name, value in net.state_dict().items():
        assert torch.equal(predictor.net.state_dict()[name], value), name
    assert (predictor.input_px, predictor.synthetic, predictor.metadata["labels"]) == (64, False, "people")
    assert predictor.metadata["epoch"] == 3


def test_saving_twice_gives_the_same_bytes(model, tmp_path):
    path, net = model
    again = tmp_path / "again.safetensors"
    training = {"epoch": 3, "checkpoint": "best"}
    save_hourglass(again, net, CONFIG, margin=-0.05, labels="people", training=training)
    assert path.read_bytes() == again.read_bytes()


def test_batches_do_not_matter(model):
    predictor = LandmarkPredictor.load(model[0])
    points, scores = predictor.predict(images(5), maps(5), batch_size=2)
    assert points.shape == (5, 5, 2)
    assert points.dtype == np.float64
    for n in range(5):
        one, score = predictor.predict([images(5)[n]], maps(5)[n : n + 1])
        np.testing.assert_allclose(one[0], points[n], atol=0.05)
        np.testing.assert_allclose(score[0], scores[n], atol=1e-4)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_points_lie_in_the_image_where_the_net_looked(model):
    predictor = LandmarkPredictor.load(model[0])
    points, _ = predictor.predict(images(3), maps(3))
    pixels = images(3)[0]
    shift = np.array([[[1, 0, 20], [0, 1, 11.0]]])
    canvas = np.zeros((200, 200, 3), np.uint8)
    canvas[11 : 11 + len(pixels), 20 : 20 + pixels.shape[1]] = pixels
    moved = maps(1) + np.array([[0, 0, 20], [0, 0, 11]])
    again, _ = predictor.predict([canvas], moved)
    np.testing.assert_allclose(again[0], transform(shift, points[:1])[0], atol=0.05)


def test_the_view_is_the_box_with_the_models_margin(model):
    view = LandmarkPredictor.load(model[0]).view(np.array([10, 20, 50, 80.0]))
    assert view[0, 0] * 64 == pytest.approx(0.9 * 80)


def test_nothing_in_nothing_out(model):
    points, scores = LandmarkPredictor.load(model[0]).predict([], np.empty((0, 2, 3)))
    assert points.shape == (0, 5, 2)
    assert scores.shape == (0, 5)


def test_images_and_maps_must_pair_up(model):
    with pytest.raises(ValueError, match="2 images but 3 maps"):
        LandmarkPredictor.load(model[0]).predict(images(2), maps(3))


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    with pytest.raises(InputError, match="no such file"):
        LandmarkPredictor.load(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="expected a hourglass model"):
        LandmarkPredictor.load(path)


def test_box_around_and_view_frame_a_face(model):
    """With CelebA's box round its points a face fills the middle of the net's input."""
    points = np.array([[40, 50], [70, 51], [55, 66], [43, 82], [68, 83.0]])
    view = LandmarkPredictor.load(model[0]).view(box_around(points))
    inside = transform(np.linalg.inv(np.vstack([view, [0, 0, 1]]))[:2], points)
    assert ((inside > 12) & (inside < 52)).all()


def test_a_model_for_other_points_is_refused(model):
    predictor = LandmarkPredictor.load(model[0])
    other = predictor.metadata | {"points": ["nose", "chin"]}
    with pytest.raises(InputError, match=r"other\.safetensors: finds the points \['nose', 'chin'\]"):
        LandmarkPredictor(model[1], other, torch.device("cpu"), "other.safetensors")


@pytest.mark.parametrize(("labels", "synthetic"), [("people", False), ("dataset", False), ("synthetic", True)])
def test_the_file_says_whether_its_photos_were_synthetic(model, tmp_path, labels, synthetic):
    path = tmp_path / "net.safetensors"
    save_hourglass(path, model[1], CONFIG, margin=0.0, labels=labels, training={})
    assert LandmarkPredictor.load(path).synthetic is synthetic
