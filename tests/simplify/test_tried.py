"""The bare text does not trust in silence: what a gradient assumes is tried."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo


def by_rows(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return -np.sum(t * np.log(p))


def by_columns(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=0, keepdims=True)
    return -np.sum(t * np.log(p))


def smoothed(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return -np.sum((0.9 * t + 0.1 / z.shape[-1]) * np.log(p))


def nested(data):
    z, t = data["z"], data["t"]
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return -np.sum(t * np.log(p))


# Function, shapes, an odd place, what the error says of it.
CASES: dict[str, tuple[Any, dict[str, Any], tuple[int, ...], str]] = {
    "rows": (by_rows, {"z": "N C", "t": "N C"}, (2, 1), "row 2 of t "),
    "smoothed": (smoothed, {"z": "N C", "t": "N C"}, (1, 3), "row 1 of t "),
    "columns": (by_columns, {"z": "N C", "t": "N C"}, (1, 2), "column 2 of t "),
    "stacked": (by_rows, {"z": "B N C", "t": "B N C"}, (1, 2, 0), r"row \[1 2\] of t "),
}
SIZES = {"B": 2, "N": 3, "C": 4}


def drawn(shapes: dict[str, Any], axis: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    shape = tuple(SIZES[d] for d in shapes["t"].split())
    t = rng.uniform(0.1, 1, shape)
    return rng.normal(size=shape), t / t.sum(axis=axis, keepdims=True)


def bare(d: Any) -> Any:
    space: dict[str, Any] = {}
    exec(d.source, space)  # noqa: S102
    return space[d.name]


def derived(name: str, **options: Any) -> tuple[Any, Any, Any, Any]:
    f, shapes, _, _ = CASES[name]
    z, t = drawn(shapes, 0 if name == "columns" else -1)
    return derivo.derive(f, shapes=shapes, wrt="z", **options), f, z, t


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_the_forward_function_raises_with_argument_and_row(
    name: str, dtype: Any
) -> None:
    d, f, z, t = derived(name)
    place, said = CASES[name][2:]
    t = t.astype(dtype)
    value, _ = bare(d)(z, t)
    np.testing.assert_allclose(value, f(z, t), rtol=1e-5)
    t[place] += 0.01
    with pytest.raises(ValueError, match=f"{said}does not sum to 1"):
        bare(d)(z, t)


@pytest.mark.parametrize("name", CASES)
def test_what_is_declared_is_not_tried_and_the_source_says_so(name: str) -> None:
    axis = " along axis 0" if name == "columns" else ""
    d, f, z, t = derived(name, assume=f"t sums to 1{axis}")
    assert "ValueError" not in d.source
    assert "sums to 1, as declared" in d.source
    np.testing.assert_allclose(bare(d)(z, 2 * t)[0], f(z, 2 * t))


def test_an_array_in_a_nest_is_tried() -> None:
    d = derivo.derive(nested, data={"z": "N C", "t": "N C"}, wrt="data.z")
    z, t = drawn({"t": "N C"}, -1)
    bare(d)({"z": z, "t": t})
    with pytest.raises(ValueError, match=r"row 0 of data\[.t.\] does not sum to 1"):
        bare(d)({"z": z, "t": 2 * t})


def test_what_is_not_assumed_is_not_tried() -> None:
    d, f, z, t = derived("rows", assume="t is free")
    assert "ValueError" not in d.source
    np.testing.assert_allclose(bare(d)(z, 2 * t)[0], f(z, 2 * t))


def test_a_call_of_the_derivation_does_without() -> None:
    d, f, z, t = derived("rows")
    np.testing.assert_allclose(d(z=z, t=2 * t), f(z, 2 * t))
    with pytest.warns(derivo.errors.AssumptionWarning):
        value, gradients = d.value_and_gradients(z=z, t=2 * t)
    np.testing.assert_allclose(value, f(z, 2 * t))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(gradients["z"], 2 * (p - t))
