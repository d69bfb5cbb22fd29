"""Spellings: element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.spelled import booleans, distinct, places, positive, say, unit

_f: Any
for _f in (
    np.exp,
    np.expm1,
    np.exp2,
    np.sin,
    np.cos,
    np.sinh,
    np.cosh,
    np.tanh,
    np.arctan,
    np.arcsinh,
    np.square,
    np.deg2rad,
    np.rad2deg,
    np.radians,
    np.degrees,
):
    say(f"np.{_f.__name__}", lambda x, f=_f: f(x), x="N M")
for _f in (
    np.log,
    np.log1p,
    np.log2,
    np.log10,
    np.sqrt,
    np.cbrt,
    np.abs,
    np.fabs,
    np.sign,
    np.reciprocal,
):
    say(
        f"np.{_f.__name__} of positive",
        lambda x, f=_f: f(x) * x,
        {"x": positive},
        x="N M",
    )
for _f in (np.tan, np.arcsin, np.arccos, np.arctanh):
    say(f"np.{_f.__name__} inside", lambda x, f=_f: f(x), {"x": unit}, x="N M")
say("np.arccosh", lambda x: np.arccosh(x + 1), {"x": positive}, x="N M")
say(
    "arctan2 hypot",
    lambda x, y: np.arctan2(x, y) + np.hypot(x, y),
    {"y": positive},
    x="N M",
    y="M",
)
say("logaddexp", lambda x, y: np.logaddexp(x, y) + np.logaddexp(0, x), x="N M", y="N 1")
say("logaddexp2", lambda x, y: np.logaddexp2(x, y), x="N M", y="N 1")
say("angle imag", lambda x: x * np.angle(x) + np.imag(x) + np.angle(x, deg=True),
    {"x": distinct}, x="N M")  # fmt: skip
say(
    "maximum minimum",
    lambda x, y: np.maximum(x, y) * np.minimum(x, 0.5),
    {"x": distinct},
    x="N M",
    y="M",
)
say("fmax fmin", lambda x: np.fmax(x, 0) + np.fmin(x, 1), {"x": distinct}, x="N M")
say("abs method operator", lambda x: abs(x) + np.absolute(x), {"x": distinct}, x="N M")
say(
    "clip",
    lambda x: (
        np.clip(x, -0.5, 0.5)
        + x.clip(0, 1)
        + np.clip(x, None, 0.2)
        + np.clip(x, a_min=0.2, a_max=None)
        + np.clip(x, min=-0.2, max=0.2)
    ),
    {"x": distinct},
    x="N M",
)
say("clip by arrays", lambda x, a, b: np.clip(x, a - 1, b + 1), x="N M", a="M", b="N 1")
say(
    "heaviside sign",
    lambda x: x * np.heaviside(x, 0.5) + x * np.sign(x),
    {"x": distinct},
    x="N M",
)
say(
    "rounding",
    lambda x: (
        x
        * (
            np.floor(x)
            + np.ceil(x)
            + np.rint(x)
            + np.trunc(x)
            + np.round(x)
            + np.round(x, 1)
            + x.round(2)
        )
    ),
    {"x": distinct},
    x="N M",
)
say(
    "copysign",
    lambda x, y: np.copysign(x, y),
    {"x": distinct, "y": distinct},
    x="N M",
    y="M",
)
say("where", lambda x, y: np.where(x > 0, x * y, y), {"x": distinct}, x="N M", y="M")
say(
    "where numbers",
    lambda x: np.where(x > 0, 1, x) + np.where(x < 0, -1.0, 2 * x),
    {"x": distinct},
    x="N M",
)
say(
    "where mask given",
    lambda x, m: np.where(m, x, 0) + np.where(m, 0, x * x),
    {"m": booleans},
    x="N M",
    m="N M",
)
say(
    "where integers given",
    lambda x, i: np.where(i > 1, i, x),
    {"i": places},
    x="N M",
    i="M",
)
say(
    "mask arithmetic",
    lambda x: x * (x > 0) + (x <= 0) * 0.1 * x,
    {"x": distinct},
    x="N M",
)
say(
    "logic",
    lambda x: (
        np.where((x > -1) & (x < 1) | ~(x > 0), x * x, x)
        + np.where(
            np.logical_and(x > 0, np.logical_not(x > 1)) ^ np.logical_xor(x > 2, x < 1),
            x,
            3,
        )
    ),
    {"x": distinct},
    x="N M",
)
say(
    "select",
    lambda x: np.select([x < -0.5, x < 0.5], [x * 0.1, x * x], default=2 * x),
    {"x": distinct},
    x="N M",
)
say(
    "isnan isfinite",
    lambda x: np.where(np.isnan(x) | ~np.isfinite(x), 0, x) + np.nan_to_num(x),
    x="N M",
)
say(
    "integers mixed",
    lambda x, i: x * i + i + x**i + np.exp(i) * x,
    {"i": places, "x": positive},
    x="N M",
    i="M",
)
say("divmod", lambda x, y: np.divmod(x, y)[0] * x + divmod(x, 0.7)[1] * y,
    {"x": distinct, "y": positive}, x="N M", y="M")  # fmt: skip
say("modf", lambda x: np.modf(x)[0] * x + np.modf(x)[1] * x**2, {"x": distinct},
    x="N M")  # fmt: skip
say("ldexp", lambda x: np.ldexp(x, [1, 2, -1]) ** 2, x="N 3")
