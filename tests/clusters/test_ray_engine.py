"""Batches as tasks of a Ray cluster of two machines: order, errors, and processes and machines that are lost."""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from ray_cluster import ROOT, Counted, FirstEndsLast, Killed, Refused, Squares, Stuck

from faceline.core.errors import InputError
from faceline.engines.opening import open_engine
from faceline.engines.params import EngineParams

ray = pytest.importorskip("ray", reason="no Ray: pip install 'faceline[ray]'")
RAY = EngineParams(engine="ray")
TEXT = {"capture_output": True, "text": True, "timeout": 300}


@pytest.fixture
def engine(ray_cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return open_engine(RAY)


def squares(found):
    return [one for _, (read, _) in found for one in read]


def test_results_come_in_order_from_several_processes(engine, tmp_path):
    found = list(engine.map(FirstEndsLast(tmp_path), 100, 3))
    assert [row for batch, _ in found for row in batch] == list(range(100))
    assert squares(found) == [row * row for row in range(100)]
    processes = {process for _, (_, process) in found}
    assert len(processes) > 1
    assert os.getpid() not in processes


def test_a_killed_process_loses_nothing(engine, tmp_path):
    found = list(engine.map(Killed(tmp_path), 60, 4))
    assert (tmp_path / "killed").exists()
    assert squares(found) == [row * row for row in range(60)]


def test_a_lost_machine_loses_nothing(engine, ray_cluster, tmp_path):
    def lose_it_at_work():
        while not (tmp_path / "stuck").exists():
            time.sleep(0.05)
        ray_cluster.lose_a_machine()

    with ThreadPoolExecutor(1) as pool:
        lost = pool.submit(lose_it_at_work)
        found = list(engine.map(Stuck(tmp_path, ray.get_runtime_context().get_node_id()), 60, 4))
        lost.result()
    ray_cluster.add_a_machine()
    assert squares(found) == [row * row for row in range(60)]


def test_few_batches_are_under_way_at_once(engine, tmp_path):
    results = engine.map(Counted(tmp_path), 200, 1)
    next(results)
    results.close()
    assert len(list(tmp_path.iterdir())) < 20


def test_an_error_of_the_work_is_raised_as_it_is(engine):
    results = engine.map(Refused(), 30, 4)
    assert squares([next(results), next(results)]) == [row * row for row in range(8)]
    with pytest.raises(KeyError, match="row 10"):
        next(results)


def test_work_that_no_machine_has_the_cores_for_is_refused(engine):
    with pytest.raises(InputError, match="no machine of this Ray cluster has 2 cores"):
        open_engine(RAY, cores=2)
    with pytest.raises(InputError, match="no machine of this Ray cluster has 1 cores and a GPU"):
        open_engine(RAY, gpu=True)


@pytest.fixture
def stage(tmp_path):
    """Runs crop with an address, in a folder with nothing but parameters: (exit code, what it says)."""
    tree = yaml.safe_load((ROOT / "params/base.yaml").read_text())
    tree["runtime"]["engine"] = "ray"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(tree))
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/1.jpg").write_bytes(b"")
    (tmp_path / "selected.csv").write_text(SELECTED)

    def run(address):
        places = ("--images photos", "--selected selected.csv", "--out out", "--metrics metrics.json")
        command = [sys.executable, "-m", "stages.crop", *" ".join(places).split()]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_ADDRESS": address}
        done = subprocess.run(command, cwd=tmp_path, env=environment, check=False, **TEXT)
        assert not (tmp_path / "out").exists()
        return done.returncode, done.stderr

    return run


SELECTED = (
    "image_id,person,role,split,x,y,width,height,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,"
    "left_mouth_x,left_mouth_y,right_mouth_x,right_mouth_y\n1.jpg,1,train,train,1,1,50,50,10,10,30,10,20,20,10,30,30,30\n"
)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "runtime.engine: ray needs a cluster, named by the variable RAY_ADDRESS: HOST:PORT"),
        ("nowhere", "RAY_ADDRESS=nowhere: no Ray cluster can be had there (Invalid address format: nowhere)"),
        ("127.0.0.1:PORT", "RAY_ADDRESS=127.0.0.1:PORT: nobody answers there ("),
    ],
)
def test_an_address_without_a_cluster_is_told_in_one_line(stage, address, words):
    with socket.socket() as taken:  # and never listens
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        code, said = stage(address.replace("PORT", port) if "127" in address else address)
    assert code == 2
    assert said.startswith(f"python -m stages.crop: {words.replace('127.0.0.1:PORT', f'127.0.0.1:{port}')}")
    assert said.count("\n") == 1


def test_a_folder_that_a_machine_does_not_see_is_named(engine, monkeypatch, tmp_path):
    """The work's own folder is gone when the first process of the cluster looks for it."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    results = engine.map(Squares(), 3, 3)
    monkeypatch.setattr("pathlib.Path.cwd", lambda: tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"nowhere: not seen by .* of the Ray cluster \(No such file or directory\)"):
        next(results)
