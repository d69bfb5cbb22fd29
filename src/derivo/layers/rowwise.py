"""Activations that mix the elements of a row: each result depends on all of them.

Their derivative is a matrix per row, not a number per element. Rows lie along the last
axis. The largest element of a row is subtracted first, which changes nothing and makes
overflow impossible.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def softmax(x: Any) -> Any:
    """Give exp(x) / sum(exp(x)): positive, and each row sums to 1.

    Source
    ------
    Bridle, Probabilistic interpretation of feedforward classification network outputs
    (1990).
    """
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def softmin(x: Any) -> Any:
    """Give softmax(-x): the smallest element gets the most.

    Source
    ------
    Bridle (1990), with the sign turned.
    """
    return softmax(-x)


def log_softmax(x: Any) -> Any:
    """Give the logarithm of softmax(x).

    Source
    ------
    Goodfellow, Bengio, Courville, Deep Learning (2016), section 6.2.2.3.
    """
    z = x - np.max(x, axis=-1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
