"""Every loss and its derived gradient against the book's formula in mpmath."""

import numpy as np
import pytest
from mpmath import mp, mpf

import derivo
from derivo.errors import ShapeError, UsageError
from derivo.layers.losses import LOSSES, find_loss


def _binary(y, t):
    return -t * mp.log(y) - (1 - t) * mp.log(1 - y)


# A loss of one row, from mpmath numbers: independent of the package.
ROW = {
    "square": lambda y, t: sum((a - b) ** 2 for a, b in zip(y, t, strict=True)) / 2,
    "squared_error": lambda y, t: sum((a - b) ** 2 for a, b in zip(y, t, strict=True)),
    "mean_squared_error": lambda y, t: sum(
        (a - b) ** 2 for a, b in zip(y, t, strict=True)
    ),
    "binary_cross_entropy": lambda y, t: sum(map(_binary, y, t)),
    "binary_cross_entropy_from_logits": lambda z, t: sum(
        _binary(1 / (1 + mp.exp(-a)), b) for a, b in zip(z, t, strict=True)
    ),
    "cross_entropy": lambda y, t: (
        -sum(b * mp.log(a) for a, b in zip(y, t, strict=True))
    ),
    "cross_entropy_from_logits": lambda z, t: (
        -sum(
            b * (a - mp.log(sum(mp.exp(v) for v in z)))
            for a, b in zip(z, t, strict=True)
        )
    ),
}


def data(name):
    rng = np.random.default_rng(0)
    y = (
        rng.dirichlet(np.ones(3), 5)
        if "logits" not in name
        else rng.normal(size=(5, 3)) * 4
    )
    return y, rng.dirichlet(np.ones(3), 5)


def exact(name, y, t, reduction):
    """Loss and gradient at 60 digits."""
    scale = {"sum": 1, "mean": mpf(1) / len(y)}[reduction]
    if name == "mean_squared_error" and reduction == "mean":
        scale = mpf(1) / y.size
    value, slopes = mpf(0), np.empty(y.shape)
    with mp.workdps(60):
        for i, (row, target) in enumerate(zip(y, t, strict=True)):
            goal = [mpf(v) for v in target]
            point = tuple(mpf(v) for v in row)
            value += ROW[name](point, goal)
            for k in range(len(row)):
                order = tuple(int(j == k) for j in range(len(row)))
                slope = mp.diff(lambda *p, g=goal: ROW[name](p, g), point, order)
                slopes[i, k] = float(scale * slope)
    return float(scale * value), slopes


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_derived_gradient_equal_the_books_formula(name, reduction):
    y, t = data(name)
    function = find_loss(name).bind(reduction)
    d = derivo.derive(function, y="N M", t="N M", wrt="y")
    value, g = d.value_and_gradients(y=y, t=t)
    expected, slopes = exact(name, y, t, reduction)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(g["y"], slopes, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_no_reduction_gives_terms_that_add_up_to_the_sum(name):
    y, t = data(name)
    terms = find_loss(name).function(y, t, reduction="none")
    assert terms.shape == y.shape
    assert terms.sum() == pytest.approx(exact(name, y, t, "sum")[0], rel=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_of_logits_survive_1000(dtype):
    z = np.array([[1000, -1000, 0], [-1000, -1000, 1000]], dtype)
    t = np.array([[0, 1, 0], [0, 0, 1]], dtype)
    loss = find_loss("cross_entropy_from_logits").bind("sum")
    d = derivo.derive(loss, y="N C", t="N C", wrt="y")
    value, g = d.value_and_gradients(y=z, t=t)
    assert value == 2000
    np.testing.assert_array_equal(g["y"], [[1, -1, 0], [0, 0, 0]])
    loss = find_loss("binary_cross_entropy_from_logits").bind("sum")
    d = derivo.derive(loss, y="N C", t="N C", wrt="y")
    value, g = d.value_and_gradients(y=z, t=t)
    assert value == pytest.approx(2000 + np.log(2), rel=1e-6)
    np.testing.assert_allclose(g["y"], [[1, -1, 0.5], [0, 0, 0.0]], atol=1e-7)
    assert g["y"].dtype == dtype


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("cross", "cross_entropy"), ("CrossEntropy", "cross_entropy"),
        ("CROSS-ENTROPY", "cross_entropy"), ("CrossEmtropy", "cross_entropy"),
        ("Square", "square"), ("Binary", "binary_cross_entropy"),
        ("mse", "mean_squared_error"), ("squared error", "squared_error"),
    ],
)  # fmt: skip
def test_names_are_found_in_any_case_and_punctuation(spelling, name):
    assert find_loss(spelling).name == name


def test_an_unknown_name_lists_those_that_look_like_it():
    with pytest.raises(UsageError, match="did you mean 'square'"):
        find_loss("sqare")


def test_an_unknown_reduction_is_refused():
    with pytest.raises(
        UsageError, match="not the name of a reduction; did you mean 'mean'"
    ):
        find_loss("square").bind("meen")


@pytest.mark.parametrize("name", LOSSES)
def test_shapes_that_would_broadcast_are_refused(name):
    with pytest.raises(ShapeError, match=r"\(5, 1\) and target \(5,\) differ in shape"):
        find_loss(name).function(np.full((5, 1), 0.5), np.full(5, 0.5))
    with pytest.raises(
        ShapeError, match=r"prediction \(N, M\) and target \(N,\) differ"
    ):
        derivo.derive(find_loss(name).bind("sum"), y="N M", t="N")
