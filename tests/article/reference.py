"""What the tests compare with: central differences, and formulas written by hand."""

from typing import Any

import numpy as np


def sigmoid(u):
    return 1 / (1 + np.exp(-u))


def sigmoid_slope(u):
    return sigmoid(u) * (1 - sigmoid(u))


def softmax(u):
    e = np.exp(u - u.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross(y, t):
    return -np.sum(t * np.log(y))


def binary(y, t):
    return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y))


def square(y, t):
    return np.sum((y - t) ** 2) / 2


def numerical(function: Any, *arrays: Any) -> list[Any]:
    """Give the gradient of a number for each array, by central differences."""
    gradients = []
    for k, array in enumerate(arrays):
        gradient = np.empty(array.shape)
        for place in np.ndindex(*array.shape):
            h = 1e-5
            both = []
            for step in (h, -h):
                moved = [a.copy() for a in arrays]
                moved[k][place] += step
                both.append(function(*moved))
            gradient[place] = (both[0] - both[1]) / (2 * h)
        gradients.append(gradient)
    return gradients


def agree(found, exact):
    """Tell whether gradients pass the check: shapes equal, values to 1e-7."""
    return np.shape(found) == np.shape(exact) and np.allclose(
        found, exact, rtol=1e-7, atol=1e-7
    )


def prepared(layer, n_rows, seed=0):
    """Give an input and an upstream gradient for a layer, and run it forward."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n_rows, layer.prev))
    layer.forward(x)
    return x, rng.normal(size=(n_rows, layer.n))


def one_hot(n_rows, n, seed=0):
    return np.eye(n)[np.random.default_rng(seed).integers(0, n, n_rows)]
