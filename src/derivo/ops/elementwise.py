"""Functions of one or two numbers, applied to every element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from derivo.graph.element import Element
from derivo.graph.op import Op
from derivo.graph.spec import Spec, broadcast, promote
from derivo.ops.arithmetic import (
    ANALYTIC,
    FLOATING,
    KINKED,
    Called,
    add,
    log,
    mul,
    power,
)
from derivo.ops.catalogue import CATALOGUE, register
from derivo.ops.infer import elementwise, floating
from derivo.ops.tidy import less_its_own, number, operands, same, without_views


def _between(low: float, high: float, count: int = 1) -> Any:
    """Draw operands from an interval on which the function is smooth."""
    return lambda rng: (tuple(rng.uniform(low, high, (3, 4)) for _ in range(count)), {})


def _exp_called(node: Any) -> Called:
    # What is subtracted against overflow is not worth a word.
    for x in less_its_own(node.inputs[0], "max"):
        yield "exp_{0}", (x,)
    yield "exp_{0}", node.inputs
    yield "exponential", ()


exp = register(
    Op(
        "exp", ("x",), floating, "np.exp({0})", vjp=lambda g, y, _x: (g * y,),
        algebra=lambda x: x.exp(), latex="e^{{{0}}}", traits=FLOATING | {"positive"},
        called=_exp_called,
    ),
    np.exp,
)  # fmt: skip
log1p = register(
    Op("log1p", ("x",), floating, "np.log1p({0})", vjp=lambda g, _y, x: (g / (1 + x),),
       algebra=lambda x: (1 + x).log(),
       latex=r"\log(1 + {0})", samples=_between(-0.5, 2), traits=FLOATING),
    np.log1p,
)  # fmt: skip
expm1 = register(
    Op("expm1", ("x",), floating, "np.expm1({0})", vjp=lambda g, y, _x: (g * (y + 1),),
       latex="e^{{{0}}} - 1", traits=FLOATING),
    np.expm1,
)  # fmt: skip
exp2 = register(
    Op("exp2", ("x",), floating, "np.exp2({0})",
       vjp=lambda g, y, _x: (g * y * 0.6931471805599453,), latex="2^{{{0}}}",
       traits=ANALYTIC | {"floating", "positive"}),
    np.exp2,
)  # fmt: skip
log2 = register(
    Op("log2", ("x",), floating, "np.log2({0})",
       vjp=lambda g, _y, x: (g / (x * 0.6931471805599453),),
       algebra=lambda x: x.log() / 0.6931471805599453, latex=r"\log_2 {0}",
       samples=_between(0.5, 2), traits=FLOATING),
    np.log2,
)  # fmt: skip
log10 = register(
    Op("log10", ("x",), floating, "np.log10({0})",
       vjp=lambda g, _y, x: (g / (x * 2.302585092994046),),
       algebra=lambda x: x.log() / 2.302585092994046, latex=r"\log_{{10}} {0}",
       samples=_between(0.5, 2), traits=FLOATING),
    np.log10,
)  # fmt: skip


def _root_called(node: Any) -> Called:
    for x, reduction in _mean_square(node.inputs[0]):
        if reduction == "sum":
            yield "norm_{0}", (x,)
        elif less_its_own(x, "mean"):
            yield "std", ()
        else:
            yield "rms_{0}", (x,)
    yield "root_{0}", node.inputs
    yield "root", ()


def _mean_square(node: Any) -> Iterator[tuple[Any, str]]:
    """Give x, and "sum" or "mean", for that of its squares, plus a number or not."""
    node = without_views(node)
    if node.op is add:
        yield from (found for i in node.inputs if i.inputs for found in _mean_square(i))
    elif node.op.name in ("mean", "sum"):
        squared = without_views(node.inputs[0])
        a, b = (*squared.inputs, *squared.inputs, None, None)[:2]
        is_square = squared.op.name == "square" or (
            squared.op is power and b.attrs.get("value") == 2
        )
        if is_square or (squared.op is mul and a is b):
            yield a, node.op.name


sqrt = register(
    Op("sqrt", ("x",), floating, "np.sqrt({0})", vjp=lambda g, y, _x: (g / (2 * y),),
       algebra=lambda x: x ** 0.5, latex=r"\sqrt{{{0}}}", called=_root_called,
       samples=_between(0.5, 2), traits=FLOATING | {"positive"}),
    np.sqrt,
)  # fmt: skip
cbrt = register(
    Op(
        "cbrt",
        ("x",),
        floating,
        "np.cbrt({0})",
        vjp=lambda g, y, _x: (g / (3 * y * y),),
        latex=r"\sqrt[3]{{{0}}}",
        samples=_between(0.5, 2),
        traits=frozenset({"elementwise", "floating"}),
    ),
    np.cbrt,
)
sin = register(
    Op("sin", ("x",), floating, "np.sin({0})", vjp=lambda g, _y, x: (g * cos(x),),
       latex=r"\sin {0}", traits=FLOATING),
    np.sin,
)  # fmt: skip
cos: Op = register(
    Op("cos", ("x",), floating, "np.cos({0})", vjp=lambda g, _y, x: (-g * sin(x),),
       latex=r"\cos {0}", traits=FLOATING),
    np.cos,
)  # fmt: skip
tan = register(
    Op("tan", ("x",), floating, "np.tan({0})", vjp=lambda g, y, _x: (g * (1 + y * y),),
       latex=r"\tan {0}", samples=_between(-1, 1), traits=FLOATING),
    np.tan,
)  # fmt: skip
arcsin = register(
    Op("arcsin", ("x",), floating, "np.arcsin({0})",
       vjp=lambda g, _y, x: (g / sqrt(1 - x * x),), latex=r"\arcsin {0}",
       samples=_between(-0.8, 0.8), traits=FLOATING),
    np.arcsin,
)  # fmt: skip
arccos = register(
    Op("arccos", ("x",), floating, "np.arccos({0})",
       vjp=lambda g, _y, x: (-g / sqrt(1 - x * x),), latex=r"\arccos {0}",
       samples=_between(-0.8, 0.8), traits=FLOATING),
    np.arccos,
)  # fmt: skip
arctan = register(
    Op("arctan", ("x",), floating, "np.arctan({0})",
       vjp=lambda g, _y, x: (g / (1 + x * x),), latex=r"\arctan {0}",
       samples=_between(-0.8, 0.8), traits=FLOATING),
    np.arctan,
)  # fmt: skip
sinh = register(
    Op("sinh", ("x",), floating, "np.sinh({0})", vjp=lambda g, _y, x: (g * cosh(x),),
       algebra=lambda x: (x.exp() - (-x).exp()) / 2,
       latex=r"\sinh {0}", traits=FLOATING),
    np.sinh,
)  # fmt: skip
cosh: Op = register(
    Op("cosh", ("x",), floating, "np.cosh({0})", vjp=lambda g, _y, x: (g * sinh(x),),
       algebra=lambda x: (x.exp() + (-x).exp()) / 2,
       latex=r"\cosh {0}", traits=FLOATING | {"positive"}),
    np.cosh,
)  # fmt: skip
tanh = register(
    Op(
        "tanh",
        ("x",),
        floating,
        "np.tanh({0})",
        vjp=lambda g, y, _x: (g * (1 - y * y),),
        latex=r"\tanh {0}",
        traits=FLOATING,
    ),
    np.tanh,
)
arcsinh = register(
    Op(
        "arcsinh",
        ("x",),
        floating,
        "np.arcsinh({0})",
        vjp=lambda g, _y, x: (g / sqrt(x * x + 1),),
        latex=r"\operatorname{{arsinh}} {0}",
        traits=FLOATING,
    ),
    np.arcsinh,
)
arccosh = register(
    Op(
        "arccosh",
        ("x",),
        floating,
        "np.arccosh({0})",
        vjp=lambda g, _y, x: (g / sqrt(x * x - 1),),
        latex=r"\operatorname{{arcosh}} {0}",
        samples=_between(1.5, 3),
        traits=FLOATING,
    ),
    np.arccosh,
)
arctanh = register(
    Op("arctanh", ("x",), floating, "np.arctanh({0})",
       vjp=lambda g, _y, x: (g / (1 - x * x),), latex=r"\operatorname{{artanh}} {0}",
       samples=_between(-0.8, 0.8), traits=FLOATING),
    np.arctanh,
)  # fmt: skip


def _arctan2_vjp(g: Any, _y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    square = a * a + b * b
    s = g / where(square == 0, 1, square)  # 0 at the origin
    return s * b, -s * a


def _hypot_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    s = g / where(y == 0, 1, y)  # 0 at the origin
    return s * a, s * b


def _logaddexp_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return g * exp(a - y), g * exp(b - y)


# Complex step does not apply: NumPy's arctan2 and hypot refuse complex operands.
arctan2 = register(
    Op("arctan2", ("a", "b"), floating, "np.arctan2({0}, {1})", vjp=_arctan2_vjp,
       latex=r"\operatorname{{arctan2}}({0}, {1})", samples=_between(0.5, 2, 2),
       traits=frozenset({"elementwise", "floating"})),
    np.arctan2,
)  # fmt: skip
hypot = register(
    Op("hypot", ("a", "b"), floating, "np.hypot({0}, {1})",
       vjp=_hypot_vjp,
       latex=r"\sqrt{{{0}^2 + {1}^2}}", samples=_between(0.5, 2, 2),
       traits=frozenset({"elementwise", "floating"})),
    np.hypot,
)  # fmt: skip
logaddexp = register(
    Op("logaddexp", ("a", "b"), floating, "np.logaddexp({0}, {1})",
       vjp=_logaddexp_vjp,
       algebra=lambda a, b: (a.exp() + b.exp()).log(),
       latex=r"\log(e^{{{0}}} + e^{{{1}}})", samples=_between(-2, 2, 2),
       traits=frozenset({"elementwise", "floating"})),
    np.logaddexp,
)  # fmt: skip

# Kinks. The subgradient of |x| is 0 at 0; of equal operands the first one counts.
abs_ = register(
    Op("abs", ("x",), elementwise, "np.abs({0})", vjp=lambda g, _y, x: (g * sign(x),),
       latex=r"\left|{0}\right|", samples=_between(0.5, 2), traits=KINKED),
    np.abs, np.fabs,
)  # fmt: skip
sign: Op = register(
    Op("sign", ("x",), elementwise, "np.sign({0})", vjp=lambda _g, _y, _x: (None,),
       latex=r"\operatorname{{sgn}} {0}", samples=_between(0.5, 2), traits=KINKED),
    np.sign,
)  # fmt: skip
maximum = register(
    Op("maximum", ("a", "b"), elementwise, "np.maximum({0}, {1})",
       vjp=lambda g, _y, a, b: (g * (a >= b), g * (b > a)),
       latex=r"\max({0}, {1})", traits=KINKED,
       element=Element("{1} if {1} > {0} or {1} != {1} else {0}")),
    np.maximum,
)  # fmt: skip
minimum = register(
    Op("minimum", ("a", "b"), elementwise, "np.minimum({0}, {1})",
       vjp=lambda g, _y, a, b: (g * (a <= b), g * (b < a)),
       latex=r"\min({0}, {1})", traits=KINKED,
       element=Element("{1} if {1} < {0} or {1} != {1} else {0}")),
    np.minimum,
)  # fmt: skip


for _name, _ufunc, _latex in (
    ("floor", np.floor, r"\lfloor {0} \rfloor"),
    ("ceil", np.ceil, r"\lceil {0} \rceil"),
    ("round", np.rint, r"\operatorname{{round}} {0}"),
    ("trunc", np.trunc, r"\operatorname{{trunc}} {0}"),
):
    register(
        Op(_name, ("x",), floating, f"np.{_ufunc.__name__}({{0}})", latex=_latex,
           vjp=lambda _g, _y, _x: (None,), samples=_between(0.1, 0.4),
           traits=KINKED | {"floating"}),
        _ufunc,
    )  # fmt: skip
floor = CATALOGUE["floor"]


def _where_spec(condition: Spec, a: Spec, b: Spec) -> Spec:
    shape = broadcast(condition.shape, a.shape, b.shape)
    kind = promote(a.kind, b.kind)
    return Spec(shape, {"pyint": "int", "pyfloat": "float"}.get(kind, kind))


def _where_text(_attrs: Any, _condition: Any, a: Any, b: Any) -> str:
    # Between two Python numbers NumPy would choose in float64.
    kinds = {
        getattr(v, "kind", "pyfloat" if isinstance(v, float) else "") for v in (a, b)
    }
    widens = "pyfloat" in kinds and kinds <= {"pyfloat", "pyint", "bool", ""}
    return "np.where({0}, {1}, {2})" + ".astype({dtype})" * widens


def _tidy_where(condition: Any, a: Any, b: Any) -> Any:
    if same(a, b):
        return a
    chosen = number(condition)
    if chosen is not None:
        return a if chosen else b
    for x in operands(condition, CATALOGUE["logical_not"]):
        return where(x, b, a)
    for k, branch in enumerate((a, b)):
        inner = operands(branch, where)
        for x in operands(branch, CATALOGUE["neg"]):
            of_x = operands(x, where)
            inner = (of_x[0], -of_x[1], -of_x[2]) if of_x else inner
        if inner and same(inner[0], condition):
            chosen_again = (inner[1], b) if k == 0 else (a, inner[2])
            return where(condition, *chosen_again)
    return None


def _choice_called(node: Any) -> Called:
    _, *branches = node.inputs
    for x, other in (branches, branches[::-1]):
        if other.op.name == "constant" and other.attrs["value"] == 1:
            yield "safe_{0}", (x,)  # to divide by
    yield "chosen_{0}", (branches[0],)
    yield "choice", ()


where: Op = register(
    Op("where", ("condition", "a", "b"), _where_spec, _where_text,
       vjp=lambda g, _y, c, _a, _b: (None, where(c, g, 0), where(c, 0, g)),
       samples=lambda rng: ((rng.random((3, 4)) < 0.5, rng.normal(size=(3, 4)),
                             rng.normal(size=(3, 4))), {}),
       latex=r"\cases{{{1}}}{{{0}}}{{{2}}}", traits=ANALYTIC | {"chooses"},
       element=Element("{1} if {0} else {2}"), tidy=_tidy_where,
       called=_choice_called),
)  # fmt: skip
deg2rad = register(
    Op("deg2rad", ("x",), floating, "np.deg2rad({0})",
       vjp=lambda g, _y, _x: (g * 0.017453292519943295,),
       latex=r"\tfrac{{\pi}}{{180}} {0}", traits=FLOATING - {"analytic"}),
    np.deg2rad, np.radians,
)  # fmt: skip
rad2deg = register(
    Op("rad2deg", ("x",), floating, "np.rad2deg({0})",
       vjp=lambda g, _y, _x: (g * 57.29577951308232,),
       latex=r"\tfrac{{180}}{{\pi}} {0}", traits=FLOATING - {"analytic"}),
    np.rad2deg, np.degrees,
)  # fmt: skip

__all__ = ["exp", "log", "where"]
