"""The four operations, powers and comparisons.

Rules are written with the output `y` wherever that is possible: ``-g*y/b`` for the
divisor rather than ``-g*a/b**2``. It costs no more and leaves fewer different values.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from derivo.graph.element import Element
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast
from derivo.ops.catalogue import CATALOGUE, register
from derivo.ops.infer import elementwise, floating, predicate

ANALYTIC = frozenset({"elementwise", "analytic"})
FLOATING = frozenset({"elementwise", "analytic", "floating"})
KINKED = frozenset({"elementwise"})


def _product_formula(_attrs: Any, *specs: Spec) -> str:
    """Write a product; of a column and a row it is that of every pair of entries."""
    shapes = [s.shape for s in specs]
    rank = max(map(len, shapes), default=0)
    ones = [[d == 1 for d in (1,) * (rank - len(s)) + s] for s in shapes]
    # Each is copied along an axis that the other has.
    pairs = set(zip(*ones, strict=True)) if len(ones) == 2 else set()
    is_outer = {(True, False), (False, True)} <= pairs
    return r"{0} \otimes {1}" if is_outer else r"{0} \odot {1}"


add = register(
    Op(
        "add", ("a", "b"), elementwise, "{0} + {1}",
        vjp=lambda g, _y, _a, _b: (g, g),
        algebra=operator.add, latex="{0} + {1}", traits=ANALYTIC,
    ),
    np.add,
)  # fmt: skip
sub = register(
    Op(
        "sub", ("a", "b"), elementwise, "{0} - {1}",
        vjp=lambda g, _y, _a, _b: (g, -g),
        algebra=operator.sub, latex="{0} - {1}", traits=ANALYTIC,
    ),
    np.subtract,
)  # fmt: skip
mul = register(
    Op(
        "mul", ("a", "b"), elementwise, "{0} * {1}",
        vjp=lambda g, _y, a, b: (g * b, g * a),
        algebra=operator.mul, latex=_product_formula, traits=ANALYTIC,
    ),
    np.multiply,
)  # fmt: skip
div = register(
    Op(
        "div", ("a", "b"), floating, "{0} / {1}",
        vjp=lambda g, y, _a, b: (g / b, -g * y / b),
        algebra=operator.truediv, latex=r"\frac{{{0}}}{{{1}}}", traits=FLOATING,
    ),
    np.divide,
)  # fmt: skip
neg = register(
    Op(
        "neg", ("a",), elementwise, "-{0}",
        vjp=lambda g, _y, _a: (-g,),
        algebra=operator.neg, latex="-{0}", traits=ANALYTIC,
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
    # meets 0 times infinity, the product is 0. Known numbers need no such care.
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
        element=Element(as_is=(1,)),
    ),
    np.power,
    np.float_power,
)
square = register(
    Op(
        "square", ("a",), elementwise, "{0} ** 2",
        vjp=lambda g, _y, a: (2 * g * a,),
        algebra=lambda a: a * a, latex="{0}^2", traits=ANALYTIC,
        element=Element("{0} * {0}"),
    ),
    np.square,
)  # fmt: skip
reciprocal = register(
    Op(
        "reciprocal", ("a",), floating, "1 / {0}",
        vjp=lambda g, y, _a: (-g * y * y,),
        algebra=lambda a: 1 / a, latex=r"\frac{{1}}{{{0}}}",
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
for _name, (_sign, _shown, _ufunc) in _COMPARISONS.items():
    register(
        Op(
            _name,
            ("a", "b"),
            predicate,
            f"{{0}} {_sign} {{1}}",
            latex=f"{{0}} {_shown} {{1}}",
            traits=KINKED,
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
    ),
    np.logical_or,
    np.bitwise_or,
)
logical_not = register(
    Op(
        "logical_not", ("a",), _logical, "~{0}", element=Element("not {0}"),
        samples=lambda rng: ((rng.random((3, 4)) < 0.5,), {}), latex=r"\lnot {0}",
        traits=KINKED,
    ),
    np.logical_not, np.invert,
)  # fmt: skip
