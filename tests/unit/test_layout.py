"""Lines are as wide as a page; long arrays stand beside the text, not in it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.emit.wrap import WIDEST_CODE, wrapped
from tests.catalogue import CASES

LONG = [
    "    return (alpha, beta), (" + ", ".join(f"value_{i}" for i in range(20)) + ")",
    "    " + ", ".join(f"value_{i}" for i in range(20)) + " = saved",
    "    return " + ", ".join(f"d_value_{i}" for i in range(20)),
    "def f(" + ", ".join(f"value_{i}" for i in range(20)) + "):",
    "    y = np.stack([" + ", ".join(f"x[:, {i}:{i + 5}]" for i in range(12))
    + "], axis=2)",
    "    first = " + " + ".join(["some_value * other"] * 3) + " - last_of_all * 2",
    "    return tuple(d_" + "long_" * 9 + "loss * d for d in loss_gradient(saved))",
    "    return {'first': " + "np.exp(a_rather_long_name + another_one)"
    + ", 'second': (x, y)}, (" + ", ".join("abcdefghijkl") + ")",
    "    out = np.where(condition, 'a, (b', " + ", ".join(["something"] * 9) + ")",
]  # fmt: skip


@pytest.mark.parametrize("code", LONG)
def test_a_long_line_is_broken_and_means_the_same(code):
    lines = wrapped(code)
    assert len(lines) > 1
    assert max(map(len, lines)) <= WIDEST_CODE
    head = "def f():\n" if code.startswith(" ") else ""
    body = "" if code.startswith(" ") else "\n    pass"
    once = ast.parse(head + code + body)
    again = ast.parse(head + "\n".join(lines) + body)
    assert ast.dump(once) == ast.dump(again)


def test_a_line_that_cannot_be_broken_stays():
    code = "    x = " + "a" * 100
    assert wrapped(code) == [code]


def test_no_line_is_broken_within_an_index():
    code = "    y = " + " * ".join(["rows_2[:, 0][:, :, None]"] * 4)
    assert not any(line.endswith("[") for line in wrapped(code))


def test_a_short_line_stays():
    assert wrapped("    a, b = saved") == ["    a, b = saved"]


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_no_line_is_wider_than_a_page(case):
    source = derivo.derive(case.function, **case.specs).source
    assert max(map(len, source.splitlines())) <= WIDEST_CODE


# --- arrays that the function closes over ---------------------------------------------

TABLE = np.random.default_rng(0).normal(size=(20, 8))
FEW = np.array([[1.0, np.inf], [-np.inf, np.nan]])


def looked_up(x):
    table = TABLE
    return np.tanh(x @ table)


def mixed(x):
    return np.where(np.isfinite(FEW), x * FEW, x)


def by_hand(x, d_y):
    y = np.tanh(x @ TABLE)
    return y, (d_y * (1 - y**2)) @ TABLE.T


def test_a_long_array_is_a_keyword_argument():
    d = derivo.derive(looked_up, x="N 20")
    assert "def looked_up(x, *, table):" in d.source
    assert len(d.source.splitlines()) < 20
    space: dict[str, Any] = {}
    exec(d.source, space)  # noqa: S102
    x, d_y = np.ones((3, 20)) / 9, np.arange(24.0).reshape(3, 8)
    y, saved = space["looked_up"](x, table=TABLE)
    expected, d_x = by_hand(x, d_y)
    np.testing.assert_allclose(y, expected, rtol=1e-13)
    np.testing.assert_allclose(space["looked_up_backward"](saved, d_y), d_x, rtol=1e-12)


def test_a_derivation_gives_its_arrays_by_itself():
    d = derivo.derive(looked_up, x="N 20")
    x, d_y = np.ones((3, 20)) / 9, np.arange(24.0).reshape(3, 8)
    expected, d_x = by_hand(x, d_y)
    np.testing.assert_allclose(d(x=x), expected, rtol=1e-13)
    np.testing.assert_allclose(d.gradients(d_y, x=x)["x"], d_x, rtol=1e-12)
    assert d.check(seed=0).ok


def test_saved_source_has_its_arrays_beside_it(tmp_path: Path):
    path = derivo.derive(looked_up, x="N 20").save(tmp_path / "backward.py")
    assert (tmp_path / "backward.npz").is_file()
    module = derivo.load(path)
    x, d_y = np.ones((3, 20)) / 9, np.arange(24.0).reshape(3, 8)
    expected, d_x = by_hand(x, d_y)
    y, saved = module.looked_up(x)
    np.testing.assert_allclose(y, expected, rtol=1e-13)
    np.testing.assert_allclose(module.looked_up_backward(saved, d_y), d_x, rtol=1e-12)
    other, _ = module.looked_up(x, table=2 * TABLE)  # another one may be given
    np.testing.assert_allclose(other, np.tanh(2 * x @ TABLE), rtol=1e-13)


def test_no_arrays_of_another_function_are_left_beside_the_text(tmp_path: Path):
    derivo.derive(looked_up, x="N 20").save(tmp_path / "backward.py")
    derivo.derive(mixed, x="2 2").save(tmp_path / "backward.py")
    assert not (tmp_path / "backward.npz").exists()


def test_infinite_entries_of_an_array_can_be_read():
    d = derivo.derive(mixed, x="2 2")
    assert "np.inf" in d.source
    assert "np.nan" in d.source
    x = np.array([[1.5, 2.0], [3.0, 4.0]])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(d(x=x), mixed(x))
