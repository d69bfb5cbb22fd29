"""Log-densities of ``scipy.stats``, written out.

Each is given for the standard form; location and scale are added once, and outside the
support the density is 0. Formulas: N. Balakrishnan, N. L. Johnson and S. Kotz,
Continuous Univariate Distributions (1994), and SciPy's reference, whose parameters
these are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.ops.arithmetic import log, logical_and
from derivo.ops.axes import matrix_transpose
from derivo.ops.catalogue import SPELLINGS, spells_scipy
from derivo.ops.composite import softplus
from derivo.ops.elementwise import abs_, arctan, cos, exp, expm1, floor, log1p, where
from derivo.ops.reduce import mean, sum_of
from derivo.ops.scipy_linalg import mirrored
from derivo.ops.scipy_special import betainc, gammainc, gammaincc, ive, log_ndtr, ndtri
from derivo.ops.shape import as_array, expand_dims
from derivo.ops.solve import logabsdet, solve
from derivo.ops.special import (
    entr,
    erf,
    erfc,
    gammaln,
    ndtr,
    rel_entr,
    xlog1py,
    xlogy,
)
from derivo.ops.statistics import std

_HALF_LOG_TWO_PI = 0.9189385332046727
_LOG_PI = 1.1447298858494002
_INF = np.inf
_ROOT_HALF = 0.7071067811865476


def _i0e(x: Any) -> Any:
    return ive(as_array(x), n=0)


def _betaln(a: Any, b: Any) -> Any:
    return gammaln(a) + gammaln(b) - gammaln(a + b)


def _t(z: Any, df: Any) -> Any:
    return (
        gammaln((df + 1) / 2) - gammaln(df / 2) - (log(df) + _LOG_PI) / 2
        - (df + 1) / 2 * log1p(z * z / df)
    )  # fmt: skip


def _f(z: Any, n: Any, d: Any) -> Any:
    return (
        d / 2 * log(d) + n / 2 * log(n) + (n / 2 - 1) * log(z)
        - (n + d) / 2 * log(d + n * z) - _betaln(n / 2, d / 2)
    )  # fmt: skip


# Name: the parameters of the shape, the support, and the logarithm of the density.
_Formula = Callable[..., Any]
CONTINUOUS: dict[str, tuple[tuple[str, ...], tuple[float, float], _Formula]] = {
    "norm": ((), (-_INF, _INF), lambda z: -z * z / 2 - _HALF_LOG_TWO_PI),
    "t": (("df",), (-_INF, _INF), _t),
    "cauchy": ((), (-_INF, _INF), lambda z: -_LOG_PI - log1p(z * z)),
    "laplace": ((), (-_INF, _INF), lambda z: -abs_(z) - np.log(2)),
    "skewnorm": (
        ("a",), (-_INF, _INF),
        lambda z, a: np.log(2) - z * z / 2 - _HALF_LOG_TWO_PI + log_ndtr(a * z),
    ),
    "vonmises": (
        ("kappa",), (-_INF, _INF),
        lambda z, kappa: kappa * (cos(z) - 1) - np.log(2 * np.pi) - log(_i0e(kappa)),
    ),
    "logistic": ((), (-_INF, _INF), lambda z: -z - 2 * softplus(-z)),
    "gumbel_r": ((), (-_INF, _INF), lambda z: -z - exp(-z)),
    "gumbel_l": ((), (-_INF, _INF), lambda z: z - exp(z)),
    "uniform": ((), (0, 1), lambda z: 0 * z),
    "expon": ((), (0, _INF), lambda z: -z),
    "halfnorm": ((), (0, _INF), lambda z: -z * z / 2 - _HALF_LOG_TWO_PI + np.log(2)),
    "halfcauchy": ((), (0, _INF), lambda z: np.log(2) - _LOG_PI - log1p(z * z)),
    "beta": (
        ("a", "b"), (0, 1),
        lambda z, a, b: xlogy(a - 1, z) + xlog1py(b - 1, -z) - _betaln(a, b),
    ),
    "gamma": (("a",), (0, _INF), lambda z, a: xlogy(a - 1, z) - z - gammaln(a)),
    "invgamma": (
        ("a",), (0, _INF), lambda z, a: -(a + 1) * log(z) - 1 / z - gammaln(a),
    ),
    "chi2": (
        ("df",), (0, _INF),
        lambda z, df: (
            xlogy(df / 2 - 1, z) - z / 2 - gammaln(df / 2) - df / 2 * np.log(2)
        ),
    ),
    "f": (("dfn", "dfd"), (0, _INF), _f),
    "lognorm": (
        ("s",), (0, _INF),
        lambda z, s: -(log(z) / s) ** 2 / 2 - log(s * z) - _HALF_LOG_TWO_PI,
    ),
    "weibull_min": (
        ("c",), (0, _INF), lambda z, c: log(c) + xlogy(c - 1, z) - z**c,
    ),
    "pareto": (("b",), (1, _INF), lambda z, b: log(b) - (b + 1) * log(z)),
    "rayleigh": ((), (0, _INF), lambda z: log(z) - z * z / 2),
    "powerlaw": (("a",), (0, 1), lambda z, a: log(a) + xlogy(a - 1, z)),
}  # fmt: skip


def _log_choose(n: Any, k: Any) -> Any:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


# The same for probabilities of whole numbers; the last number may be a parameter.
DISCRETE: dict[str, tuple[tuple[str, ...], tuple[Any, Any], _Formula]] = {
    "poisson": (
        ("mu",), (0, _INF), lambda k, mu: xlogy(k, mu) - gammaln(k + 1) - mu,
    ),
    "bernoulli": (("p",), (0, 1), lambda k, p: xlogy(k, p) + xlog1py(1 - k, -p)),
    "binom": (
        ("n", "p"), (0, "n"),
        lambda k, n, p: _log_choose(n, k) + xlogy(k, p) + xlog1py(n - k, -p),
    ),
    "geom": (("p",), (1, _INF), lambda k, p: xlog1py(k - 1, -p) + log(p)),
    "nbinom": (
        ("n", "p"), (0, _INF),
        lambda k, n, p: (
            gammaln(n + k) - gammaln(k + 1) - gammaln(n)
            + n * log(p) + xlog1py(k, -p)
        ),
    ),
}  # fmt: skip


def _read(names: tuple[str, ...], args: tuple[Any, ...], given: dict[str, Any]) -> Any:
    """Read parameters by position and by name, as SciPy does."""
    known = dict(zip(names, args, strict=False)) | given
    missing = [n for n in names if n not in known and n not in ("loc", "scale")]
    if missing or set(known) - set(names) or len(args) > len(names):
        listed = ", ".join(names)
        message = f"the distribution has the parameters {listed}"
        raise TypeError(message)
    return known


def _differs(parameter: Any, usual: float) -> bool:
    """Tell whether a location or a scale is more than the usual number."""
    if hasattr(parameter, "record") or np.ndim(parameter):
        return True
    return bool(parameter != usual)


def _standard(x: Any, known: dict[str, Any]) -> Any:
    """Take location and scale out of a value."""
    loc, scale = known.get("loc", 0), known.get("scale", 1)
    z = x - loc if _differs(loc, 0) else x
    return z / scale if _differs(scale, 1) else z


def _log_density(name: str) -> Any:
    shapes, (low, high), formula = CONTINUOUS[name]

    def call(_self: Any, x: Any, *args: Any, **given: Any) -> Any:
        known = _read((*shapes, "loc", "scale"), args, given)
        z, scale = _standard(as_array(x), known), known.get("scale", 1)
        parameters = [known[s] for s in shapes]
        if (low, high) == (-_INF, _INF):
            y = formula(z, *parameters)
        else:
            inside = z >= low
            inside = inside if high == _INF else logical_and(inside, z <= high)
            middle = (low + high) / 2 if high != _INF else low + 1.0
            y = formula(where(inside, z, middle), *parameters)
            y = where(inside, y, -_INF)
        return y - log(scale) if _differs(scale, 1) else y

    return call


def _log_probability(name: str) -> Any:
    shapes, (low, high), formula = DISCRETE[name]

    def call(_self: Any, k: Any, *args: Any, **given: Any) -> Any:
        known = _read((*shapes, "loc"), args, given)
        k, loc = as_array(k), known.get("loc", 0)
        k = k - loc if _differs(loc, 0) else k
        inside = logical_and(k >= low, k == floor(k))
        if high != _INF:
            inside = logical_and(inside, k <= known.get(high, high))
        y = formula(where(inside, k, low), *(known[s] for s in shapes))
        return where(inside, y, -_INF)

    return call


def _exp_of(function: Any) -> Any:
    return lambda *args, **given: exp(function(*args, **given))


def _log_of(function: Any) -> Any:
    return lambda *args, **given: log(function(*args, **given))


for _name in CONTINUOUS:
    spells_scipy(f"stats.{_name}.logpdf")(_log_density(_name))
    spells_scipy(f"stats.{_name}.pdf")(_exp_of(_log_density(_name)))
for _name in DISCRETE:
    spells_scipy(f"stats.{_name}.logpmf")(_log_probability(_name))
    spells_scipy(f"stats.{_name}.pmf")(_exp_of(_log_probability(_name)))


# --- distribution functions ----------------------------------------------------------


def _t_beyond(z: Any, df: Any) -> Any:
    """Give the probability of more than |z|: Johnson and Kotz, equation 28.4."""
    return betainc(df / 2, 0.5, df / (df + z * z)) / 2


# Name: the probability of at most z, and that of more; z is inside the support.
PROBABILITIES: dict[str, tuple[_Formula, _Formula]] = {
    "norm": (ndtr, lambda z: ndtr(-z)),
    "logistic": (lambda z: exp(-softplus(-z)), lambda z: exp(-softplus(z))),
    "laplace": (
        lambda z: where(z < 0, exp(-abs_(z)) / 2, 1 - exp(-abs_(z)) / 2),
        lambda z: where(z < 0, 1 - exp(-abs_(z)) / 2, exp(-abs_(z)) / 2),
    ),
    "cauchy": (
        lambda z: arctan(z) / np.pi + 0.5, lambda z: 0.5 - arctan(z) / np.pi,
    ),
    "gumbel_r": (lambda z: exp(-exp(-z)), lambda z: -expm1(-exp(-z))),
    "gumbel_l": (lambda z: -expm1(-exp(z)), lambda z: exp(-exp(z))),
    "t": (
        lambda z, df: where(z < 0, _t_beyond(z, df), 1 - _t_beyond(z, df)),
        lambda z, df: where(z < 0, 1 - _t_beyond(z, df), _t_beyond(z, df)),
    ),
    "expon": (lambda z: -expm1(-z), lambda z: exp(-z)),
    "halfnorm": (lambda z: erf(z * _ROOT_HALF), lambda z: erfc(z * _ROOT_HALF)),
    "halfcauchy": (
        lambda z: arctan(z) * 2 / np.pi, lambda z: 1 - arctan(z) * 2 / np.pi,
    ),
    "invgamma": (
        lambda z, a: gammaincc(a, 1 / z), lambda z, a: gammainc(a, 1 / z),
    ),
    "uniform": (lambda z: z, lambda z: 1 - z),
    "gamma": (lambda z, a: gammainc(a, z), lambda z, a: gammaincc(a, z)),
    "chi2": (
        lambda z, df: gammainc(df / 2, z / 2), lambda z, df: gammaincc(df / 2, z / 2),
    ),
    "beta": (
        lambda z, a, b: betainc(a, b, z), lambda z, a, b: betainc(b, a, 1 - z),
    ),
    "f": (
        lambda z, n, d: betainc(n / 2, d / 2, n * z / (n * z + d)),
        lambda z, n, d: betainc(d / 2, n / 2, d / (n * z + d)),
    ),
    "lognorm": (
        lambda z, s: ndtr(log(z) / s),
        lambda z, s: ndtr(-log(z) / s),
    ),
    "weibull_min": (lambda z, c: -expm1(-(z**c)), lambda z, c: exp(-(z**c))),
    "pareto": (lambda z, b: 1 - z**-b, lambda z, b: z**-b),
    "rayleigh": (lambda z: -expm1(-z * z / 2), lambda z: exp(-z * z / 2)),
    "powerlaw": (lambda z, a: z**a, lambda z, a: 1 - z**a),
}  # fmt: skip
# Logarithms that keep their digits where the probability itself is 0.
LOG_PROBABILITIES: dict[str, tuple[_Formula, _Formula]] = {
    "norm": (log_ndtr, lambda z: log_ndtr(-z)),
    "logistic": (lambda z: -softplus(-z), lambda z: -softplus(z)),
    "expon": (lambda z: log(-expm1(-z)), lambda z: -z),
}


def _distribution(name: str, formula: _Formula, outside: tuple[float, float]) -> Any:
    """Give a distribution function, which is known below and above the support."""
    shapes, (low, high), _ = CONTINUOUS[name]

    def call(_self: Any, x: Any, *args: Any, **given: Any) -> Any:
        known = _read((*shapes, "loc", "scale"), args, given)
        z = _standard(as_array(x), known)
        parameters = [known[s] for s in shapes]
        if (low, high) == (-_INF, _INF):
            return formula(z, *parameters)
        inside = z > low if high == _INF else logical_and(z > low, z < high)
        middle = (low + high) / 2 if high != _INF else low + 1.0
        y = formula(where(inside, z, middle), *parameters)
        beyond = outside[0] if high == _INF else where(z <= low, *outside)
        return where(inside, y, beyond)

    return call


for _name, _both in PROBABILITIES.items():
    for _method, _formula, _ends in zip(
        ("cdf", "sf"), _both, ((0.0, 1.0), (1.0, 0.0)), strict=True
    ):
        _call = _distribution(_name, _formula, _ends)
        spells_scipy(f"stats.{_name}.{_method}")(_call)
        if _name not in LOG_PROBABILITIES:
            spells_scipy(f"stats.{_name}.log{_method}")(_log_of(_call))
for _name, _both in LOG_PROBABILITIES.items():
    for _method, _formula, _ends in zip(
        ("logcdf", "logsf"), _both, ((-_INF, 0.0), (0.0, -_INF)), strict=True
    ):
        spells_scipy(f"stats.{_name}.{_method}")(_distribution(_name, _formula, _ends))


def _normal_quantile(sign: int) -> Any:
    def call(_self: Any, q: Any, *args: Any, **given: Any) -> Any:
        known = _read(("loc", "scale"), args, given)
        return known.get("loc", 0) + known.get("scale", 1) * (sign * ndtri(as_array(q)))

    return call


spells_scipy("stats.norm.ppf")(_normal_quantile(1))
spells_scipy("stats.norm.isf")(_normal_quantile(-1))


@spells_scipy("stats.poisson.cdf")
def _poisson_cdf(_self: Any, k: Any, *args: Any, **given: Any) -> Any:
    known = _read(("mu", "loc"), args, given)
    k = floor(as_array(k) - known.get("loc", 0))
    inside = k >= 0
    return where(inside, gammaincc(where(inside, k, 0) + 1, known["mu"]), 0)


# --- several variables --------------------------------------------------------------


def _normal_of_several(
    _self: Any, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False
) -> Any:
    """Give the log-density of normal vectors, which lie along the last axis."""
    if allow_singular:
        message = "multivariate_normal with allow_singular=True has no rule"
        raise NotImplementedError(message)
    x, cov = as_array(x), as_array(cov)
    x = expand_dims(x, axis=0) if not np.ndim(x) else x
    of_one = not np.ndim(cov) and (mean is None or not np.ndim(mean))
    if of_one and np.ndim(x) == 1:
        x = expand_dims(x, axis=1)  # of one dimension: each number is one point
    centred = x if mean is None else x - as_array(mean)
    n = centred.shape[-1]
    if np.ndim(cov) < 2:
        # A number for all, or one for each.
        squares = sum_of(centred * centred / cov, axis=-1)
        spread = n * log(cov) if not np.ndim(cov) else sum_of(log(cov))
    else:
        cov = mirrored(cov, lower=True)  # SciPy reads the lower half
        flat = centred if centred.ndim > 1 else expand_dims(centred, axis=0)
        turned = matrix_transpose(solve(cov, matrix_transpose(flat)))
        squares = sum_of(flat * turned, axis=-1)
        squares = squares if centred.ndim > 1 else squares[0]
        spread = logabsdet(cov)
    return -(squares + spread) / 2 - n * _HALF_LOG_TWO_PI


spells_scipy("stats.multivariate_normal.logpdf")(_normal_of_several)
spells_scipy("stats.multivariate_normal.pdf")(_exp_of(_normal_of_several))


@spells_scipy("stats.dirichlet.logpdf")
def _dirichlet(_self: Any, x: Any, alpha: Any) -> Any:
    x, alpha = as_array(x), as_array(alpha)
    terms = sum_of(gammaln(alpha)) - gammaln(sum_of(alpha))
    wide = alpha if x.ndim == 1 else expand_dims(alpha, axis=1)
    return sum_of(xlogy(wide - 1, x), axis=0) - terms


spells_scipy("stats.dirichlet.pdf")(_exp_of(_dirichlet))


# --- statistics ----------------------------------------------------------------------


@spells_scipy("stats.entropy")
def entropy(pk: Any, qk: Any = None, base: Any = None, axis: int = 0) -> Any:
    """Give the entropy of weights, or how far they are from others: Cover 2.26."""
    p = as_array(pk)
    p = p / sum_of(p, axis=axis, keepdims=True)
    if qk is None:
        terms = entr(p)
    else:
        q = as_array(qk)
        terms = rel_entr(p, q / sum_of(q, axis=axis, keepdims=True))
    total = sum_of(terms, axis=axis)
    return total if base is None else total / log(base)


@spells_scipy("stats.zscore")
def zscore(a: Any, axis: Any = 0, ddof: int = 0) -> Any:
    """Take off the mean and divide by the standard deviation."""
    x = as_array(a)
    centred = x - mean(x, axis=axis, keepdims=True)
    return centred / std(x, axis=axis, ddof=ddof, keepdims=True)


@spells_scipy("stats.gmean")
def gmean(a: Any, axis: Any = 0) -> Any:
    """Give the geometric mean."""
    return exp(mean(log(as_array(a)), axis=axis))


spells_scipy("integrate.trapezoid")(
    lambda y, x=None, dx=1.0, axis=-1: SPELLINGS[np.trapezoid](y, x, dx, axis)
)
