"""SciPy's functions, traced: their own values, and the slopes of these."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.errors import NotSupportedError
from tests.ops.spelled import difference

pytest.importorskip("scipy")

from scipy import fft, integrate, linalg, signal, sparse, special, stats
from scipy.spatial import distance

rng = np.random.default_rng(0)
POSITIVE = rng.uniform(0.5, 3, (2, 3))
UNIT = rng.uniform(0.15, 0.85, (2, 3))
ANY = rng.normal(size=(2, 3))
SQUARE = rng.normal(size=(3, 3)) + 3 * np.eye(3)
DEFINITE = SQUARE @ SQUARE.T
WHOLE = np.array([[0, 1, 3], [2, 5, 4]])

Case = tuple[Any, dict[str, Any]]
SPECIAL: dict[str, Case] = {}
for _name in ("erf", "erfc", "erfcx", "dawsn", "expit", "log_expit", "log_ndtr", "ndtr",
              "j0", "j1", "i0", "i1", "i0e", "i1e", "exprel", "exp10"):  # fmt: skip
    SPECIAL[_name] = (lambda x, f=_name: getattr(special, f)(x), {"x": ANY})
for _name in ("gammaln", "psi", "gamma", "rgamma", "y0", "y1", "k0", "k1", "expi",
              "exp1", "entr", "j0", "i1", "loggamma"):  # fmt: skip
    SPECIAL[f"{_name} of positive"] = (
        lambda x, f=_name: getattr(special, f)(x), {"x": POSITIVE},
    )  # fmt: skip
for _name in ("erfinv", "ndtri", "logit", "spence", "erfcinv"):
    SPECIAL[_name] = (lambda x, f=_name: getattr(special, f)(x), {"x": UNIT})
for _name in ("xlogy", "xlog1py", "rel_entr", "kl_div", "beta", "betaln", "poch",
              "boxcox", "huber", "pseudo_huber"):  # fmt: skip
    SPECIAL[_name] = (
        lambda x, y, f=_name: getattr(special, f)(x, y),
        {"x": POSITIVE + 0.05, "y": UNIT},
    )  # fmt: skip
SPECIAL |= {
    "gammainc": (lambda x: special.gammainc(2.5, x), {"x": POSITIVE}),
    "gammaincc": (lambda x: special.gammaincc([[1.5], [2]], x), {"x": POSITIVE}),
    "betainc": (lambda x: special.betainc(2.5, 1.5, x), {"x": UNIT}),
    "jn": (lambda x: special.jv(3, x) + special.jn(0, x), {"x": POSITIVE}),
    "iv": (lambda x: special.iv(2, x) + special.iv(0, x), {"x": POSITIVE}),
    "orders that are not whole": (
        lambda x: special.jv(1.5, x) * special.yv(0.3, x) + special.iv(-0.7, x)
        * special.kv(2.5, x) + special.ive(0.5, x), {"x": POSITIVE},
    ),
    "yn kn": (lambda x: special.yn(2, x) + special.kn(1, x), {"x": POSITIVE}),
    "inv_boxcox": (lambda y: special.inv_boxcox(y, 0.5), {"y": POSITIVE}),
    "polygamma": (
        lambda x: special.polygamma(1, x) + special.polygamma(3, x), {"x": POSITIVE},
    ),
    "multigammaln": (lambda a: special.multigammaln(a[0, 0] + 2, 3), {"a": POSITIVE}),
    "factorial": (lambda x: special.factorial(x), {"x": POSITIVE}),
    "binom": (lambda n, k: special.binom(n + 3, k), {"n": POSITIVE, "k": UNIT}),
    "softmax": (lambda x: special.softmax(x, axis=1), {"x": ANY}),
    "log_softmax": (lambda x: special.log_softmax(x, axis=0), {"x": ANY}),
    "logsumexp": (lambda x: special.logsumexp(x, axis=1, keepdims=True), {"x": ANY}),
    "logsumexp b": (lambda x, b: special.logsumexp(x, b=b), {"x": ANY, "b": POSITIVE}),
    "logsumexp b axis": (
        lambda x, b: special.logsumexp(x, axis=0, b=b), {"x": ANY, "b": UNIT},
    ),
    "logsumexp b with zeros": (
        lambda x: special.logsumexp(x * 100, axis=1, b=[0, 1, 2]), {"x": ANY},
    ),
    "logsumexp sign": (
        lambda x: np.multiply(*special.logsumexp(x, b=[-3, 1, -2], return_sign=True)),
        {"x": ANY},
    ),
}  # fmt: skip

LINALG: dict[str, Case] = {
    "solve": (lambda a, b: linalg.solve(a, b), {"a": SQUARE, "b": ANY.T}),
    "solve pos": (
        lambda a, b: linalg.solve(a @ a.T, b, assume_a="pos"),
        {"a": SQUARE, "b": ANY[0]},
    ),
    "solve sym": (
        lambda a, b: linalg.solve(a, b, assume_a="sym"), {"a": SQUARE, "b": ANY[0]},
    ),
    "solve_triangular": (
        lambda a, b: linalg.solve_triangular(a, b, lower=True),
        {"a": SQUARE, "b": ANY[0]},
    ),
    "solve_triangular upper": (
        lambda a, b: linalg.solve_triangular(a, b, trans="T", check_finite=False),
        {"a": SQUARE, "b": ANY.T},
    ),
    "solve_triangular unit": (
        lambda a, b: linalg.solve_triangular(a, b, unit_diagonal=True),
        {"a": SQUARE, "b": ANY.T},
    ),
    "solve_sylvester": (
        lambda a, b, q: linalg.solve_sylvester(a, b, q),
        {"a": SQUARE, "b": SQUARE[:2, :2] + 2 * np.eye(2), "q": ANY.T},
    ),
    "solve_banded": (
        lambda ab, b: linalg.solve_banded((2, 1), ab, b),
        {"ab": np.cos(np.arange(20.0)).reshape(4, 5) + 3 * np.eye(4)[1][:, None],
         "b": np.sin(np.arange(10.0)).reshape(5, 2)},
    ),
    "cholesky": (lambda a: linalg.cholesky(a), {"a": DEFINITE}),
    "cholesky lower": (lambda a: linalg.cholesky(a, lower=True), {"a": DEFINITE}),
    "cho_solve": (
        lambda a, b: linalg.cho_solve(linalg.cho_factor(a), b),
        {"a": DEFINITE, "b": ANY[0]},
    ),
    "cho_solve lower": (
        lambda a, b: linalg.cho_solve(linalg.cho_factor(a, lower=True), b),
        {"a": DEFINITE, "b": ANY.T},
    ),
    "inv det": (lambda a: linalg.inv(a) * linalg.det(a), {"a": SQUARE}),
    "norm": (lambda a: linalg.norm(a) + linalg.norm(a, 2), {"a": SQUARE}),
    "pinv": (lambda a: linalg.pinv(a), {"a": ANY}),
    "svd": (
        lambda a: linalg.svd(a, full_matrices=False)[1] + linalg.svdvals(a), {"a": ANY},
    ),
    "qr": (lambda a: linalg.qr(a, mode="economic")[0] ** 2, {"a": ANY.T}),
    "eigh": (lambda a: linalg.eigh(a)[1] ** 2 * linalg.eigh(a)[0], {"a": DEFINITE}),
    "eigh of a pair": (
        lambda a, b: linalg.eigh(a, b)[0] + (linalg.eigh(a, b)[1] ** 2)[0],
        {"a": SQUARE + SQUARE.T, "b": DEFINITE},
    ),
    "eigvalsh": (lambda a: linalg.eigvalsh(a, lower=False), {"a": DEFINITE}),
    "lstsq": (lambda a, b: linalg.lstsq(a, b)[0], {"a": ANY.T, "b": ANY[0]}),
    "expm": (lambda a: linalg.expm(a / 4), {"a": SQUARE}),
    "block_diag": (
        lambda a, b: linalg.block_diag(a, b, [[2.0]]) ** 2, {"a": ANY, "b": SQUARE},
    ),
    "toeplitz": (lambda c, r: linalg.toeplitz(c, r) ** 2, {"c": ANY[0], "r": ANY[1]}),
}  # fmt: skip

ARRAYS: dict[str, Case] = {}
for _name in ("euclidean", "sqeuclidean", "cityblock", "chebyshev", "cosine",
              "correlation", "canberra", "braycurtis", "seuclidean"):  # fmt: skip
    ARRAYS[f"cdist {_name}"] = (
        lambda a, b, m=_name: distance.cdist(a, b, m), {"a": ANY, "b": SQUARE},
    )  # fmt: skip
    ARRAYS[f"pdist {_name}"] = (lambda a, m=_name: distance.pdist(a, m), {"a": SQUARE})
_S = sparse.csr_array(np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]]))
_M = sparse.coo_matrix(_S)
ARRAYS |= {
    "cdist minkowski": (
        lambda a, b: distance.cdist(a, b, "minkowski", p=3), {"a": ANY, "b": SQUARE},
    ),
    "cdist mahalanobis": (
        lambda a, b, v: distance.cdist(a, b, "mahalanobis", VI=v @ v.T),
        {"a": ANY, "b": SQUARE, "v": DEFINITE},
    ),
    "pdist mahalanobis": (
        lambda a: distance.pdist(a, "mahalanobis"), {"a": rng.normal(size=(6, 2))},
    ),
    "cdist with weights": (
        lambda a, b, w: distance.cdist(a, b, w=w),
        {"a": ANY, "b": SQUARE, "w": POSITIVE[0]},
    ),
    "squareform and back": (
        lambda a: distance.squareform(distance.squareform(distance.pdist(a)) ** 2),
        {"a": SQUARE},
    ),
    "convolve 1d": (
        lambda a, v: signal.convolve(a, v), {"a": SQUARE[0], "v": ANY[0, :2]},
    ),
    "fftconvolve": (
        lambda a, v: signal.fftconvolve(a, v, "same"), {"a": SQUARE, "v": ANY},
    ),
    "correlate valid": (
        lambda a, v: signal.correlate(a, v, mode="valid"), {"a": SQUARE, "v": ANY},
    ),
    "convolve2d": (lambda a, v: signal.convolve2d(a, v), {"a": SQUARE, "v": ANY}),
    "sparse @ dense": (lambda x: _S @ x, {"x": SQUARE}),
    "sparse @ vector": (lambda x: _S @ x + _S.dot(x), {"x": SQUARE[0]}),
    "dense @ sparse": (lambda x: x @ _S, {"x": ANY[:, :2]}),
    "vector @ sparse": (lambda x: x @ _M, {"x": ANY[0, :2]}),
    "matrix * dense": (lambda x: _M * x, {"x": SQUARE}),
}  # fmt: skip

for _mode, _boundary in (("full", "wrap"), ("same", "symm"), ("same", "fill")):
    for _name in ("convolve2d", "correlate2d"):
        ARRAYS[f"{_name} {_mode} {_boundary}"] = (
            lambda a, v, f=_name, m=_mode, b=_boundary: getattr(signal, f)(a, v, m, b),
            {"a": SQUARE, "v": ANY},
        )
for _name in ("fft", "rfft", "ihfft", "fft2"):
    ARRAYS[f"scipy.fft.{_name}"] = (
        lambda a, f=_name: np.abs(getattr(fft, f)(a, norm="ortho", workers=1)) ** 2,
        {"a": SQUARE},
    )
ARRAYS |= {
    "scipy.fft.irfft": (lambda a: fft.irfft(a, n=5, axis=0), {"a": SQUARE}),
    "trapezoid": (lambda a: integrate.trapezoid(a, dx=0.3, axis=0), {"a": SQUARE}),
    "circulant": (lambda a: linalg.circulant(a) ** 2, {"a": SQUARE[0]}),
    "hankel": (lambda a, b: linalg.hankel(a, b) ** 2, {"a": SQUARE[0], "b": ANY[0]}),
    "hankel of one": (lambda a: linalg.hankel(a) ** 2, {"a": SQUARE[0]}),
}  # fmt: skip

_LOC = {"loc": np.array(0.3), "scale": np.array(1.7)}
STATS: dict[str, Case] = {
    "norm": (
        lambda x, loc, scale: stats.norm.logpdf(x, loc, scale), {"x": ANY, **_LOC},
    ),
    "norm frozen": (
        lambda x, loc, scale: stats.norm(loc, scale=scale).pdf(x), {"x": ANY, **_LOC},
    ),
    "norm cdf": (
        lambda x, loc, scale: (stats.norm.cdf(x, loc, scale) + stats.norm.logsf(x)
                               + stats.norm.sf(x) + stats.norm.logcdf(x, loc=loc)),
        {"x": ANY, **_LOC},
    ),
    "t": (
        lambda x, df, scale: stats.t.logpdf(x, df, scale=scale),
        {"x": ANY, "df": np.array(4.5), "scale": np.array(2.0)},
    ),
    "beta": (
        lambda x, a, b: stats.beta.logpdf(x, a, b),
        {"x": UNIT, "a": np.array(2.5), "b": POSITIVE},
    ),
    "gamma": (
        lambda x, a, scale: stats.gamma(a, scale=scale).logpdf(x),
        {"x": POSITIVE, "a": np.array(2.5), "scale": np.array(0.7)},
    ),
    "poisson": (
        lambda mu: stats.poisson.logpmf(WHOLE, mu) + stats.poisson(mu).pmf(WHOLE),
        {"mu": POSITIVE},
    ),
    "bernoulli": (lambda p: stats.bernoulli.logpmf(WHOLE > 1, p), {"p": UNIT}),
    "binom": (lambda p: stats.binom.logpmf(WHOLE, 6, p), {"p": UNIT}),
    "geom": (lambda p: stats.geom.logpmf(WHOLE + 1, p), {"p": UNIT}),
    "nbinom": (
        lambda n, p: stats.nbinom.logpmf(WHOLE, n, p), {"n": POSITIVE, "p": UNIT},
    ),
    "multivariate_normal": (
        lambda x, mean, cov: stats.multivariate_normal.logpdf(x, mean, cov),
        {"x": ANY, "mean": SQUARE[0], "cov": DEFINITE},
    ),
    "multivariate_normal of a vector": (
        lambda x, cov: stats.multivariate_normal.pdf(x, cov=cov),
        {"x": ANY[0], "cov": DEFINITE},
    ),
    "multivariate_normal diagonal": (
        lambda x, v: stats.multivariate_normal.logpdf(x, [0, 0, 1], np.diag(v)),
        {"x": ANY, "v": POSITIVE[0]},
    ),
    "dirichlet": (
        lambda a: stats.dirichlet.logpdf([0.2, 0.3, 0.5], a), {"a": POSITIVE[0]},
    ),
}  # fmt: skip
for _name in ("cauchy", "laplace", "logistic", "gumbel_r", "gumbel_l"):
    STATS[_name] = (
        lambda x, loc, scale, d=_name: getattr(stats, d).logpdf(x, loc, scale=scale),
        {"x": ANY, **_LOC},
    )  # fmt: skip
for _name in ("expon", "halfnorm", "rayleigh"):
    STATS[_name] = (
        lambda x, scale, d=_name: getattr(stats, d).logpdf(x, scale=scale),
        {"x": POSITIVE, "scale": np.array(1.7)},
    )  # fmt: skip
for _name in ("invgamma", "chi2", "lognorm", "weibull_min", "powerlaw"):
    STATS[_name] = (
        lambda x, s, d=_name: getattr(stats, d).logpdf(x, s),
        {"x": UNIT, "s": np.array(1.4)},
    )  # fmt: skip
STATS["pareto"] = (
    lambda x, b: stats.pareto.logpdf(x + 1, b), {"x": POSITIVE, "b": np.array(1.4)},
)  # fmt: skip
STATS["f"] = (
    lambda x, a: stats.f.logpdf(x, a, 5), {"x": POSITIVE, "a": np.array(3.5)},
)  # fmt: skip
STATS["uniform"] = (
    lambda x, s: stats.uniform.logpdf(x, -1, s), {"x": UNIT, "s": np.array(3.5)},
)  # fmt: skip
# All four of each; the shape's parameters have no derivative where SciPy's own
# functions give none, and are numbers then.
for _name, _shape in (
    ("norm", ()), ("logistic", ()), ("laplace", ()), ("cauchy", ()), ("gumbel_r", ()),
    ("gumbel_l", ()), ("t", (3.5,)), ("expon", ()), ("uniform", ()), ("gamma", (2.5,)),
    ("chi2", (3,)), ("beta", (2.5, 1.5)), ("f", (3, 4.5)), ("lognorm", (0.8,)),
    ("weibull_min", (1.7,)), ("pareto", (1.4,)), ("rayleigh", ()), ("powerlaw", (1.6,)),
):  # fmt: skip
    STATS[f"probabilities of {_name}"] = (
        lambda x, loc, scale, d=_name, s=_shape: np.stack([
            getattr(getattr(stats, d), f)(x, *s, loc, scale)
            for f in ("cdf", "sf", "logcdf", "logsf")
        ]),
        {"x": UNIT + 1.6 * (_name == "pareto"), "loc": np.array(0.1),
         "scale": np.array(1.3)},
    )  # fmt: skip
STATS["probabilities of poisson"] = (
    lambda mu: stats.poisson.cdf(WHOLE - 1, mu), {"mu": POSITIVE},
)  # fmt: skip

STATS |= {
    "skewnorm": (lambda x, a: stats.skewnorm.logpdf(x, a), {"x": ANY, "a": POSITIVE}),
    "vonmises": (
        lambda x, k, loc: stats.vonmises.logpdf(x, k, loc),
        {"x": ANY, "k": POSITIVE, "loc": np.array(0.3)},
    ),
    "halfcauchy": (lambda x, scale: stats.halfcauchy.logpdf(x, scale=scale),
                   {"x": POSITIVE, "scale": np.array(1.7)}),
    "halfnorm probability": (lambda x: stats.halfnorm.cdf(x), {"x": POSITIVE}),
    "halfnorm beyond": (lambda x: stats.halfnorm.sf(x), {"x": POSITIVE}),
    "halfcauchy probability": (
        lambda x: stats.halfcauchy.cdf(x) + stats.halfcauchy.logsf(x), {"x": POSITIVE},
    ),
    "invgamma probability": (
        lambda x: stats.invgamma.cdf(x, 2) - stats.invgamma.logsf(x, 3),
        {"x": POSITIVE},
    ),
    "quantile of norm": (
        lambda q, loc, scale: stats.norm.ppf(q, loc, scale) + stats.norm.isf(q) ** 2,
        {"q": UNIT, **_LOC},
    ),
    "several of one dimension": (
        lambda x: stats.multivariate_normal.logpdf(x), {"x": ANY[0]},
    ),
    "several of one dimension, moved": (
        lambda x, m, c: stats.multivariate_normal.logpdf(x, m, c),
        {"x": ANY[0], "m": np.array(0.4), "c": np.array(1.3)},
    ),
    "entropy": (lambda p: stats.entropy(p, axis=1), {"p": POSITIVE}),
    "relative entropy": (
        lambda p, q: stats.entropy(p, q, base=2), {"p": POSITIVE, "q": UNIT},
    ),
    "zscore": (lambda x: stats.zscore(x, axis=1, ddof=1), {"x": ANY}),
    "gmean": (lambda x: stats.gmean(x, axis=1), {"x": POSITIVE}),
}  # fmt: skip
EVERY = {
    f"{part}: {name}": case
    for part, cases in (("special", SPECIAL), ("linalg", LINALG), ("arrays", ARRAYS),
                        ("stats", STATS))
    for name, case in cases.items()
}  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_value_and_slope(name: str) -> None:
    function, arrays = EVERY[name]
    specs: dict[str, Any] = {k: Spec(np.shape(a)) for k, a in arrays.items()}
    d = derivo.derive(function, **specs)
    expected = np.asarray(function(**arrays))
    generator = np.random.default_rng(1)
    u = generator.normal(size=expected.shape)
    value, gradients = d.value_and_gradients(u, **arrays)
    np.testing.assert_allclose(expected, value, rtol=1e-11, atol=1e-12)
    for k, g in gradients.items():
        v = generator.normal(size=np.shape(g))
        slope = difference(function, arrays, k, v, u)
        assert slope == pytest.approx(np.sum(v * g), rel=1e-6, abs=1e-7), k


@pytest.mark.parametrize("name", EVERY)
def test_float32_stays_float32(name: str) -> None:
    function, arrays = EVERY[name]
    narrow = {k: a.astype(np.float32) for k, a in arrays.items()}
    specs: dict[str, Any] = {k: Spec(np.shape(a)) for k, a in arrays.items()}
    d = derivo.derive(function, **specs)
    value, gradients = d.value_and_gradients(**narrow)
    assert np.asarray(value).dtype == np.float32
    assert {np.asarray(g).dtype for g in gradients.values()} == {np.dtype(np.float32)}


def test_special_points() -> None:
    x = np.array([0.0, 1.0, 2.0])
    d = derivo.derive(lambda x: special.xlogy(x, x) + special.j1(x), x="N")
    assert np.all(np.isfinite(d.gradients(x=x)["x"][1:]))
    # The distance of a point to itself has the slope 0.
    d = derivo.derive(lambda x: np.sum(distance.cdist(x, x)), x="N M")
    assert np.all(np.isfinite(d.gradients(x=ANY)["x"]))
    # Outside the support the density is 0, whatever the parameters.
    d = derivo.derive(lambda x, a: stats.gamma.pdf(x, a), x="N", a="")
    out = d.gradients(x=np.array([-1.0, 2.0]), a=2.0)
    assert out["x"][0] == 0
    assert np.isfinite(out["a"])


# Where x is 0 the slope is the logarithm, where no weight is the exponential, and where
# the exponent is 0 half the square of the logarithm: by hand.
ZERO, HALF, LOG2 = np.zeros(2), np.array([0.5, 2.0]), np.log(2)
POINTS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "xlogy": (special.xlogy, {"x": ZERO, "y": HALF}, {"x": [-LOG2, LOG2], "y": [0, 0]}),
    "xlogy of nothing": (
        special.xlogy, {"x": ZERO, "y": np.array([0.0, np.inf])}, {"x": [0, 0]},
    ),
    "xlogy outside": (special.xlogy, {"x": ZERO, "y": -HALF}, {"x": [0, 0]}),
    "xlog1py": (
        special.xlog1py, {"x": ZERO, "y": HALF}, {"x": np.log1p(HALF), "y": [0, 0]},
    ),
    "entr": (special.entr, {"x": np.array([0.0, -1.0, 1.0])}, {"x": [0, 0, -1]}),
    "boxcox": (
        special.boxcox, {"x": HALF, "y": ZERO},
        {"x": 1 / HALF, "y": [LOG2**2 / 2, LOG2**2 / 2]},
    ),
    "inv_boxcox": (
        special.inv_boxcox, {"x": HALF, "y": ZERO},
        {"x": np.exp(HALF), "y": -np.exp(HALF) * HALF**2 / 2},
    ),
    "logsumexp": (
        lambda x, y: special.logsumexp(x, b=y), {"x": HALF, "y": np.array([0.0, 1.0])},
        {"x": [0, 1], "y": [np.exp(-1.5), 1]},
    ),
    "logsumexp of what does not count": (
        lambda x, y: special.logsumexp(x, b=y),
        {"x": np.array([np.inf, 2.0]), "y": np.array([0.0, 1.0])}, {"x": [0, 1]},
    ),
    "gamma of 1": (
        lambda x, y: stats.gamma.logpdf(x, y), {"x": HALF, "y": np.array(1.0)},
        {"x": [-1, -1], "y": 2 * np.euler_gamma},
    ),
    "dirichlet of 1": (
        lambda y: stats.dirichlet.logpdf([0.5, 0.5], y), {"y": np.ones(2)},
        {"y": [1 - LOG2, 1 - LOG2]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_slopes_at_zeros(name: str) -> None:
    function, arrays, wanted = POINTS[name]
    take: Any = {
        ("x", "y"): lambda x, y: function(x, y),
        ("x",): lambda x: function(x),
        ("y",): lambda y: function(y),
    }[tuple(arrays)]
    d = derivo.derive(take, **arrays)
    value, gradients = d.value_and_gradients(**arrays)
    np.testing.assert_allclose(value, function(*arrays.values()), atol=1e-12)
    for k, want in wanted.items():
        np.testing.assert_allclose(gradients[k], want, rtol=1e-9, atol=1e-12, err_msg=k)


def test_a_distribution_without_a_rule_is_refused_by_its_name() -> None:
    with pytest.raises(
        NotSupportedError, match=r"scipy\.stats\.burr\.logpdf has no rule"
    ):
        derivo.derive(lambda x: stats.burr(2, 3).logpdf(x), x="N")
    with pytest.raises(NotSupportedError, match=r"scipy\.stats\.zipf\.pmf has no rule"):
        derivo.derive(lambda a: stats.zipf.pmf(2, a), a="N")
    d = derivo.derive(lambda x: x * stats.burr(2, 3).cdf(0.5), x="N")
    np.testing.assert_allclose(d(x=HALF), HALF * stats.burr(2, 3).cdf(0.5))
    with pytest.raises(NotSupportedError, match=r"`scipy\.special\.zeta` has no rule"):
        derivo.derive(lambda x: special.zeta(x), x="N")


def test_a_copy_where_one_is_needed_as_libraries_ask_for_it() -> None:
    d = derivo.derive(lambda x: linalg.khatri_rao(x, x), x="N M")
    np.testing.assert_allclose(d(x=ANY), linalg.khatri_rao(ANY, ANY))
    for mode in type(np._CopyMode.ALWAYS):
        if mode is not np._CopyMode.NEVER:
            d = derivo.derive(lambda x, m=mode: np.array(x, copy=m) ** 2, x="N M")
            np.testing.assert_allclose(d(x=ANY), ANY**2)


def test_a_derivative_that_nobody_has_is_refused() -> None:
    d = derivo.derive(lambda a, x: special.gammainc(a, x), wrt="x", a="N", x="N")
    assert d.wrt == ("x",)
    with pytest.raises(NotSupportedError, match=r"`gammainc` has no derivative"):
        derivo.derive(lambda a, x: special.gammainc(a, x), a="N", x="N")
    with pytest.raises(NotSupportedError, match="one order"):
        derivo.derive(lambda n, x: special.jv(n, x), n="N", x="N")
    with pytest.raises(NotSupportedError, match="metric 'hamming'"):
        derivo.derive(lambda x: distance.cdist(x, x, "hamming"), x="N M")


def test_beyond_the_support_and_in_the_tails() -> None:
    far = np.array([-40.0, -3.0, 40.0])
    d = derivo.derive(lambda x: stats.norm.logcdf(x) + stats.norm.logsf(x), x="N")
    np.testing.assert_allclose(d(x=far), stats.norm.logcdf(far) + stats.norm.logsf(far))
    assert np.all(np.isfinite(d.gradients(x=far)["x"]))
    ends = np.array([-1.0, 0.5, 2.0])
    for law, shape in ((stats.beta, (2, 3)), (stats.uniform, ()), (stats.gamma, (2,))):
        d = derivo.derive(lambda x, f=law.cdf, s=shape: f(x, *s), x="N")
        np.testing.assert_allclose(d(x=ends), law.cdf(ends, *shape))
        gradient = d.gradients(x=ends)["x"]
        np.testing.assert_allclose(gradient, law.pdf(ends, *shape))


def test_functions_that_were_handed_over_before() -> None:
    class Layer:
        def __init__(self) -> None:
            self.act = special.softmax
            self.steps = [special.logsumexp, stats.norm.logpdf]

        def loss(self, x: Any, last: Any = special.log_softmax) -> Any:
            top = self.steps[0](x, axis=1, keepdims=True)
            scores = self.act(x, axis=1) + self.steps[1](x) + last(x, axis=1)
            return np.sum(np.sin(scores - top))

    layer = Layer()
    held = layer.act, *layer.steps, *Layer.loss.__defaults__  # type: ignore[misc]
    v = np.cos(np.arange(6.0)).reshape(2, 3)
    slope = difference(layer.loss, {"x": ANY}, "x", v, 1.0)
    assert slope == pytest.approx(np.sum(v * derivo.grad(layer.loss)(ANY)), rel=1e-6)
    after = layer.act, *layer.steps, *Layer.loss.__defaults__  # type: ignore[misc]
    assert after == held


def test_scipy_is_as_it_was() -> None:
    before = (
        special.logsumexp,
        stats.norm.logpdf,
        linalg.solve,
        "pdf" in vars(type(stats.norm)),
    )
    derivo.derive(lambda x: stats.norm.logpdf(x), x="N")
    after = (
        special.logsumexp,
        stats.norm.logpdf,
        linalg.solve,
        "pdf" in vars(type(stats.norm)),
    )
    assert before == after


LATE = """
import sys
import numpy as np
import derivo
def f(a, b):
    from scipy.linalg import cho_factor, cho_solve
    import scipy.stats as stats
    return np.sum(cho_solve(cho_factor(a @ a.T), b)) + stats.norm.logpdf(b).sum()
assert "scipy" not in sys.modules
d = derivo.derive(f, a="3 3", b="3")
a, b = np.eye(3) * 2, np.ones(3)
np.testing.assert_allclose(d(a=a, b=b), f(a, b))
assert "scipy" not in d.source
"""


def test_scipy_that_is_imported_while_tracing_is_found() -> None:
    subprocess.run([sys.executable, "-c", LATE], check=True)


def test_the_source_says_where_it_needs_scipy() -> None:
    plain = derivo.derive(lambda x: stats.t.logpdf(x, 3.0), x="N").source
    assert "scipy" not in plain
    needing = derivo.derive(lambda x: special.erfinv(x), x="N").source
    assert "from scipy.special import erfinv" in needing.split("def function")[0]
    assert "SciPy" in needing.split("def function")[0]
