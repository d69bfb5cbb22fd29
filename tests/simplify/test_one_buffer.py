"""Adjoints of parts and picks of one array are added into one array."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

import derivo

WHOLE = derivo.Spec("K", "int")
PAIRS = derivo.Spec("N K", "int")


def two_rows(x):
    return np.sum(np.tanh(x[0]) * x[-1])


def rows_and_all(x):
    return np.sum(x[0] ** 2) + np.sum(x**3)


def all_and_rows_and_all(x):
    return np.sum(np.sin(x)) + np.sum(x[1:] * x[:-1]) + np.sum(np.cos(x) ** 2)


def looked_up_twice(table, i, j):
    return np.sum(table[i] ** 2) + np.sum(np.tanh(table[j]))


def looked_up_and_row(table, i):
    return np.sum(np.tanh(table[i]) * table[0])


def looked_up_and_all(table, i):
    return np.sum(np.sin(table[i])) + np.sum(table**3)


def tied(table, i, w):
    h = np.tanh(table[i] @ w)
    return np.sum(np.sin(h @ table.T))


def along_and_parts(x, i):
    return np.sum(np.take_along_axis(x, i, axis=1) ** 2) + np.sum(x[:, 1:] * x[:, :-1])


def along_and_picked(x, i, j):
    return np.sum(np.take_along_axis(x, i, axis=1) ** 3) + np.sum(x[j] ** 2)


def columns_picked(x, i):
    return np.sum(x[:, i] ** 2) + np.sum(x[:, 0] ** 3)


def pairs_picked(x, i, j):
    return np.sum(x[i, j] ** 2) + np.sum(x[i] ** 3)


def every_second_and_reversed(x):
    return np.sum(x[::2] ** 2 * x[1::2]) + np.sum(x[::-1] ** 3 * x)


FUNCTIONS: dict[Any, dict[str, Any]] = {
    two_rows: {"x": "N M"},
    rows_and_all: {"x": "N M"},
    all_and_rows_and_all: {"x": "N M"},
    looked_up_twice: {"table": "N M", "i": WHOLE, "j": derivo.Spec("J", "int")},
    looked_up_and_row: {"table": "N M", "i": WHOLE},
    looked_up_and_all: {"table": "N M", "i": WHOLE},
    tied: {"table": "N M", "i": WHOLE, "w": "M M"},
    along_and_parts: {"x": "N M", "i": PAIRS},
    along_and_picked: {"x": "N M", "i": PAIRS, "j": derivo.Spec("J", "int")},
    columns_picked: {"x": "N M", "i": WHOLE},
    pairs_picked: {"x": "N M", "i": WHOLE, "j": WHOLE},
    every_second_and_reversed: {"x": "6 M"},
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_parts_are_added_into_one_array(function):
    d = derivo.derive(function, **FUNCTIONS[function])
    *_, backward, _ = ast.parse(d.source).body
    lines = [ast.unparse(n) for n in ast.walk(backward) if isinstance(n, ast.stmt)]
    assert sum("np.zeros" in line for line in lines[1:]) <= 1, d.source
    first = next(k for k, line in enumerate(lines) if "np.add.at" in line or "[" in
                 line.partition("=")[0])  # fmt: skip
    target = lines[first].partition("(")[2] if "np.add.at" in lines[first] else ""
    name = (target or lines[first]).partition("[")[0].partition(",")[0]
    # Nothing of the array's size is added to it afterwards.
    assert not any(line.startswith(f"{name} =") for line in lines[first:]), d.source
    assert d.check(seed=0).ok


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_the_array_that_is_added_to_is_nobody_elses(function):
    """Adding in place changes neither what was saved nor the adjoint given."""
    d = derivo.derive(function, **FUNCTIONS[function])
    rng = np.random.default_rng(0)
    sizes = {"N": 5, "M": 4, "K": 3, "J": 2}
    arrays: dict[str, Any] = {}
    for name, spec in FUNCTIONS[function].items():
        named = spec.split() if isinstance(spec, str) else map(str, spec.shape)
        shape = tuple(sizes.get(s) or int(s) for s in named)
        arrays[name] = (
            rng.normal(size=shape)
            if isinstance(spec, str)
            else rng.integers(0, 4, shape)
        )
    space: dict[str, Any] = {}
    exec(d.source, space)  # noqa: S102
    _, saved = space[d.name](**arrays)
    once = space[f"{d.name}_gradient"](saved)
    again = space[f"{d.name}_gradient"](saved)
    for a, b in zip(*(r if isinstance(r, tuple) else (r,) for r in (once, again)),
                    strict=True):  # fmt: skip
        np.testing.assert_array_equal(a, b)


def test_a_shared_adjoint_is_copied_before_parts_are_added():
    def f(x):
        return x + 1, x[0] * 2, x * 3

    d = derivo.derive(f, x="N M")
    x = np.ones((3, 2))
    given = (np.ones((3, 2)), np.ones(2), np.ones((3, 2)))
    kept = [g.copy() for g in given]
    expected = 4 * np.ones((3, 2))
    expected[0] += 2
    for _ in range(2):
        np.testing.assert_array_equal(d.gradients(given, x=x)["x"], expected)
    for g, k in zip(given, kept, strict=True):
        np.testing.assert_array_equal(g, k)
