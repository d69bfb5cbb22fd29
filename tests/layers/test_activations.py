"""Every activation and its derived gradient against the paper's formula in mpmath."""

import re
import warnings
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

import derivo
from derivo.errors import IndependentWarning, UsageError
from derivo.layers.activations import ACTIVATIONS, find_activation
from tests.layers.formulas import ELEMENTWISE, ROWWISE, WITH_PARAMETERS

# Off the kinks, which lie at multiples of 1/2; then where exp overflows.
GRID = np.concatenate(
    [np.linspace(-10, 10, 81) + 0.0137, [-1000, -710, -100, -30, 30, 100, 710, 1000]]
)


def derived(name, parameters=None):
    activation = find_activation(name)
    shape = "N" if activation.is_elementwise else "N M"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)  # the step function
        return derivo.derive(activation.bind(**(parameters or {})), x=shape)


CASES: list[Any] = [(name, {}, f) for name, f in ELEMENTWISE.items()] + WITH_PARAMETERS


def test_every_activation_of_the_article_is_there():
    article = """step, identity, bentIdentity, hardShrink, softShrink, threshold,
        sigmoid, hardSigmoid, logSigmoid, tanh, tanhShrink, hardtanh, ReLU, ReLU6,
        leakyReLU, lReLU, ELU, SELU, CELU, softmax, softmin, logSoftmax, softplus,
        softsign, Swish, Mish, tanhExp, hardSwish, ACON"""
    names = re.split(r",\s+", article)
    assert len(names) == 29
    assert len({find_activation(n).name for n in names}) == 28  # lReLU is leakyReLU
    assert set(ACTIVATIONS) == set(ELEMENTWISE) | set(ROWWISE)


@pytest.mark.parametrize(("name", "parameters", "formula"), CASES)
def test_value_and_derived_gradient_equal_the_papers_formula(name, parameters, formula):
    d = derived(name, parameters)
    y, g = d.value_and_gradients(x=GRID)
    expected = np.array([float(formula(mpf(x))) for x in GRID])
    slope = np.array([float(mp.diff(formula, mpf(x))) for x in GRID])
    np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(g["x"], slope, rtol=1e-13, atol=3e-15)


