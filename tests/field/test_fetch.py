"""Models downloaded: from a server on this machine."""

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from faceline.core.errors import InputError
from faceline.field.cache import CACHE_VARIABLE
from faceline.field.facts import ModelFacts
from faceline.field.fetch import fetch

CONTENT = bytes(range(256)) * 500


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "served").mkdir()
    (tmp_path / "served/net.onnx").write_bytes(CONTENT)
    handler = functools.partial(_Silent, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def facts(address: str, content: bytes = CONTENT) -> ModelFacts:
    return ModelFacts(name="net", kind="detector", address=address, sha256=hashlib.sha256(content).hexdigest())


def test_a_model_is_downloaded_once(server: str, tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    path = fetch(facts(f"{server}/net.onnx"))
    assert path == tmp_path / "cache/net.onnx"
    assert path.read_bytes() == CONTENT
    (tmp_path / "served/net.onnx").unlink()
    assert fetch(facts(f"{server}/net.onnx")) == path
    assert capfd.readouterr() == ("", "")  # no progress where there is no terminal


def test_another_file_than_stated_is_refused(server: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"(?s)net.onnx: cannot be downloaded.*--from FILE"):
        fetch(facts(f"{server}/net.onnx", b"what was meant"))
    assert not list((tmp_path / "cache").iterdir())


def test_without_a_network_the_way_out_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(InputError, match=r"cannot be downloaded.*`faceline fetch net --from FILE`"):
        fetch(facts("http://127.0.0.1:1/net.onnx"))
