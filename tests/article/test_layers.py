"""The article's layers: scalar, matrix and batch, every activation, every wrong use."""

import ast
import warnings
from pathlib import Path

import numpy as np
import pytest

import derivo.article
from derivo.article import BaseLayer, MiddleLayer, OutputLayer, get_act, get_errfunc
from derivo.article.act import ActFunction
from derivo.errors import (
    DataError,
    DtypeError,
    IndependentWarning,
    ShapeError,
    UsageError,
)  # fmt: skip
from derivo.layers.activations import ACTIVATIONS, Activation
from derivo.layers.losses import LOSSES
from tests.article.reference import agree, numerical, one_hot, prepared, sigmoid_slope

LOGITS = [name for name in LOSSES if "logits" in name]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_gives_right_gradients_in_a_middle_layer(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)  # the step function
        layer = MiddleLayer(prev=3, n=4, act=name, rng=0)
        x, grad = prepared(layer, 5)
        layer.backward(grad)
    f = ACTIVATIONS[name].function
    exact = numerical(lambda x, w, b: np.sum(grad * f(x @ w + b)), x, layer.w, layer.b)
    assert all(map(agree, (layer.dx, layer.dw, layer.db), exact))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize(
    ("act", "err"),
    [
        ("softmax", "cross"), ("softmax", "square"), ("softmax", "binary"),
        ("sigmoid", "binary"), ("sigmoid", "square"), ("sigmoid", "cross"),
        ("identity", "square"), ("tanh", "mse"), ("mish", "squared_error"),
        ("identity", "cross_entropy_from_logits"),
        ("identity", "binary_cross_entropy_from_logits"),
    ],
)  # fmt: skip
def test_output_layers_give_the_gradient_of_their_loss(act, err, reduction):
    layer = OutputLayer(prev=3, n=4, act=act, err_func=err, reduction=reduction, rng=0)
    x, _ = prepared(layer, 5)
    t = one_hot(5, 4)
    f, loss = layer.act.activation.function, layer.errfunc.loss.bind(reduction)
    exact = numerical(lambda x, w, b: loss(f(x @ w + b), t), x, layer.w, layer.b)
    layer.backward(t)
    assert all(map(agree, (layer.dx, layer.dw, layer.db), exact))
    assert layer.get_error(t) == pytest.approx(loss(layer.y, t), rel=1e-12)


def test_a_batch_is_the_sum_of_its_rows_and_a_row_that_of_its_scalars():
    layer = MiddleLayer(prev=3, n=2, act="sigmoid", rng=0)
    x, grad = prepared(layer, 4)
    dx, dw, db, y = layer.backward(grad), layer.dw, layer.db, layer.y
    w, b = layer.w, layer.b
    sum_w, sum_b = np.zeros_like(w), np.zeros_like(b)
    for k in range(4):
        np.testing.assert_allclose(layer.forward(x[k]), y[k], rtol=1e-14)
        np.testing.assert_allclose(layer.backward(grad[k]), dx[k], rtol=1e-13)
        sum_w, sum_b = sum_w + layer.dw, sum_b + layer.db
        for i, j in np.ndindex(3, 2):  # the article's scalar formulas
            dact = grad[k, j] * sigmoid_slope(x[k] @ w[:, j] + b[j])
            assert layer.dw[i, j] == pytest.approx(dact * x[k, i], rel=1e-13)
            assert layer.db[j] == pytest.approx(dact, rel=1e-13)
    np.testing.assert_allclose(sum_w, dw, rtol=1e-13)
    np.testing.assert_allclose(sum_b, db, rtol=1e-13)


def test_the_scalar_layer_is_the_matrix_layer_of_size_1():
    layer = MiddleLayer(act="tanh", rng=0)
    as_matrix = layer.forward([[0.7]]), layer.backward([[1.3]]), layer.dw, layer.db
    as_row = layer.forward([0.7]), layer.backward([1.3]), layer.dw, layer.db
    layer.w, layer.b = layer.w.item(), layer.b.item()
    as_scalar = layer.forward(0.7), layer.backward(1.3), layer.dw, layer.db
    dact = 1.3 * (1 - np.tanh(0.7 * layer.w + layer.b) ** 2)
    expected = (np.tanh(0.7 * layer.w + layer.b), dact * layer.w, dact * 0.7, dact)
    assert as_scalar == pytest.approx(expected, rel=1e-14)
    assert all(np.ndim(v) == 0 for v in as_scalar)
    assert [v.shape for v in as_matrix] == [(1, 1), (1, 1), (1, 1), (1,)]
    assert [v.shape for v in as_row] == [(1,), (1,), (1, 1), (1,)]
    for a, r, s in zip(as_matrix, as_row, as_scalar, strict=True):
        assert a.item() == r.item() == s


def test_float32_stays_float32():
    layer = OutputLayer(prev=3, n=2, act="softmax", err_func="cross", rng=0)
    layer.w, layer.b = layer.w.astype(np.float32), layer.b.astype(np.float32)
    y = layer.forward(np.ones((4, 3), np.float32))
    dx = layer.backward(one_hot(4, 2).astype(np.float32))
    assert {v.dtype for v in (y, dx, layer.u, layer.dw, layer.db)} == {np.dtype("f4")}


