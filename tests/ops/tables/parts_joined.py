"""Spellings: several parts of one array, whose adjoints are put together again."""

from __future__ import annotations

import numpy as np

from tests.ops.spelled import say

say("halves", lambda x: np.tanh(x[:, :2]) * np.exp(x[:, 2:]), x="N 4")
say("overlapping windows", lambda x: x[:-2] * x[1:-1] * x[2:], x="5 M")
say("first and rest", lambda x: x[0] * x[1:], x="L M")
say("coefficients", lambda w, x: w[0] + w[1] * x + w[2] * x**2, w="3", x="N")
say("coefficients backwards", lambda w, x: w[-1] + w[1] * x + w[0] * x**2, w="3", x="N")
say("some coefficients", lambda w, x: w[0] * w[2] * x, w="4", x="N")
say("the same part twice", lambda x: np.sin(x[0]) * np.cos(x[0]) + x[1], x="2 M")
say("columns one by one", lambda x: x[:, 0] * x[:, 1] + np.sin(x[:, 2]), x="N 3")
say("rows by name", lambda x: x[: x.shape[0] - 1] * x[1:], x="L M")
say("corner and edge", lambda x: x[0, 0] * x[1, :] + x[:, 1].sum(), x="L L")
say("gates", lambda z: _cell(*np.split(z, 4, axis=1)), z="N 8")


def _cell(i, f, o, g):
    c = 1 / (1 + np.exp(-i)) * np.tanh(g) + 1 / (1 + np.exp(-f))
    return 1 / (1 + np.exp(-o)) * np.tanh(c)
