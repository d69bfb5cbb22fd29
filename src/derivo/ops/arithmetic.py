"""The four operations, powers and comparisons.

Rules are written with the output `y` wherever that is possible: ``-g*y/b`` for the
divisor rather than ``-g*a/b**2``. It costs no more and leaves fewer different values.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from derivo.graph.element import Element
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast
from derivo.ops.catalogue import CATALOGUE, register
from derivo.ops.infer import elementwise, floating, predicate
from derivo.ops.tidy import (
    filled,
    is_number,
    less_its_own,
    number,
    operands,
    same,
    without_views,
)

ANALYTIC = frozenset({"elementwise", "analytic"})
FLOATING = frozenset({"elementwise", "analytic", "floating"})
KINKED = frozenset({"elementwise"})
# One pass over the operands: done again sooner than read from memory.
QUICK = frozenset({"quick"})


def _product_formula(_attrs: Any, *specs: Spec) -> str:
    """Write a product; of a column and a row it is that of every pair of entries."""
    shapes = [s.shape for s in specs]
    rank = max(map(len, shapes), default=0)
    ones = [[d == 1 for d in (1,) * (rank - len(s)) + s] for s in shapes]
    # Each is copied along an axis that the other has.
    pairs = set(zip(*ones, strict=True)) if len(ones) == 2 else set()
    is_outer = {(True, False), (False, True)} <= pairs
    return r"{0} \otimes {1}" if is_outer else r"{0} \odot {1}"


# --- what they come to on special operands -----------------------------------------


def _tidy_add(a: Any, b: Any) -> Any:
    if is_number(a, 0) or is_number(b, 0):
        return b if is_number(a, 0) else a
    for x, y in ((a, b), (b, a)):
        for minus in operands(y, neg):
            return x - minus
        taken = operands(y, sub)
        if taken and same(taken[1], x):
            return taken[0]  # m + (x - m)
        pair, n = operands(y, add), number(x)
        for m, rest in (pair, pair[::-1]) if pair and n is not None else ():
            if n is not None and is_number(m, -n):
                return rest  # 1 + (x - 1)
    return None


def _tidy_sub(a: Any, b: Any) -> Any:
    if is_number(b, 0):
        return a
    if is_number(a, 0):
        return -b
    for minus in operands(b, neg):
        return a + minus
    less = _without(a, b)
    return _inside_views(a, b) if less is None else less


def _without(a: Any, b: Any) -> Any:
    """Give x for ``(m + x) - m`` and for ``m - (m - x)``."""
    for m, x in _turns(operands(a, add)):
        if same(m, b):
            return x
    taken = operands(b, sub)
    return taken[1] if taken and same(taken[0], a) else None


def _turns(pair: tuple[Any, ...]) -> tuple[Any, ...]:
    return (pair, pair[::-1]) if pair else ()


def _inside_views(a: Any, b: Any) -> Any:
    """Subtract before both are shown in another way, if that comes to less."""
    op = a.node.op
    if "view" not in op.traits or b.node.op is not op or a.node.attrs != b.node.attrs:
        return None
    (x,), (y,) = operands(a, op) or (None,), operands(b, op) or (None,)
    less = None if x is None or y is None else _without(x, y)
    return None if less is None else op(less, **a.node.attrs)


def _tidy_mul(a: Any, b: Any) -> Any:
    for x, y in ((a, b), (b, a)):
        n = number(x)
        if n is None:
            continue
        if n in (0, 1, -1):
            return filled(0, a, b) if n == 0 else y if n == 1 else -y
        for minus in operands(y, neg):
            return -n * minus
        for k, z in _with_number(y):
            return (n * k) * z if float(n * k).is_integer() else None
        return n * y if x is b else None  # the number first, as it is usually written
    return None


def _with_number(x: Any) -> list[tuple[Any, Any]]:
    """Give the number and the rest of a product with a number."""
    pair = operands(x, mul)
    turns = ((n, y) for n, y in (pair, pair[::-1])) if pair else ()
    return [(number(n), y) for n, y in turns if number(n) is not None]


def _tidy_div(a: Any, b: Any) -> Any:
    if is_number(b, 1) or is_number(b, -1):
        return a if is_number(b, 1) else -a
    if is_number(a, 0):
        return filled(0, a, b)
    if same(a, b):
        return filled(1, a)
    return filled(-1, b) if any(same(x, b) for x in operands(a, neg)) else None


def _tidy_neg(a: Any) -> Any:
    for x in operands(a, neg):
        return x
    difference = operands(a, sub)
    if difference:
        return difference[1] - difference[0]
    for n, x in _with_number(a):
        return -n * x
    return None


def opposite(x: Any) -> Any:
    """Give -x without two signs one after the other: -(-x) is x, -(-2 * x) is 2 * x."""
    for y in operands(x, neg):
        return y
    for n, y in _with_number(x):
        return -n * y if n < 0 else -x
    return -x


def _tidy_power(a: Any, b: Any) -> Any:
    return a if is_number(b, 1) else None


def _always(value: bool, *, left: float, right: float) -> Any:
    """Give the rule of a comparison that is settled by an infinite operand."""

    def tidy(a: Any, b: Any) -> Any:
        settled = is_number(a, left) or is_number(b, right)
        return filled(value, a, b) if settled else None

    return tidy


def _tidy_and(a: Any, b: Any) -> Any:
    for x, y in ((a, b), (b, a)):
        if is_number(x, True):
            return y
    return a if same(a, b) else None


def _tidy_or(a: Any, b: Any) -> Any:
    for x, y in ((a, b), (b, a)):
        if is_number(x, False):
            return y
    return a if same(a, b) else None


def _tidy_not(a: Any) -> Any:
    for x in operands(a, logical_not):
        return x
    return None


# --- what they are called ----------------------------------------------------------

Called = Iterator[tuple[str, tuple[Any, ...]]]


HALF, SQUARE = 0.5, 2


def _difference_called(node: Any) -> Called:
    for reduction, pattern in (("mean", "centred_{0}"), ("max", "shifted_{0}")):
        for x in less_its_own(node, reduction):
            yield pattern, (x,)
    yield from _of_its_parts(node, "{0}_diff")
    yield "{0}_minus_{1}", node.inputs
    yield "difference", ()


def _total_called(node: Any) -> Called:
    yield from _of_its_parts(node, "{0}_sum")
    yield "{0}_plus_{1}", node.inputs
    yield "total", ()


def _of_its_parts(node: Any, pattern: str) -> Called:
    """Name what is made of two views of one array, as ``x[:, None] - x[None]``."""
    a, b = node.inputs
    if _whole_of(a) is _whole_of(b) and a is not b:
        yield pattern, (_whole_of(a),)


def _whole_of(node: Any) -> Any:
    """Give the array that a part, or a view of it, is of."""
    while node.inputs and "view" in node.op.traits:
        (node,) = node.inputs
    return node


def _product_called(node: Any) -> Called:
    a, b = node.inputs
    if a is b:
        yield "{0}_squared", (a,)
        yield "squares", ()
        return
    for x, scale in ((a, b), (b, a)):
        if not scale.inputs and scale.attrs.get("value") == HALF:
            yield "half_{0}", (x,)
    for x, scale in ((a, b), (b, a)):
        for inner in less_its_own(x, "mean"):
            if scale.inputs and scale.spec.rank <= x.spec.rank and _is_root(scale):
                yield "{0}_hat", (inner,)
    yield "{0}_times_{1}", (a, b)
    yield "product", ()


def _is_root(node: Any) -> bool:
    """Tell whether a value is a root, or 1 divided by one."""
    node = without_views(node)
    below = node.inputs[-1:] if node.op in (div, reciprocal) else (node,)
    return any(without_views(n).op.name == "sqrt" for n in below)


def _quotient_called(node: Any) -> Called:
    a, b = node.inputs
    for inner in less_its_own(a, "mean"):
        if _is_root(b):
            yield "{0}_hat", (inner,)
    if not b.inputs and b.attrs.get("value") == 1 / HALF:
        yield "half_{0}", (a,)
    yield "{0}_over_{1}", (a, b)
    yield "ratio", ()


def _power_called(node: Any) -> Called:
    words = {2: "{0}_squared", 3: "{0}_cubed", 0.5: "root_{0}", -1: "one_over_{0}"}
    exponent = node.inputs[1].attrs.get("value")
    if isinstance(exponent, int | float) and exponent in words:
        yield words[exponent], node.inputs[:1]
    else:
        yield "{0}_to_{1}", node.inputs
    yield "squares" if exponent == SQUARE else "power", ()


_ASKED = {
    "greater": ("{0}_above_{1}", "mask"),
    "greater_equal": ("{0}_from_{1}", "mask"),
    "less": ("{0}_below_{1}", "mask"),
    "less_equal": ("{0}_up_to_{1}", "mask"),
    "equal": ("is_{1}", "mask"),
    "not_equal": ("is_not_{1}", "mask"),
}


# --- the operations ----------------------------------------------------------------

add = register(
    Op(
        "add", ("a", "b"), elementwise, "{0} + {1}",
        vjp=lambda g, _y, _a, _b: (g, g),
        algebra=operator.add, latex="{0} + {1}", traits=ANALYTIC | QUICK,
        tidy=_tidy_add, called=_total_called,
    ),
    np.add,
)  # fmt: skip
sub = register(
    Op(
        "sub", ("a", "b"), elementwise, "{0} - {1}",
        vjp=lambda g, _y, _a, _b: (g, -g),
        algebra=operator.sub, latex="{0} - {1}", traits=ANALYTIC | QUICK,
        tidy=_tidy_sub, called=_difference_called,
    ),
    np.subtract,
)  # fmt: skip
mul = register(
    Op(
        "mul", ("a", "b"), elementwise, "{0} * {1}",
        vjp=lambda g, _y, a, b: (g * b, g * a),
        algebra=operator.mul, latex=_product_formula, traits=ANALYTIC | QUICK,
        tidy=_tidy_mul, called=_product_called,
    ),
    np.multiply,
)  # fmt: skip
div = register(
    Op(
        "div", ("a", "b"), floating, "{0} / {1}",
        vjp=lambda g, y, _a, b: (g / b, -g * y / b),
        algebra=operator.truediv, latex=r"\frac{{{0}}}{{{1}}}", traits=FLOATING,
        tidy=_tidy_div, called=_quotient_called,
    ),
    np.divide,
)  # fmt: skip
neg = register(
    Op(
        "neg", ("a",), elementwise, "-{0}",
        vjp=lambda g, _y, _a: (-g,),
        algebra=operator.neg, latex="-{0}", traits=ANALYTIC | QUICK, tidy=_tidy_neg,
        called=("minus_{0}",),
    ),
    np.negative,
)  # fmt: skip


def known_number(x: Any) -> float | None:
    """Give a number that is known while tracing; None for arrays and traced values."""
    if isinstance(x, int | float):
        return x
    value = getattr(getattr(x, "node", None), "attrs", {}).get("value")
    return value if isinstance(value, int | float) else None


def _power_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    # 0 ** 0 is 1 and stays 1, and so does 0 ** b for b > 0 stay 0: where the plain rule
    # meets 0 times infinity, the product is 0. Known numbers need no such care. The
    # slope by b is taken as 0 at 0 ** 0, too, as PyTorch and JAX take it.
    base, exponent = known_number(a), known_number(b)
    one_less, under_log = b - 1, a
    if exponent is None:
        one_less = CATALOGUE["where"](b == 0, 0, b - 1)
    elif exponent == 0:
        one_less = 0
    if base is None:
        under_log = CATALOGUE["where"](a == 0, 1, a)
    elif base == 0:
        under_log = 1
    return g * b * a**one_less, g * y * log(under_log)


power = register(
    Op(
        "power",
        ("a", "b"),
        elementwise,
        "{0} ** {1}",
        vjp=_power_vjp,
        algebra=operator.pow,
        latex="{0}^{{{1}}}",
        samples=lambda rng: (
            (rng.uniform(0.5, 2, (3, 4)), rng.uniform(-2, 2, (3, 4))),
            {},
        ),
        traits=ANALYTIC,
        tidy=_tidy_power,
        called=_power_called,
    ),
    np.power,
    np.float_power,
)
square = register(
    Op(
        "square", ("a",), elementwise, "{0} ** 2",
        vjp=lambda g, _y, a: (2 * g * a,),
        algebra=lambda a: a * a, latex="{0}^2", traits=ANALYTIC,
        element=Element("{0} * {0}"), called=("{0}_squared",),
    ),
    np.square,
)  # fmt: skip
reciprocal = register(
    Op(
        "reciprocal", ("a",), floating, "1 / {0}",
        vjp=lambda g, y, _a: (-g * y * y,),
        algebra=lambda a: 1 / a, latex=r"\frac{{1}}{{{0}}}", called=("one_over_{0}",),
        samples=lambda rng: ((rng.uniform(0.5, 2, (3, 4)),), {}), traits=FLOATING,
    ),
    np.reciprocal,
)  # fmt: skip
log = register(
    Op(
        "log", ("x",), floating, "np.log({0})",
        vjp=lambda g, _y, x: (g / x,), algebra=lambda x: x.log(), latex=r"\log {0}",
        samples=lambda rng: ((rng.uniform(0.5, 2, (3, 4)),), {}), traits=FLOATING,
    ),
    np.log,
)  # fmt: skip

_COMPARISONS = {
    "greater": (">", ">", np.greater),
    "greater_equal": (">=", r"\ge", np.greater_equal),
    "less": ("<", "<", np.less), "less_equal": ("<=", r"\le", np.less_equal),
    "equal": ("==", "=", np.equal), "not_equal": ("!=", r"\ne", np.not_equal),
}  # fmt: skip
# Nothing lies beyond infinity: np.clip(x, 0, np.inf) has one bound, not two.
_SETTLED = {
    "greater": _always(False, left=-math.inf, right=math.inf),
    "greater_equal": _always(True, left=math.inf, right=-math.inf),
    "less": _always(False, left=math.inf, right=-math.inf),
    "less_equal": _always(True, left=-math.inf, right=math.inf),
}
for _name, (_sign, _shown, _ufunc) in _COMPARISONS.items():
    register(
        Op(
            _name,
            ("a", "b"),
            predicate,
            f"{{0}} {_sign} {{1}}",
            latex=f"{{0}} {_shown} {{1}}",
            traits=KINKED | QUICK,
            tidy=_SETTLED.get(_name),
            called=_ASKED[_name],
        ),
        _ufunc,
    )


def _logical(*specs: Spec) -> Spec:
    return Spec(broadcast(*(s.shape for s in specs)), "bool")


def _booleans(rng: Any) -> Any:
    return (rng.random((3, 4)) < 0.5, rng.random((3, 4)) < 0.5), {}


logical_and = register(
    Op(
        "logical_and",
        ("a", "b"),
        _logical,
        "{0} & {1}",
        samples=_booleans,
        latex=r"{0} \land {1}",
        traits=KINKED,
        tidy=_tidy_and,
        called=("{0}_and_{1}", "both"),
    ),
    np.logical_and,
    np.bitwise_and,
)
logical_or = register(
    Op(
        "logical_or",
        ("a", "b"),
        _logical,
        "{0} | {1}",
        samples=_booleans,
        latex=r"{0} \lor {1}",
        traits=KINKED,
        tidy=_tidy_or,
        called=("{0}_or_{1}", "either"),
    ),
    np.logical_or,
    np.bitwise_or,
)
logical_not = register(
    Op(
        "logical_not", ("a",), _logical, "~{0}", element=Element("not {0}"),
        samples=lambda rng: ((rng.random((3, 4)) < 0.5,), {}), latex=r"\lnot {0}",
        traits=KINKED, tidy=_tidy_not, called=("not_{0}",),
    ),
    np.logical_not, np.invert,
)  # fmt: skip
