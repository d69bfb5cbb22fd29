"""Numbers and lists stand beside traced arrays in every function, as in NumPy."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import derivo
import tests.ops.tables  # noqa: F401  it fills the table
from derivo import Spec
from tests.ops.spelled import SIZES, TABLE, Spelling, difference

SEVERAL = {
    f"{name}: {given}": (name, given)
    for name, spelling in TABLE.items()
    if len(spelling.specs) > 1
    for given in spelling.specs
    # What is written into, or asked for its method, must be traced itself.
    if f"{name}: {given}" not in ("in place operators: x", "dot: a")
}


def _as_list(array: Any) -> Any:
    return array.tolist()


def _given(spelling: Spelling, name: str, value: Any) -> Any:
    return partial(spelling.function, **{name: value})


@pytest.mark.parametrize("case", SEVERAL)
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_a_list_or_an_array_in_place_of_one_argument(case: str) -> None:
    name, given = SEVERAL[case]
    spelling = TABLE[name]
    arrays = spelling.arrays(SIZES[0])
    for value in (arrays[given], _as_list(arrays[given])):
        function = _given(spelling, given, value)
        rest = {k: a for k, a in arrays.items() if k != given}
        try:
            expected = np.asarray(function(**rest))
        except (TypeError, AttributeError, ValueError):
            continue  # NumPy itself does not take a list there
        specs: dict[str, Any] = {
            k: Spec(np.shape(a), np.asarray(a).dtype) for k, a in rest.items()
        }
        if not any(
            a.dtype.kind == "f" and a.ndim for a in map(np.asarray, rest.values())
        ):
            continue
        d = derivo.derive(function, **specs)
        u = np.random.default_rng(1).normal(size=expected.shape)
        result, gradients = d.value_and_gradients(u, **rest)
        np.testing.assert_allclose(expected, result, rtol=1e-12, atol=1e-12)
        for k, g in gradients.items():
            v = np.random.default_rng(2).normal(size=np.shape(g))
            slope = difference(function, rest, k, v, u)
            assert slope == pytest.approx(np.sum(v * g), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("case", SEVERAL)
@pytest.mark.filterwarnings("ignore")
def test_a_number_in_place_of_one_argument(case: str) -> None:
    name, given = SEVERAL[case]
    spelling = TABLE[name]
    arrays = spelling.arrays(SIZES[0])
    rest = {k: np.asarray(a) for k, a in arrays.items() if k != given}
    if not any(a.dtype.kind == "f" and a.ndim for a in rest.values()):
        return
    for value in (0.6, 2):
        function = _given(spelling, given, value)
        try:
            expected = np.asarray(function(**rest))
        except Exception:  # noqa: BLE001, S112  NumPy itself does not take one there
            continue
        specs: dict[str, Any] = {k: Spec(a.shape, a.dtype) for k, a in rest.items()}
        try:
            d = derivo.derive(function, shapes=specs, verify=False)
        except derivo.errors.NotSupportedError:
            continue
        np.testing.assert_allclose(d(**rest), expected, rtol=1e-9, atol=1e-12)


x = np.array([0.5, -1.3, 2.2])
MIXED: dict[str, Any] = {
    "hstack": lambda x: np.hstack([x, 1.0]),
    "hstack first": lambda x: np.hstack([1, x, [2, 3]]),
    "vstack": lambda x: np.vstack([[1, 2, 3], x]),
    "column_stack": lambda x: np.column_stack([x, [1, 2, 3]]),
    "dstack": lambda x: np.dstack([[1, 2, 3], x]),
    "stack": lambda x: np.stack([[1, 2, 3], x], axis=1),
    "concatenate": lambda x: np.concatenate([[1.5], x, [2]]),
    "append": lambda x: np.append(x, 1.0),
    "append to a number": lambda x: np.append(7, x),
    "block": lambda x: np.block([[x], [1.0, 2.0, 3.0]]),
    "insert": lambda x: np.insert(x, 1, [4, 5]),
    "average": lambda x: np.average(x, weights=[1, 2, 3]),
    "average of a list": lambda x: np.average([1.0, 2.0, 4.0], weights=x**2),
    "dot": lambda x: np.dot([1, 2, 3], x),
    "outer": lambda x: np.outer([1, 2], x),
    "kron": lambda x: np.kron([1, 2], x),
    "cross": lambda x: np.cross([1, 2, 3], x),
    "convolve": lambda x: np.convolve(x, [1, 2]),
    "correlate": lambda x: np.correlate([1, 2, 3, 4], x),
    "trapezoid": lambda x: np.trapezoid(x, [0, 1, 3]),
    "where": lambda x: np.where([True, False, True], x, [1, 2, 3]),
    "where with numbers": lambda x: np.where(x > 0, x, 2),
    "select": lambda x: np.select([x > 0, [True, True, False]], [x, [1, 2, 3]]),
    "maximum": lambda x: np.maximum([0, 1, 2], x),
    "interp": lambda x: np.interp([0.5, 1.5], [0, 1, 2], x),
    "tensordot": lambda x: np.tensordot([1, 2, 3], x, 1),
    "einsum": lambda x: np.einsum("i,ij->j", x, [[1, 2], [3, 4], [5, 6]]),
    "matmul": lambda x: [[1, 2, 3], [4, 5, 6]] @ x,
    "solve": lambda x: np.linalg.solve([[2, 0, 1], [0, 3, 0], [1, 0, 4]], x),
    "polyval": lambda x: np.polyval(x, 2.0) * x,
    "meshgrid": lambda x: np.meshgrid(x, [1, 2])[0],
    "clip": lambda x: np.clip(x, [-1, -1, -1], 2),
    "vecdot": lambda x: np.vecdot([[1, 2, 3], [4, 5, 6]], x),
    "cov": lambda x: np.cov(x, [1.0, 2.0, 0.5]),
    "logaddexp": lambda x: np.logaddexp([0, 1, 2], x),
    "linspace": lambda x: np.linspace([0, 1, 2], x, 3),
    "diff": lambda x: np.diff(x, prepend=0, append=[1, 2]),
    "take_along_axis": lambda x: np.take_along_axis(x, np.array([1, 0]), 0),
    "choose": lambda x: np.choose([0, 1, 0], [x, [1, 2, 3]]),
    "broadcast_arrays": lambda x: sum(np.broadcast_arrays(x, [[1], [2]])),
    "copysign": lambda x: np.copysign(x, [1, -1, 1]),
    "power": lambda x: np.power([1, 2, 3], x),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXED)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_mixture_has_numpys_value_and_its_slopes(name: str, dtype: Any) -> None:
    function = MIXED[name]
    d = derivo.derive(function, x="3")
    expected = np.asarray(function(x))
    u = np.random.default_rng(1).normal(size=expected.shape)
    result, gradients = d.value_and_gradients(u.astype(dtype), x=x.astype(dtype))
    assert np.asarray(result).dtype == dtype
    assert gradients["x"].dtype == dtype
    near = 1e-12 if dtype is np.float64 else 1e-5
    np.testing.assert_allclose(expected, result, rtol=near, atol=near)
    v = np.random.default_rng(2).normal(size=3)
    slope = difference(function, {"x": x}, "x", v, u)
    near = 1e-8 if dtype is np.float64 else 1e-4
    assert slope == pytest.approx(np.sum(v * gradients["x"]), rel=near, abs=near)
