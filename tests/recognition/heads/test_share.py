"""Heads spread over processes against whole ones."""

import pytest
import shared_losses
import torch
from processes import run_in_processes
from shared_losses import CHANGES, computed
from tiny_heads import MARGIN_LOSSES, PEOPLE, batch, head_of

from faceline.recognition.heads.share import Share

PROCESSES = 2


@pytest.fixture(scope="module")
def shares(tmp_path_factory):
    """What each process found."""
    folder = tmp_path_factory.mktemp("shares")
    run_in_processes(PROCESSES, shared_losses.__file__, folder, folder=folder)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(PROCESSES)]


@pytest.mark.parametrize("name", MARGIN_LOSSES)
def test_loss_and_gradients_are_those_of_the_whole_head(shares, name):
    head = head_of(name, **CHANGES.get(name, {}))
    people, dim = PEOPLE, head.weight.shape[1]
    whole = computed(head, *batch())
    of_people = whole["weight"].view(head.centers, people, dim)
    first = 0
    # the mean over processes is the loss: of MagFace's regulariser each adds its own photos' part
    loss = sum(share[name]["loss"] for share in shares) / PROCESSES
    assert loss.item() == pytest.approx(whole["loss"].item(), abs=1e-5)
    for rank, share in enumerate(shares):
        mine = share[name]
        assert mine["angle"].item() == pytest.approx(whole["angle"].item(), abs=1e-5)
        # net gradients are averaged over the processes, so each process's are as of a mean over its own photos
        assert torch.allclose(mine["embeddings"] / PROCESSES, whole["embeddings"][rank::PROCESSES], atol=1e-5)
        held = mine["weight"].view(head.centers, -1, dim)
        assert held.shape[1] in (people // PROCESSES, people // PROCESSES + 1)
        assert torch.allclose(held, of_people[:, first : first + held.shape[1]], atol=1e-5)
        first += held.shape[1]
        for key, value in mine["buffers"].items():
            assert torch.allclose(value, whole["buffers"][key], atol=1e-5), key
    assert first == people
    assert whole["embeddings"].abs().max() > 1e-2
    assert torch.equal(shares[0][name]["gathered"], head.weight)


def test_shares_are_all_people_once_and_of_one_size():
    shares = [Share(10, process, 4) for process in range(4)]
    bounds = [share.bounds(share.process) for share in shares]
    assert [start for start, _ in bounds] == [0, 2, 5, 7]
    assert [stop for _, stop in bounds] == [2, 5, 7, 10]
    rows = torch.arange(20)  # two centres each
    assert torch.cat([share.of(rows) for share in shares]).sort().values.tolist() == rows.tolist()
    assert shares[1].of(rows).tolist() == [2, 3, 4, 12, 13, 14]


def test_means_are_given_to_those_who_hold_their_people():
    head = head_of("subcenter_arcface")
    head.keep_share(1, 2)
    means = torch.randn(PEOPLE, head.weight.shape[1])
    head.start_at(means)
    assert torch.equal(head.weight, means[3:].repeat(head.centers, 1))
