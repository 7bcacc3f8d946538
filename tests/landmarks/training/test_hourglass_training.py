import numpy as np
import pytest
import shared_hourglass
import torch
from processes import run_in_processes
from shared_hourglass import run_training
from tiny_faces import tiny_params
from tiny_landmarks import PARAMS, packed_set
from waits import counted_waits

from faceline.core.errors import FacelineError, InputError
from faceline.data.crops.params import CropParams
from faceline.landmarks.errors.nme import nme_eye_center
from faceline.landmarks.net.codec import Codec
from faceline.landmarks.net.hourglass import MEAN, STD, normalised
from faceline.landmarks.training import hourglass_training
from faceline.landmarks.training.hourglass_training import Trainer, heatmap_loss, load_faces
from faceline.training.checkpoint import Checkpoint

RUNTIME = tiny_params().runtime
CROP = CropParams(context=0.3, max_px=384, jpeg_quality=95)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tiny") / "set"


@pytest.fixture(scope="module")
def crops(folder):
    return packed_set(folder, 60, CROP)


def trainer(crops, folder, params=PARAMS):
    torch.manual_seed(params.seed)
    return Trainer(
        params, *load_faces(crops, params, folder), torch.device("cpu"), RUNTIME, Checkpoint("tiny", folder)
    )


def weights(net):
    return torch.cat([value.reshape(-1).float() for value in net.state_dict().values()])


class KilledError(Exception):
    pass


def kill_after(last):
    def stop(curves):
        if len(curves) == last:
            raise KilledError

    return stop


@pytest.mark.parametrize("killed_after", [1, 2])
def test_a_killed_run_ends_with_the_same_bits(crops, tmp_path, killed_after):
    whole = trainer(crops, tmp_path / "whole").run()
    with pytest.raises(KilledError):
        trainer(crops, tmp_path / "cut").run(kill_after(killed_after))
    told = []
    resumed = trainer(crops, tmp_path / "cut").run(lambda curves: told.append(len(curves)))
    assert told == [*range(killed_after, PARAMS.epochs + 1)]  # the rows of before at once
    assert torch.equal(weights(whole.net), weights(resumed.net))
    assert whole.curves == resumed.curves
    assert (whole.epoch, whole.dev_nme) == (resumed.epoch, resumed.dev_nme)


def test_it_learns_to_find_the_dots_and_keeps_the_best_epoch(crops, tmp_path):
    params = PARAMS.model_copy(update={"epochs": 12})
    running = trainer(crops, tmp_path, params)
    trained = running.run()
    nmes = [row["dev_nme"] for row in trained.curves]
    assert len(nmes) == 12
    assert trained.dev_nme == min(nmes) == nmes[trained.epoch - 1]
    assert trained.last_dev_nme == nmes[-1]
    assert trained.dev_nme < 0.05
    assert not trained.net.training

    # what it finds in mirrored photos is the mirror image of what it finds, left and right swapped
    _, dev = load_faces(crops, params, tmp_path)
    pixels = dev.plain(np.arange(len(dev)))
    codec = Codec(params.input_px, params.sigma_px)
    with torch.inference_mode():
        points, mirrored = (
            codec.decode(trained.net(normalised(np.ascontiguousarray(one), MEAN, STD, torch.device("cpu")))[-1])[0]
            for one in (pixels, pixels[:, :, ::-1])
        )
    back = mirrored[:, [1, 0, 2, 4, 3]] * torch.tensor([-1, 1]) + torch.tensor([params.input_px - 1, 0])
    assert (back - points).norm(dim=-1).mean() < 1


def test_learning_rates_warm_up_and_fall(crops, tmp_path):
    params = PARAMS.model_copy(update={"epochs": 6, "warmup_epochs": 2.0, "channels": 8, "stacks": 1})
    rates = [row["learning_rate"] for row in trainer(crops, tmp_path, params).run().curves]
    assert rates[0] == pytest.approx(params.learning_rate / 2)
    assert rates[1] == pytest.approx(params.learning_rate)
    assert sorted(rates[1:], reverse=True) == rates[1:]


