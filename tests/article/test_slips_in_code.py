"""The slips of the article's code: each fails the check, the right form passes.

The faulty forms are written out here as the article has them; "numerical" is always the
central difference of the loss.
"""

import warnings
from typing import Any

import numpy as np
import pytest

from derivo.article import BaseLayer, MiddleLayer, OutputLayer, get_act, get_errfunc
from derivo.errors import AssumptionWarning, OptionError, ShapeError, UsageError
from tests.article.reference import (
    agree,
    cross,
    numerical,
    one_hot,
    prepared,
    sigmoid,
    sigmoid_slope,
    softmax,
    square,
)  # fmt: skip


def test_handing_the_gradient_to_init_fails_and_to_backward_is_right():
    class Faulty(OutputLayer):
        def backward(self, t):
            wrong: Any = super().__init__
            return wrong(self.errfunc.backward(self.y, t))

    class Generic(OutputLayer):
        def backward(self, t):
            return BaseLayer.backward(self, self.errfunc.backward(self.y, t))

    options: Any = {"prev": 3, "n": 2, "act": "tanh", "rng": 0}
    faulty, generic, ours = (
        Faulty(**options),
        Generic(**options),
        OutputLayer(**options),
    )
    t = np.random.default_rng(1).normal(size=(5, 2))
    for layer in (faulty, generic, ours):
        x, _ = prepared(layer, 5)
    with pytest.raises(TypeError):
        faulty.backward(t)
    (exact,) = numerical(lambda x: square(np.tanh(x @ ours.w + ours.b), t), x)
    assert agree(generic.backward(t), exact)
    assert agree(ours.backward(t), exact)


def test_the_mangled_line_is_no_python_and_its_repair_is_right():
    with pytest.raises(SyntaxError):
        compile("dx = [email protected]", "article", "exec")
    layer = MiddleLayer(prev=3, n=4, act="sigmoid", rng=0)
    x, grad = prepared(layer, 5)
    dact = grad * sigmoid_slope(x @ layer.w + layer.b)
    (exact,) = numerical(lambda x: np.sum(grad * sigmoid(x @ layer.w + layer.b)), x)
    assert agree(dact @ layer.w.T, exact)
    assert agree(layer.backward(grad), exact)


def test_the_derivative_at_the_input_is_silently_wrong_and_at_the_sum_is_right():
    layer = MiddleLayer(prev=3, n=3, act="ReLU", rng=0)  # prev == n: the shapes fit
    x, grad = prepared(layer, 6)
    (exact,) = numerical(
        lambda w: np.sum(grad * np.maximum(x @ w + layer.b, 0)), layer.w
    )
    act = get_act("ReLU")
    assert not agree(x.T @ (grad * act.backward(x)), exact)
    assert agree(x.T @ (grad * act.backward(layer.u, layer.y)), exact)
    layer.backward(grad)
    assert agree(layer.dw, exact)
    with pytest.raises(UsageError, match="x must be the value before the activation"):
        act.backward(x, layer.y)


def test_the_derivative_at_the_input_does_not_even_fit_other_shapes():
    layer = MiddleLayer(prev=3, n=4, act="ReLU", rng=0)
    x, grad = prepared(layer, 6)
    with pytest.raises(ValueError, match="could not be broadcast"):
        grad * get_act("ReLU").backward(x)
    layer.backward(grad)
    assert layer.dw.shape == (3, 4)


def test_the_misspelt_loss_is_the_one_that_get_errfunc_knows():
    assert (
        get_errfunc("CrossEmtropy")
        == get_errfunc("CrossEntropy")
        == get_errfunc("cross")
    )


@pytest.mark.parametrize("name", ["softmax", "softmin", "logSoftmax"])
def test_the_diagonal_alone_is_wrong_and_the_whole_jacobian_is_right(name):
    act = get_act(name)
    layer = OutputLayer(prev=3, n=4, act=act, err_func="square", rng=0)
    x, _ = prepared(layer, 5)
    t = one_hot(5, 4)
    (exact,) = numerical(lambda u: square(act.activation.function(u), t), layer.u)
    grad = layer.y - t
    diagonals = {
        "softmax": layer.y * (1 - layer.y), "softmin": -layer.y * (1 - layer.y),
        "logSoftmax": 1 - np.exp(layer.y),
    }  # fmt: skip
    assert not agree(grad * diagonals[name], exact)
    assert agree(act.pull_back(grad, layer.u, layer.y), exact)
    with pytest.raises(UsageError, match=r"pull_back\(grad, x, y\)"):
        act.backward(layer.u, layer.y)
    layer.backward(t)
    assert agree(layer.dw, x.T @ exact)


def test_the_diagonal_with_cross_entropy_zeroes_every_class_but_the_true_one():
    u, t = np.random.default_rng(0).normal(size=(5, 4)), one_hot(5, 4)
    y, act, err = softmax(u), get_act("softmax"), get_errfunc("cross")
    faulty = err.backward(y, t) * y * (1 - y)
    assert not faulty[t == 0].any()
    (exact,) = numerical(lambda u: cross(softmax(u), t), u)
    assert exact[t == 0].all()
    assert not agree(faulty, exact)
    assert agree(act.pull_back(err.backward(y, t), u, y), exact)
    assert agree(y - t, exact)


