"""Blocks of rows cover matrices once and in order, whatever their size."""

import pytest
import torch

from faceline.recognition.heads import blocks


@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (1, 3), (7, 3), (6, 3), (5, 40), (4, 0)])
def test_every_row_once_and_in_order(rows, columns, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 9)
    matrix, column = torch.arange(rows * columns).view(rows, columns), torch.arange(rows)[:, None]
    parts = list(blocks.row_blocks(matrix, column))
    assert torch.equal(torch.cat([one for one, _ in parts] or [matrix]), matrix)
    assert torch.equal(torch.cat([other for _, other in parts] or [column]), column)
    assert all(len(one) == len(other) for one, other in parts)
    assert all(one.numel() <= max(9, columns) for one, _ in parts)


def test_blocks_are_views():
    matrix = torch.zeros(300, 1000)
    parts = list(blocks.row_blocks(matrix))
    for (part,) in parts:
        part += 1
    assert len(parts) > 1
    assert matrix.eq(1).all()
