"""Activations without kinks, as plain NumPy functions of any array.

None overflows to NaN, for inputs as large as 1000 and more, and nor do the derivatives
that are derived from them: where a form is chosen for that, a comment says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def identity(x: Any) -> Any:
    """Give `x` itself: an affine layer.

    Source
    ------
    Widrow and Hoff, Adaptive switching circuits (1960): the linear unit.
    """
    return x


def bent_identity(x: Any) -> Any:
    """Give (sqrt(x^2 + 1) - 1) / 2 + x: slope 1/2 far left, 3/2 far right.

    Source
    ------
    Lists of activation functions; no paper is known.
    """
    return (np.sqrt(x * x + 1) - 1) / 2 + x


def sigmoid(x: Any) -> Any:
    """Give 1 / (1 + exp(-x)), in (0, 1).

    Source
    ------
    Rumelhart, Hinton, Williams, Learning representations by back-propagating errors,
    Nature 323 (1986), equation 2.
    """
    return 1 / (1 + np.exp(-x))


def log_sigmoid(x: Any) -> Any:
    """Give log(1 / (1 + exp(-x))), at most 0.

    Source
    ------
    Mikolov et al., Distributed representations of words and phrases (2013), equation 4.
    """
    return -np.logaddexp(0, -x)


def tanh(x: Any) -> Any:
    """Give the hyperbolic tangent, in (-1, 1).

    Source
    ------
    LeCun, Bottou, Orr, Müller, Efficient BackProp (1998), section 4.4.
    """
    return np.tanh(x)


def tanh_shrink(x: Any) -> Any:
    """Give x - tanh(x).

    Source
    ------
    Torch7 (Collobert, Kavukcuoglu, Farabet, 2011), module TanhShrink.
    """
    return x - np.tanh(x)


def softplus(x: Any) -> Any:
    """Give log(1 + exp(x)), at least 0.

    Source
    ------
    Dugas, Bengio, Bélisle, Nadeau, Garcia, Incorporating second-order functional
    knowledge for better option pricing (2001).
    """
    return np.logaddexp(0, x)


def softsign(x: Any) -> Any:
    """Give x / (1 + |x|), in (-1, 1).

    Source
    ------
    Bergstra, Desjardins, Lamblin, Bengio, Quadratic polynomials learn better image
    features (2009).
    """
    return x / (1 + np.abs(x))


def swish(x: Any, beta: float = 1) -> Any:
    """Give x sigmoid(beta x); with beta = 1 also known as SiLU.

    Source
    ------
    Ramachandran, Zoph, Le, Searching for activation functions (2017), arXiv:1710.05941.
    """
    return x * sigmoid(beta * x)


def mish(x: Any) -> Any:
    """Give x tanh(softplus(x)).

    Source
    ------
    Misra, Mish: a self regularized non-monotonic activation function (2019),
    arXiv:1908.08681.
    """
    return x * np.tanh(softplus(x))


def tanh_exp(x: Any) -> Any:
    """Give x tanh(exp(x)).

    Source
    ------
    Liu and Di, TanhExp: a smooth activation function with high convergence speed for
    lightweight neural networks (2020), arXiv:2003.09855.
    """
    # tanh(exp(x)) is 1 to the last digit from x = 3 on. Without the bound, exp would
    # overflow and the derivative, x (1 - tanh^2) exp(x), would be 0 times infinity.
    return x * np.tanh(np.exp(np.minimum(x, 20)))


def acon(x: Any, p1: float = 1, p2: float = 0, beta: float = 1) -> Any:
    """Give (p1 - p2) x sigmoid(beta (p1 - p2) x) + p2 x: ACON-C with fixed parameters.

    Source
    ------
    Ma, Zhang, Liu, Sun, Activate or not: learning customized activation (2021),
    arXiv:2009.04759, equation 8.
    """
    slope = (p1 - p2) * x
    return slope * sigmoid(beta * slope) + p2 * x
