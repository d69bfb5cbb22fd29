"""Spellings: interpolation, differences, quantiles, grids, polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.spelled import distinct, positive, say


def _sorted(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return np.arange(shape[0]) + 0.3 * rng.random(shape)


def _front(*coefficients: Any) -> Any:
    return sum(c[:3] for c in coefficients)


_x = {"x": distinct}
say("interp", lambda x: np.interp(x, [-1.0, 0.05, 0.9], [2.0, -1.0, 3.0]), _x, x="N M")
say("interp all traced", lambda x, p, y: np.interp(x, p, y),
    {"x": distinct, "p": _sorted}, x="N L", p="M", y="M")  # fmt: skip
say("interp ends", lambda x, y: np.interp(x, np.arange(4), y, left=-1.0, right=7.0), _x,
    x="M", y="4")  # fmt: skip
say("interp of a number", lambda x, y: np.interp(x[0], [-2.0, 0.0, 2.0], y), _x,
    x="M", y="3")  # fmt: skip
say("interp period", lambda x, y: np.interp(x, [0.1, 0.9, 0.5], y, period=1.0), _x,
    x="M", y="3")  # fmt: skip
say("gradient", lambda x: np.gradient(x) ** 2, x="5")
say("gradient spacing", lambda x: np.gradient(x, 0.5, axis=1) ** 2, x="N 4")
say("gradient named", lambda x: np.gradient(x, axis=0), x="L M")
say("gradient all axes", lambda x: np.gradient(x)[0] * np.gradient(x)[1], x="L 4")
say("gradient second order", lambda x: np.gradient(x, 2.0, edge_order=2), x="4")
say("gradient of places", lambda x, p: np.gradient(x, p, edge_order=1), {"p": _sorted},
    x="6", p="6")  # fmt: skip
say("gradient of places second order",
    lambda x, p: np.gradient(x, p, axis=0, edge_order=2), {"p": _sorted},
    x="6 K", p="6")  # fmt: skip
say("unwrap", lambda x: np.unwrap(x * 3, axis=0) ** 2, _x, x="M K")
say("unwrap period", lambda x: np.unwrap(x, period=1.0) ** 2, _x, x="M")
say("quantile", lambda x: np.quantile(x, 0.3), _x, x="N M")
say(
    "percentile axis",
    lambda x: np.percentile(x, 71, axis=0, keepdims=True),
    _x,
    x="M N",
)
say("quantiles", lambda x: np.quantile(x, [0.1, 0.5, 0.95], axis=-1), _x, x="N M")
say("quantile axes", lambda x: np.quantile(x, 0.4, axis=(0, 2)), _x, x="M N K")
say("quantile traced", lambda x, q: np.quantile(x, q[0] / 9 + 0.41, axis=1), _x,
    x="N 5", q="1")  # fmt: skip
for _method in ("lower", "higher", "midpoint", "nearest", "hazen", "weibull",
                "median_unbiased", "normal_unbiased"):  # fmt: skip
    say(f"quantile {_method}",
        lambda x, m=_method: np.quantile(x, 0.37, axis=1, method=m), _x,
        x="N 6")  # fmt: skip
say("nanquantile", lambda x: np.nanquantile(np.where(x > 0.6, np.nan, x), 0.4), _x,
    x="M L")  # fmt: skip
say("nanpercentile nanmedian",
    lambda x: (np.nanpercentile(np.where(x > 0.9, np.nan, x), 60, axis=0)
               + np.nanmedian(np.where(x > 0.9, np.nan, x), axis=0)),
    _x, x="9 K")  # fmt: skip
say("median axes", lambda x: np.median(x, axis=(1, 0), keepdims=True), _x, x="N M K")
say("searchsorted", lambda x: x * np.searchsorted([-1.0, 0.0, 1.0], x), _x, x="M")
say("digitize", lambda x: x * np.digitize(x, [1.0, 0.0, -1.0]), _x, x="M")
say("meshgrid", lambda x, y: np.meshgrid(x, y)[0] * np.meshgrid(x, y)[1] ** 2, x="N",
    y="M")  # fmt: skip
say("meshgrid ij", lambda x, y: np.meshgrid(x, y, [1.0, 2.0], indexing="ij")[1] ** 2,
    x="N", y="M")  # fmt: skip
say("meshgrid sparse", lambda x, y: sum(np.meshgrid(x, y, sparse=True)), x="N", y="M")
say("linspace of arrays", lambda x, y: np.linspace(x, y, 5) ** 2, x="N", y="M N")
say("linspace axis", lambda x: np.linspace(x, 1.0, 3, axis=-1) ** 2, x="N M")
say("linspace end left out", lambda x: np.linspace(0, x[0], 4, endpoint=False), x="M")
say("linspace step", lambda x: np.linspace(x[0], 2, 4, retstep=True)[1] ** 2, x="M")
say("logspace", lambda x: np.logspace(x, 0.5, 3, base=2.0), x="N")
say("geomspace", lambda x: np.geomspace(x, 3.0, 4), {"x": positive}, x="N")
say("vander", lambda x: np.vander(x) ** 2, {"x": positive}, x="M")
say("vander of a number of powers",
    lambda x: np.vander(x, 3, increasing=True) * np.arange(3), x="M")  # fmt: skip
say("polyval", lambda p, x: np.polyval(p, x), p="4", x="N M")
say("polyval of a list", lambda x: np.polyval([2.0, -1.0, 3.0], x), x="M")
say("polynomials",
    lambda p, q: _front(np.polymul(p, q), np.polyadd(p, q), -np.polysub(q, p),
                        np.polyder(p), np.polyint(q, k=2.0)),
    p="4", q="3")  # fmt: skip
