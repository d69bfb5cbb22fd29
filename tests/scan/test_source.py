"""The emitted source: a loop stays a loop, with the user's names."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import derivo
from tests.scan.programs import PROGRAMS, rnn

EVERY = pytest.mark.parametrize("case", PROGRAMS.values(), ids=list(PROGRAMS))

RNN = """\
def rnn(x, h0, w, u, b):
    h = h0
    hs = np.empty((x.shape[0], *h0.shape), dtype=x.dtype)
    for t in range(x.shape[0]):
        h = np.tanh(x[t] @ w + h @ u + b)
        hs[t] = h
    return hs, (x, h0, w, u, hs)


def rnn_backward(saved, d_hs):
    x, h0, w, u, hs = saved
    d_h = np.zeros_like(h0)
    d_x = np.empty_like(x)
    d_w = np.zeros_like(w)
    d_u = np.zeros_like(u)
    d_b = np.zeros(h0.shape[1], dtype=x.dtype)
    for t in reversed(range(x.shape[0])):
        h_prev = hs[t - 1] if t > 0 else h0
        d_h = d_h + d_hs[t]
        delta = d_h * (1 - hs[t] * hs[t])
        d_x[t] = delta @ w.T
        d_w += x[t].T @ delta
        d_u += h_prev.T @ delta
        d_b += np.sum(delta, axis=0)
        d_h = delta @ u.T
    d_h0 = d_h
    return d_x, d_h0, d_w, d_u, d_b
"""


def without_comments(source):
    body = source.split("\n\n\n", 1)[1]
    lines = [re.sub(r" *#.*", "", line) for line in body.split("\n")]
    return "\n".join(line for k, line in enumerate(lines)
                     if line.strip() or not body.split("\n")[k].strip())  # fmt: skip


def test_a_recurrent_network_reads_as_a_person_would_write_it():
    source = derivo.derive(rnn, **PROGRAMS["rnn"].specs).source
    assert without_comments(source) == RNN


@EVERY
def test_a_loop_stays_a_loop_in_both_directions(case):
    tree = ast.parse(derivo.derive(case.function, **case.specs).source)
    functions = [f for f in tree.body if isinstance(f, ast.FunctionDef)][:2]
    for function in functions:
        assert any(isinstance(n, ast.For) for n in ast.walk(function)), function.name


def test_the_length_of_the_text_does_not_depend_on_the_number_of_steps():
    few = derivo.derive(rnn, **{**PROGRAMS["rnn"].specs, "x": "5 N L"}).source
    many = derivo.derive(rnn, **{**PROGRAMS["rnn"].specs, "x": "5000 N L"}).source
    assert (
        few.replace("(5,", "(5000,").replace("range(5)", "range(5000)").split()
        == many.split()
    )


def test_a_name_means_one_thing_inside_the_loop_and_outside():
    def f(x, h):
        def step(h, x_t):
            h = np.tanh(h + x_t)
            return h, h

        h, hs = derivo.scan(step, h, x)
        return hs * h

    d = derivo.derive(f, x="T N", h="N")
    x, h = np.linspace(-1, 1, 6).reshape(3, 2), np.array([0.3, -0.2])
    np.testing.assert_allclose(d(x=x, h=h), f(x, h), rtol=1e-14)
    assert "carry" not in d.source


def test_the_users_numbered_names_keep_their_numbers():
    def f(x, h_0):
        def step(c, v):
            c_2 = np.tanh(v * c)
            r_1 = c_2 * v
            return c + r_1 * c_2, r_1

        return derivo.scan(step, h_0, x)

    source = derivo.derive(f, x="T N", h_0="N").source
    assert "        r_1 = c_2 * x[t]" in source
    assert "        c_2 = np.tanh(x[t] * c)" in source
    assert "        d_r_1 = " in source


def test_a_gradient_has_its_own_name_though_a_loop_in_the_loop_adds_to_it():
    case = PROGRAMS["a_loop_in_a_loop"]
    source = derivo.derive(case.function, **case.specs).source
    assert source.rstrip().endswith("return d_x, d_w")


def test_a_value_made_of_a_row_is_named_after_the_array():
    def f(x, w):
        def step(s, v):
            c = np.cumsum(v) * w
            return s + c, c

        return derivo.scan(step, np.zeros(3), x)

    assert "cumsum_x" in derivo.derive(f, x="T 3", w="3").source


def test_a_loop_over_time_may_stand_beside_an_argument_called_t():
    def f(x, t):
        _, ys = derivo.scan(lambda s, x_t: (s + x_t * t, s), 0.0 * t, x)
        return ys

    d = derivo.derive(f, x="T", t="")
    assert "for k in range" in d.source
    x, t = np.array([1.0, 2.0, 4.0]), np.float64(3.0)
    np.testing.assert_allclose(d(x=x, t=t), f(x, t))


def test_nothing_is_kept_for_every_step_that_no_gradient_reads():
    d = derivo.derive(rnn, wrt="b", **PROGRAMS["rnn"].specs)
    assert "w" not in d.saved
    assert "hs" in d.saved
    linear = derivo.derive(
        lambda x, a: derivo.scan(lambda s, v: (s * a + v, None), np.zeros(2), x)[0],
        wrt="x", x="T 2", a="",
    )  # fmt: skip
    assert not any("all" in name for name in linear.saved)


@EVERY
def test_emitted_source_passes_ruff(case, tmp_path):
    path = tmp_path / "emitted.py"
    path.write_text(derivo.derive(case.function, **case.specs).source, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--line-length",
        "120",
        path,
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


PRINT = """
import derivo
from tests.scan.plain_loops import LOOPS
from tests.scan.programs import PROGRAMS
several = [c for c in LOOPS if "list" in c.name or "dict" in c.name]
for case in (*PROGRAMS.values(), *several):
    print(derivo.derive(case.function, **case.specs).source)
"""


def test_the_text_is_the_same_in_every_process():
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root / "src"), str(root)])
    texts = set()
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        texts.add(
            subprocess.check_output([sys.executable, "-c", PRINT], env=env, cwd=root)
        )
    assert len(texts) == 1


def test_what_is_saved_to_a_file_runs_without_derivo(tmp_path):
    d = derivo.derive(rnn, **PROGRAMS["rnn"].specs)
    path = d.save(tmp_path / "cell.py")
    assert "derivo" not in path.read_text(encoding="utf-8")
    arrays = PROGRAMS["rnn"].arrays()
    hs, saved = derivo.load(path).rnn(**arrays)
    d_x, *_ = derivo.load(path).rnn_backward(saved, np.ones_like(hs))
    np.testing.assert_array_equal(d_x, d.gradients(np.ones_like(hs), **arrays)["x"])


def test_a_loop_whose_steps_do_nothing_is_not_written():
    def f(xs, w, b):
        h, c = b * 2, np.zeros(b.shape)
        for _ in range(xs.shape[0]):
            h = c @ w + h
        return np.sum(h)

    d = derivo.derive(f, xs="T M", w="M M", b="M", wrt="b")
    forward, backward, _ = d.source.split("def ")[1:]
    assert ("for t in" in forward, "for " in backward) == (True, False)
    given = {"xs": np.ones((3, 2)), "w": np.eye(2), "b": np.array([1.0, 2.0])}
    np.testing.assert_array_equal(d.gradients(**given)["b"], [2.0, 2.0])
