"""Activations with kinks or steps, as plain NumPy functions of any array.

Of equal operands of `np.maximum` and `np.minimum` the first one counts, so the order of
the operands decides the derivative at a kink. Where nothing else is said it is that of
the flat side (relu: 0 at 0). NaN comes out as NaN everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def step(x: Any) -> Any:
    """Give 1 where x is positive, else 0. Its derivative is zero: it cannot learn.

    Source
    ------
    Rosenblatt, The perceptron, Psychological Review 65 (1958).
    """
    # np.where(x > 0, 1.0, 0.0) would turn float32 into float64, and NaN into 0.
    return np.sign(np.maximum(0, x))


def relu(x: Any) -> Any:
    """Give max(0, x).

    Source
    ------
    Nair and Hinton, Rectified linear units improve restricted Boltzmann machines
    (2010).
    """
    return np.maximum(0, x)


def relu6(x: Any) -> Any:
    """Give min(6, max(0, x)).

    Source
    ------
    Krizhevsky, Convolutional deep belief networks on CIFAR-10 (2010).
    """
    return np.minimum(6, np.maximum(0, x))


def leaky_relu(x: Any, alpha: float = 0.01) -> Any:
    """Give x where it is positive, else alpha x.

    Source
    ------
    Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models
    (2013).
    """
    return np.where(x > 0, x, alpha * x)


def elu(x: Any, alpha: float = 1) -> Any:
    """Give x where it is positive, else alpha (exp(x) - 1).

    Source
    ------
    Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by
    exponential linear units (2015), arXiv:1511.07289.
    """
    # The side that is not chosen is computed too: the bound keeps it from overflowing.
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def selu(
    x: Any, lambda_: float = 1.0507009873554805, alpha: float = 1.6732632423543772
) -> Any:
    """Give lambda elu(x, alpha); the two constants keep mean 0 and variance 1.

    Source
    ------
    Klambauer, Unterthiner, Mayr, Hochreiter, Self-normalizing neural networks (2017),
    arXiv:1706.02515; the article's series rounds the constants to 1.0507 and 1.67326.
    """
    return lambda_ * elu(x, alpha)


def celu(x: Any, alpha: float = 1) -> Any:
    """Give x where it is positive, else alpha (exp(x / alpha) - 1).

    Source
    ------
    Barron, Continuously differentiable exponential linear units (2017),
    arXiv:1704.07483.
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def hard_shrink(x: Any, lambda_: float = 0.5) -> Any:
    """Give 0 where |x| is at most lambda, else x.

    Source
    ------
    Donoho and Johnstone, Ideal spatial adaptation by wavelet shrinkage, Biometrika 81
    (1994): hard thresholding.
    """
    return np.where(np.abs(x) <= lambda_, 0, x)


def soft_shrink(x: Any, lambda_: float = 0.5) -> Any:
    """Give x moved towards 0 by lambda, and 0 where |x| is at most lambda.

    Source
    ------
    Donoho and Johnstone (1994), as for the hard one: soft thresholding.
    """
    return x - np.minimum(np.maximum(x, -lambda_), lambda_)


def threshold(x: Any, threshold: float = 0, value: float = -1) -> Any:
    """Give x where it is above the threshold, else the value.

    Source
    ------
    Torch7 (Collobert, Kavukcuoglu, Farabet, 2011), module Threshold.
    """
    return np.where(x <= threshold, value, x)


def hard_sigmoid(x: Any) -> Any:
    """Give 0.2 x + 0.5, kept between 0 and 1.

    Source
    ------
    Theano (Theano Development Team, 2016, arXiv:1605.02688), hard_sigmoid.
    """
    return np.minimum(1, np.maximum(0, 0.2 * x + 0.5))


def hard_tanh(x: Any) -> Any:
    """Give x, kept between -1 and 1.

    Source
    ------
    Collobert, Large scale machine learning (thesis, 2004).
    """
    return np.minimum(1, np.maximum(-1, x))


def hard_swish(x: Any) -> Any:
    """Give x relu6(x + 3) / 6.

    Source
    ------
    Howard et al., Searching for MobileNetV3 (2019), arXiv:1905.02244, section 5.2.
    """
    return x * relu6(x + 3) / 6
