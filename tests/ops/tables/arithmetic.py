"""Spellings: arithmetic, broadcast both ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.spelled import distinct, positive, say

say("add rows", lambda x, b: x + b, x="N M", b="M")
say("sub column", lambda x, b: b - x, x="N M", b="N 1")
say("mul scalar array", lambda x, s: s * x, x="N M", s="")
say("outer by broadcasting", lambda x, y: x[:, None] * y[None, :], x="N", y="M")
say("div both", lambda x, y: x / y, {"y": positive}, x="N 1", y="1 M")
say("rdiv number", lambda x: 2 / x, {"x": positive}, x="N M")
say("power number", lambda x: x**3 + x**2 + x**-1.5 + x**0.5, {"x": positive}, x="N M")
say("power both", lambda x, y: x**y, {"x": positive}, x="N M", y="M")
say("number to the power", lambda x: 2**x + 2.5**x, x="N M")
say(
    "np words",
    lambda x, y: (
        np.add(x, y)
        - np.subtract(y, 2) * np.multiply(x, y) / np.divide(1, y)
        + np.negative(x)
        + np.positive(y)
    ),
    {"y": positive},
    x="N M",
    y="M",
)
say(
    "true_divide reciprocal",
    lambda x: np.true_divide(1, x) + np.reciprocal(x),
    {"x": positive},
    x="N M",
)
say(
    "mod",
    lambda x: x % 0.37 + np.mod(x, 10.0) + np.remainder(x, 7.5),
    {"x": distinct},
    x="N M",
)
say(
    "floor divide",
    lambda x: x * (x // 1.5) + np.floor_divide(x, 2.5),
    {"x": distinct},
    x="N M",
)
say("in place operators", lambda x, y: _in_place(x, y), x="N M", y="M")
say("three-way broadcast", lambda a, b, c: a * b + c, a="N 1 M", b="L 1", c="M")


def _in_place(x: Any, y: Any) -> Any:
    z = x * 2
    z += y
    z *= x
    return z
