"""The C engine as a user calls it, its compiler and what it keeps."""

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import derivo
from derivo.errors import DivergenceError, NotSupportedError, UsageError
from derivo.layers import Dense
from derivo.run import c_engine, compiler
from derivo.run.c_engine import Lent, Pace
from derivo.train import engines

needs_compiler = pytest.mark.skipif(
    compiler.find_compiler() is None, reason="no C compiler"
)
RNG = np.random.default_rng(5)
X, T = RNG.normal(size=(70, 6)), RNG.integers(0, 4, 70)
TINY = "int answer(void) { return 42; }\n"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("DERIVO_CACHE", str(folder))
    return folder


def fitted(engine, net, t=T, **options):
    usual = {"epochs": 4, "batch_size": 16, "verbose": 0, "engine": engine}
    return net, net.fit(X, t, **{**usual, **options})


def network():
    return derivo.Network(Dense(9, "tanh"), Dense(4), dtype=np.float64)


# --- training ------------------------------------------------------------------------


@needs_compiler
def test_the_same_network_as_with_numpy_also_in_turn():
    networks = []
    for order in (("numpy", "numpy"), ("c", "c"), ("c", "numpy"), ("numpy", "c")):
        net = network()
        for engine in order:
            _, history = fitted(engine, net)
            assert history.engine == engine
        networks.append(net.parameters)
    for other in networks[1:]:
        for name, expected in networks[0].items():
            np.testing.assert_allclose(other[name], expected, rtol=1e-10, atol=1e-13)


@needs_compiler
def test_what_training_gave_stays_and_its_memory_is_used_again_when_it_is_let_go():
    net = network()
    fitted("c", net)
    held = net.state.values
    known = [v.copy() for v in held]
    fitted("c", net, epochs=6)
    for value, before in zip(held, known, strict=True):
        np.testing.assert_array_equal(value, before)
    free: list[np.ndarray] = []
    lent = np.asarray(Lent(np.zeros(8), free))
    part = lent[2:4].reshape(2, 1)
    lent.flags.writeable = False
    del lent
    assert not free
    del part
    (room,) = free
    assert room.flags.writeable
    assert room.shape == (8,)


@needs_compiler
def test_a_loss_that_explodes_stops_training():
    net = derivo.Network(Dense(4), loss="squared_error", dtype=np.float64)
    with pytest.raises(DivergenceError, match=r"in epoch \d+, step \d+ of 5"):
        fitted("c", net, t=np.eye(4)[T], optimizer="sgd", learning_rate=1e8, epochs=50)
    assert all(np.isfinite(v).all() for v in net.parameters.values())


def test_the_text_is_the_same_every_time_and_can_be_read():
    def source():
        net = derivo.Network(Dense(8, "relu"), Dense(3), dtype=np.float32)
        net.build(4)
        return net.source_for("c")

    text = source()
    assert text == source()
    for part in (
        "/* Training steps in C",
        "/* x.T @ d_n1, a block of rows and columns: w1, m_w1, v_w1. */",
        "const vec new_m_w1 = 0.9f * load(m_w1 + at) + 0.1f * sum[r][q];",
        "if (!isfinite(s->loss)) return 0;",
    ):
        assert part in text
    assert max(map(len, text.splitlines())) <= 92


@needs_compiler
def test_auto_compiles_what_is_worth_it(monkeypatch):
    step = derivo.Network(Dense(64, "relu"), Dense(10)).build(64)
    assert 100 < engines.steps_worth_compiling(step.graph, {"N": 32}) < 180_000
    _, history = fitted("auto", network())
    assert history.engine == "numpy (too little work to compile for)"
    monkeypatch.setattr(engines, "steps_worth_compiling", lambda *_: 0)
    _, history = fitted("auto", network())
    assert history.engine == "c"


def test_auto_says_why_it_does_not_compile(monkeypatch):
    monkeypatch.setattr(engines, "steps_worth_compiling", lambda *_: 0)
    if compiler.find_compiler() is not None:

        def refuse(*_args, **_options):
            message = "the compiler says no"
            raise NotSupportedError(message)

        monkeypatch.setattr(engines, "compiled", refuse)
        _, history = fitted("auto", network())
        assert history.engine == "numpy (c cannot: the compiler says no)"
    monkeypatch.setattr(engines, "find_compiler", lambda: None)
    _, history = fitted("auto", network())
    assert history.engine.startswith("numpy (no C compiler: pip install")