def test_a_diverging_run_stops_with_its_step_rate_and_photos(crops, tmp_path):
    running = trainer(crops, tmp_path)
    with torch.no_grad():
        running._net.heads[0].bias.fill_(float("nan"))
    with pytest.raises(FacelineError, match=r"step 0 with learning rate 0\.0\d+.*drawn_0000"):
        running.run()


def test_the_loss_is_1_for_nothing_and_0_for_the_target():
    codec = Codec(128, 2.0)
    targets, inside = codec.encode(torch.rand((4, 5, 2), generator=torch.Generator().manual_seed(0)) * 80 + 24)
    assert heatmap_loss([torch.zeros_like(targets)] * 3, targets, inside, 2.0).item() == pytest.approx(1, abs=0.01)
    assert heatmap_loss([targets], targets, inside, 2.0).item() == 0


def test_points_outside_the_input_cost_nothing():
    codec = Codec(64, 1.5)
    targets, inside = codec.encode(torch.tensor([[[30.0, 30.0], [90.0, 30.0]]]))
    wrong = targets.clone()
    wrong[:, 1] = 7
    assert heatmap_loss([wrong], targets, inside, 1.5).item() == 0


def test_a_set_without_dev_faces_is_refused(crops, tmp_path):
    class OnlyTrain:
        rows = crops.rows[crops.rows.split == "train"]
        encoded = crops.encoded

    with pytest.raises(InputError, match="dev"):
        load_faces(OnlyTrain, PARAMS, tmp_path)


def test_dev_error_is_measured_in_the_photo(crops, tmp_path):
    """A net that always answers its input's middle misses by what geometry says."""
    running = trainer(crops, tmp_path)

    class Middle(torch.nn.Module):
        def forward(self, images):
            middle = torch.full((len(images), 5, 2), 31.5)
            return [Codec(64, PARAMS.sigma_px).encode(middle)[0]]

    running._averaged.averaged = Middle()
    boxes = running._dev.boxes
    middles = boxes[:, None, :2] + boxes[:, None, 2:] / 2 - 0.5
    expected = nme_eye_center(np.repeat(middles, 5, axis=1), running._dev.points).mean()
    assert running.dev_nme() == pytest.approx(expected, rel=1e-3)


def test_two_processes_train_as_one(crops, folder, tmp_path):
    one = run_training(folder, tmp_path, 1)
    run_in_processes(2, shared_hourglass.__file__, folder, tmp_path, 2, folder=tmp_path)
    two = torch.load(tmp_path / "hourglass.pt", weights_only=True)
    for mine, theirs in zip(one["curves"], two["curves"], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-3)
    apart = {
        name: float((value.float() - two["state"][name].float()).abs().max()) for name, value in one["state"].items()
    }
    # AdamW divides by the gradient's size: where that is near 0, its rounding becomes a part of a step
    assert max(apart.values()) < 5e-4, apart
    assert one["moved"] > 2e-4


def test_a_batch_that_processes_cannot_share_is_refused(crops, tmp_path, monkeypatch):
    three = RUNTIME.model_copy(update={"devices": 3})

    class Joined:
        process_index, num_processes = 0, 3

    monkeypatch.setattr(hourglass_training, "join", lambda runtime, device: Joined())
    with pytest.raises(InputError, match=r"landmarks.batch_size: 8.*3 processes"):
        Trainer(PARAMS, *load_faces(crops, PARAMS, tmp_path), torch.device("cpu"), three, Checkpoint("x", tmp_path))


def test_an_epoch_reads_once_however_many_steps_it_has(crops, tmp_path, monkeypatch):
    running = trainer(crops, tmp_path)
    # on a CPU AdamW reads its count of steps, which lies on the host wherever the weights are
    monkeypatch.setattr(running._optimizer, "step", lambda closure=None: None)
    assert running._steps >= 3
    with counted_waits() as calls:
        running._epoch(1)
    assert calls == ["item", "_local_scalar_dense"]  # the mean loss over the processes, after the last step
