"""`get_act` and `get_errfunc`: the article's methods on derived code."""

import warnings

import numpy as np
import pytest

from derivo.article import get_act, get_errfunc
from derivo.errors import IndependentWarning, ShapeError, UsageError
from derivo.layers.activations import ACTIVATIONS
from derivo.layers.losses import LOSSES
from tests.article.reference import agree, numerical

ELEMENTWISE = [n for n, a in ACTIVATIONS.items() if a.is_elementwise]
RNG = np.random.default_rng(0)
X = RNG.uniform(0.02, 0.48, (4, 3)) * RNG.choice([-1, 1, 3], (4, 3))  # off the kinks


def get(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)  # the step function
        act = get_act(name)
        act.derivation  # noqa: B018
    return act


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_backward_gives_the_derivative_of_each_element(name):
    act = get(name)
    y = act.forward(X)
    (exact,) = numerical(lambda x: np.sum(act.activation.function(x)), X)
    np.testing.assert_allclose(y, act.activation.function(X), rtol=1e-14)
    assert agree(act.backward(X, y), exact)
    assert agree(act.backward(X), exact)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_pull_back_multiplies_by_the_whole_jacobian(name):
    act, grad = get(name), np.random.default_rng(1).normal(size=X.shape)
    (exact,) = numerical(lambda x: np.sum(grad * act.activation.function(x)), X)
    assert agree(act.pull_back(grad, X, act.forward(X)), exact)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 2, 3)])
@pytest.mark.parametrize("name", ["tanh", "softmax"])
def test_any_number_of_axes_will_do(name, shape):
    act, x = get(name), np.random.default_rng(0).normal(size=shape)
    assert np.shape(act.forward(x)) == shape
    assert np.shape(act.pull_back(np.ones(shape), x)) == shape


def test_parameters_are_passed_on():
    assert get_act("leaky-relu", alpha=0.2).backward(-3.0) == 0.2
    assert get_act("threshold", threshold=1, value=5).forward(0.5) == 5


def test_the_same_activation_is_derived_once():
    assert get_act("elu", alpha=2).derivation is get_act("ELU", alpha=2).derivation
    assert get_act("elu", alpha=2).derivation is not get_act("elu").derivation


def test_a_y_of_something_else_is_refused():
    with pytest.raises(UsageError, match=r"y is not tanh\(x\)"):
        get_act("tanh").backward(X, X)
    with pytest.raises(ShapeError, match="grad has the shape"):
        get_act("tanh").pull_back(np.ones(3), X)


def probabilities():
    # Away from 0 and 1, where a central difference is no measure of a logarithm.
    rng = np.random.default_rng(0)
    return tuple(0.1 + 0.7 * rng.dirichlet(np.ones(3), 4) for _ in range(2))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("name", LOSSES)
def test_backward_is_the_gradient_of_error(name, reduction):
    err, (y, t) = get_errfunc(name, reduction), probabilities()
    (exact,) = numerical(lambda y: err.loss.bind(reduction)(y, t), y)
    assert agree(err.backward(y, t), exact)
    assert err.error(y, t) == pytest.approx(err.loss.bind(reduction)(y, t), rel=1e-14)


def test_the_three_losses_are_the_articles():
    y, t = probabilities()
    square, binary, cross = (get_errfunc(n) for n in ("square", "binary", "cross"))
    np.testing.assert_allclose(square.forward(y, t), (y - t) ** 2 / 2)
    np.testing.assert_allclose(square.backward(y, t), y - t)
    terms = -t * np.log(y) - (1 - t) * np.log(1 - y)
    np.testing.assert_allclose(binary.forward(y, t), terms)
    np.testing.assert_allclose(binary.backward(y, t), (y - t) / (y * (1 - y)))
    np.testing.assert_allclose(cross.forward(y, t), -t * np.log(y))
    np.testing.assert_allclose(cross.backward(y, t), -t / y)


def test_total_error_is_the_mean_over_all_elements():
    y, t = probabilities()
    assert get_errfunc("square").total_error(y, t) == pytest.approx(
        np.mean((y - t) ** 2) / 2
    )
    assert get_errfunc("square").error(y, t) == pytest.approx(np.sum((y - t) ** 2) / 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_probability_of_0_or_1_gives_the_limit_and_not_nan(dtype):
    y, t = np.array([[0, 1.0]], dtype), np.array([[0, 1.0]], dtype)
    for name in ("cross", "binary"):
        err = get_errfunc(name)
        np.testing.assert_allclose(err.forward(y, t), [[0, 0]], atol=1e-6)
        slopes = {"cross": [[0, -1]], "binary": [[1, -1]]}[name]
        np.testing.assert_allclose(err.backward(y, t), slopes, rtol=1e-6)
        assert np.isfinite(err.error(y, t[:, ::-1]))
        assert np.isfinite(err.backward(y, t[:, ::-1])).all()


def test_predictions_that_are_no_probabilities_are_refused():
    with pytest.raises(
        UsageError, match=r"between 0 and 1, but y goes from -0\.5 to 2"
    ):
        get_errfunc("binary").backward([[-0.5, 2]], [[0, 1]])


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"t has the shape \(2,\), but y has \(2, 3\)"):
        get_errfunc("square").forward(np.ones((2, 3)), np.ones(2))