@needs_compiler
def test_it_says_when_it_compiles(cache, capsys):
    net = derivo.Network(Dense(2), dtype=np.float64)
    for _ in range(2):
        fitted("c", net, verbose=1, epochs=1, t=T % 2)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "compiling the step"
    assert said.count("compiling the step") == 1


# --- the compiler --------------------------------------------------------------------


def script(path, *lines):
    """Write a program that takes the compiler's place."""
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o700)
    return str(path)


def test_without_a_compiler_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(compiler, "find_compiler", lambda: None)
    with pytest.raises(NotSupportedError, match=r"pip install 'derivo\[fast\]'"):
        fitted("c", network())


def test_a_compiler_that_fails_is_quoted(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", script(tmp_path / "fails", "echo error: no >&2", "exit 1"))
    with pytest.raises(NotSupportedError, match="it says 'error: no'"):
        compiler.compiled(TINY)
    assert not list(cache.glob("step_*"))


@pytest.mark.parametrize("command", ["exec sleep 60", "(sleep 2; echo > late); :"])
def test_a_compiler_that_hangs_is_stopped(command, cache, tmp_path, monkeypatch):
    """Also where what hangs is a program that it has started."""
    monkeypatch.setenv("CC", script(tmp_path / "hangs", f"cd {tmp_path}", command))
    monkeypatch.setattr(compiler, "SECONDS_AT_MOST", 0.5)
    began = time.monotonic()
    with pytest.raises(NotSupportedError, match="did not finish"):
        compiler.compiled(TINY)
    assert time.monotonic() - began < 30
    assert not list(cache.glob("step_*"))
    time.sleep(2.5)
    assert not (tmp_path / "late").exists()  # nothing of it is left


@needs_compiler
def test_two_processes_compile_the_same_at_once(cache):
    code = (
        f"from derivo.run.compiler import compiled\nprint(compiled({TINY!r}).answer())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [process.communicate()[0].split() for process in started]
    assert said == [[b"42"]] * 3
    assert sorted(p.suffix for p in cache.iterdir()) == [".sha256", ".so"]


@needs_compiler
def test_a_folder_that_is_full_is_said_and_left_to_numpy(cache, monkeypatch):
    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(NotSupportedError, match="No space left"):
        compiler.compiled(TINY)
    assert not list(cache.glob("step_*"))


def in_a_process(code, **environment):
    """Run a program that may end badly; give what it printed."""
    words = {"PYTHONPATH": os.pathsep.join(["src", *sys.path]), **environment}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, **words}, cwd=Path(__file__).parents[2], timeout=120,
    )  # fmt: skip
    return run.stdout + run.stderr


REFUSED = f"""
import sys
sys.path.insert(0, "src")
from derivo.errors import NotSupportedError
from derivo.run.compiler import compiled
try:
    print("answer", compiled({TINY!r}).answer())
except NotSupportedError as error:
    print("refused:", error)
"""


@needs_compiler
def test_files_that_must_not_be_so_large(cache):
    """A limit of 4 KiB: the compiler cannot write what it compiles."""
    code = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    said = in_a_process(f"{code}\n{REFUSED}", DERIVO_CACHE=str(cache))
    assert said.startswith("refused:"), said
    assert not list(cache.glob("step_*"))


@pytest.fixture
def small(tmp_path):
    """Give a folder of 64 KiB, where this user may make one."""
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(tmp_path)]
    made = mount and subprocess.run([mount, *options], capture_output=True, check=False)
    if not made or made.returncode:
        pytest.skip("no file system may be mounted")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)  # noqa: S607


@needs_compiler
def test_a_folder_that_is_really_full(small):
    (small / "full").write_bytes(b"0" * 60 * 1024)
    said = in_a_process(REFUSED, DERIVO_CACHE=str(small / "cache"))
    assert "No space left on device" in said, said
    assert "name another folder in DERIVO_CACHE" in said
    assert not list((small / "cache").glob("step_*"))


