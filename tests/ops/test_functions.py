"""`derivo.ops`: functions that NumPy lacks, on arrays and in derivations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec, ops
from derivo.errors import DtypeError, UsageError
from tests.ops.spelled import (
    SIZES,
    Spelling,
    compare,
    distinct,
    positive,
    stays_narrow,
    unit,
)

special = pytest.importorskip("scipy.special")
KEY = Spec("2", "int")

TABLE = {
    "sigmoid": Spelling(ops.sigmoid, {"x": "N M"}),
    "expit": Spelling(lambda x: ops.expit(x), {"x": "N M"}),
    "softplus": Spelling(ops.softplus, {"x": "N M"}),
    "log_sigmoid": Spelling(ops.log_sigmoid, {"x": "N M"}),
    "logit": Spelling(ops.logit, {"x": "N M"}, {"x": unit}),
    "relu": Spelling(ops.relu, {"x": "N M"}, {"x": distinct}),
    "leaky_relu": Spelling(
        lambda x: ops.leaky_relu(x, 0.2), {"x": "N M"}, {"x": distinct}
    ),
    "silu": Spelling(ops.silu, {"x": "N M"}),
    "gelu": Spelling(lambda x: ops.gelu(x), {"x": "N M"}),
    "gelu by tanh": Spelling(lambda x: ops.gelu(x, approximate=True), {"x": "N M"}),
    "softmax": Spelling(ops.softmax, {"x": "N M"}),
    "softmax axis 0": Spelling(lambda x: ops.softmax(x, axis=0), {"x": "N M"}),
    "softmax of all": Spelling(lambda x: ops.softmax(x, axis=None), {"x": "N M"}),
    "softmax two axes": Spelling(lambda x: ops.softmax(x, axis=(0, 2)), {"x": "N M K"}),
    "log_softmax": Spelling(lambda x: ops.log_softmax(x), {"x": "N M"}),
    "logsumexp": Spelling(lambda x: ops.logsumexp(x), {"x": "N M"}),
    "logsumexp axis": Spelling(lambda x: ops.logsumexp(x, axis=-1), {"x": "N M"}),
    "logsumexp keepdims": Spelling(
        lambda x: x - ops.logsumexp(x, axis=0, keepdims=True), {"x": "N M"}
    ),
    "logsumexp of a vector": Spelling(
        lambda x: ops.logsumexp(x, axis=0) + ops.softmax(x), {"x": "M"}
    ),
    "logsumexp outer axes": Spelling(
        lambda x: ops.logsumexp(x, axis=(0, 2)), {"x": "N M K"}
    ),
    "logaddexp.reduce": Spelling(
        lambda x: np.logaddexp.reduce(x) + np.logaddexp.reduce(x, axis=1).sum(),
        {"x": "N M"},
    ),
    "erf": Spelling(lambda x: ops.erf(x), {"x": "N M"}),
    "erfc": Spelling(lambda x: ops.erfc(x), {"x": "N M"}),
    "gammaln": Spelling(lambda x: ops.gammaln(x), {"x": "N M"}, {"x": positive}),
    "digamma": Spelling(lambda x: ops.digamma(x), {"x": "N M"}, {"x": positive}),
    "xlogy": Spelling(
        lambda x, y: ops.xlogy(x, y),
        {"x": "N M", "y": "M"},
        {"y": positive, "x": positive},
    ),
    "scipy ufuncs": Spelling(
        lambda x: (
            special.expit(x)
            + special.erf(x) * special.erfc(x)
            + special.log_expit(x)
            + special.ndtr(x)
        ),
        {"x": "N M"},
    ),
    "scipy gamma family": Spelling(
        lambda x: (
            special.gammaln(x)
            + special.psi(x) * special.digamma(x)
            + special.gamma(x)
            + special.betaln(x, 2.0)
            + special.polygamma(1, 3.0)
        ),
        {"x": "N M"},
        {"x": positive},
    ),
    "scipy entropies": Spelling(
        lambda x, y: (
            special.xlogy(x, y)
            + special.xlog1py(x, y)
            + special.entr(x)
            + special.rel_entr(x, y)
            + special.kl_div(x, y)
            + special.logit(x)
        ),
        {"x": "N M", "y": "M"},
        {"x": unit, "y": unit},
    ),
    "scipy softmax": Spelling(
        lambda x: (
            special.softmax(x, axis=1)
            + special.log_softmax(x, axis=-1)
            + special.softmax(x)
            + special.logsumexp(x)
            + special.logsumexp(x, axis=1, keepdims=True)
        ),
        {"x": "N M"},
    ),
}
CASES = pytest.mark.parametrize("name", TABLE)


@CASES
@pytest.mark.parametrize("sizes", SIZES, ids=("usual", "ones"))
def test_a_function_agrees_with_its_differences(
    name: str, sizes: dict[str, int]
) -> None:
    compare(TABLE[name], sizes)


@CASES
def test_its_plain_chain_rule_agrees_too(name: str) -> None:
    compare(TABLE[name], SIZES[0], simplify=False, stabilize=False)


@CASES
def test_a_function_keeps_float32(name: str) -> None:
    stays_narrow(TABLE[name])


@pytest.mark.parametrize(
    "name",
    [
        "expit",
        "logit",
        "softmax",
        "log_softmax",
        "logsumexp",
        "erf",
        "erfc",
        "gammaln",
        "digamma",
    ],
)
def test_a_function_agrees_with_scipy_on_lists_numbers_and_arrays(name: str) -> None:
    ours, theirs = getattr(ops, name), getattr(special, name)
    x = np.random.default_rng(0).uniform(0.05, 0.95, (3, 4))
    options = {} if name not in ("softmax", "log_softmax") else {"axis": -1}
    np.testing.assert_allclose(theirs(x, **options), ours(x), rtol=1e-13)
    np.testing.assert_allclose(
        theirs(x.tolist(), **options), ours(x.tolist()), rtol=1e-13
    )
    if "soft" not in name:
        assert theirs(0.25) == pytest.approx(ours(0.25), rel=1e-13)


@pytest.mark.parametrize("scale", [1000.0, -1000.0])
def test_large_logits_do_not_overflow_in_float32(scale: float) -> None:
    x = np.array([[0, 1, -1]], np.float32) * np.float32(scale)
    with np.errstate(all="raise", under="ignore", over="ignore"):
        for function in (
            ops.softmax,
            ops.log_softmax,
            ops.logsumexp,
            ops.softplus,
            ops.sigmoid,
        ):
            y = function(x)
            assert y.dtype == np.float32
            assert np.all(np.isfinite(y))


mpmath = pytest.importorskip("mpmath")


def reference(name: str, x: Any) -> Any:
    """Compute in 40 digits."""
    functions = {
        "erf": mpmath.erf,
        "erfc": mpmath.erfc,
        "digamma": mpmath.digamma,
        "gammaln": lambda v: mpmath.log(abs(mpmath.gamma(v))),
        "trigamma": lambda v: mpmath.psi(1, v),
    }
    with mpmath.workdps(40):
        return np.array([float(functions[name](mpmath.mpf(float(v)))) for v in x])


# Largest error allowed, relative to the value or, where it is smaller, to 1. Negative
# arguments of the gamma family lie between poles, where rounding `x` alone costs more.
@pytest.mark.parametrize(
    ("name", "low", "high", "tolerance"),
    [
        ("erf", -6, 6, 7e-16),
        ("erf", -0.01, 0.01, 4e-18),
        ("erfc", -6, 6, 7e-16),
        ("gammaln", 0.01, 40, 6e-15),
        ("gammaln", 40, 1e5, 1e-15),
        ("gammaln", -10, 0, 1e-14),
        ("digamma", 0.01, 100, 1e-15),
        ("digamma", -10, 0, 1e-14),
        ("trigamma", 0.01, 100, 1e-15),
        ("trigamma", -10, 0, 1e-14),
    ],
)
def test_special_functions_agree_with_mpmath(
    name: str, low: float, high: float, tolerance: float
) -> None:
    x = np.random.default_rng(0).uniform(low, high, 500)
    compute = ops.CATALOGUE[name].compute
    expected = reference(name, x)
    error = np.abs(expected - compute(x)) / np.maximum(1, np.abs(expected))
    assert error.max() <= tolerance


def test_erfc_is_right_to_the_last_digits_where_it_is_tiny() -> None:
    x = np.random.default_rng(1).uniform(0, 26, 500)
    np.testing.assert_allclose(reference("erfc", x), ops.erfc(x), rtol=1e-15, atol=0)
    y = np.random.default_rng(2).uniform(-1e-8, 1e-8, 50)
    np.testing.assert_allclose(reference("erf", y), ops.erf(y), rtol=1e-15, atol=0)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_special_functions_at_their_ends(name: str) -> None:
    x = np.array([-np.inf, -40, 0, 40, np.inf, np.nan])
    np.testing.assert_allclose(
        getattr(special, name)(x), getattr(ops, name)(x), rtol=3e-16
    )


def test_the_source_of_gelu_needs_numpy_alone(tmp_path: Any) -> None:
    d = derivo.derive(lambda x: ops.gelu(x), x="N M")
    assert "def erf(x):" in d.source
    assert "import numpy as np" in d.source
    assert d.source.count("import") == 1
    module = derivo.load(d.save(tmp_path / "gelu.py"))
    x = np.random.default_rng(0).normal(size=(2, 3))
    np.testing.assert_array_equal(d(x=x), module.function(x)[0])


def test_a_function_may_not_be_called_like_a_helper_of_its_source() -> None:
    def erf(x: Any) -> Any:
        return ops.erf(x)

    with pytest.raises(UsageError, match="called erf; give yours another name"):
        _ = derivo.derive(erf, x="N").source


# --- products with zeros -------------------------------------------------------------


@pytest.mark.parametrize("zeros", [0, 1, 2, 4])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["prod", "cumprod"])
def test_products_are_right_where_factors_are_zero(
    name: str, axis: int | None, zeros: int
) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4))
    x.ravel()[[1, 9, 5, 6][:zeros]] = 0
    function = getattr(np, name)
    d = derivo.derive(lambda x: function(x, axis=axis), x="N M")
    u = np.random.default_rng(1).normal(size=np.shape(function(x, axis=axis)))
    gradient = d.gradients(u, x=x)["x"]
    for place in np.ndindex(x.shape):
        step = np.zeros(x.shape, complex)
        step[place] = 1e-20j
        expected = np.sum(u * function(x + step, axis=axis)).imag / 1e-20
        assert expected == pytest.approx(gradient[place], rel=1e-12, abs=1e-14)


# --- randomness ----------------------------------------------------------------------


def noisy(x: Any, key: Any) -> Any:
    return ops.dropout(x, key, 0.25) + 0.1 * ops.normal(key, x.shape)


def test_equal_keys_draw_equal_numbers_and_others_do_not() -> None:
    first = ops.uniform((7, 0), (1000,))
    np.testing.assert_array_equal(first, ops.draw(np.array([7, 0]), (1000,)))
    assert not np.any(first == ops.uniform((7, 1), (1000,)))
    assert not np.any(first == ops.uniform((8, 0), (1000,)))
    assert first.min() >= 0
    assert first.max() < 1
    assert first.mean() == pytest.approx(0.5, abs=0.03)


def test_a_draw_is_numpys_own_philox() -> None:
    expected = np.random.Generator(np.random.Philox(key=np.array([3, 5]))).random(
        (2, 3)
    )
    np.testing.assert_array_equal(expected, ops.uniform((3, 5), (2, 3)))


def test_dropout_passes_gradients_where_it_passes_values() -> None:
    d = derivo.derive(lambda x, key: ops.dropout(x, key, 0.25), x="N M", key=KEY)
    x, key = np.ones((50, 40)), np.array([1, 2])
    y, gradients = d.value_and_gradients(x=x, key=key)
    assert set(gradients) == {"x"}
    np.testing.assert_array_equal(y, gradients["x"])
    assert set(np.unique(y)) == {0, 1 / 0.75}
    assert np.mean(y == 0) == pytest.approx(0.25, abs=0.03)


def test_float32_and_float64_draw_the_same_mask() -> None:
    d = derivo.derive(noisy, x="N M", key=KEY)
    x, key = np.random.default_rng(0).normal(size=(20, 30)), np.array([1, 2])
    wide, narrow = (
        d.gradients(x=x, key=key)["x"],
        d.gradients(x=x.astype(np.float32), key=key)["x"],
    )
    assert narrow.dtype == np.float32
    np.testing.assert_array_equal(wide == 0, narrow == 0)


def test_a_key_may_be_put_together_from_seed_and_counter() -> None:
    step = Spec("", "int")
    d = derivo.derive(
        lambda x, step: ops.dropout(x, (11, step), 0.5), x="N M", step=step
    )
    x = np.ones((4, 5))
    for i in (0, 1):
        np.testing.assert_array_equal(ops.dropout(x, (11, i), 0.5), d(x=x, step=i))


def test_a_key_of_floats_is_refused() -> None:
    with pytest.raises(DtypeError, match="key of random numbers holds integers"):
        derivo.derive(lambda x, key: ops.dropout(x, key, 0.5), x="N M", key="2")
