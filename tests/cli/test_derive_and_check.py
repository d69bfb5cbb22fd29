"""``derivo derive`` and ``derivo check``: what they print, write and return."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import derivo
from derivo.ops.catalogue import CATALOGUE
from tests.cli.conftest import LAYER, Run


def test_derive_prints_a_module_that_runs(run: Run, folder: Path) -> None:
    result = run("derive", "model.py:layer", *LAYER)
    assert (result.code, result.err) == (0, "")
    scope: dict[str, object] = {}
    exec(result.out, scope)  # noqa: S102  the check below the source is comments
    assert callable(scope["layer_backward"])


def test_derive_shows_the_check_beside_the_source(run: Run) -> None:
    out = run("derive", "model.py:layer", *LAYER).out
    assert "# layer: right." in out
    assert all(f"#   d_{name}  right" in out for name in "xwb")


def test_no_check_leaves_the_check_out(run: Run) -> None:
    assert "right" not in run("derive", "model.py:layer", *LAYER, "--no-check").out


def test_output_is_the_source_and_loads(run: Run, folder: Path) -> None:
    result = run("derive", "model.py:layer", *LAYER, "-o", "emitted.py")
    assert result.code == 0
    assert "written to emitted.py" in result.out
    module = derivo.load(folder / "emitted.py")
    x, w, b = np.eye(2), np.ones((2, 3)), np.zeros(3)
    y, _saved = module.layer(x, w, b)
    assert np.allclose(y, 1 / (1 + np.exp(-1.0)))


def test_what_the_file_prints_is_no_source(run: Run, folder: Path) -> None:
    text = "print('loading')\ndef f(x):\n    print('tracing')\n    return 2 * x\n"
    (folder / "loud.py").write_text(text, encoding="utf-8")
    result = run("derive", "loud.py:f", "-s", "x=N")
    assert (result.code, result.err) == (0, "loading\ntracing\n")
    compile(result.out, "out", "exec")


def test_a_derivative_that_vanishes_is_right(run: Run, folder: Path) -> None:
    (folder / "cube.py").write_text("def f(x):\n    return x ** 3\n", encoding="utf-8")
    assert run("check", "cube.py:f", "-s", "x=").code == 0


def test_a_result_that_is_read_again_gets_a_second_adjoint(
    run: Run, folder: Path
) -> None:
    text = "def f(x, y):\n    a = x * y\n    return a, a.sum()\n"
    (folder / "two.py").write_text(text, encoding="utf-8")
    out = run("derive", "two.py:f", "-s", "x=N", "-s", "y=N", "--steps").out
    assert "d_a_2 = d_a + d_f_2" in out
    assert "d_y = d_a_2 * x" in out


def test_wrt_chooses_the_gradients(run: Run) -> None:
    out = run("derive", "model.py:layer", *LAYER, "--wrt", "w, b", "--no-check").out
    assert "return d_w, d_b" in out


def test_raw_shows_the_chain_rule(run: Run) -> None:
    shapes = ("-s", "z=N C", "-s", "t=N C", "--wrt", "z", "--no-check")
    short = run("derive", "model.py:loss", *shapes).out
    raw = run("derive", "model.py:loss", *shapes, "--raw").out
    assert "(p - t) / t.shape[0]" in short
    assert "(p - t)" not in raw


def test_assume_takes_the_assumption_back(run: Run) -> None:
    shapes = ("-s", "z=N C", "-s", "t=N C", "--wrt", "z", "--no-check")
    assert "Holds where every row of t" in run("derive", "model.py:loss", *shapes).out
    free = run("derive", "model.py:loss", *shapes, "--assume", "t is free").out
    assert "Holds where" not in free


def test_no_stabilize_leaves_the_logarithm(run: Run) -> None:
    shapes = ("-s", "z=N C", "-s", "t=N C", "--wrt", "z", "--no-check")
    assert "np.log(p)" in run("derive", "model.py:loss", *shapes, "--no-stabilize").out


def test_steps_are_printed_as_comments(run: Run) -> None:
    out = run("derive", "model.py:layer", *LAYER, "--steps", "--no-check").out
    assert "d_n = d_y * y * (1 - y)" in out
    assert "dy/dn = y * (1 - y)" in out
    compile(out, "out", "exec")


def test_integer_arguments_have_a_kind(run: Run) -> None:
    result = run("derive", "model.py:pick", "-s", "x=N", "-s", "k=3 int")
    assert result.code == 0


def test_check_prints_the_whole_report(run: Run) -> None:
    result = run("check", "model.py:layer", *LAYER, "--size", "N=7", "--trials", "1")
    assert result.code == 0
    assert "x (7, " in result.out
    assert "Second derivatives: right" in result.out


@pytest.mark.parametrize("command", ["check", "derive"])
def test_a_wrong_rule_gives_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    exp = CATALOGUE["exp"]
    right = exp.vjp
    object.__setattr__(exp, "vjp", lambda g, y, _x: (-g * y,))
    try:
        result = run(command, "model.py:layer", *LAYER, "--raw")
    finally:
        object.__setattr__(exp, "vjp", right)
    assert result.code == 1
    assert "wrong. The fault is in exp" in result.out


def test_python_m_derivo_is_the_command(folder: Path) -> None:
    command = [sys.executable, "-m", "derivo", "derive", "model.py:layer", *LAYER]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "def layer_backward(saved, d_y):" in done.stdout


def test_nothing_is_said_when_the_reader_goes_away(folder: Path) -> None:
    code = "from derivo.cli.main import main; raise SystemExit(main(['textbook']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_an_argument_that_is_called_like_an_option(run):
    result = run("derive", "model.py:odd_names", "-s", "x=N", "-s", "wrt=N")
    assert result.code == 0
    assert "d_wrt = " in result.out
