"""Functions with steps or kinks, and predicates: clip, remainder, select, isnan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.element import Element
from derivo.graph.op import Op
from derivo.ops.arithmetic import KINKED, logical_and, logical_or
from derivo.ops.catalogue import CATALOGUE, register, spells
from derivo.ops.elementwise import abs_, floor, minimum, sign, where
from derivo.ops.infer import elementwise, floating, predicate
from derivo.ops.shape import as_array


def _away(*places: float) -> Any:
    """Draw numbers at least 0.2 away from `places`."""

    def samples(rng: Any) -> Any:
        x = rng.uniform(-2, 2, (3, 4))
        for p in places:
            x = np.where(np.abs(x - p) < 0.2, p + 0.3, x)
        return (x,), {}

    return samples


def _clip_vjp(g: Any, _y: Any, x: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    # On the bounds themselves the gradient passes. Where they are crossed the upper
    # one counts, whatever x is.
    lower = logical_and(x < a, a <= b)
    upper = logical_or(x > b, a > b)
    return g * logical_and(x >= a, x <= b), g * lower, g * upper


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
        element=Element("{2} if {0} > {2} or {1} > {2} else {1} if {0} < {1} else {0}"),
        traits=KINKED,
    )
)


@spells(np.clip)
def _clip(
    x: Any,
    a_min: Any = None,
    a_max: Any = None,
    *,
    min: Any = None,
    max: Any = None,
) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
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
# a - b * trunc(a / b): the sign of the result is that of a.
fmod = register(
    Op(
        "fmod", ("a", "b"), elementwise, "np.fmod({0}, {1})",
        vjp=lambda g, _y, a, b: (g, -g * CATALOGUE["trunc"](a / b)),
        samples=lambda rng: (
            (rng.integers(-3, 3, (3, 4)) + rng.uniform(0.2, 0.8, (3, 4)),
             rng.uniform(0.97, 1.03, (3, 4))), {},
        ),
        latex=r"\operatorname{{fmod}}({0}, {1})", traits=KINKED,
    ),
    np.fmod,
)  # fmt: skip
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
        "nan_to_num", ("x",), elementwise,
        "np.nan_to_num({0}, nan={nan}, posinf={posinf}, neginf={neginf})",
        vjp=lambda g, _y, x, **_: (where(isfinite(x), g, 0),), traits=KINKED,
        attrs={"nan": 0.0, "posinf": None, "neginf": None},
    )
)  # fmt: skip


@spells(np.nan_to_num)
def _nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    del copy  # a traced value is never written to
    return nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


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
def _round(x: Any, decimals: Any = 0) -> Any:
    if isinstance(decimals, int) and not decimals:
        return CATALOGUE["round"](x)
    return round_to(x, decimals=decimals)


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


def _wins(is_further: Any, other: Any) -> Any:
    return logical_or(is_further, isnan(other))


# As maximum and minimum, but a number wins over NaN.
fmax = register(
    Op("fmax", ("a", "b"), elementwise, "np.fmax({0}, {1})",
       vjp=lambda g, _y, a, b: (g * _wins(a >= b, b), g * _wins(b > a, a)),
       latex=r"\max({0}, {1})", traits=KINKED,
       element=Element("{0} if {0} >= {1} or {1} != {1} else {1}")),
    np.fmax,
)  # fmt: skip


fmin = register(
    Op("fmin", ("a", "b"), elementwise, "np.fmin({0}, {1})",
       vjp=lambda g, _y, a, b: (g * _wins(a <= b, b), g * _wins(b < a, a)),
       latex=r"\min({0}, {1})", traits=KINKED,
       element=Element("{0} if {0} <= {1} or {1} != {1} else {1}")),
    np.fmin,
)  # fmt: skip


@spells(np.isclose)
def isclose(
    a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False
) -> Any:
    """Tell of each pair of numbers whether they differ by at most atol + rtol |b|."""
    near = logical_or(abs_(a - b) <= atol + rtol * abs_(b), a == b)
    return logical_or(near, logical_and(isnan(a), isnan(b))) if equal_nan else near


@spells(np.allclose)
def allclose(a: Any, b: Any, *args: Any, **options: Any) -> Any:
    """Tell whether all pairs of numbers are close."""
    return np.all(isclose(a, b, *args, **options))


@spells(np.where)
def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None or y is None:
        message = "np.where needs both branches; the places alone depend on the values"
        raise NotImplementedError(message)
    return where(condition, x, y)


@spells(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """Choose, element by element, the first choice whose condition holds."""
    # As NumPy does it: all choices have one type, that of the widest.
    if any(map(_is_floating, (*choicelist, default))):
        choicelist = [float(c) if type(c) is int else c for c in choicelist]
        default = float(default) if type(default) is int else default
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = where(condition, choice, result)
    return result


def _is_floating(value: Any) -> bool:
    if hasattr(value, "record"):
        return value.node.spec.kind in ("float", "pyfloat")
    return isinstance(value, float) or getattr(value, "dtype", None) == np.float64


@spells(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Apply to each element the function whose condition holds, or 0 if none does."""
    conditions = list(condlist) if isinstance(condlist, list | tuple) else [condlist]
    values = [f(x, *args, **kw) if callable(f) else f for f in funclist]
    default = values.pop() if len(values) == len(conditions) + 1 else 0
    if len(values) != len(conditions):
        message = (
            f"{len(conditions)} conditions need {len(conditions)} functions, or one "
            f"more, not {len(values)}"
        )
        raise ShapeError(message)
    result = default
    for condition, value in zip(conditions, values, strict=True):
        result = where(condition, value, result)  # the last that holds counts
    return result


# --- two results at once -------------------------------------------------------------


@spells(np.divmod)
def divmod_of(a: Any, b: Any) -> tuple[Any, Any]:
    """Give the whole quotient, and what remains."""
    return floor_divide(a, b), remainder(a, b)


@spells(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """Give the part after the point, and the part before it."""
    whole = CATALOGUE["trunc"](x)
    return x - whole, whole


@spells(np.ldexp)
def ldexp(x: Any, n: Any) -> Any:
    """Multiply by a power of two."""
    return x * 2.0 ** as_array(n)
