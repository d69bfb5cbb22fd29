"""Parts taken and written by every form of an index that NumPy knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import TraceError

I = np.array([0, 2, 2])
J = np.array([[1], [0]])
MASK = np.array([True, False, True, True])
WHOLE = slice(None)

OF_THREE_AXES: list[Any] = [
    ((0, 1, 0), (2, 2, 1)),
    (0, (1, 2)),
    (None, I),
    (I, None),
    (WHOLE, None, I),
    (I, None, I),
    (I, slice(1, None), None, I),
    (None, I, I),
    (None, 0, I),
    (0, None, I),
    (J, None, WHOLE),
    (..., None, I),
    (I, ..., None),
    (J, I, None, 0),
    (None, MASK),
    ([0, 1], None, slice(None, None, -1)),
    (range(2), None),
    [],
    (WHOLE, []),
]

WITHOUT_ARRAYS: list[tuple[tuple[int, ...], Any, tuple[int, ...]]] = [
    ((4, 3), (None,), ()),
    ((4, 3), (WHOLE, None), ()),
    ((4, 3), (None,), (3,)),
    ((4, 3), (0,), (1, 3)),
    ((4, 3), (0, None), (3,)),
    ((4, 3), (..., None), (1,)),
    ((), (None,), ()),
    ((), (None, ...), ()),
    ((), (..., None), (1, 1)),
]


@pytest.mark.parametrize("index", OF_THREE_AXES, ids=str)
def test_a_part_is_what_numpy_takes(index: Any) -> None:
    x = np.random.default_rng(0).normal(size=(4, 3, 5))
    weight = np.random.default_rng(1).normal(size=x[index].shape)
    expected = np.zeros_like(x)
    np.add.at(expected, index, weight)

    gradient = derivo.grad(lambda x: np.sum(x[index] * weight))(x)

    np.testing.assert_allclose(gradient, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "index", "value"),
    [
        *(((4, 3, 5), i, np.zeros((4, 3, 5))[i].shape) for i in OF_THREE_AXES),
        *WITHOUT_ARRAYS,
    ],
    ids=str,
)
def test_a_part_is_written_as_numpy_writes_it(
    shape: tuple[int, ...], index: Any, value: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(2)
    x, v, weight = (
        rng.normal(size=shape),
        rng.normal(size=value),
        rng.normal(size=shape),
    )

    def written(x: Any, v: Any) -> Any:
        y = x.copy()
        y[index] = v
        return np.sum(y * weight)

    kept, from_x = np.full(shape, True), weight.copy()
    kept[index] = False
    # Which element of `v` came to lie where: of equal places the last one written.
    source = np.full(shape, -1)
    source[index] = np.arange(v.size).reshape(value)
    from_v = [np.sum(weight[source == k]) for k in range(v.size)]

    d_x, d_v = derivo.grad(written, argnums=(0, 1))(x, v)

    np.testing.assert_allclose(d_x, np.where(kept, from_x, 0), atol=1e-12)
    np.testing.assert_allclose(np.reshape(d_v, -1), from_v, atol=1e-12)


def test_a_mask_of_an_element_wise_function_leaves_the_rest_of_out_alone():
    x = np.array([0.5, -1.0, 2.0])

    def logs(x: Any, before: Any) -> Any:
        out = before.copy()
        np.log(x, out=out, where=x > 0)
        return np.sum(out * np.array([1.0, 2.0, 3.0]))

    with np.errstate(invalid="ignore"):
        d_x, d_before = derivo.grad(logs, argnums=(0, 1))(x, np.ones(3))

    np.testing.assert_allclose(d_x, [2.0, 0, 1.5])
    np.testing.assert_allclose(d_before, [0, 2.0, 0])


def test_the_defaults_of_an_element_wise_function_may_be_stated():
    f = lambda x: np.sum(np.exp(x, out=None, where=True, dtype=None))
    np.testing.assert_allclose(derivo.grad(f)(np.arange(3.0)), np.exp(np.arange(3.0)))


def test_a_mask_without_an_array_to_write_into_is_refused():
    with pytest.raises(TraceError, match=r"np.exp with where= and without out="):
        derivo.grad(lambda x: np.sum(np.exp(x, where=x > 1)))(np.arange(3.0))


def test_nothing_traced_is_complex():
    x = np.array([1.0, 2.0])

    def f(x: Any) -> Any:
        return np.sum(np.where(np.iscomplex(x), 0, x**2) * np.isreal(x))

    np.testing.assert_allclose(derivo.grad(f)(x), 2 * x)
    assert derivo.grad(lambda a: -a if np.iscomplex(a) else a * 3)(1.0) == 3


@pytest.mark.parametrize("order", ["<", ">"])
def test_arrays_with_bytes_in_another_order_are_written_in_our_own(order: str) -> None:
    whole = np.array([1, -1, 2], dtype=f"{order}i2")
    broken = np.array([0.5, 0.25, 1], dtype=f"{order}f8")
    f = lambda x: np.sum(x * whole + np.sin(x) * broken)
    gradient = derivo.grad(f)(np.zeros(3))
    np.testing.assert_array_equal(gradient, [1.5, -0.75, 3])


def test_rolling_a_number_and_along_no_axis_changes_nothing():
    assert derivo.grad(lambda x: np.roll(x, 3) ** 2)(2.0) == 4
    f = lambda x: np.sum(np.roll(x, 3, axis=()) * np.arange(3))
    np.testing.assert_array_equal(derivo.grad(f)(np.ones(3)), [0, 1, 2])


def lower(v, x):
    n = x.shape[1]
    low = np.zeros((n, n))
    low[np.tril_indices(n)] = v
    return np.sum((x @ low) ** 2)


def correlations(r):
    i, j = np.array([0, 0, 1]), np.array([1, 2, 2])
    whole = np.eye(3)
    whole[i, j] = r
    whole[j, i] = r
    return np.linalg.slogdet(whole)[1]


@pytest.mark.parametrize(
    ("function", "specs"),
    [(lower, {"v": "N*(N+1)//2", "x": "B N"}), (correlations, {"r": "3"})],
    ids=["a triangle", "numbers"],
)
def test_places_that_never_meet_are_read_back_as_they_are(function, specs):
    d = derivo.derive(function, shapes=specs)
    assert "np.where" not in d.source  # of several at one place, the last one counts
    assert "np.add.at" not in d.source
    assert d.check(order=1).ok
