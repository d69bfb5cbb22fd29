"""``derivo derive --steps``: the derivation in short, a row for each adjoint."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import derivo
from derivo.cli.steps import parts_of, signs_of
from derivo.explain.writers.terminal import laid_out
from tests.cli.conftest import LAYER, Run

LOSS = ("-s", "z=N C", "-s", "t=N C", "--wrt", "z")
MORE = """\
import derivo
import numpy as np


def rnn(xs, h0, w):
    def step(h, x):
        h = np.tanh(x + h @ w)
        return h, h
    return derivo.scan(step, h0, xs)[1]


def square(q):
    return np.sum(q ** 2)


def twice(x, y):
    a = x * y
    return a, a.sum()
"""


def steps(out: str) -> list[str]:
    """Give the lines of the derivation, without the mark of a comment."""
    lines = out.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith("#  1  "))
    lines = lines[max(first - 4, 0) :]
    return [line.removeprefix("#") for line in lines if line.startswith("#")]


@pytest.fixture
def more(folder: Path) -> Path:
    (folder / "more.py").write_text(MORE, encoding="utf-8")
    return folder


def test_rows_are_formulas_with_reasons(run: Run) -> None:
    shown = steps(run("derive", "model.py:layer", *LAYER, "--steps", "--no-check").out)
    text = "\n".join(shown)
    assert "y = σ(n)   recognised as sigmoid: 1/(1 + e⁻ⁿ)" in text
    assert "dn = dy ⊙ y ⊙ (1 − y)   chain rule: σ′(n) = y ⊙ (1 − y)" in text
    assert "db = ∑ dn   b was copied" in text
    assert "dw = xᵀ dn   chain rule through x w" in text
    assert "dx = dn wᵀ   chain rule through x w" in text


def test_every_row_has_a_number_of_its_own(run: Run) -> None:
    out = run("derive", "model.py:loss", *LOSS, "--steps", "--no-check").out
    numbers = re.findall(r"^# +(\d+)  ", out, re.MULTILINE)
    assert numbers == [str(k) for k in range(1, len(numbers) + 1)]
    assert len(numbers) == 5


def test_what_is_shorter_stands_below_with_what_it_takes_for_granted(run: Run) -> None:
    out = run("derive", "model.py:loss", *LOSS, "--steps", "--no-check").out
    before, _, after = out.partition("chain rule through p = softmax(z)")
    assert "dz = p ⊙ " in before
    assert "p − t" in after
    assert "every row of t sums to 1" in after


def test_raw_is_told_as_it_is_emitted(run: Run) -> None:
    out = run("derive", "model.py:layer", *LAYER, "--raw", "--steps", "--no-check").out
    assert "σ" not in out
    assert "exp_minus_n = np.exp(-n)" in out
    assert "dn = −dexp_minus_n ⊙ exp_minus_n" in out


def test_a_result_that_is_read_again_adds_what_is_given(more: Path, run: Run) -> None:
    words = ("more.py:twice", "-s", "x=N", "-s", "y=N", "--steps", "--no-check")
    out = run("derive", *words).out
    assert "da = da₀ + dtwice_2" in out
    assert "a is read more than once" in out


def test_a_local_derivative_is_not_taken_for_an_adjoint(more: Path, run: Run) -> None:
    out = run("derive", "more.py:square", "-s", "q=N", "--steps", "--no-check").out
    assert "q² changes with q by the factor 2 · q" in out


def test_a_loop_is_told_step_by_step(more: Path, run: Run) -> None:
    words = ("more.py:rnn", "-s", "xs=T N M", "-s", "h0=N M", "-s", "w=M M")
    out = run("derive", *words, "--steps", "--no-check").out
    assert "dhₜ = dhₜ⁺ + drnnₜ" in out
    assert "∑  h_(t − 1)ᵀ δₜ" in out
    assert "dw is the sum over the steps" in out
    assert "constant" not in out


@pytest.mark.parametrize("function", ["layer", "loss"])
def test_steps_leave_a_module(run: Run, function: str) -> None:
    shapes = LAYER if function == "layer" else LOSS
    out = run("derive", f"model.py:{function}", *shapes, "--steps").out
    compile(out, "out", "exec")
    assert all(line == line.rstrip() for line in out.splitlines())


def test_long_reasons_go_below_and_stay_within_the_width() -> None:
    def f(a_rather_long_name, another_name_of_some_length):
        one_of_the_values = a_rather_long_name * another_name_of_some_length
        return one_of_the_values + 1.0

    d = derivo.derive(f, a_rather_long_name="N", another_name_of_some_length="N")
    ((_, told),) = parts_of(d)
    rows = laid_out(told, width=60)
    reasons = [line for lines, _ in rows for line in lines if line[1]]
    assert reasons
    assert all(len(formula + reason) <= 78 for formula, reason in reasons)


CALLS = """\
import numpy as np


def block(x, w):
    h = np.tanh(x @ w)
    m = h.mean()
    return (h - m) / (1 + h * h)


def net(x, w, v):
    return block(block(x, w), v)
"""


def test_a_called_function_is_told_once_as_in_the_source(more: Path, run: Run) -> None:
    (more / "net.py").write_text(CALLS)
    shapes = ("-s", "x=N L", "-s", "w=L L", "-s", "v=L L")
    out = run("derive", "net.py:net", *shapes, "--steps", "--no-check").out
    shown = "\n".join(steps(out))
    assert "def block_backward(" in out
    assert shown.count("Within block:") == 1
    assert "dw = block_backward_w(" in shown
    numbers = [int(n) for n in re.findall(r"^ *(\d+)  ", shown, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_value_and_its_adjoint_have_the_signs_that_formulas_have() -> None:
    def f(x_1, alpha_hat):
        return x_1 * alpha_hat

    styles = {"x_1": "red", "alpha_hat": "blue"}
    found = signs_of(derivo.derive(f, x_1="N", alpha_hat="N"), styles)
    assert found == {
        "x₁": "red", "dx₁": "bold red", "α̂": "blue", "dα̂": "bold blue",
    }  # fmt: skip


def test_colours_change_no_letter(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("derive", "model.py:loss", *LOSS, "--steps", "--no-check")
    plain = run(*words).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run(*words).out
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_explain_is_loaded_only_where_it_is_asked_for(folder: Path) -> None:
    code = (
        "import sys, derivo; from derivo.cli.main import main;"
        f"main({['derive', 'model.py:layer', *LAYER]!r});"
        "assert not [m for m in sys.modules if m.startswith('derivo.explain')]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
