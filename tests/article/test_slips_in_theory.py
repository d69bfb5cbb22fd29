"""The slips of the article's formulas: each fails the numerical check, ours passes.

The two-neuron layer has the article's names: m = w11 x1 + w21 x2 + b1 goes into y1,
q = w12 x1 + w22 x2 + b2 into y2; s1 and s2 are the sigmoid, E is the upstream error.
"""

import numpy as np
import pytest

from derivo.article import MiddleLayer, OutputLayer, get_act
from tests.article.reference import (
    agree,
    numerical,
    prepared,
    sigmoid,
    sigmoid_slope,
    square,
)  # fmt: skip


def two_neurons(n_rows=1):
    layer = MiddleLayer(prev=2, n=2, act="sigmoid", rng=3)
    x, error = prepared(layer, n_rows)
    return layer, x, error


def gradients(layer, x, error):
    """Give dX, dW, dB of sum(E y) by central differences."""
    return numerical(
        lambda x, w, b: np.sum(error * sigmoid(x @ w + b)), x, layer.w, layer.b
    )


def test_the_fourth_line_of_dw_belongs_to_w22_not_to_w12():
    layer, x, _ = two_neurons()
    _, dw, _ = gradients(layer, x, np.array([[0.0, 1.0]]))  # y2 alone
    claimed = sigmoid_slope(layer.u[0, 1]) * x[0, 1]  # s2'(q) x2
    assert not agree(claimed, dw[0, 1])
    assert agree(claimed, dw[1, 1])
    layer.backward([[0, 1]])
    assert agree(layer.dw, dw)


def test_the_derivative_for_b2_is_taken_at_q_not_at_m():
    layer, x, _ = two_neurons()
    _, _, db = gradients(layer, x, np.array([[0.0, 1.0]]))
    m, q = layer.u[0]
    assert not agree(sigmoid_slope(m), db[1])
    assert agree(sigmoid_slope(q), db[1])
    layer.backward([[0, 1]])
    assert agree(layer.db, db)


def test_the_error_multiplies_the_slope_first_not_the_results():
    layer, x, error = two_neurons(n_rows=2)  # N = L = M: only then do the shapes fit
    slope = sigmoid_slope(layer.u)
    dx, dw, db = gradients(layer, x, error)
    assert not agree(error * (x.T @ slope), dw)
    assert not agree(error * (slope @ layer.w.T), dx)
    d = error * slope
    assert agree(x.T @ d, dw)
    assert agree(d @ layer.w.T, dx)
    assert agree(layer.backward(error), dx)
    assert agree(layer.dw, dw)
    assert agree(layer.db, db)


def test_the_error_does_not_even_fit_the_results_of_other_shapes():
    layer = MiddleLayer(prev=3, n=2, act="sigmoid", rng=0)
    x, error = prepared(layer, 5)
    with pytest.raises(ValueError, match="could not be broadcast"):
        error * (x.T @ sigmoid_slope(layer.u))
    exact = gradients(layer, x, error)
    found = layer.backward(error), layer.dw, layer.db
    assert all(map(agree, found, exact))


def test_the_plain_sum_of_derivatives_for_x_holds_for_an_error_of_ones_only():
    layer, x, error = two_neurons()
    slope = sigmoid_slope(layer.u[0])
    plain = slope[0] * layer.w[0, 0] + slope[1] * layer.w[0, 1]
    ones, _, _ = gradients(layer, x, np.ones((1, 2)))
    exact, _, _ = gradients(layer, x, error)
    assert agree(plain, ones[0, 0])
    assert not agree(plain, exact[0, 0])
    weighted = (
        error[0, 0] * slope[0] * layer.w[0, 0] + error[0, 1] * slope[1] * layer.w[0, 1]
    )
    assert agree(weighted, exact[0, 0])
    assert agree(layer.backward(error), exact)


def test_the_slope_itself_does_not_have_the_shape_of_the_bias():
    layer, x, _ = two_neurons(n_rows=4)
    _, _, db = gradients(layer, x, np.ones((4, 2)))
    slope = sigmoid_slope(layer.u)
    assert not agree(slope, db)  # (4, 2) where (2,) is needed
    assert agree(slope.sum(axis=0), db)
    layer.backward(np.ones((4, 2)))
    assert agree(layer.db, db)


def test_a_sum_without_axis_is_silently_wrong():
    layer, x, error = two_neurons(n_rows=4)
    _, _, db = gradients(layer, x, error)
    d = error * sigmoid_slope(layer.u)
    assert (layer.b - 0.1 * np.sum(d)).shape == layer.b.shape  # no error anywhere
    assert not agree(np.broadcast_to(np.sum(d), 2), db)
    assert agree(np.sum(d, axis=0), db)
    layer.backward(error)
    assert agree(layer.db, db)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_gradients_are_those_of_the_sum_or_of_the_mean_as_asked(reduction):
    layer = OutputLayer(prev=3, n=2, act="sigmoid", reduction=reduction, rng=0)
    x, t = prepared(layer, 5)
    of_sum, of_mean = (
        numerical(lambda w, n=n: square(sigmoid(x @ w + layer.b), t) / n, layer.w)[0]
        for n in (1, 5)
    )
    layer.backward(t)
    assert agree(layer.dw, of_sum) == (reduction == "sum")
    assert agree(layer.dw, of_mean) == (reduction == "mean")


@pytest.mark.parametrize(("reduction", "growth"), [("sum", 3), ("mean", 1)])
def test_a_repeated_batch_multiplies_the_sum_and_leaves_the_mean(reduction, growth):
    layer = OutputLayer(prev=3, n=2, act="tanh", reduction=reduction, rng=0)
    x, t = prepared(layer, 4)
    layer.backward(t)
    once = layer.dw, layer.db
    layer.forward(np.tile(x, (3, 1)))
    layer.backward(np.tile(t, (3, 1)))
    np.testing.assert_allclose(layer.dw, growth * once[0], rtol=1e-12)
    np.testing.assert_allclose(layer.db, growth * once[1], rtol=1e-12)


def test_the_sum_is_the_default():
    assert OutputLayer().errfunc.reduction == "sum"


def test_the_bias_may_have_the_shape_of_the_theory_or_of_the_code():
    layer, x, error = two_neurons(n_rows=3)
    layer.backward(error)
    of_code, y = layer.db, layer.y
    layer.b = layer.b.reshape(1, 2)
    np.testing.assert_array_equal(y, layer.forward(x))
    layer.backward(error)
    assert layer.db.shape == (1, 2)
    np.testing.assert_array_equal(of_code, layer.db[0])


def test_the_derivative_of_relu_at_0_is_0():
    assert get_act("ReLU").backward(0.0) == 0
    layer = MiddleLayer(wb_width=0)
    layer.forward([[1.0]])  # u = 0
    layer.backward([[1.0]])
    assert layer.db == 0
