"""Spellings: reductions."""

from __future__ import annotations

import numpy as np

from tests.ops.spelled import distinct, positive, say

for _name in ("sum", "mean", "prod", "max", "min", "var", "std", "ptp"):
    _g = getattr(np, _name)
    _d = {"x": distinct}
    say(f"{_name} all", lambda x, f=_g: f(x), _d, x="L M")
    say(f"{_name} axis 0", lambda x, f=_g: f(x, axis=0), _d, x="L M")
    say(
        f"{_name} axis -1 keepdims",
        lambda x, f=_g: x * f(x, axis=-1, keepdims=True),
        _d,
        x="N M",
    )
    say(f"{_name} positional", lambda x, f=_g: f(x, 1), _d, x="L M K")
    say(
        f"{_name} of a vector",
        lambda x, f=_g: f(x) + f(x, axis=0) + f(x, axis=-1),
        _d,
        x="M",
    )
    if _name != "ptp":
        say(f"{_name} two axes", lambda x, f=_g: f(x, axis=(0, -1)), _d, x="L M K")
        say(
            f"{_name} outer axes",
            lambda x, f=_g: f(x, axis=(2, 0), keepdims=True) * x,
            _d,
            x="L M K",
        )
        say(
            f"{_name} all keepdims",
            lambda x, f=_g: x * f(x, keepdims=True),
            _d,
            x="L M",
        )
        say(
            f"{_name} method",
            lambda x, n=_name: getattr(x, n)(axis=1) + getattr(x, n)(),
            _d,
            x="L M",
        )
say(
    "amax amin",
    lambda x: np.amax(x, axis=0) * np.amin(x, axis=0),
    {"x": distinct},
    x="L M",
)
say(
    "var ddof",
    lambda x: np.var(x, axis=0, ddof=1) + np.std(x, axis=0, ddof=1) + x.var(ddof=1),
    x="L M",
)
say(
    "average",
    lambda x, w: (
        np.average(x, axis=0, weights=w) + np.average(x, axis=0) + np.average(x)
    ),
    {"w": positive},
    x="L M",
    w="L",
)
say(
    "average full weights",
    lambda x, w: np.average(x, weights=w) + np.average(x, axis=1, weights=w).sum(),
    {"w": positive},
    x="L M",
    w="L M",
)
say(
    "median",
    lambda x: (
        np.median(x) + np.median(x, axis=0).sum() + np.median(x, axis=1, keepdims=True)
    ),
    {"x": distinct},
    x="L M",
)
say("nansum nanmean", lambda x: np.nansum(x, axis=0) + np.nanmean(x, axis=0), x="L M")
say(
    "any all count",
    lambda x: (
        x * np.any(x > 0, axis=0)
        + x * np.all(x > -9)
        + np.count_nonzero(x > 0, axis=1)[:, None] * x
    ),
    {"x": distinct},
    x="L M",
)
say(
    "ufunc reduce",
    lambda x: (
        np.add.reduce(x)
        + np.multiply.reduce(x, axis=1).sum()
        + np.maximum.reduce(x, axis=0)
        + np.minimum.reduce(x)
    ),
    {"x": distinct},
    x="L M",
)
say(
    "argmax chooses",
    lambda x: x[np.arange(4), np.argmax(x, axis=1)] + x[np.arange(4), x.argmin(axis=1)],
    {"x": distinct},
    x="4 M",
)
say(
    "cumsum",
    lambda x: np.cumsum(x, axis=0) * x + np.cumsum(x, axis=-1) + x.cumsum(axis=1),
    x="L M",
)
say(
    "cumsum flat",
    lambda x, v: np.cumsum(x).sum() * np.cumsum(v) + np.add.accumulate(v),
    x="L M",
    v="M",
)
say("cumprod", lambda x: np.cumprod(x, axis=0) * x + x.cumprod(axis=-1), x="L M")
say("cumprod vector", lambda x: np.cumprod(x) + np.multiply.accumulate(x), x="M")
say("cumprod middle", lambda x: np.cumprod(x, axis=1), x="K L M")
say(
    "diff",
    lambda x: np.diff(x, axis=0).sum() + np.diff(x) + np.diff(x, n=2, axis=-1).sum(),
    x="L 5",
)
say(
    "count as a number",
    lambda x: np.sum(x, axis=0) / x.shape[0] + np.sum(x) / x.size / len(x.shape),
    x="L M",
)
