"""Names and numbers in emitted text are those that a person would choose."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import derivo

PLACES = derivo.Spec("M", "int")


def text_of(function, **specs):
    return derivo.derive(function, **specs).source


NAMED = {
    "half of it": (lambda v: np.sum(np.exp(0.5 * v)), "exp_half_v = "),
    "halved": (lambda v: np.sum(np.exp(v / 2)), "exp_half_v = "),
    "a small number": (
        lambda v: np.sum(v * np.log(np.tanh(v) + 1e-9)),
        "log_tanh_v_plus_eps = ",
    ),
    "neighbours": (lambda v: np.sum((v[1:] - v[:-1]) ** 2), "v_diff = "),
    "pairs": (lambda v: np.sum((v[:, None] - v) ** 2), "v_diff = "),
    "a triangle": (
        lambda v: np.sum(np.tanh(v * np.tril(np.ones((len(v), len(v)))))),
        "np.tril(np.ones(",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_value_is_named_after_what_it_is_made_of(name):
    function, expected = NAMED[name]
    source = text_of(function, v="N")
    assert expected in source
    assert not re.search(r"\bpower\b", source)


KNOWN = {
    "pi": (lambda v: np.sum(np.cos(np.pi * v)), "np.pi * v"),
    "a turn": (lambda v: np.sum(np.cos(2 * np.pi * v)), "2 * np.pi * v"),
    "root of a turn": (
        lambda v: np.sum(np.log(v * np.sqrt(2 * np.pi))),
        "(2 * np.pi) ** 0.5",
    ),
    "log of a turn": (
        lambda v: np.sum(v**2) - 0.5 * len(v) * np.log(2 * np.pi),
        "float(np.log(2 * np.pi))",
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_a_known_number_is_written_by_what_it_is(name):
    function, expected = KNOWN[name]
    found = derivo.derive(function, v="N")
    assert expected in found.source
    for dtype in (np.float32, np.float64):  # it stays a number of Python's
        v = np.linspace(1, 2, 5).astype(dtype)
        np.testing.assert_allclose(found(v), function(v), rtol=1e-6)
        assert found.gradients(v=v)["v"].dtype == dtype


SHORT = {
    "columns": (lambda x: np.sum(np.tanh(x[:, [2, 0]])), "x[:, [2, 0]]"),
    "a row of places": (lambda x: np.sum(np.tanh(x[[0, 2, 1]])), "x[[0, 2, 1]]"),
}


@pytest.mark.parametrize("name", SHORT)
def test_a_short_index_stands_where_it_is_read(name):
    function, expected = SHORT[name]
    found = derivo.derive(function, x=(3, 4))
    assert expected in found.source
    assert "CONSTANT" not in found.source
    assert "np.add.at" not in found.source
    assert found.check().ok


def test_a_short_index_that_is_computed_with_stays_an_array():
    def function(x):
        places = np.array([2, 0])
        return np.sum(x[places] * places)

    found = derivo.derive(function, x="3")
    assert "PLACES = np.array([2, 0]" in found.source
    assert found.check().ok


SCALARS = {
    "all": lambda x: np.log(np.sum(np.exp(x))),
    "all but for the largest": lambda x: (
        np.max(x) + np.log(np.sum(np.exp(x - np.max(x))))
    ),
}


@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("spec", ["N", "N D", "N T D"])
def test_scalars_get_no_axes(name, spec):
    assert "[None" not in text_of(SCALARS[name], x=spec)


@pytest.mark.parametrize("value", [2.0, -0.5])
def test_what_fills_a_part_is_a_number(value):
    def function(x, i):
        return value * np.sum(np.tanh(x)[::2]) + np.sum(x[i])

    found = derivo.derive(function, x="N", i=PLACES)
    assert not re.search(r"np\.(full|ones)\(", found.source)
    assert found.check().ok


TEXTBOOK: dict[str, Any] = {
    "half of two divergences": (
        lambda p, q: 0.5 * np.sum(p * np.log(p / (0.5 * (p + q))))
        + 0.5 * np.sum(q * np.log(q / (0.5 * (p + q)))),
        {"p": "N", "q": "N"}, "d_p = log_ratio / 2",
    ),
    "a diagonal": (
        lambda a: np.sum(np.log(np.diag(a))), {"a": "N N"},
        "d_a = np.diag(1 / diagonal_a)",
    ),
    "a multiple of the identity": (
        lambda a, s: np.linalg.slogdet(a + s * np.eye(len(a)))[1],
        {"a": "N N", "s": ""}, "d_s = np.trace(d_",
    ),
    "a sum of a product": (
        lambda a, b: np.sum(a @ b.T), {"a": "N D", "b": "M D"},
        "np.sum(b, axis=0",
    ),
    "a mean of a product": (
        lambda a, b: np.mean(np.tanh(a) @ b), {"a": "N D", "b": "D M"},
        "np.mean(b, axis=1)",
    ),
    "a number that is computed": (
        lambda x: np.sum(np.full(x.shape, 0.1 / len(x)) * x**2), {"x": "N"},
        "np.full(x.shape, 0.1 / x.shape[0], dtype=x.dtype)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTBOOK)
def test_a_gradient_is_written_as_in_a_book(name):
    function, specs, expected = TEXTBOOK[name]
    found = derivo.derive(function, **specs)
    assert expected in found.source
    assert "np.ones(" not in found.source
    assert found.check().ok


def test_a_multiple_of_a_size_is_one_of_the_size_at_hand():
    def function(x, w):
        qkv = x @ w
        q, k, v = np.split(qkv, 3, axis=1)
        parts = [part.reshape(len(x), 4, -1) for part in (q, k, v)]
        return np.sum(np.tanh(parts[0]) * parts[1] + parts[2])

    found = derivo.derive(function, x="T 4*D", w="4*D 12*D")
    assert "2 * x.shape[1]" in found.source
    assert "8 * " not in found.source
    assert found.check().ok


def test_two_changes_of_one_array_are_made_to_copies_of_it():
    def function(x):
        y = np.tanh(x)
        first, second = y.copy(), y.copy()
        first[0] = 0
        second[1] = first[2]
        return np.sum(first * second)

    assert derivo.derive(function, x="4").check().ok


def test_what_is_made_to_be_changed_is_not_copied():
    def function(x, i):
        rows = np.zeros((len(i), 3))
        rows[np.arange(len(i)), i] += x
        return np.sum(np.tanh(rows))

    source = text_of(function, x="M", i=PLACES)
    assert ".copy()" not in source.partition("_gradient")[0]


@pytest.mark.parametrize(("own", "word"), [("delta", "grad"), ("size", "delta")])
def test_an_adjoint_does_not_bear_a_name_of_the_users(own, word):
    space: dict[str, Any] = {"np": np}
    exec(  # noqa: S102
        f"def f(x, {own}):\n"
        f"    far = np.abs(x)\n"
        f"    return np.mean(np.where(far < {own}, 0.5 * x ** 2,\n"
        f"                            {own} * (far - 0.5 * {own})))",
        space,
    )
    d = derivo.derive(space["f"], shapes={"x": "N", own: ""})
    backward = d.source.split("_gradient(")[1]
    assigned = re.findall(r"^    (\w+) = ", backward, re.MULTILINE)
    assert any(name.startswith(word) for name in assigned)
    assert not any(name.startswith(own) for name in assigned)
