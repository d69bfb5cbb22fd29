"""Functions with steps or kinks, and predicates: clip, remainder, select, isnan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from derivo.graph.element import Element
from derivo.graph.op import Op
from derivo.ops.arithmetic import KINKED, logical_and
from derivo.ops.catalogue import CATALOGUE, register, spells
from derivo.ops.elementwise import floor, minimum, sign, where
from derivo.ops.infer import elementwise, floating, predicate


def _away(*places: float) -> Any:
    """Draw numbers at least 0.2 away from `places`."""

    def samples(rng: Any) -> Any:
        x = rng.uniform(-2, 2, (3, 4))
        for p in places:
            x = np.where(np.abs(x - p) < 0.2, p + 0.3, x)
        return (x,), {}

    return samples


def _clip_vjp(g: Any, _y: Any, x: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    # On the bounds themselves the gradient passes.
    return g * logical_and(x >= a, x <= b), g * (x < a), g * (x > b)


clip = register(
    Op(
        "clip",
        ("x", "a", "b"),
        elementwise,
        "np.clip({0}, {1}, {2})",
        vjp=_clip_vjp,
        samples=lambda rng: (
            (_away(-1, 1)(rng)[0][0], np.full((), -1.0), np.full((), 1.0)),
            {},
        ),
        latex=r"\operatorname{{clip}}({0}, {1}, {2})",
        element=Element("{1} if {0} < {1} else {2} if {0} > {2} else {0}"),
        traits=KINKED,
    )
)


@spells(np.clip)
def _clip(x: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Any:
    low, high = bounds.get("min", a_min), bounds.get("max", a_max)
    if low is None:
        return x if high is None else minimum(x, high)
    return np.maximum(x, low) if high is None else clip(x, low, high)


heaviside = register(
    Op(
        "heaviside", ("x", "h"), floating, "np.heaviside({0}, {1})",
        vjp=lambda g, _y, x, _h: (None, g * (x == 0)),
        samples=lambda rng: ((_away(0)(rng)[0][0], rng.normal(size=(3, 4))), {}),
        latex=r"H({0})", traits=KINKED | {"floating"},
        element=Element("{1} if {0} == 0 else {dtype}({0} > 0) if {0} == {0} else {0}"),
    ),
    np.heaviside,
)  # fmt: skip
copysign: Op = register(
    Op(
        "copysign", ("a", "b"), floating, "np.copysign({0}, {1})",
        vjp=lambda g, _y, a, b: (g * sign(a) * copysign(1, b), None),
        samples=lambda rng: ((_away(0)(rng)[0][0], _away(0)(rng)[0][0]), {}),
        traits=KINKED | {"floating"},
    ),
    np.copysign,
)  # fmt: skip
# a % b = a - b * floor(a / b): the floor is constant between its steps.
remainder = register(
    Op(
        "remainder",
        ("a", "b"),
        elementwise,
        "{0} % {1}",
        vjp=lambda g, _y, a, b: (g, -g * floor(a / b)),
        samples=lambda rng: (
            (
                rng.integers(-3, 3, (3, 4)) + rng.uniform(0.2, 0.8, (3, 4)),
                rng.uniform(0.97, 1.03, (3, 4)),
            ),
            {},
        ),
        latex=r"{0} \bmod {1}",
        traits=KINKED,
    ),
    np.remainder,
    np.mod,
)
floor_divide = register(
    Op(
        "floor_divide",
        ("a", "b"),
        elementwise,
        "{0} // {1}",
        vjp=lambda _g, _y, _a, _b: (None, None),
        samples=lambda rng: (
            (
                rng.integers(-3, 3, (3, 4)) + rng.uniform(0.2, 0.8, (3, 4)),
                rng.uniform(0.97, 1.03, (3, 4)),
            ),
            {},
        ),
        latex=r"\lfloor {0} / {1} \rfloor",
        traits=KINKED,
    ),
    np.floor_divide,
)
nan_to_num = register(
    Op(
        "nan_to_num", ("x",), elementwise, "np.nan_to_num({0}, nan={nan})",
        vjp=lambda g, _y, x, **_: (g * isfinite(x),), attrs={"nan": 0.0}, traits=KINKED,
    )
)  # fmt: skip


@spells(np.nan_to_num)
def _nan_to_num(x: Any, nan: float = 0.0) -> Any:
    return nan_to_num(x, nan=float(nan))


round_to = register(
    Op(
        "round_to",
        ("x",),
        floating,
        "np.round({0}, {decimals})",
        vjp=lambda _g, _y, _x, **_: (None,),
        attrs={"decimals": 0},
        samples=lambda rng: (
            (rng.integers(-9, 9, (3, 4)) / 10 + 0.02,),
            {"decimals": 1},
        ),
        traits=KINKED | {"floating"},
    )
)


@spells(np.round, np.around)
def _round(x: Any, decimals: int = 0) -> Any:
    return round_to(x, decimals=int(decimals)) if decimals else CATALOGUE["round"](x)


for _ufunc in (np.isnan, np.isfinite, np.isinf, np.signbit):
    register(
        Op(
            _ufunc.__name__,
            ("x",),
            predicate,
            f"np.{_ufunc.__name__}({{0}})",
            traits=KINKED,
        ),
        _ufunc,
    )
isnan: Op = CATALOGUE["isnan"]
isfinite: Op = CATALOGUE["isfinite"]


def _booleans(rng: Any) -> Any:
    return (rng.random((3, 4)) < 0.5, rng.random((3, 4)) < 0.5), {}


logical_xor = register(
    Op(
        "logical_xor",
        ("a", "b"),
        predicate,
        "{0} ^ {1}",
        samples=_booleans,
        traits=KINKED,
    ),
    np.logical_xor,
    np.bitwise_xor,
)


@spells(np.where)
def _where(condition: Any, *branches: Any) -> Any:
    if len(branches) != 2:
        message = "np.where needs both branches; the places alone depend on the values"
        raise NotImplementedError(message)
    return where(condition, *branches)


@spells(np.select)
def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Any:
    """Choose, element by element, the first choice whose condition holds."""
    result = default
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        result = where(condition, choice, result)
    return result