@needs_compiler
def test_a_file_system_that_cannot_be_written_to(small):
    (small / "cache").mkdir(mode=0o700)
    remount = ["mount", "-o", "remount,ro", str(small)]
    subprocess.run(remount, check=True)
    said = in_a_process(REFUSED, DERIVO_CACHE=str(small / "cache"))
    assert "answer 42" in said
    assert "cannot be written to; emitted source is kept in a temporary folder" in said


@pytest.mark.skipif(shutil.which("clang") is None, reason="no clang")
def test_clang_as_the_compiler_gives_what_gcc_gives(cache, monkeypatch):
    def loss(x, w):
        return np.mean(np.tanh(x @ w) ** 2)

    d = derivo.derive(loss, x="N 6", w="6 M")
    w = RNG.normal(size=(6, 5))
    found = []
    for name in ("clang", "gcc"):
        monkeypatch.setenv("CC", name)
        found.append(d.compile().gradients(X, w)["w"])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-13)
    assert len(list(cache.glob("*.so"))) == 2


@needs_compiler
def test_another_processor_is_another_entry(cache, monkeypatch):
    compiler.compiled(TINY)
    monkeypatch.setattr(compiler, "machine", lambda: compiler.Machine(16, ()))
    compiler.compiled(TINY)
    expected = 1 if compiler._features() == set() else 2
    assert len(list(cache.glob("*.so"))) == expected


@needs_compiler
def test_forks_and_threads_train_what_one_process_does():
    """Also a fork of a process whose threads have worked."""
    code = """
import os, threading
import numpy as np
import derivo
from derivo.layers import Dense
from derivo.run.c_engine import Pace

begin = Pace.__init__

def with_two(pace, cores):
    begin(pace, 2)
    pace.threads = 2

Pace.__init__, Pace.learn = with_two, lambda *_: None
rng = np.random.default_rng(0)
x = rng.normal(size=(90, 40))
t = (x[:, 0] > 0).astype(int)

def loss_of():
    net = derivo.Network(Dense(32, "tanh"), Dense(2))
    return net.fit(x, t, epochs=3, batch_size=32, verbose=0, engine="c")[-1]["loss"]

first = loss_of()
child = os.fork()
if not child:
    os._exit(7 if loss_of() == first else 8)
print("fork", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
found = []
threads = [threading.Thread(target=lambda: found.append(loss_of())) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("threads", found == [first] * 4)

def loss(x, t, w):
    return np.mean((np.tanh(x @ w)[:, 0] - t) ** 2)

def step_of():
    return derivo.training_step(
        loss, params={"w": np.ones((40, 1)) / 9}, x="N A", t="N", engine="c"
    )

one, shared, data = step_of(), step_of(), {"x": x, "t": t * 1.0}
for _ in range(80):
    one(**data)

def twenty():
    for _ in range(20):
        shared(**data)

threads = [threading.Thread(target=twenty) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print("steps", np.array_equal(one.params["w"], shared.params["w"]))
"""
    assert in_a_process(code).split("\n")[:3] == [
        "fork 7", "threads True", "steps True",
    ]  # fmt: skip


def test_what_is_no_library_is_not_loaded(cache, tmp_path, monkeypatch):
    writes = script(tmp_path / "writes", 'while [ "$1" != -o ]; do shift; done',
                    'echo nothing > "$2"')  # fmt: skip
    monkeypatch.setenv("CC", writes)
    with pytest.raises(NotSupportedError, match="cannot be loaded"):
        compiler.compiled(TINY)


@needs_compiler
def test_what_was_compiled_is_found_again(cache, monkeypatch):
    assert compiler.compiled(TINY).answer() == 42

    def never(*_args, **_options):
        raise AssertionError

    monkeypatch.setattr(compiler, "_start", never)
    assert compiler.compiled(TINY).answer() == 42
    assert sorted(p.suffix for p in cache.iterdir()) == [".sha256", ".so"]


