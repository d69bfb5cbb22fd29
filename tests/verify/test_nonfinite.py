"""The first operation that made a NaN or an infinity is found, and told."""

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError


def cross_entropy(z, t):
    e = np.exp(z)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def logs(x):
    y = x - 1
    h = np.log(y)
    return np.sum(h * 2)


def test_an_overflow_is_named_with_its_operand_and_the_stable_spelling():
    d = derivo.derive(cross_entropy, z="N C", t="N C")
    z = np.array([[1.0, 2.0], [3.0, 900.0]])
    found: Any = d.trace_nonfinite(z=z, t=np.eye(2))
    assert (found.stage, found.operation, found.name) == ("forward", "exp", "e")
    assert (found.made, found.element) == ("inf", (1, 1))
    assert found.operands == {"z": 900.0}
    assert found.line.text == "e = np.exp(z)"
    assert found.chain[0] == "e"
    assert "log_p = shifted_z - np.log(sum_exp_z)" in found.instead
    assert "inf in the forward pass: e[1, 1], which `exp` makes from z = 900" in str(
        found
    )


def test_the_type_that_comes_in_decides():
    d = derivo.derive(lambda x: np.sum(np.exp(x)), x="N")
    x = np.array([1.0, 100.0])
    assert d.trace_nonfinite(x=x) is None
    found: Any = d.trace_nonfinite(x=x.astype(np.float32))
    assert found.element == (1,)


def test_a_value_outside_the_domain_and_the_chain():
    d = derivo.derive(logs, x="N")
    found: Any = d.trace_nonfinite(x=np.array([2.0, 0.5]))
    assert (found.made, found.name, found.operands) == ("nan", "h", {"y": -0.5})
    assert found.chain[0] == "h"


def test_a_gradient_that_is_infinite_where_the_value_is_finite():
    d = derivo.derive(lambda x: np.sum(np.sqrt(x)), x="N")
    x = np.array([0.0, 4.0])
    assert np.isfinite(d(x=x))
    found: Any = d.trace_nonfinite(x=x)
    assert found.stage == "backward"
    assert found.element[0] == 0
    assert "gradient of" in found.chain[-1]


def test_a_nan_among_the_arguments_is_their_own():
    d = derivo.derive(lambda x: np.sum(x * x), x="N")
    found: Any = d.trace_nonfinite(x=np.array([0.0, np.nan]))
    assert found.name == "the argument x"
    assert found.element == (1,)


def test_the_check_says_it_too():
    d = derivo.derive(logs, x="N")
    with pytest.raises(UsageError, match="nan in the forward pass"):
        d.check(arrays={"x": np.array([0.5])})