@pytest.mark.parametrize("name", ROWWISE)
def test_rowwise_value_and_gradient_equal_the_formula(name):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(6, 4)) * 3, [[1000, -1000, 0, 999]]])
    upstream = rng.normal(size=x.shape)
    y, g = derived(name).value_and_gradients(upstream, x=x)
    for row, up, y_row, g_row in zip(x, upstream, y, g["x"], strict=True):
        exact = ROWWISE[name]([mpf(v) for v in row])
        np.testing.assert_allclose(
            y_row, [float(v) for v in exact], rtol=1e-13, atol=1e-15
        )

        def total(*values, up=up):
            return sum(
                mpf(u) * v for u, v in zip(up, ROWWISE[name](values), strict=True)
            )

        point = tuple(mpf(v) for v in row)
        for k in range(4):
            order = tuple(int(j == k) for j in range(4))
            slope = float(mp.diff(total, point, order))
            assert g_row[k] == pytest.approx(slope, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_float32_stays_float32_and_finite_at_1000(name):
    x = np.array([[-1000, -88, -20, -1], [1, 20, 89, 1000]], np.float32)
    x = x if not find_activation(name).is_elementwise else x.ravel()
    y, g = derived(name).value_and_gradients(x=x)
    assert y.dtype == g["x"].dtype == np.float32
    assert np.isfinite(y).all()
    assert np.isfinite(g["x"]).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_comes_out_as_nan(name):
    x = np.array([0.5, np.nan, -0.5])
    with np.errstate(invalid="ignore"):
        assert np.isnan(find_activation(name).function(x)[1])


@pytest.mark.parametrize(
    ("name", "points", "slopes"),
    [
        ("relu", [0], [0]), ("relu6", [0, 6], [0, 0]), ("leaky_relu", [0], [0.01]),
        ("hard_tanh", [-1, 1], [0, 0]), ("hard_sigmoid", [-2.5, 2.5], [0, 0]),
        ("hard_shrink", [-0.5, 0.5], [0, 0]), ("soft_shrink", [-0.5, 0.5], [0, 0]),
        ("threshold", [0], [0]), ("softsign", [0], [1]), ("elu", [0], [1]),
        ("celu", [0], [1]), ("step", [0], [0]), ("hard_swish", [-3, 3], [0, 1]),
    ],
)  # fmt: skip
def test_derivative_at_a_kink_is_the_one_that_is_documented(name, points, slopes):
    g = derived(name).gradients(x=np.array(points, float))
    np.testing.assert_allclose(g["x"], slopes)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_elementwise_means_a_diagonal_jacobian(name):
    activation = ACTIVATIONS[name]
    x = np.array([-1.7, -0.6, 0.3, 2.2])
    rows = [
        activation.function(x + 1e-6 * e) - activation.function(x) for e in np.eye(4)
    ]
    off_diagonal = np.array(rows)[~np.eye(4, dtype=bool)]
    assert activation.is_elementwise == (not off_diagonal.any())


@pytest.mark.parametrize(
    "spelling", ["Leaky-ReLU", "leaky_relu", "LEAKYRELU", "lReLU", " leaky relu "]
)
def test_names_are_found_in_any_case_and_punctuation(spelling):
    assert find_activation(spelling).name == "leaky_relu"


def test_an_unknown_name_lists_those_that_look_like_it():
    with pytest.raises(
        UsageError, match=r"'Leeky ReLU' is not.*did you mean 'leaky_relu'"
    ):
        find_activation("Leeky ReLU")
    with pytest.raises(UsageError, match="by name, not by a int"):
        find_activation(3)  # type: ignore[arg-type]


def test_an_unknown_parameter_lists_the_right_ones():
    with pytest.raises(UsageError, match="parameter of elu; did you mean 'alpha'"):
        find_activation("elu").bind(alhpa=1)


def test_parameters_and_defaults_are_those_of_the_series():
    found = {n: dict(a.parameters) for n, a in ACTIVATIONS.items() if a.parameters}
    assert found.pop("selu") == pytest.approx(
        {"lambda_": 1.0507, "alpha": 1.67326}, abs=1e-5
    )
    assert found == {
        "hard_shrink": {"lambda_": 0.5}, "soft_shrink": {"lambda_": 0.5},
        "threshold": {"threshold": 0, "value": -1}, "leaky_relu": {"alpha": 0.01},
        "elu": {"alpha": 1}, "celu": {"alpha": 1}, "swish": {"beta": 1},
        "acon": {"p1": 1, "p2": 0, "beta": 1},
    }  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_names_its_source(name):
    assert len(ACTIVATIONS[name].source) > 20


@pytest.mark.peers
def test_agrees_with_torch_where_torch_has_it():
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    peers = {
        "hard_shrink": f.hardshrink, "soft_shrink": f.softshrink, "sigmoid": f.sigmoid,
        "log_sigmoid": f.logsigmoid, "tanh": f.tanh, "tanh_shrink": f.tanhshrink,
        "hard_tanh": f.hardtanh, "relu": f.relu, "relu6": f.relu6, "elu": f.elu,
        "leaky_relu": f.leaky_relu, "selu": f.selu, "celu": f.celu, "mish": f.mish,
        "softplus": lambda x: f.softplus(x, threshold=1e9), "softsign": f.softsign,
        "swish": f.silu, "hard_swish": f.hardswish,
    }  # fmt: skip
    for name, peer in peers.items():
        x = torch.tensor(GRID[np.abs(GRID) < 50], requires_grad=True)
        y = peer(x)
        y.sum().backward()
        ours, g = derived(name).value_and_gradients(x=x.detach().numpy())
        np.testing.assert_allclose(ours, y.detach().numpy(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(g["x"], x.grad.numpy(), rtol=1e-12, atol=1e-13)
