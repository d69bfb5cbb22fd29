"""Functions of ``scipy.special``: what is written with SciPy, and what with NumPy.

Derivatives: NIST Digital Library of Mathematical Functions, 7.2 and 7.7 (error
functions), 8.8.13 (incomplete gamma), 8.17 (incomplete beta), 10.6 and 10.29 (Bessel),
6.2 (exponential integrals), 25.12 (dilogarithm).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.graph.element import Unscripted
from derivo.graph.op import Op
from derivo.ops import scipy_text as text
from derivo.ops.arithmetic import log, power
from derivo.ops.catalogue import no_derivative, register, spells, spells_scipy
from derivo.ops.composite import log_softmax, logsumexp, softmax
from derivo.ops.elementwise import (
    abs_,
    exp,
    expm1,
    log1p,
    logaddexp,
    minimum,
    sign,
    sqrt,
    where,
)  # fmt: skip
from derivo.ops.infer import floating, normal_axis
from derivo.ops.reduce import max_of, sum_of
from derivo.ops.shape import as_array, squeeze
from derivo.ops.special import digamma, gammaln, polygamma, trigamma

OF_SCIPY = Unscripted("is a function of SciPy's, which a page does not have")
SMOOTH = frozenset({"elementwise", "floating"})
_LARGEST_SHIFT = 80.0  # of which the exponential is finite in float32, too
_ROOT_PI, _ROOT_TWO_PI = 1.772453850905516, 2.5066282746310002


def _between(low: float, high: float) -> Any:
    return lambda rng: ((rng.uniform(low, high, (3, 4)),), {})


def _one(
    name: str, helper: Callable[..., Any], rule: Callable[..., Any], latex: str,
    low: float, high: float,
) -> Op:  # fmt: skip
    """Register a function of one number that SciPy computes."""
    return register(
        Op(
            name, ("x",), floating, f"{helper.__name__}({{0}})", helpers=(helper,),
            vjp=lambda g, y, x: (g * rule(y, x),), latex=latex,
            samples=_between(low, high), traits=SMOOTH, js=OF_SCIPY,
        ),
        name,
    )  # fmt: skip


erfinv = _one(
    "erfinv", text.erfinv_scipy, lambda y, _x: _ROOT_PI / 2 * exp(y * y),
    r"\operatorname{{erf}}^{{-1}} {0}", -0.8, 0.8,
)  # fmt: skip
erfcinv = _one(
    "erfcinv", text.erfcinv_scipy, lambda y, _x: -_ROOT_PI / 2 * exp(y * y),
    r"\operatorname{{erfc}}^{{-1}} {0}", 0.2, 1.8,
)  # fmt: skip
erfcx = _one(
    "erfcx", text.erfcx_scipy, lambda y, x: 2 * x * y - 2 / _ROOT_PI,
    r"\operatorname{{erfcx}} {0}", -1, 3,
)  # fmt: skip
dawsn = _one(
    "dawsn", text.dawsn_scipy, lambda y, x: 1 - 2 * x * y, r"F({0})", -2, 2
)  # fmt: skip
ndtri = _one(
    "ndtri", text.ndtri_scipy, lambda y, _x: _ROOT_TWO_PI * exp(y * y / 2),
    r"\Phi^{{-1}}({0})", 0.1, 0.9,
)  # fmt: skip
log_ndtr = _one(
    "log_ndtr", text.log_ndtr_scipy,
    lambda y, x: exp(-x * x / 2 - y) / _ROOT_TWO_PI, r"\log \Phi({0})", -3, 3,
)  # fmt: skip
expi = _one(
    "expi", text.expi_scipy, lambda _y, x: exp(x) / x, r"\operatorname{{Ei}}({0})",
    0.5, 2,
)  # fmt: skip
exp1 = _one(
    "exp1", text.exp1_scipy, lambda _y, x: -exp(-x) / x, r"E_1({0})", 0.5, 2
)  # fmt: skip
spence = _one(
    "spence", text.spence_scipy, lambda _y, x: log(x) / (1 - x),
    r"\operatorname{{Li}}_2(1 - {0})", 0.2, 0.8,
)  # fmt: skip
gammasgn = register(
    Op(
        "gammasgn", ("x",), floating, "gammasgn_scipy({0})",
        helpers=(text.gammasgn_scipy,), vjp=lambda _g, _y, _x: (None,),
        latex=r"\operatorname{{sgn}} \Gamma({0})", samples=_between(0.5, 2),
        traits=frozenset({"elementwise", "floating"}), js=OF_SCIPY,
    ),
    "gammasgn",
)  # fmt: skip


# --- incomplete functions -----------------------------------------------------------


def _fixed(name: str, rule: Callable[..., Any], latex: str, samples: Any) -> Op:
    """Register a function of parameters and of x that is differentiated in x alone."""
    helper = getattr(text, f"{name}_scipy")
    count = helper.__code__.co_argcount
    names = ("a", "b")[: count - 1]

    def vjp(g: Any, y: Any, *operands: Any) -> tuple[Any, ...]:
        *parameters, x = operands
        untold = (
            no_derivative(name, p, v) for p, v in zip(names, parameters, strict=True)
        )
        return (*untold, g * rule(y, *parameters, x))

    fields = ", ".join(f"{{{k}}}" for k in range(count))
    return register(
        Op(
            name, (*names, "x"), floating, f"{helper.__name__}({fields})",
            helpers=(helper,), vjp=vjp, latex=latex, samples=samples, traits=SMOOTH,
            js=OF_SCIPY,
        ),
        name,
    )  # fmt: skip


def _whole(rng: Any, low: int) -> Any:
    return rng.integers(low, 4, (3, 4))


gammainc = _fixed(
    "gammainc", lambda _y, a, x: exp((a - 1) * log(x) - x - gammaln(a)),
    r"P({0}, {1})",
    lambda rng: ((_whole(rng, 1), rng.uniform(0.5, 3, (3, 4))), {}),
)  # fmt: skip
gammaincc = _fixed(
    "gammaincc", lambda _y, a, x: -exp((a - 1) * log(x) - x - gammaln(a)),
    r"Q({0}, {1})",
    lambda rng: ((_whole(rng, 1), rng.uniform(0.5, 3, (3, 4))), {}),
)  # fmt: skip
betainc = _fixed(
    "betainc",
    lambda _y, a, b, x: exp(
        (a - 1) * log(x) + (b - 1) * log1p(-x)
        - (gammaln(a) + gammaln(b) - gammaln(a + b))
    ),
    r"I_{{{2}}}({0}, {1})",
    lambda rng: ((_whole(rng, 1), _whole(rng, 2), rng.uniform(0.2, 0.8, (3, 4))), {}),
)  # fmt: skip


# --- Bessel functions ---------------------------------------------------------------


def _bessel(name: str, rule: Callable[..., Any], letter: str) -> Op:
    """Register a Bessel function of one order; `rule` gives its derivative."""
    helper = getattr(text, f"{name}_scipy")
    return register(
        Op(
            name, ("x",), floating, f"{helper.__name__}({{n}}, {{0}})",
            helpers=(helper,), attrs={"n": None},
            vjp=lambda g, y, x, *, n: (g * rule(y, x, n),),
            latex=lambda attrs, *_: rf"{letter}_{{{{{attrs['n']}}}}}({{0}})",
            samples=lambda rng: ((rng.uniform(0.5, 4, (3, 4)),), {"n": 1}),
            traits=SMOOTH, js=OF_SCIPY,
        )
    )  # fmt: skip


jv: Op = _bessel(
    "jv",
    lambda _y, x, n: -jv(x, n=1) if not n else (jv(x, n=n - 1) - jv(x, n=n + 1)) / 2,
    "J",
)
yv: Op = _bessel(
    "yv",
    lambda _y, x, n: -yv(x, n=1) if not n else (yv(x, n=n - 1) - yv(x, n=n + 1)) / 2,
    "Y",
)
iv: Op = _bessel(
    "iv",
    lambda _y, x, n: iv(x, n=1) if not n else (iv(x, n=n - 1) + iv(x, n=n + 1)) / 2,
    "I",
)
kv: Op = _bessel(
    "kv",
    lambda _y, x, n: -kv(x, n=1) if not n else -(kv(x, n=n - 1) + kv(x, n=n + 1)) / 2,
    "K",
)
ive: Op = _bessel(
    "ive",
    lambda y, x, n: (
        ive(x, n=1) if not n else (ive(x, n=n - 1) + ive(x, n=n + 1)) / 2
    ) - sign(x) * y,
    r"e^{{-|x|}} I",
)  # fmt: skip
# NumPy has this one; its derivative needs SciPy.
i0 = register(
    Op(
        "i0", ("x",), floating, "np.i0({0})", vjp=lambda g, _y, x: (g * iv(x, n=1),),
        latex=r"I_0({0})", samples=_between(0.5, 3), traits=SMOOTH, js=OF_SCIPY,
    ),
    np.i0,
)  # fmt: skip

for _name, _op, _order in (
    ("j0", jv, 0), ("j1", jv, 1), ("y0", yv, 0), ("y1", yv, 1), ("i1", iv, 1),
    ("k0", kv, 0), ("k1", kv, 1), ("i0e", ive, 0), ("i1e", ive, 1),
):  # fmt: skip
    spells(_name)(lambda x, op=_op, n=_order: op(x, n=n))


def _of_order(op: Op) -> Any:
    def call(n: Any, x: Any) -> Any:
        if hasattr(n, "record") or np.ndim(n):
            message = f"{op.name} has a rule for one order, known while tracing"
            raise NotImplementedError(message)
        n = int(n) if n == int(n) else float(n)
        return op(x, n=n) if op is not iv or n else i0(x)

    return call


for _name, _op in (
    ("jn", jv), ("jv", jv), ("yn", yv), ("yv", yv), ("iv", iv), ("kn", kv), ("kv", kv),
    ("ive", ive),
):  # fmt: skip
    spells(_name)(_of_order(_op))


# --- made of others -----------------------------------------------------------------


@spells("beta")
def beta(a: Any, b: Any) -> Any:
    """Give the beta function of positive numbers."""
    return exp(gammaln(a) + gammaln(b) - gammaln(a + b))


@spells("rgamma")
def rgamma(x: Any) -> Any:
    """Give 1 / gamma(x) for positive numbers."""
    return exp(-gammaln(x))


@spells("poch")
def poch(z: Any, m: Any) -> Any:
    """Give gamma(z + m) / gamma(z) for positive numbers."""
    return exp(gammaln(z + m) - gammaln(z))


@spells("binom")
def binom(n: Any, k: Any) -> Any:
    """Give the binomial coefficient, of numbers that need not be whole."""
    return exp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


@spells("exprel")
def exprel(x: Any) -> Any:
    """Give (exp(x) - 1) / x, and 1 at 0."""
    safe = where(abs_(x) < 1e-5, 1, x)
    near = 1 + x / 2 * (1 + x / 3 * (1 + x / 4))
    return where(abs_(x) < 1e-5, near, expm1(safe) / safe)


@spells("exp10")
def exp10(x: Any) -> Any:
    """Give 10 to the power of x."""
    return power(10.0, x)


@spells("boxcox")
def boxcox(x: Any, lmbda: Any) -> Any:
    """Give (x ** lmbda - 1) / lmbda, and log(x) where lmbda is 0."""
    return log(x) * exprel(lmbda * log(x))


@spells("inv_boxcox")
def inv_boxcox(y: Any, lmbda: Any) -> Any:
    """Give the inverse of `boxcox`."""
    z = lmbda * y
    safe = where(abs_(z) < 1e-5, 1, z)
    near = 1 - z * (1 / 2 - z * (1 / 3 - z / 4))
    return exp(y * where(abs_(z) < 1e-5, near, log1p(safe) / safe))


@spells("huber")
def huber(delta: Any, r: Any) -> Any:
    """Give half the square of r, and a straight line beyond delta."""
    size = abs_(r)
    return where(size <= delta, r * r / 2, delta * (size - delta / 2))


@spells("pseudo_huber")
def pseudo_huber(delta: Any, r: Any) -> Any:
    """Give delta^2 (sqrt(1 + (r / delta)^2) - 1)."""
    part = r / delta
    return delta * delta * (sqrt(1 + part * part) - 1)


# --- functions of SciPy that do not ask the traced value ----------------------------

spells_scipy("special.softmax")(lambda x, axis=None: softmax(x, axis=axis))
spells_scipy("special.log_softmax")(lambda x, axis=None: log_softmax(x, axis=axis))
spells_scipy("special.softplus")(lambda x: logaddexp(0, x))


@spells_scipy("special.logsumexp")
def logsumexp_of(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False,
    return_sign: bool = False,
) -> Any:  # fmt: skip
    """Give log(sum(b exp(a))) along axes, with the sign of the sum if asked for."""
    a = as_array(a)
    if b is None:
        y = logsumexp(a, axis=axis, keepdims=keepdims)
        return (y, 0 * y + 1) if return_sign else y
    b = as_array(b)
    # What has the weight 0 does not count, not even in the largest one.
    counted = where(b == 0, -np.inf, a)
    m = max_of(counted, axis=axis, keepdims=True)
    m = where(np.isfinite(m), m, 0)
    # There its part of the sum is 0, and its slope for b the exponential: a finite one.
    shifted = where(b == 0, minimum(a - m, _LARGEST_SHIFT), a - m)
    total = sum_of(b * exp(shifted), axis=axis, keepdims=True)
    y = log(abs_(total) if return_sign else total) + m
    s = sign(total)
    for x in reversed(normal_axis(axis, np.ndim(total))) if not keepdims else ():
        y, s = squeeze(y, axis=x), squeeze(s, axis=x)
    return (y, s) if return_sign else y


@spells_scipy("special.polygamma")
def polygamma_of(n: Any, x: Any) -> Any:
    """Give the n-th derivative of digamma."""
    n = operator.index(n)
    return {0: digamma, 1: trigamma}[n](x) if n < 2 else polygamma(x, n=n)


@spells_scipy("special.multigammaln")
def multigammaln(a: Any, d: int) -> Any:
    """Give the logarithm of the multivariate gamma function of dimension `d`."""
    result: Any = d * (d - 1) / 4 * np.log(np.pi)
    for k in range(d):
        result = result + gammaln(a - k / 2)
    return result


@spells_scipy("special.factorial")
def factorial(n: Any, exact: bool = False) -> Any:
    """Give gamma(n + 1)."""
    if exact:
        message = "factorial(exact=True) gives integers, which have no derivative"
        raise NotImplementedError(message)
    return exp(gammaln(n + 1))
