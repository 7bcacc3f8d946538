"""ONNX files opened: quicker, and with the same answers."""

from pathlib import Path

import numpy as np
import pytest
from field_nets import save_prelu_net

from faceline.core.errors import InputError
from faceline.field.onnx_file import open_onnx, read_onnx


@pytest.mark.parametrize("slope", [[[[0.25]], [[-0.5]]], [[[1.5]]], [[[0.0]], [[1.0]]]])
def test_prelu_keeps_its_answers(tmp_path: Path, slope: list) -> None:
    slope = np.array(slope, np.float32)
    path = save_prelu_net(tmp_path / "net.onnx", slope)
    net = read_onnx(path)
    assert "PRelu" not in {node.op_type for node in net.graph.node}
    assert [one.name for one in net.graph.input] == ["images"]
    pixels = np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)
    planes = np.einsum("oc,chw->ohw", [[1, -2, 0.5], [-1, 1, 1]], pixels[0])
    expected = np.where(planes > 0, planes, planes * slope).mean(axis=(1, 2))
    (found,) = open_onnx(net, path).run(None, {"images": pixels})
    np.testing.assert_allclose(found[0], expected, atol=1e-6)


def test_what_is_no_onnx_file(tmp_path: Path) -> None:
    for content in (b"", b"no net at all", bytes(100)):
        (tmp_path / "net.onnx").write_bytes(content)
        with pytest.raises(InputError, match=r"net\.onnx: not an ONNX file"):
            read_onnx(tmp_path / "net.onnx")


def test_what_the_runtime_cannot_run(tmp_path: Path) -> None:
    path = save_prelu_net(tmp_path / "net.onnx", np.ones((2, 1, 1), np.float32))
    net = read_onnx(path)
    net.graph.node[0].op_type = "Magic"
    with pytest.raises(InputError, match=r"net\.onnx: ONNX Runtime cannot run it"):
        open_onnx(net, path)