def test_weights_are_drawn_from_the_seed():
    first, again, other = (MiddleLayer(prev=2, n=2, rng=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.w, again.w)
    assert not np.array_equal(first.w, other.w)
    shared = np.random.default_rng(5)
    np.testing.assert_array_equal(MiddleLayer(prev=2, n=2, rng=shared).w, first.w)


def short_forms(layer):
    """Give the lines of the emitted gradient that hold y - t."""
    text = layer.error_derivation.source
    return [line for line in text.splitlines() if "y - t" in line]


@pytest.mark.parametrize(("act", "err"), [("softmax", "cross"), ("sigmoid", "binary")])
def test_y_minus_t_is_what_the_derivation_gives(act, err):
    assert len(short_forms(OutputLayer(act=act, err_func=err))) == 1


def test_y_minus_t_is_derived_for_an_activation_under_any_name():
    def shares(z):
        powers = np.exp(z)
        return powers / powers.sum(axis=-1)[:, None]

    act = ActFunction(Activation(shares, is_elementwise=False))
    assert len(short_forms(OutputLayer(act=act, err_func="cross"))) == 1


def test_no_code_of_the_layers_speaks_of_a_particular_activation_or_loss():
    folder = Path(derivo.article.__file__).parent
    names = {"softmax", "cross_entropy", "crossentropy", "cross", "sigmoid", "binary"}
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value.lower() not in names, path
            if isinstance(node, ast.Name):
                assert node.id.lower() not in names, path


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: MiddleLayer(prev=0), UsageError, "prev=0"),
        (lambda: MiddleLayer(n=2.5), UsageError, "n=2.5"),  # type: ignore[arg-type]
        (lambda: MiddleLayer(act="Rellu"), UsageError, "did you mean 'relu'"),
        (lambda: OutputLayer(err_func="croos"), UsageError, "did you mean 'cross'"),
        (lambda: OutputLayer(reduction="none"), UsageError, '"sum" or "mean"'),
        (lambda: MiddleLayer(prev=3).forward(np.ones((5, 2))), ShapeError,
         r"x has the shape \(5, 2\).*takes 3 per row.*\(N, 3\)"),
        (lambda: MiddleLayer(prev=3).forward(np.ones((3, 5))), ShapeError, r"x\.T"),
        (lambda: MiddleLayer().forward(np.ones(5)), ShapeError, r"x\[:, None\]"),
        (lambda: MiddleLayer().forward([["a"]]), DtypeError, "real numbers"),
        (lambda: MiddleLayer().forward([[1j]]), DtypeError, "complex128 values"),
    ],
)  # fmt: skip
def test_wrong_use_says_what_to_write(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_gradient_or_weights_of_another_shape_are_refused():
    layer = MiddleLayer(prev=3, n=2, rng=0)
    x, _ = prepared(layer, 4)
    with pytest.raises(
        ShapeError, match=r"grad has the shape \(4, 3\), but y has \(4, 2\)"
    ):
        layer.backward(x)
    layer.w = layer.w.T
    with pytest.raises(
        ShapeError, match=r"w has the shape \(2, 3\), \(3, 2\) is needed"
    ):
        layer.forward(x)
    layer.w, layer.b = layer.w.T, np.ones(3)
    with pytest.raises(ShapeError, match=r"b has the shape \(3,\), \(2,\) is needed"):
        layer.forward(x)


def test_a_loss_that_cannot_take_the_result_says_so():
    layer = OutputLayer(prev=3, n=2, act="tanh", err_func="cross", rng=0)
    layer.b = np.array([-9, 9])
    prepared(layer, 4)
    with pytest.raises(UsageError, match=r'between 0 and inf.*act="softmax"'):
        layer.backward(one_hot(4, 2))
    dead = OutputLayer(prev=3, n=2, act="relu", err_func="cross", wb_width=0)
    prepared(dead, 4)
    with np.errstate(all="ignore"), pytest.raises(DataError, match="not finite"):
        dead.backward(one_hot(4, 2))


def test_names_and_options_are_shown():
    layer = BaseLayer(prev=3, n=2, name="Middle1", act="LReLU")
    assert (
        repr(layer) == "BaseLayer('Middle1', prev=3, n=2, act=leaky_relu(alpha=0.01))"
    )
    assert repr(get_errfunc("cross")) == "cross_entropy(reduction='sum')"
    assert repr(get_act("elu", alpha=2)) == "elu(alpha=2)"


@pytest.mark.peers
@pytest.mark.parametrize("act", ["softmax", "sigmoid", "relu", "mish", "leaky_relu"])
def test_a_network_agrees_with_torch(act):
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    peer = {"softmax": lambda u: f.softmax(u, -1)}.get(act) or getattr(f, act)
    hidden = MiddleLayer(prev=3, n=5, act=act, rng=0)
    out = OutputLayer(prev=5, n=4, act="softmax", err_func="cross", rng=1)
    x, t = np.random.default_rng(2).normal(size=(6, 3)), one_hot(6, 4)
    out.forward(hidden.forward(x))
    hidden.backward(out.backward(t))
    arrays = (x, hidden.w, hidden.b, out.w, out.b)
    px, w1, b1, w2, b2 = (torch.tensor(a, requires_grad=True) for a in arrays)
    logits = peer(px @ w1 + b1) @ w2 + b2
    (-torch.tensor(t) * f.log_softmax(logits, -1)).sum().backward()
    ours = (hidden.dx, hidden.dw, hidden.db, out.dw, out.db)
    for a, b in zip(ours, (px, w1, b1, w2, b2), strict=True):
        np.testing.assert_allclose(a, b.grad.numpy(), rtol=1e-10, atol=1e-12)
