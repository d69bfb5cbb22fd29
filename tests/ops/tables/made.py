"""Spellings: made on the way."""

from __future__ import annotations

import numpy as np

from tests.ops.spelled import say

say(
    "zeros and ones",
    lambda x: np.zeros((x.shape[0], 2)) + np.ones(2) * x[:, :2],
    x="N 4",
)
say(
    "like",
    lambda x: np.zeros_like(x) + np.ones_like(x) * x + np.full_like(x, 2.5) * x,
    x="N M",
)
say(
    "full eye",
    lambda x: (
        np.full(x.shape, 2.0) * x + np.eye(x.shape[0]) @ x + np.identity(x.shape[0]) @ x
    ),
    x="L M",
)
say(
    "arange weights",
    lambda x: x * np.arange(x.shape[0])[:, None] + np.arange(1, x.shape[1] + 1) * x,
    x="N M",
)
say(
    "triangle of ones",
    lambda x: x * np.tri(x.shape[0]) + np.tri(x.shape[0], k=-1) @ x,
    x="L L",
)
say("linspace", lambda x: x * np.linspace(0, 1, x.shape[1]), x="N L")
say(
    "positions",
    lambda x: (
        x
        + np.sin(
            np.arange(x.shape[0])[:, None] / 10 ** (np.arange(x.shape[1]) / x.shape[1])
        )
    ),
    x="N M",
)
say(
    "scaled",
    lambda q, k: q @ k.T / np.sqrt(q.shape[-1]) / q.shape[0] ** 0.5,
    q="N L",
    k="M L",
)
