"""An option whose value is traced is part of the graph; or it is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.errors import DerivoError
from tests.ops.spelled import difference

V = np.array([0.5, -1.3, 2.2, 0.9])
X = np.array([[0.3, -1.2, 2.1], [1.4, 0.5, -0.7]])

RIGHT: dict[str, tuple[Any, dict[str, Any]]] = {
    "pad": (lambda x: np.pad(x, 1, constant_values=x[0]), {"x": V}),
    "pad sides": (lambda x: np.pad(x, 2, constant_values=(x[0], 2 * x[1])), {"x": V}),
    "roll": (lambda x, n: np.roll(x, n) ** 2, {"x": V, "n": 3}),
    "roll an axis": (lambda x, n: np.roll(x, n, axis=1) ** 2, {"x": X, "n": -2}),
    "roll axes": (lambda x, n: np.roll(x, (n, 1), axis=(0, 1)) ** 2, {"x": X, "n": 1}),
    "delete": (lambda x, i: np.delete(x, i) ** 2, {"x": V, "i": -2}),
    "ddof": (lambda x, n: np.std(x, ddof=n) + np.var(x, ddof=n), {"x": V, "n": 1}),
    "full": (lambda x: np.full(3, x[0]) * np.full_like(x[:3], x[1]), {"x": V}),
    "quantile": (lambda x, q: np.quantile(x, q), {"x": V, "q": 0.4}),
    "percentile": (lambda x, q: np.percentile(x, q, axis=1), {"x": X, "q": 40.0}),
    "trapezoid": (lambda x, h: np.trapezoid(x, dx=h), {"x": V, "h": 0.4}),
    "gradient": (lambda x, h: np.gradient(x, h), {"x": V, "h": 0.4}),
    "interp": (
        lambda x: np.interp(x, [0.0, 1.0], [2.0, 3.0], left=x[0], right=x[2]), {"x": V},
    ),
    "initial": (lambda x: np.max(x[1:], initial=x[0]) + np.sum(x, initial=x[1]),
                {"x": V}),
    "unwrap": (lambda x, p: np.unwrap(x, period=p), {"x": V, "p": 1.5}),
    "logspace": (lambda x, b: np.logspace(0, x, 3, base=b), {"x": V, "b": 2.0}),
    "diff": (lambda x: np.diff(x, prepend=x[0] * 2) ** 2, {"x": V}),
    "insert": (lambda x: np.insert(x, 1, x[0] * 2) ** 2, {"x": V}),
    "select": (lambda x: np.select([x > 0], [x], default=x[1]), {"x": V}),
}  # fmt: skip


def _specs(arrays: dict[str, Any]) -> dict[str, Any]:
    return {
        k: Spec((), "int") if isinstance(v, int) else np.asarray(v)
        for k, v in arrays.items()
    }


@pytest.mark.parametrize("name", RIGHT)
def test_an_option_that_is_traced_is_part_of_the_graph(name: str) -> None:
    function, arrays = RIGHT[name]
    d = derivo.derive(function, **_specs(arrays))
    expected = np.asarray(function(**arrays))
    u = np.random.default_rng(1).normal(size=expected.shape)
    value, gradients = d.value_and_gradients(u, **arrays)
    np.testing.assert_allclose(expected, value, rtol=1e-12, atol=1e-12)
    for k, g in gradients.items():
        v = np.random.default_rng(2).normal(size=np.shape(g))
        slope = difference(function, arrays, k, v, u)
        assert slope == pytest.approx(np.sum(v * g), rel=1e-6, abs=1e-7)


REFUSED: dict[str, Any] = {
    "round": lambda x, n: np.round(x, n),
    "repeat": lambda x, n: np.repeat(x, n),
    "tile": lambda x, n: np.tile(x, n),
    "pad": lambda x, n: np.pad(x, n),
    "diff": lambda x, n: np.diff(x, n),
    "triu": lambda x, n: np.triu(x, n),
    "eye": lambda x, n: x * np.eye(2, 3, k=n),
    "axis": lambda x, n: np.sum(x, axis=n),
    "moveaxis": lambda x, n: np.moveaxis(x, n, 0),
    "partition": lambda x, n: np.partition(x, n),
    "insert": lambda x, n: np.insert(x, n, 0.0),
    "split": lambda x, n: np.split(x, [n])[0],
    "nan_to_num": lambda x, n: np.nan_to_num(x, nan=n),
    "norm": lambda x, n: np.linalg.norm(x, n),
    "fft": lambda x, n: np.abs(np.fft.rfft(x, n)),
    "linspace": lambda x, n: np.linspace(0, x[0, 0], n),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_be_known_while_tracing_is_refused(name: str) -> None:
    with pytest.raises(DerivoError) as caught:
        derivo.derive(REFUSED[name], x="2 3", n=Spec((), "int"))
    assert "test_attributes.py" in str(caught.value)
