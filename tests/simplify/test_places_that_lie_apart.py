"""What is picked once gets its adjoint put; what is picked twice gets it added."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo

ONE_EACH = np.array([[0, 1], [2, 3]])
SHARED = np.array([[0, 1], [1, 2]])
FROM_BEHIND = np.array([[3, 0], [-1, 1]])
WHOLE = derivo.Spec("", int)

PUT: dict[str, tuple[Any, dict[str, Any]]] = {
    "a prefix": (
        lambda x, table: x + table[range(len(x))],
        {"x": "T D", "table": "9 D"},
    ),
    "the last one": (lambda h: h[:, [-1], :], {"h": "N 5 3"}),
    "every second": (lambda h: h[[0, 2, 4]], {"h": "5 3"}),
    "a label a row": (
        lambda p, y: np.exp(p)[np.arange(len(y)), y],
        {"p": "N C", "y": derivo.Spec("N", int)},
    ),
    "a label a cell": (
        lambda p, y: p[np.arange(len(y))[:, None], np.arange(y.shape[1]), y],
        {"p": "N M C", "y": derivo.Spec("N M", int)},
    ),
    "one row": (lambda table, k: table[k], {"table": "V D", "k": WHOLE}),
    "numbers": (lambda x: x[:, ONE_EACH], {"x": "N 4"}),
    "a window": (lambda x, i: x[np.arange(3) + i] ** 2, {"x": "5", "i": WHOLE}),
}
ADDED: dict[str, tuple[Any, dict[str, Any]]] = {
    "numbers that repeat": (lambda x: x[:, SHARED], {"x": "N 4"}),
    "-1 and 3": (lambda x: x[:, FROM_BEHIND], {"x": "N 4"}),
    "rows as they come": (
        lambda table, words: table[words],
        {"table": "V D", "words": derivo.Spec("N", int)},
    ),
    "places in one axis of two": (
        lambda p, y: p[np.arange(len(y))[:, None], y],
        {"p": "N C", "y": derivo.Spec("N M", int)},
    ),
    # From -2 on, five places of an axis of three are not five.
    "a window longer than the axis": (
        lambda x, i: x[np.arange(5) + i] ** 2,
        {"x": "N", "i": WHOLE},
    ),
}


@pytest.mark.parametrize("name", PUT)
def test_what_is_picked_once_is_put(name):
    function, specs = PUT[name]
    d = derivo.derive(function, **specs)
    assert "np.add.at" not in d.source
    assert d.check().ok


@pytest.mark.parametrize("name", ADDED)
def test_what_may_be_picked_twice_is_added(name):
    function, specs = ADDED[name]
    d = derivo.derive(function, **specs)
    assert "np.add.at" in d.source
    assert d.check().ok


def test_places_that_go_round_are_picked_twice():
    function, specs = ADDED["a window longer than the axis"]
    d = derivo.derive(lambda x, i: np.sum(function(x, i)), **specs)
    gradient = d.gradients(x=np.array([1.0, 2.0, 3.0]), i=-2)["x"]
    np.testing.assert_allclose(gradient, [2.0, 8.0, 12.0])


def test_a_table_is_not_gone_through_at_every_step():
    def words_in_turn(table, words, v):
        h = np.zeros(table.shape[1])
        for t in range(len(words)):
            h = np.tanh(h @ v + table[words[t]])
        return np.sum(h)

    specs = {"table": "V D", "words": derivo.Spec("T", int), "v": "D D"}
    d = derivo.derive(words_in_turn, **specs)
    assert "d_table[words[t]] += " in d.source
    assert d.check().ok
