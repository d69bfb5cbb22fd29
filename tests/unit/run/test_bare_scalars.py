"""The bare source takes Python's own numbers where the function takes one number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo

X = np.array([0.4, -1.3, 2.2, 0.9])
FUNCTIONS: dict[str, Any] = {
    "append": lambda x, s: np.append(x, s),
    "insert": lambda x, s: np.insert(x, 1, s),
    "r_": lambda x, s: np.r_[x, s],
    "stack": lambda x, s: np.hstack([s, x, s**2]),
    "vstack": lambda x, s: np.vstack([s, s]) * x,
    "tile": lambda x, s: np.tile(s, 3) * x[:3],
    "repeat": lambda x, s: np.repeat(s, 4) * x,
    "reshape": lambda x, s: np.reshape(s, (1, 1)) * x,
    "ravel": lambda x, s: np.ravel(s) * x,
    "new axis": lambda x, s: np.asarray(s)[None] * x,
    "outer": lambda x, s: np.outer(s, x),
    "cumsum": lambda x, s: np.cumsum(s) * x,
    "quantile": lambda x, s: np.quantile(x, s),
    "pad": lambda x, s: np.pad(x, 1, constant_values=s),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_number_of_python(name: str) -> None:
    function, s = FUNCTIONS[name], 0.3
    d = derivo.derive(function, x="4", s="")
    space: dict[str, Any] = {}
    exec(d.source, space)  # noqa: S102  what users do with it
    value, saved = space[d.name](X, s)
    np.testing.assert_allclose(value, function(X, s))
    if f"{d.name}_gradient" in space:
        gradients = space[f"{d.name}_gradient"](saved)
    else:
        gradients = space[f"{d.name}_backward"](saved, np.ones(np.shape(value)))
    ahead, behind = np.sum(function(X, s + 1e-6)), np.sum(function(X, s - 1e-6))
    np.testing.assert_allclose(gradients[1], (ahead - behind) / 2e-6, rtol=1e-6)


def test_nothing_to_differentiate_for() -> None:
    d = derivo.derive(lambda k: np.sum(k * 2), k=derivo.Spec("N", "int"))
    assert d.wrt == ()
    assert d.gradients(k=np.arange(3)) == {}
    value, gradients = d.value_and_gradients(k=np.arange(3))
    assert (value, gradients) == (6, {})
    d = derivo.derive(lambda k: (k * 2, k + 1), k=derivo.Spec("N", "int"))
    assert d.value_and_gradients(k=np.arange(3))[1] == {}
