"""Names in loops: what is handed on has the user's name, and its adjoint after it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import derivo

SPECS: dict[str, Any] = {"xs": "T L", "w": "L H", "u": "H H"}


def in_a_dict(xs, w, u):
    state: dict[str, Any] = {"hidden": np.zeros(u.shape[0]), "_norm": 0.0}
    for x in xs:
        state["hidden"] = np.tanh(x @ w + state["hidden"] @ u)
        state["_norm"] = state["_norm"] + np.sum(state["hidden"] ** 2)
    return state["hidden"] * state["_norm"]


class Cell:
    def run(self, xs, w, u):
        self.hidden = np.zeros(u.shape[0])
        self.norm = 0.0
        for x in xs:
            self.hidden = np.tanh(x @ w + self.hidden @ u)
            self.norm = self.norm + np.sum(self.hidden**2)
        return self.hidden * self.norm


def by_name(xs, w, u):
    hidden, norm = np.zeros(u.shape[0]), 0.0
    for x in xs:
        hidden = np.tanh(x @ w + hidden @ u)
        norm = norm + np.sum(hidden**2)
    return hidden * norm


ALIKE = [in_a_dict, Cell().run, by_name]


@pytest.mark.parametrize("function", ALIKE, ids=["dict", "object", "names"])
def test_what_is_handed_on_is_called_as_the_user_does(function):
    source = derivo.derive(function, **SPECS).source
    forward, _, backward = source.partition("_backward(")
    assert re.search(r"\n    hidden = np.zeros", forward)
    assert re.search(r"\n    norm = ", forward)
    assert "hidden_prev = " in backward
    assert re.search(r"\n        d_hidden\w* = ", backward)
    assert not re.search(r"\b(carry|row|filled)\b", source)


def test_a_name_of_its_own_comes_before_that_of_a_part():
    def own(xs, w, u):
        state = SimpleNamespace()
        parts = {"s": np.zeros(u.shape[0])}
        for x in xs:
            hidden = np.tanh(x @ w + parts["s"] @ u)
            parts["s"] = hidden
            state.last = hidden
        return parts["s"]

    assert "hidden = np.tanh(" in derivo.derive(own, **SPECS).source


def test_zeros_are_called_zeros():
    source = derivo.derive(by_name, **SPECS).source
    assert "if t > 0 else zeros" in source


def test_no_word_is_said_twice_in_a_row():
    def windows(x, w):
        total = 0.0
        for i in range(x.shape[0] - 2):
            for j in range(x.shape[1] - 2):
                total = total + np.sin(np.sum(x[i : i + 3, j : j + 3] * w))
        return total

    source = derivo.derive(windows, x="N M", w="3 3").source
    names = {*re.findall(r"\b[a-z_]+\b", source)}
    assert not [n for n in names if re.search(r"(^|_)(?!all)([a-z]+)_\2(_|$)", n)]