@needs_compiler
@pytest.mark.parametrize("harm", ["changed", "cut", "others may write", "no hash"])
def test_what_is_not_as_it_was_written_is_compiled_anew(cache, harm):
    compiler.compiled(TINY)
    (library,) = cache.glob("*.so")
    (check,) = cache.glob("*.sha256")
    before = library.read_bytes()
    library.unlink()  # the one that is loaded stays as it is
    library.write_bytes(before)
    if harm == "changed":
        library.write_bytes(before + b"more")
    elif harm == "cut":
        library.write_bytes(before[:100])
    elif harm == "others may write":
        library.chmod(0o722)
    else:
        check.unlink()
    assert compiler.compiled(TINY).answer() == 42
    assert library.read_bytes() == before
    assert library.stat().st_mode & 0o022 == 0


def test_another_compiler_is_another_entry(cache, tmp_path, monkeypatch):
    calls = tmp_path / "calls"
    for name in ("one", "two"):
        fails = script(tmp_path / name, f"echo {name} >> {calls}", "exit 1")
        monkeypatch.setenv("CC", fails)
        with pytest.raises(NotSupportedError):
            compiler.compiled(TINY)
    assert calls.read_text().split() == ["one", "two"]


def test_an_unknown_engine_is_refused_with_those_that_there_are():
    with pytest.raises(UsageError, match="c"):
        fitted("fortran", network())


def test_numba_is_refused_with_what_takes_its_place():
    with pytest.raises(UsageError, match="engine='c' takes its place"):
        fitted("numba", network())


# --- how many threads ----------------------------------------------------------------


def test_short_steps_stay_on_one_thread():
    pace = Pace(cores=4)
    for _ in range(50):
        pace.learn(pace.steps, pace.steps * 10e-6)
        assert pace.threads == 1
    assert pace.steps * 10e-6 == pytest.approx(0.1, rel=0.01)


def test_one_slow_call_on_a_busy_machine_starts_no_threads():
    pace = Pace(cores=4)
    for slow in (1, 30, 1, 1, 30, 1, 50, 1, 1):
        pace.learn(pace.steps, pace.steps * slow * 10e-6)
        assert pace.threads == 1


def worked(pace, calls, alone, together):
    """Give the threads of so many calls, of steps that take so many seconds."""
    used = []
    for _ in range(calls):
        used.append(pace.threads)
        pace.learn(pace.steps, pace.steps * (alone if pace.threads == 1 else together))
    return used


def test_threads_are_taken_where_they_help_and_left_where_they_do_not():
    pace = Pace(cores=2)
    assert 1 not in worked(pace, 10, 1e-3, 0.6e-3)[6:]
    # It looks what a step takes alone now and then.
    assert 3 <= worked(pace, 200, 1e-3, 0.6e-3).count(1) < 20
    while pace.threads == 1:
        worked(pace, 1, 1e-3, 0.6e-3)
    worked(pace, 20, 1e-3, 2e-3)  # another program wants the core
    assert pace.threads == 1
    assert 3 <= worked(pace, 100, 1e-3, 2e-3).count(2) < 20
    assert worked(pace, 100, 1e-3, 0.6e-3).count(2) > 50  # it has left


def test_large_steps_are_tried_out_by_two_calls():
    assert worked(Pace(cores=2), 10, 30e-3, 18e-3)[:4] == [1, 1, 2, 2]
    assert worked(Pace(cores=2), 100, 30e-3, 18e-3).count(1) < 15
    # Threads that wait for each other at many places lose more than they win.
    assert worked(Pace(cores=2), 10, 6e-3, 24e-3)[3:6] == [2, 2, 1]
    assert worked(Pace(cores=2), 100, 6e-3, 24e-3).count(2) < 15


def test_a_call_that_others_have_disturbed_does_not_decide():
    for first, second in ((52e-3, 28e-3), (28e-3, 52e-3)):
        pace = Pace(cores=2)
        worked(pace, 2, 48e-3, first)
        assert pace.threads == 2
        worked(pace, 1, 48e-3, first)
        worked(pace, 1, 48e-3, second)
        assert worked(pace, 3, 48e-3, 28e-3) == [2, 2, 2]


def test_a_container_has_as_many_cores_as_its_share_of_time(tmp_path, monkeypatch):
    limit = tmp_path / "cpu.max"
    monkeypatch.setattr(c_engine, "LIMIT_OF_TIME", limit)
    every = c_engine.available_cores()
    for text, cores in (("max 100000", every), ("50000 100000", 1), ("odd", every)):
        limit.write_text(f"{text}\n")
        assert c_engine.available_cores() == cores
