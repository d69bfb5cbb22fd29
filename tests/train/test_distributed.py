"""Two processes on this machine train what one does, and end together."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import derivo
from derivo.errors import NotSupportedError, UsageError
from derivo.run import hosts

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, threading, os
import numpy as np
import derivo
from derivo.layers import Dense

address, rank, what, path = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
run = None
if address != "alone":
    run = derivo.distributed.start(address, 2, rank, seconds_to_meet=60)
    assert (run.rank, run.processes, run.devices) == (rank, 2, 2)
rng = np.random.default_rng(0)
x = rng.normal(size=(43, 6))
t = (x[:, 0] > 0).astype(int)
if what == "other data" and rank == 1:
    x[7, 3] += 1
net = derivo.Network(Dense(5, "tanh"), Dense(2), dtype=np.float64)
options = {"batch_size": 8, "verbose": 0, "engine": "jax"}
net.fit(x, t, epochs=2, **options)  # 5 batches of 8 examples, and one of 3
if what == "an error" and rank == 1:
    raise KeyError("planted")
if what == "a kill" and rank == 1:
    threading.Timer(0.5, os._exit, (9,)).start()
if what in ("an error", "a kill"):
    net.fit(x, t, epochs=10**6, **options)


def bag(words, t, table, w):
    return np.mean((np.tanh(table[words].mean(axis=1) @ w) - t) ** 2)


params = {"table": rng.normal(size=(9, 4)), "w": rng.normal(size=(4, 3))}
specs = {"words": derivo.Spec("N 5", "int"), "t": "N 3"}
step = derivo.training_step(bag, params=params, **specs)
words, t = rng.integers(0, 9, (11, 5)), rng.normal(size=(11, 3))
step.fit(epochs=2, words=words, t=t, **options)
step.engine = "jax"
for rows in (11, 8):  # two processes share the second one out
    step(words=words[:rows], t=t[:rows])
np.savez(path, *net.state.values, *step.state.values)
"""


def test_what_does_not_fit_is_refused(monkeypatch):
    for given, said in (
        ({"processes": 2}, "takes all of address, processes and rank"),
        ({"address": "h:1", "processes": 2, "rank": 2}, "rank=2 must be from 0 to 1"),
    ):
        with pytest.raises(UsageError, match=said):
            derivo.distributed.start(**given)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(NotSupportedError, match="pip install"):
        derivo.distributed.start("127.0.0.1:9", 2, 0)
    monkeypatch.setattr(hosts._Started, "hosts", hosts.Hosts(0, 1, 1))
    with pytest.raises(UsageError, match="called before"):
        derivo.distributed.start()


class TestWithJax:
    pytestmark = pytest.mark.peers

    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("jax")

    def run(self, what, folder):
        """Run two processes; give for each how it ended and what it printed."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        started = [self.start(address, rank, what, folder) for rank in (0, 1)]
        printed = [p.communicate(timeout=120)[0] for p in started]
        return [(p.returncode, text) for p, text in zip(started, printed, strict=True)]

    def start(self, address, rank, what, folder):
        path = str(folder / f"{rank}.npz")
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, address, str(rank), what, path],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", *sys.path])},
        )  # fmt: skip

    def test_the_same_weights_as_one_process(self, tmp_path):
        for code, printed in self.run("all", tmp_path):
            assert (code, printed) == (0, "")
        alone = tmp_path / "alone"
        alone.mkdir()
        process = self.start("alone", 0, "all", alone)
        assert process.communicate(timeout=120)[0] == ""
        one, *both = (
            list(np.load(p).values())
            for p in (alone / "0.npz", tmp_path / "0.npz", tmp_path / "1.npz")
        )
        for found in both:
            for expected, ours in zip(one, found, strict=True):
                np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-13)
        for a, b in zip(*both, strict=True):
            np.testing.assert_array_equal(a, b)

    @pytest.mark.parametrize("what", ["an error", "a kill"])
    def test_when_one_ends_the_other_ends_and_says_why(self, what, tmp_path):
        first, second = self.run(what, tmp_path)
        assert first[0] == 1
        assert "LostProcessError: another process of this run has ended" in first[1]
        assert "this one is 0 of 2" in first[1]
        assert second[0] == {"an error": 1, "a kill": 9}[what]
        assert ("KeyError: 'planted'" in second[1]) == (what == "an error")

    def test_other_data_is_refused(self, tmp_path):
        for code, printed in self.run("other data", tmp_path):
            assert code == 1
            assert "process 1 has other data than process 0" in printed
