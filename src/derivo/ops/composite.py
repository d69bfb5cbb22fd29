"""What textbooks name and NumPy lacks: sigmoid, softplus, relu, softmax, logsumexp.

Each record carries its derivative under its own name, and `lower` spells it in NumPy's
words before source is written. The spelling is the usual one, so that it becomes one
node with the same computation written out by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.graph.spec import Spec, promote
from derivo.ops.arithmetic import FLOATING, KINKED, log, opposite
from derivo.ops.catalogue import register, spells
from derivo.ops.elementwise import (
    abs_,
    exp,
    expm1,
    log1p,
    logaddexp,
    maximum,
    tanh,
)
from derivo.ops.infer import elementwise, floating, latex_along, normal_axis, reduced
from derivo.ops.reduce import max_of, restore, sum_of
from derivo.ops.shape import as_array, squeeze

_LN_2 = 0.6931471805599453


# The derivative y (1 - y) is written with the output: Goodfellow, Bengio, Courville,
# Deep Learning (2016), section 3.10, as are softplus and its derivative, the sigmoid.
def _sigmoid_lower(x: Any, *, careful: bool = False) -> Any:
    # Careful is what a backward pass needs whose forward pass has no exp(-x) that
    # overflows: 1 / (1 + infinity) is 0, as it should be, but NumPy warns. Complex
    # numbers come from the check alone, which needs a form that is analytic.
    if careful and not np.iscomplexobj(x):
        return exp(-logaddexp(0, opposite(x)))
    return 1 / (1 + exp(opposite(x)))


sigmoid = register(
    Op(
        "sigmoid", ("x",), lambda x, **_: floating(x),
        vjp=lambda g, y, _x, **_: (g * y * (1 - y),),
        lower=_sigmoid_lower, algebra=lambda x, **_: 1 / (1 + (-x).exp()),
        latex=r"\sigma({0})", traits=FLOATING | {"positive"},
        called=("sigmoid_{0}", "p"), attrs={"careful": False},
    )
)  # fmt: skip
softplus = register(
    Op(
        "softplus",
        ("x",),
        floating,
        vjp=lambda g, _y, x: (g * sigmoid(x),),
        lower=lambda x: logaddexp(0, x),
        algebra=lambda x: (1 + x.exp()).log(),
        latex=r"\operatorname{{softplus}}({0})",
        traits=FLOATING - {"analytic"} | {"positive"},
    )
)
# The subgradient at 0 is 0.
relu = register(
    Op(
        "relu",
        ("x",),
        elementwise,
        vjp=lambda g, y, _x: (g * (y > 0),),
        lower=lambda x: maximum(x, 0),
        latex=r"\operatorname{{relu}}({0})",
        samples=lambda rng: (
            (rng.choice([-1, 1], (3, 4)) * rng.uniform(0.5, 2, (3, 4)),),
            {},
        ),
        traits=KINKED,
    )
)


@spells(np.maximum)
def _maximum(a: Any, b: Any) -> Any:
    """Give the larger one; against the number 0 that is relu, whose kink is settled."""
    for x, other in ((a, b), (b, a)):
        if isinstance(other, int | float) and other == 0:
            return relu(x)
    return maximum(a, b)


def _softmax_spec(x: Spec, axis: Any) -> Spec:
    normal_axis(axis, x.rank)
    return floating(x)


def _softmax_lower(x: Any, *, axis: Any) -> Any:
    # Subtracting the maximum changes nothing and makes overflow impossible.
    e = exp(x - max_of(x, axis=axis, keepdims=True))
    return e / sum_of(e, axis=axis, keepdims=True)


def _softmax_vjp(g: Any, y: Any, _x: Any, *, axis: Any) -> tuple[Any]:
    return (y * (g - sum_of(g * y, axis=axis, keepdims=True)),)


def _softmax_latex(attrs: Any, *specs: Any) -> str:
    last = not specs or attrs["axis"] in (-1, specs[0].rank - 1)
    name = r"\operatorname{{softmax}}"
    return f"{name}({{0}})" if last else latex_along(name, "({0})")(attrs, *specs)


# axis None: over all elements.
softmax = register(
    Op(
        "softmax", ("x",), _softmax_spec, vjp=_softmax_vjp, lower=_softmax_lower,
        algebra=lambda x, axis: x.exp() / x.exp().sum(axis, True),
        latex=_softmax_latex, attrs={"axis": -1}, called=("softmax_{0}", "p"),
        traits=frozenset({"floating", "positive"}),
    )
)  # fmt: skip


def _quiet_softmax_lower(x: Any, *, axis: Any) -> Any:
    # The largest exponent, 0 among them, is subtracted from all.
    m = maximum(max_of(x, axis=axis, keepdims=True), 0)
    e = exp(x - m)
    return e / (exp(-m) + sum_of(e, axis=axis, keepdims=True))


# A softmax with one more logit, which is 0 and whose share is not given: of the
# categories of a multinomial logit model, the reference. Bishop, PRML, 4.3.4.
quiet_softmax = register(
    Op(
        "quiet_softmax", ("x",), _softmax_spec, vjp=_softmax_vjp,
        lower=_quiet_softmax_lower,
        algebra=lambda x, axis: x.exp() / (1 + x.exp().sum(axis, True)),
        latex=latex_along(r"\operatorname{{softmax}}_0", "({0})"),
        attrs={"axis": -1}, called=("softmax_{0}", "p"),
        traits=frozenset({"floating", "positive"}),
    )
)  # fmt: skip


def _log_cosh_lower(x: Any) -> Any:
    # cosh(x) is exp(a) (1 + exp(-2 a)) / 2 with a = |x|, where nothing overflows; by
    # expm1 and log1p no digit of a small result is lost either.
    a = abs_(x)
    return a + log1p(expm1(-2 * a) / 2)


log_cosh = register(
    Op(
        "log_cosh", ("x",), floating, vjp=lambda g, _y, x: (g * tanh(x),),
        lower=_log_cosh_lower,
        algebra=lambda x: ((x.exp() + (-x).exp()) / 2).log(),
        latex=r"\log \cosh {0}", traits=FLOATING - {"analytic"},
    )
)  # fmt: skip


def _logsumexp_spec(x: Spec, axis: Any, keepdims: bool) -> Spec:
    result = reduced(x, axis, keepdims=keepdims)
    return Spec(result.shape, promote(x.kind, "pyfloat") if x.is_weak else "float")


def _logsumexp_lower(x: Any, *, axis: Any, keepdims: bool) -> Any:
    axes = normal_axis(axis, x.ndim)
    if len(axes) == x.ndim and not keepdims:
        m = max_of(x)
        return m + log(sum_of(exp(x - m)))
    m = max_of(x, axis=axis, keepdims=True)
    y = m + log(sum_of(exp(x - m), axis=axis, keepdims=True))
    for a in () if keepdims else reversed(axes):
        y = squeeze(y, axis=a)
    return y


def _logsumexp_vjp(g: Any, _y: Any, x: Any, *, axis: Any, keepdims: bool) -> tuple[Any]:
    return (restore(g, x, axis, keepdims=keepdims) * softmax(x, axis=axis),)


logsumexp = register(
    Op(
        "logsumexp",
        ("x",),
        _logsumexp_spec,
        vjp=_logsumexp_vjp,
        lower=_logsumexp_lower,
        algebra=lambda x, axis, keepdims: x.exp().sum(axis, keepdims).log(),
        latex=latex_along(r"\log \sum", "e^{{{0}}}"),
        called=("lse_{0}", "lse"),
        attrs={"axis": None, "keepdims": False},
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axis": 1}),
        traits=frozenset({"floating"}),
    )
)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Give the logarithm of the softmax along `axis`."""
    return x - logsumexp(x, axis=axis, keepdims=True)


@spells(np.logaddexp2)
def logaddexp2(a: Any, b: Any) -> Any:
    """Give log2(2**a + 2**b)."""
    return logaddexp(as_array(a) * _LN_2, as_array(b) * _LN_2) / _LN_2


@spells("logaddexp.reduce")
def _logaddexp_reduce(x: Any, axis: Any = 0, keepdims: bool = False) -> Any:
    return logsumexp(x, axis=axis, keepdims=keepdims)
