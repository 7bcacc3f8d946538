"""A Ray cluster of two machines of one core each, both of them on this one; and work that its processes can import.

Run as a script, it is the cluster: it prints its address, and obeys lines of its input until that ends.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from faceline.engines.engine import Work

ROOT = Path(__file__).resolve().parents[1]
MEMORY = 2**28


class Cluster:
    """The cluster, for a `with` block."""

    def __enter__(self):
        self._folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # paths of sockets may have 107 characters
        # it writes its address to `ray/` there, which it does not make itself, and not over that of a user's cluster
        (Path(self._folder) / "ray").mkdir()
        own = {
            "RAY_TMPDIR": self._folder,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",
        }  # without the latter, hardly any time is theirs
        path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        self._process = subprocess.Popen(
            [sys.executable, __file__, self._folder],
            env=os.environ | own | {"PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self._answer("address")
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def lose_a_machine(self):
        """Ends one of the two machines at once, as a power cut does."""
        self._ask("lose")

    def add_a_machine(self):
        """Puts another in its place."""
        self._ask("add")

    def _ask(self, command):
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        self._answer(command)

    def _answer(self, word):
        for line in self._process.stdout:  # among lines of Ray's own
            if line.startswith(f"{word}: "):
                return line.split()[1]
        raise RuntimeError("the cluster has ended")


class Squares(Work):
    """Numbers squared, with the process of each batch."""

    what = "square"

    def inputs(self, rows):
        return rows

    def read(self, one):
        return one * one

    def finish(self, rows, read):
        return read, os.getpid()


class Refused(Squares):
    """Refuses row 10."""

    def read(self, one):
        if one == 10:
            raise KeyError(f"row {one}")
        return super().read(one)


class InFolder(Squares):
    """Leaves traces in a folder."""

    def __init__(self, folder):
        self.folder = folder


class Counted(InFolder):
    """A file for each batch."""

    def finish(self, rows, read):
        (self.folder / str(rows.start)).touch()
        return super().finish(rows, read)


class FirstEndsLast(InFolder):
    """The first batch ends after one of another process has begun."""

    def finish(self, rows, read):
        (self.folder / str(os.getpid())).touch()
        while 0 in rows and len(list(self.folder.iterdir())) < 2:
            time.sleep(0.05)
        return super().finish(rows, read)


class Killed(InFolder):
    """The first process that has row 17 is killed with it."""

    def finish(self, rows, read):
        if 17 in rows and not (self.folder / "killed").exists():
            (self.folder / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().finish(rows, read)


class Stuck(InFolder):
    """Batches end on one machine alone, and not before one has begun on another, where it is stuck."""

    def __init__(self, folder, machine):
        super().__init__(folder)
        self.machine = machine

    def finish(self, rows, read):
        import ray

        if ray.get_runtime_context().get_node_id() != self.machine:
            (self.folder / "stuck").touch()
            time.sleep(1000)
        while not (self.folder / "stuck").exists():
            time.sleep(0.05)
        return super().finish(rows, read)


def be_the_cluster(folder):
    from ray.cluster_utils import Cluster as LocalCluster

    head = {"num_cpus": 1, "object_store_memory": MEMORY, "temp_dir": folder, "include_dashboard": False}
    cluster = LocalCluster(initialize_head=True, head_node_args=head)
    other = cluster.add_node(num_cpus=1, object_store_memory=MEMORY)
    print(f"address: {cluster.address}", flush=True)
    for line in sys.stdin:
        if line.strip() == "lose":
            cluster.remove_node(other, allow_graceful=False)
        else:
            other = cluster.add_node(num_cpus=1, object_store_memory=MEMORY)
        print(f"{line.strip()}: done", flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    be_the_cluster(sys.argv[1])
