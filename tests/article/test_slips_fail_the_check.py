"""The article's backward passes in derivo's own check: slips fail, repairs pass.

Each pair is the article's code or formula as it stands and as it should be, for one
forward pass; the names say which line of it is at fault.
"""

import numpy as np
import pytest

from derivo.article import OutputLayer, get_act
from derivo.article.derived import layer_derivation, output_derivation
from derivo.verify.backward import check_backward
from tests.article.reference import cross, sigmoid, sigmoid_slope, softmax, square


def layer(x, w, b):
    return sigmoid(x @ w + b)


def relu_layer(x, w, b):
    return np.maximum(0, x @ w + b)


def softmax_layer(x, w, b):
    u = x @ w + b
    e = np.exp(u - np.max(u, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def softmax_square(x, w, b, t):
    return square(softmax_layer(x, w, b), t)


def softmax_cross(x, w, b, t):
    return cross(softmax_layer(x, w, b), t)


def layer_backward(grad, x, w, b):
    dact = grad * sigmoid_slope(x @ w + b)
    return dact @ w.T, x.T @ dact, np.sum(dact, axis=0)


def relu_backward(grad, x, w, b):
    dact = grad * (x @ w + b > 0)
    return dact @ w.T, x.T @ dact, np.sum(dact, axis=0)


def slope_at_the_input(grad, x, w, b):
    dact = grad * (x > 0)
    return dact @ w.T, x.T @ dact, np.sum(dact, axis=0)


def sum_without_axis(grad, x, w, b):
    dact = grad * sigmoid_slope(x @ w + b)
    return dact @ w.T, x.T @ dact, np.broadcast_to(np.sum(dact), b.shape)


def bias_without_sum(grad, x, w, b):
    dact = grad * sigmoid_slope(x @ w + b)
    return dact @ w.T, x.T @ dact, dact


def error_onto_the_results(grad, x, w, b):
    slope = sigmoid_slope(x @ w + b)
    return grad * (slope @ w.T), grad * (x.T @ slope), np.sum(grad * slope, axis=0)


def plain_sum_for_x(grad, x, w, b):
    slope = sigmoid_slope(x @ w + b)
    dact = grad * slope
    return slope @ w.T, x.T @ dact, np.sum(dact, axis=0)


def slope_of_the_first_neuron(grad, x, w, b):
    slope = sigmoid_slope(x @ w + b)
    dact = grad * slope
    return dact @ w.T, x.T @ dact, np.sum(grad * slope[:, :1], axis=0)


def diagonal_with_square(x, w, b, t):
    y = softmax(x @ w + b)
    dact = (y - t) * y * (1 - y)
    return dact @ w.T, x.T @ dact, np.sum(dact, axis=0), t - y


def whole_jacobian_with_square(x, w, b, t):
    y = softmax(x @ w + b)
    g = y - t
    dact = y * (g - np.sum(g * y, axis=1, keepdims=True))
    return dact @ w.T, x.T @ dact, np.sum(dact, axis=0), t - y


def shortcut_for_any_target(x, w, b, t):
    y = softmax(x @ w + b)
    dact = y - t
    return dact @ w.T, x.T @ dact, np.sum(dact, axis=0), -np.log(y)


def shortcut_with_the_targets_sum(x, w, b, t):
    y = softmax(x @ w + b)
    dact = y * np.sum(t, axis=1, keepdims=True) - t
    return dact @ w.T, x.T @ dact, np.sum(dact, axis=0), -np.log(y)


SQUARE_SIZES = {"x": "3 3", "w": "3 3", "b": "3"}  # where even the wrong shapes fit
SIZES = {"x": "N L", "w": "L M", "b": "M"}
PAIRS = [
    (relu_layer, slope_at_the_input, relu_backward, SQUARE_SIZES, "xwb"),
    (layer, sum_without_axis, layer_backward, SIZES, "b"),
    (layer, bias_without_sum, layer_backward, SIZES, "b"),
    (layer, error_onto_the_results, layer_backward, SQUARE_SIZES, "xw"),
    (layer, plain_sum_for_x, layer_backward, SIZES, "x"),
    (layer, slope_of_the_first_neuron, layer_backward, SIZES, "b"),
    (softmax_square, diagonal_with_square, whole_jacobian_with_square,
     {**SIZES, "t": "N M"}, "xwb"),
    (softmax_cross, shortcut_for_any_target, shortcut_with_the_targets_sum,
     {**SIZES, "t": "N M"}, "xwb"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("forward", "faulty", "right", "sizes", "wrong"),
    [pytest.param(*pair, id=pair[1].__name__) for pair in PAIRS],
)
def test_the_slip_fails_and_its_repair_passes(forward, faulty, right, sizes, wrong):
    # A target is taken to sum to 1 unless that is denied: then the shortcut is right.
    free = ["t is free"] if "t" in sizes else []
    report = check_backward(forward, faulty, assume=free, **sizes)
    assert {row.name for row in report.failures} == set(wrong)
    assert check_backward(forward, right, **sizes).ok


@pytest.mark.parametrize("act", ["sigmoid", "relu", "softmax", "logSoftmax", "mish"])
def test_the_layers_own_derivation_passes(act):
    report = layer_derivation(get_act(act)).check()
    assert report.ok, str(report)


@pytest.mark.parametrize(
    ("act", "err"), [("softmax", "square"), ("softmax", "cross"), ("sigmoid", "binary")]
)
def test_the_output_layers_own_derivation_passes(act, err):
    out = OutputLayer(act=act, err_func=err)
    report = output_derivation(out.act, out.errfunc).check()
    assert report.ok, str(report)
