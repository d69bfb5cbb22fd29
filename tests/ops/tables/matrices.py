"""Spellings: matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.spelled import distinct, regular, say

_regular = {"a": regular}
say("trace", lambda a: np.trace(a) + a.trace(offset=1) + np.trace(a, -1), a="L L")
say("trace oblong", lambda a: np.trace(a) + np.trace(a, offset=2), a="3 5")
say(
    "trace axes",
    lambda a: np.trace(a, axis1=1, axis2=2) + np.trace(a, axis1=0, axis2=-1)[0],
    a="L L L",
)
say(
    "diagonal",
    lambda a: (
        np.diagonal(a) * a.diagonal() + np.diag(a) + np.diagonal(a, offset=-1).sum()
    ),
    a="L L",
)
say(
    "diagonal axes",
    lambda a: np.diagonal(a, axis1=0, axis2=2) + np.diagonal(a, 1, 0, -1).sum(),
    a="L M L",
)
say(
    "diag builds",
    lambda v: np.diag(v) @ np.diag(v, 0) + np.diag(v[1:], 1) + np.diag(v[1:], k=-1),
    v="L",
)
say(
    "triu tril",
    lambda a: np.triu(a) @ np.tril(a, -1).T + np.triu(a, k=1) + np.tril(a, k=1),
    a="L L",
)
say(
    "causal mask",
    lambda a: (
        np.where(np.tril(np.ones_like(a)) > 0, a, -1e9).max(axis=1)
        + np.tril(np.exp(a)).sum()
    ),
    a="L L",
)
say(
    "norm",
    lambda x: (
        np.linalg.norm(x)
        + np.linalg.norm(x, axis=1)
        + np.linalg.norm(x, axis=-1, keepdims=True)[:, 0]
        + np.linalg.norm(x, ord=2, axis=1)
    ),
    x="N L",
)
say(
    "norm of a vector",
    lambda x: (
        np.linalg.norm(x)
        + np.linalg.norm(x, 1)
        + np.linalg.norm(x, np.inf)
        + np.linalg.norm(x, -np.inf)
        + np.linalg.norm(x, 3)
        + np.linalg.norm(x, ord=2)
    ),
    {"x": distinct},
    x="L",
)
say(
    "norm 1 inf along",
    lambda x: (
        np.linalg.norm(x, 1, axis=0)
        + np.linalg.norm(x, np.inf, axis=0, keepdims=True)
        + np.linalg.norm(x, 2.5, axis=0)
    ),
    {"x": distinct},
    x="N L",
)
say(
    "matrix norms",
    lambda x: (
        np.linalg.norm(x, "fro")
        + np.linalg.norm(x, 1)
        + np.linalg.norm(x, np.inf)
        + np.linalg.norm(x, -1)
        + np.linalg.norm(x, -np.inf)
        + np.linalg.norm(x, axis=(0, 1))
    ),
    {"x": distinct},
    x="N L",
)
say(
    "matrix norms of stacks",
    lambda x: (
        np.linalg.norm(x, axis=(1, 2))
        + np.linalg.norm(x, 1, axis=(-2, -1))
        + np.linalg.norm(x, "fro", axis=(0, 2), keepdims=True)[0, 0, 0]
    ),
    {"x": distinct},
    x="K N L",
)
say("inv", lambda a: np.linalg.inv(a), _regular, a="L L")
say("inv of stacks", lambda a: np.linalg.inv(a), _regular, a="K L L")
say("solve vector", lambda a, b: np.linalg.solve(a, b), _regular, a="L L", b="L")
say("solve matrix", lambda a, b: np.linalg.solve(a, b), _regular, a="L L", b="L M")
say("solve stacks", lambda a, b: np.linalg.solve(a, b), _regular, a="K L L", b="K L M")
say(
    "solve one against stacks",
    lambda a, b: np.linalg.solve(a, b),
    _regular,
    a="L L",
    b="K L M",
)
say(
    "solve stacks against a vector",
    lambda a, b: np.linalg.solve(a, b),
    _regular,
    a="K L L",
    b="L",
)
say("det", lambda a: np.linalg.det(a) * 1e-2, _regular, a="L L")
say("det of stacks", lambda a: np.linalg.det(a) * 1e-2, _regular, a="K L L")
say(
    "slogdet",
    lambda a: (
        np.linalg.slogdet(a)[1]
        + np.linalg.slogdet(a).logabsdet * np.linalg.slogdet(a).sign
    ),
    _regular,
    a="L L",
)
say("slogdet of stacks", lambda a: _logdet(a), _regular, a="K L L")
say("cholesky", lambda a: np.linalg.cholesky(a @ a.T + 2 * np.eye(a.shape[0])), a="L M")
say(
    "cholesky of the matrix itself",
    lambda a: np.linalg.cholesky(a),
    {"a": lambda r, s: 4 * np.eye(s[0]) + 0.3},
    a="L L",
)
say(
    "cholesky of stacks",
    lambda a: np.linalg.cholesky(a @ a.swapaxes(-1, -2) + 2 * np.eye(3)),
    a="K 3 M",
)


def _logdet(a: Any) -> Any:
    sign, logdet = np.linalg.slogdet(a)
    return sign * logdet
