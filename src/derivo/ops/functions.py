"""Functions for forward passes that NumPy lacks; they work on plain arrays too."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.ops import composite, philox, special
from derivo.ops.elementwise import tanh, where
from derivo.ops.join import stack
from derivo.ops.shape import as_shape


def _array(x: Any) -> Any:
    """Keep traced values, and turn lists and numbers into arrays."""
    return x if hasattr(x, "record") else np.asarray(x)[()]


def sigmoid(x: Any) -> Any:
    """Give 1 / (1 + exp(-x)), between 0 and 1.

    Parameters
    ----------
    x : (...)
        Logits.
    """
    return composite.sigmoid(_array(x))


expit = sigmoid


def logit(x: Any) -> Any:
    """Give log(x / (1 - x)), the inverse of `sigmoid`.

    Parameters
    ----------
    x : (...), between 0 and 1
        Probabilities.
    """
    return special.logit(_array(x))


def softplus(x: Any) -> Any:
    """Give log(1 + exp(x)), without overflow.

    Parameters
    ----------
    x : (...)
        Any numbers.
    """
    return composite.softplus(_array(x))


def log_sigmoid(x: Any) -> Any:
    """Give log(sigmoid(x)), without underflow.

    Parameters
    ----------
    x : (...)
        Logits.
    """
    return -composite.softplus(-_array(x))


def relu(x: Any) -> Any:
    """Give the positive part of `x`; the derivative at 0 is taken as 0.

    Parameters
    ----------
    x : (...)
        Any numbers.
    """
    return composite.relu(_array(x))


def leaky_relu(x: Any, slope: float = 0.01) -> Any:
    """Give `x` where it is positive, and `slope` times `x` elsewhere.

    Parameters
    ----------
    x : (...)
        Any numbers.
    slope
        The derivative for negative numbers, and at 0.
    """
    x = _array(x)
    return where(x > 0, x, slope * x)


def silu(x: Any) -> Any:
    """Give x * sigmoid(x), also called swish.

    Parameters
    ----------
    x : (...)
        Any numbers.
    """
    x = _array(x)
    return x * composite.sigmoid(x)


def gelu(x: Any, *, approximate: bool = False) -> Any:
    """Give x times the standard normal distribution function of x.

    Parameters
    ----------
    x : (...)
        Any numbers.
    approximate
        Take the tanh formula instead of the error function.

    Notes
    -----
    Hendrycks and Gimpel, Gaussian error linear units (2016), section 2.
    """
    x = _array(x)
    if approximate:
        return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
    return 0.5 * x * (1 + special.erf(x * 0.7071067811865476))


def softmax(x: Any, axis: Any = -1) -> Any:
    """Give exp(x) / sum(exp(x)): positive, with the sum 1 along `axis`.

    Parameters
    ----------
    x : (...)
        Logits of any size: the maximum is subtracted first.
    axis
        Axis of the sum; None means all.
    """
    return composite.softmax(_array(x), axis=axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Give log(softmax(x)), without underflow.

    Parameters
    ----------
    x : (...)
        Logits.
    axis
        Axis of the sum; None means all.
    """
    return composite.log_softmax(_array(x), axis=axis)


def logsumexp(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """Give log(sum(exp(x))), without overflow.

    Parameters
    ----------
    x : (...)
        Any numbers.
    axis
        Axis of the sum; None means all.
    keepdims
        Keep the reduced axes, with size 1.
    """
    return composite.logsumexp(_array(x), axis=axis, keepdims=keepdims)


def erf(x: Any) -> Any:
    """Give the error function.

    Parameters
    ----------
    x : (...)
        Any numbers.

    Returns
    -------
    (...)
        Within 6e-16 of the true value, relative to it.
    """
    return special.erf(_array(x))


def erfc(x: Any) -> Any:
    """Give 1 - erf(x).

    Parameters
    ----------
    x : (...)
        Any numbers.

    Returns
    -------
    (...)
        Within 7e-16 of the true value, relative to it, up to where it underflows.
    """
    return special.erfc(_array(x))


def gammaln(x: Any) -> Any:
    """Give the logarithm of the absolute value of the gamma function.

    Parameters
    ----------
    x : (...)
        Any numbers but 0, -1, -2, ...

    Returns
    -------
    (...)
        Within 6e-15 of the true value, relative to it or to 1, whichever is larger.
    """
    return special.gammaln(_array(x))


lgamma = gammaln


def digamma(x: Any) -> Any:
    """Give the derivative of `gammaln`.

    Parameters
    ----------
    x : (...)
        Any numbers but 0, -1, -2, ...
    """
    return special.digamma(_array(x))


def xlogy(x: Any, y: Any) -> Any:
    """Give x * log(y), and 0 where `x` is 0.

    Parameters
    ----------
    x, y : (...)
        Shapes that broadcast; `y` positive where `x` is not 0.
    """
    return special.xlogy(_array(x), _array(y))


def _key(key: Any) -> Any:
    if isinstance(key, tuple | list) and any(hasattr(k, "record") for k in key):
        return stack(*key, axis=0)
    return _array(key)


def uniform(key: Any, shape: Any = ()) -> Any:
    """Draw numbers between 0 and 1, the same ones for the same key.

    Parameters
    ----------
    key : () or (2,), integers
        A seed, or a seed and a counter: count the steps to get new numbers in each.
    shape
        Shape of the result.

    Returns
    -------
    shape
        Uniform on [0, 1). No gradient goes to the key.
    """
    return philox.uniform(_key(key), shape=as_shape(shape))


draw = uniform


def normal(key: Any, shape: Any = ()) -> Any:
    """Draw standard normal numbers, the same ones for the same key.

    Parameters
    ----------
    key : () or (2,), integers
        A seed, or a seed and a counter.
    shape
        Shape of the result.
    """
    return philox.normal(_key(key), shape=as_shape(shape))


def dropout(x: Any, key: Any, rate: float) -> Any:
    """Set a share of the elements to 0, and scale the others so that the mean stays.

    Parameters
    ----------
    x : (...)
        Activations.
    key : () or (2,), integers
        A seed, or a seed and a counter.
    rate
        Probability of an element to be set to 0.

    Notes
    -----
    Srivastava and others, Dropout (2014); scaled while training ("inverted").
    """
    x = _array(x)
    return x * (uniform(key, x.shape) >= rate) / (1 - rate)