@pytest.mark.parametrize(("act", "err"), [("softmax", "cross"), ("sigmoid", "binary")])
def test_the_short_way_and_the_general_way_agree(act, err):
    layer = OutputLayer(prev=3, n=4, act=act, err_func=err, rng=0)
    prepared(layer, 5)
    t = one_hot(5, 4)
    short = layer.backward(t), layer.dw, layer.db
    general = (
        BaseLayer.backward(layer, layer.errfunc.backward(layer.y, t)),
        layer.dw,
        layer.db,
    )
    for a, b in zip(short, general, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_y_minus_t_is_wrong_unless_the_target_sums_to_1():
    layer = OutputLayer(prev=3, n=4, act="softmax", err_func="cross", rng=0)
    x, _ = prepared(layer, 5)
    t = np.random.default_rng(1).uniform(size=(5, 4))
    (exact,) = numerical(lambda b: cross(softmax(x @ layer.w + b), t), layer.b)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)
        layer.backward(t)
    assert not agree((layer.y - t).sum(axis=0), exact)
    assert agree((layer.y * t.sum(axis=1, keepdims=True) - t).sum(axis=0), exact)
    assert agree(layer.db, exact)


def test_labels_broadcast_silently_in_the_article_and_are_refused_here():
    layer = OutputLayer(prev=3, n=4, act="softmax", err_func="cross", rng=0)
    prepared(layer, 4)
    labels = np.array([0, 2, 1, 3])
    assert (layer.y - labels).shape == (4, 4)  # no error: the wrong gradient
    with pytest.raises(ShapeError, match=r"one-hot rows by np\.eye\(4\)\[t\]"):
        layer.backward(labels)
    single = OutputLayer(prev=3, n=1, rng=0)
    prepared(single, 4)
    with pytest.raises(ShapeError, match=r"write t\[:, None\]"):
        single.backward(np.ones(4))


def test_the_general_way_breaks_at_a_saturated_sigmoid_and_the_derived_one_does_not():
    layer = OutputLayer(act="sigmoid", err_func="binary", wb_width=0)
    layer.w, layer.b = np.array([[1.0]]), np.array([0.0])
    y = layer.forward([[800.0]])
    assert y == 1
    with np.errstate(all="ignore"):
        faulty = (y - 0) / (y * (1 - y)) * (y * (1 - y))
    assert np.isnan(faulty)
    assert layer.backward([[0.0]]) == 1
    assert layer.get_error([[0.0]]) == 800


def test_only_the_output_layer_has_a_loss():
    assert not hasattr(MiddleLayer(), "errfunc")
    assert OutputLayer(err_func="cross").errfunc.loss.name == "cross_entropy"
    with pytest.raises(UsageError, match="did you mean 'square'"):
        MiddleLayer(err_func="sqare")


@pytest.mark.parametrize("kind", [BaseLayer, MiddleLayer, OutputLayer])
def test_a_misspelt_option_is_refused_with_the_nearest_name(kind):
    with pytest.raises(OptionError, match="did you mean 'wb_width'"):
        kind(wb_widht=0.05)
    with pytest.raises(TypeError):
        kind(units=3)


def test_the_width_scales_the_articles_draw_and_he_keeps_the_size_of_a_signal():
    wide, narrow = (
        MiddleLayer(prev=4, n=3, rng=7),
        MiddleLayer(prev=4, n=3, wb_width=0.05, rng=7),
    )
    rng = np.random.default_rng(7)
    np.testing.assert_array_equal(wide.w, rng.standard_normal((4, 3)))
    np.testing.assert_array_equal(wide.b, rng.standard_normal(3))
    np.testing.assert_allclose(narrow.w, 0.05 * wide.w)
    x = np.random.default_rng(0).normal(size=(200, 400))
    size = {}
    for width in (1, "he", 0.05):
        y = x
        for k in range(5):
            layer = MiddleLayer(prev=400, n=400, wb_width=width, act="relu", rng=k)
            y = layer.forward(y)
        size[width] = np.sqrt(np.mean(y**2))
    assert size[1] > 1e4  # explodes: 14 times a layer
    assert 0.5 < size["he"] < 2
    assert size[0.05] < 0.3  # fades: 0.7 times a layer


def test_one_row_needs_an_outer_product_that_the_article_does_not_form():
    layer = MiddleLayer(prev=3, n=3, act="sigmoid", rng=0)
    rng = np.random.default_rng(0)
    x, grad = rng.normal(size=3), rng.normal(size=3)
    layer.forward(x)
    layer.backward(grad)
    dact = grad * sigmoid_slope(x @ layer.w + layer.b)
    (exact,) = numerical(lambda w: np.sum(grad * sigmoid(x @ w + layer.b)), layer.w)
    assert np.ndim(x.T @ dact) == 0  # a number, where a matrix is needed
    assert agree(layer.dw, exact)
    assert layer.dx.shape == x.shape


def test_backward_before_forward_says_what_to_do():
    for layer, given in ((MiddleLayer(), 1.0), (OutputLayer(), 1.0)):
        with pytest.raises(UsageError, match=r"Instead: y = layer\.forward\(x\)"):
            layer.backward(given)
