"""Error and gamma functions: NumPy has none, so their text goes into the source.

Functions of ``scipy.special`` that are ufuncs ask the traced value what to do, and are
found here by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.ops import special_functions as plain
from derivo.ops.arithmetic import log
from derivo.ops.catalogue import register, spells
from derivo.ops.composite import sigmoid, softplus
from derivo.ops.elementwise import exp, log1p, where
from derivo.ops.infer import floating

SMOOTH = frozenset({"elementwise", "floating"})
_TWO_OVER_ROOT_PI = 1.1283791670955126
_ROOT_TWO_PI = 2.5066282746310002


def _positive(rng: Any) -> Any:
    return (rng.uniform(0.5, 4, (3, 4)),), {}


# Derivatives: Abramowitz and Stegun, 7.1.1, 26.2.1, 6.3.1 and 6.4.1.
erf = register(
    Op("erf", ("x",), floating, "erf({0})", helpers=(plain.erfc, plain.erf),
       vjp=lambda g, _y, x: (g * (_TWO_OVER_ROOT_PI * exp(-x * x)),),
       latex=r"\operatorname{{erf}} {0}", traits=SMOOTH),
    "erf",
)  # fmt: skip
erfc = register(
    Op("erfc", ("x",), floating, "erfc({0})", helpers=(plain.erfc,),
       vjp=lambda g, _y, x: (-g * (_TWO_OVER_ROOT_PI * exp(-x * x)),),
       latex=r"\operatorname{{erfc}} {0}", traits=SMOOTH | {"positive"}),
    "erfc",
)  # fmt: skip
ndtr = register(
    Op("ndtr", ("x",), floating, "ndtr({0})", helpers=(plain.erfc, plain.ndtr),
       vjp=lambda g, _y, x: (g * (exp(-x * x / 2) / _ROOT_TWO_PI),),
       latex=r"\Phi({0})", traits=SMOOTH | {"positive"}),
    "ndtr",
)  # fmt: skip
gammaln = register(
    Op("gammaln", ("x",), floating, "gammaln({0})", helpers=(plain.gammaln,),
       vjp=lambda g, _y, x: (g * digamma(x),), latex=r"\log |\Gamma({0})|",
       samples=_positive, traits=SMOOTH),
    "gammaln",
)  # fmt: skip
digamma: Op = register(
    Op("digamma", ("x",), floating, "digamma({0})", helpers=(plain.digamma,),
       vjp=lambda g, _y, x: (g * trigamma(x),), latex=r"\psi({0})",
       samples=_positive, traits=SMOOTH),
    "psi",
)  # fmt: skip
trigamma: Op = register(
    Op("trigamma", ("x",), floating, "trigamma({0})", helpers=(plain.trigamma,),
       vjp=lambda g, _y, x: (g * polygamma(x, n=2),), latex=r"\psi_1({0})",
       samples=_positive, traits=SMOOTH),
)  # fmt: skip
# Of order 2 and more, for positive numbers.
polygamma: Op = register(
    Op("polygamma", ("x",), floating, "polygamma_series({n}, {0})",
       helpers=(plain.polygamma_series,), attrs={"n": None},
       vjp=lambda g, _y, x, *, n: (g * polygamma(x, n=n + 1),),
       latex=lambda attrs, *_: rf"\psi_{{{{{attrs['n']}}}}}({{0}})",
       samples=lambda rng: ((rng.uniform(0.5, 3, (3, 4)),), {"n": 2}), traits=SMOOTH),
)  # fmt: skip


# --- functions of scipy.special that are made of others ------------------------------

spells("expit")(sigmoid)
spells("log_expit")(lambda x: -softplus(-x))


@spells("logit")
def logit(x: Any) -> Any:
    """Give log(x / (1 - x)), the inverse of the sigmoid."""
    return log(x) - log1p(-x)


@spells("xlogy")
def xlogy(x: Any, y: Any) -> Any:
    """Give x * log(y), and 0 where x is 0 and log(y) is no number.

    Elsewhere the slope for x is log(y), also at 0.
    """
    empty = (x == 0) & ((y <= 0) | (y == np.inf))
    return where(empty, 0, x * log(where(empty, 1, y)))


@spells("xlog1py")
def xlog1py(x: Any, y: Any) -> Any:
    """Give x * log(1 + y), and 0 where x is 0 and log(1 + y) is no number."""
    empty = (x == 0) & ((y <= -1) | (y == np.inf))
    return where(empty, 0, x * log1p(where(empty, 0, y)))


@spells("entr")
def entr(x: Any) -> Any:
    """Give -x * log(x), 0 where x is 0, and -inf where it is negative."""
    inside = x > 0
    y = -where(inside, x * log(where(inside, x, 1)), 0)
    return where(x < 0, -np.inf, y)


@spells("rel_entr")
def rel_entr(x: Any, y: Any) -> Any:
    """Give x * log(x / y), and 0 where x is 0 and y is positive, or 0 as well."""
    return -entr(x) - where(x == 0, 0, x * log(where(x == 0, 1, y)))


@spells("kl_div")
def kl_div(x: Any, y: Any) -> Any:
    """Give x * log(x / y) - x + y."""
    return rel_entr(x, y) - x + y


@spells("gamma")
def gamma(x: Any) -> Any:
    """Give the gamma function of positive numbers."""
    return exp(gammaln(x))


spells("loggamma")(gammaln)


@spells("betaln")
def betaln(a: Any, b: Any) -> Any:
    """Give the logarithm of the beta function of positive numbers."""
    return gammaln(a) + gammaln(b) - gammaln(a + b)
