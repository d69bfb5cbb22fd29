"""Worked examples that others printed, to every digit that they printed."""

import numpy as np
import pytest

import derivo
from derivo.article import MiddleLayer, OutputLayer


def printed(text):
    """Read a printed number: its value, and half a unit of its last digit."""
    digits = len(text.partition(".")[2])
    return pytest.approx(float(text), abs=0.5 * 10.0**-digits, rel=0)


def mazur():
    """Give Mazur's network: A Step by Step Backpropagation Example (2015)."""
    hidden = MiddleLayer(prev=2, n=2, act="sigmoid")
    out = OutputLayer(prev=2, n=2, act="sigmoid", err_func="square")
    hidden.w = np.array([[0.15, 0.25], [0.20, 0.30]])  # w1 w3, w2 w4: inputs by row
    out.w = np.array([[0.40, 0.50], [0.45, 0.55]])  # w5 w7, w6 w8
    hidden.b, out.b = np.full(2, 0.35), np.full(2, 0.60)
    return hidden, out


def test_mazurs_network_makes_the_step_that_he_printed():
    hidden, out = mazur()
    x, t = np.array([0.05, 0.10]), np.array([0.01, 0.99])
    out.forward(hidden.forward(x))
    assert out.get_error(t) == printed("0.298371109")
    hidden.backward(out.backward(t))
    out.w -= 0.5 * out.dw  # the biases stay, as in the post
    hidden.w -= 0.5 * hidden.dw
    w5, w6, w7, w8 = out.w.T.ravel()
    assert w5 == printed("0.35891648")
    assert w6 == printed("0.408666186")
    assert w7 == printed("0.511301270")
    assert w8 == printed("0.561370121")
    w1, w2, w3, w4 = hidden.w.T.ravel()
    assert w1 == printed("0.149780716")
    assert w2 == printed("0.19956143")
    assert w3 == printed("0.24975114")
    assert w4 == printed("0.29950229")
    out.forward(hidden.forward(x))
    # The last digits that he printed are off by 1.5e-7.
    assert out.get_error(t) == pytest.approx(0.291027924, abs=1e-6)


def test_mazurs_gradients_come_out_of_derive_in_one_piece():
    def network(x, w1, w2, b1, b2, t):
        h = 1 / (1 + np.exp(-(x @ w1 + b1)))
        y = 1 / (1 + np.exp(-(h @ w2 + b2)))
        return np.sum((t - y) ** 2) / 2

    hidden, out = mazur()
    x, t = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    d = derivo.derive(
        network, x="N L", w1="L H", w2="H M", b1="H", b2="M", t="N M", wrt=("w1", "w2")
    )
    error, g = d.value_and_gradients(
        x=x, w1=hidden.w, w2=out.w, b1=hidden.b, b2=out.b, t=t
    )
    assert error == printed("0.298371109")
    assert (out.w - 0.5 * g["w2"])[0, 0] == printed("0.35891648")
    assert (hidden.w - 0.5 * g["w1"])[0, 0] == printed("0.149780716")


def test_the_neuron_of_cs231n():
    """Stanford CS231n, notes on backpropagation: f = 1 / (1 + exp(-(w x + b)))."""
    neuron = MiddleLayer(prev=2, n=1, act="sigmoid")
    neuron.w, neuron.b = np.array([[2.0], [-3.0]]), np.array([-3.0])
    (y,) = neuron.forward([-1.0, -2.0])
    assert y == printed("0.73")
    neuron.backward([1.0])
    assert neuron.dw[0, 0] == printed("-0.20")
    assert neuron.dw[1, 0] == printed("-0.39")
    assert neuron.db[0] == printed("0.20")
    assert neuron.dx[0] == printed("0.39")
    assert neuron.dx[1] == printed("-0.59")


def test_the_first_example_of_cs231n():
    d = derivo.derive(lambda x, y, z: (x + y) * z, x="", y="", z="")
    f, g = d.value_and_gradients(x=-2, y=5, z=-4)
    assert f == -12
    assert g == {"x": -4, "y": -4, "z": 3}
