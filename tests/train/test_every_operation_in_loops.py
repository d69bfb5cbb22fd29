"""Every elementwise operation of the catalogue, in the loop text of a network."""

import warnings

import numpy as np
import pytest

from derivo.errors import IndependentWarning, NotSupportedError
from derivo.layers import Dense
from derivo.ops.catalogue import CATALOGUE
from tests.train.plain_loops import both_engines

RNG = np.random.default_rng(11)
X, T = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 2))
# Their derivatives call SciPy, which a compiled loop can not.
DERIVATIVE_NEEDS_SCIPY = {"i0"}
ELEMENTWISE = sorted(
    name for name, op in CATALOGUE.items()
    if "elementwise" in op.traits and not op.helpers and op.inputs[-1][0] != "*"
    and name not in DERIVATIVE_NEEDS_SCIPY
)  # fmt: skip


def activation_with(op):
    """Give an activation that uses `op` where it is defined and smooth."""
    count = len(op.inputs)
    base = 0.5
    if not op.name.startswith("logical"):
        with np.errstate(all="ignore"):
            inner = op.compute(*(np.full(3, 0.5 + 0.1 * k) for k in range(count)))
        base = 0.5 if np.isfinite(np.asarray(inner, float)).all() else 1.5

    def activation(n):
        operands = [base + 0.1 * k + 0.3 * np.tanh((k + 1) * n) for k in range(count)]
        if op.name.startswith("logical"):
            operands = [v > base for v in operands]
        if op.name == "where":
            operands[0] = operands[0] > base
        return n * op(*operands)

    return activation


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_operation_gives_the_same_in_a_loop(name):
    layers = [Dense(4, activation_with(CATALOGUE[name])), Dense(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)
        (losses, values), (found, ours) = both_engines(
            layers, "squared_error", X, T, batch=4
        )
    np.testing.assert_allclose(found, losses, rtol=1e-12)
    for expected, actual in zip(values, ours, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", sorted(DERIVATIVE_NEEDS_SCIPY))
def test_a_derivative_that_needs_scipy_is_refused(name):
    layers = [Dense(4, activation_with(CATALOGUE[name])), Dense(2)]
    with pytest.raises(NotSupportedError, match="no form inside a compiled loop"):
        both_engines(layers, "squared_error", X, T, batch=4)


def test_there_are_many():
    assert len(ELEMENTWISE) > 50
    assert {"exp", "where", "maximum", "logical_not", "power"} <= set(ELEMENTWISE)
