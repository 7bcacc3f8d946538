"""Streaming of sets larger than memory: every photo once, well mixed, and each block read once."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_faces import make_aligned, tiny_params
from tiny_heads import head_of

from faceline.core.errors import InputError
from faceline.packed import sets
from faceline.packed.sets import PackedSet
from faceline.recognition.training.recognizer_training import Trainer
from faceline.recognition.training.streaming import FacesStreamed, buffered_order
from faceline.recognition.training.training_data import FacesDecoded, load_data
from faceline.training.checkpoint import Checkpoint

CPU = torch.device("cpu")
BLOCK = 5


@pytest.fixture(scope="module")
def aligned(tmp_path_factory):
    """A set of blocks of 5 rows."""
    folder = tmp_path_factory.mktemp("data") / "aligned"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sets, "ROWS_PER_GROUP", BLOCK)
        make_aligned(folder)
    return folder


def streamed(aligned, params, workers=1, budget_bytes=20_000):
    """The data with all of its faces streamed, and the set that they come from."""
    packed = PackedSet(aligned)
    data = load_data(packed, params, 1, CPU)
    rows = np.flatnonzero(packed.rows["image_id"].isin(data.image_ids))
    return replace(data, faces=FacesStreamed(packed, rows, params.input_px, budget_bytes, workers)), packed


def test_orders_hold_everything_once_and_follow_the_seed():
    positions = np.arange(1000, 4000)
    blocks = positions // 64
    orders = [buffered_order(positions, blocks, 512, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(np.sort(orders[0]), positions)
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])


def test_the_buffer_bounds_what_waits():
    """A photo waits from the first use of its block until it is taken."""
    positions, size, buffer = np.arange(20_000), 100, 1500
    order = buffered_order(positions, positions // size, buffer, np.random.default_rng(3))
    seen, waiting, most = set(), 0, 0
    for position in order:
        if position // size not in seen:
            seen.add(position // size)
            waiting += size
        most = max(most, waiting)
        waiting -= 1
    assert most <= buffer + size
    assert len(seen) == 200


@pytest.mark.parametrize(("buffer", "least", "most"), [(2_000, 0.5, 0.7), (5_000, 0.75, 0.9), (10_000, 0.9, 1.0)])
def test_photos_are_mixed_as_far_as_the_buffer_goes(buffer, least, most):
    """20,000 photos, 25 of each person in a row, in blocks of 100: how many people a batch of 200 shows."""
    positions, rng = np.arange(20_000), np.random.default_rng(5)

    def people(order):
        return np.mean([len(np.unique(part // 25)) for part in order.reshape(-1, 200)])

    order, plain = buffered_order(positions, positions // 100, buffer, rng), rng.permutation(positions)
    assert people(positions) == 8
    assert least < people(order) / people(plain) < most
    # neighbours in the order are as far apart in the file as those of a permutation, a third of it
    assert np.abs(np.diff(order)).mean() == pytest.approx(np.abs(np.diff(plain)).mean(), rel=0.1)


def test_a_buffer_for_everything_is_a_permutation():
    positions = np.arange(4000)
    order = buffered_order(positions, positions // 64, 4000, np.random.default_rng(1))
    ranks = np.corrcoef(positions, order)[0, 1]
    assert abs(ranks) < 0.05


def test_an_epoch_reads_each_block_once_and_each_photo_once(aligned, tmp_path, monkeypatch):
    params = tiny_params(batch_size=6)
    data, packed = streamed(aligned, params.recognition)
    read, taken = [], []
    plain_block, plain_batch = packed.block, data.faces.batch
    monkeypatch.setattr(packed, "block", lambda number: read.append(number) or plain_block(number))
    monkeypatch.setattr(data.faces, "batch", lambda rows: taken.extend(rows) or plain_batch(rows))
    trainer = trainer_of(params, data, tmp_path)
    for epoch in (1, 2):
        read.clear()
        taken.clear()
        trainer._epoch(epoch)
        assert sorted(taken) == data.train.tolist()
        assert (
            sorted(read)
            == np.unique(packed.blocks[packed.rows["image_id"].isin(data.image_ids[data.train])]).tolist()
        )
        assert data.faces.waiting == 0
    ascending = [data.dev[:4], data.dev[4:]]
    read.clear()
    for rows in ascending:
        data.faces.batch(rows)
    assert len(read) == len(set(read))


def trainer_of(params, data, root):
    loss = params.losses.arcface
    return Trainer(params.recognition, loss, params.runtime, data, CPU, Checkpoint("recognition", root))


def test_workers_change_nothing_and_pixels_are_those_of_the_files(aligned, tmp_path):
    params = tiny_params(epochs=2)
    trained = []
    for workers in (1, 3):
        data, packed = streamed(aligned, params.recognition, workers)
        trained.append(trainer_of(params, data, tmp_path / str(workers)).run())
    assert all(torch.equal(trained[0].last.state[key], value) for key, value in trained[1].last.state.items())
    rows = np.flatnonzero(packed.rows["image_id"].isin(data.image_ids))
    decoded = FacesDecoded(list(packed.encoded(rows)), params.recognition.input_px, 1)
    some = np.array([40, 3, 17, 4])
    data.faces.expect(some[:2])
    assert torch.equal(data.faces.batch(some), decoded.batch(some))


def test_what_memory_holds_decides(aligned, monkeypatch):
    packed = PackedSet(aligned)
    params = tiny_params(memory_budget_mb=1).recognition
    files = sum(map(len, packed.encoded()))
    assert files < packed.image_bytes() < 2 * files  # in blocks of 5, what Parquet adds is no trifle
    assert not isinstance(load_data(packed, params, 1, CPU).faces, FacesStreamed)
    monkeypatch.setattr(PackedSet, "image_bytes", lambda self: 2**20 + 1)
    assert isinstance(load_data(packed, params, 1, CPU).faces, FacesStreamed)


def test_triplets_cannot_be_streamed():
    with pytest.raises(InputError, match=r"recognition.memory_budget_mb.*triplet"):
        head_of("triplet").batches(np.zeros(9, int), 3, np.random.default_rng(1), np.arange(9))
