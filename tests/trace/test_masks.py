"""``x[mask]``: mapped, reduced, counted, written back; anything else is refused."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.errors import NotSupportedError, ShapeError
from tests.numerical import differences

X = np.random.default_rng(5).normal(size=(5, 4)) * 1.5
SPECS = {"x": "N M", "m": Spec("N M", "bool"), "k": Spec("N", "bool")}
M = np.random.default_rng(6).random((5, 4)) < 0.6
K = np.array([True, False, True, True, False])


def logs_of_the_positive(x: Any, m: Any, k: Any) -> Any:
    up = x > 0
    return np.sum(np.log(x[up])) + np.mean(np.sqrt(x[up] ** 3))


def functions_with_a_domain(x: Any, m: Any, k: Any) -> Any:
    inside = np.abs(x) < 0.9
    y = x[inside]
    far = np.abs(x) > 1
    return np.sum(np.arcsin(y) + np.arctanh(y)) + np.sum(np.arccosh(np.abs(x[far])))


def reciprocals(x: Any, m: Any, k: Any) -> Any:
    y = x[m]
    return np.sum(1 / y**2 + y / (y - 0.1)) + (2.0**y).mean()


def counted(x: Any, m: Any, k: Any) -> Any:
    y = x[m]
    return np.sum(y) / len(y) + y.sum() / y.size + np.sum(y**2) / y.shape[0]


def extremes(x: Any, m: Any, k: Any) -> Any:
    y = x[x < 0.5]
    return y.max() * np.min(y) + np.prod(x[m & (x > 1)]) + y.std() + np.var(y, ddof=1)


def rows(x: Any, m: Any, k: Any) -> Any:
    picked = x[k]
    centred = picked - picked.mean(axis=0)
    return np.sum(centred**2, axis=0) + np.tanh(picked).sum(axis=1).mean()


def rows_times_a_matrix(x: Any, m: Any, k: Any) -> Any:
    hidden = np.exp(x[k] @ (x.T @ x))
    return np.log(hidden[:, 1:3]).mean(axis=0)


def two_of_one_mask(x: Any, m: Any, k: Any) -> Any:
    w = np.exp(-x)
    return np.sum(w[m] * x[m]) / np.sum(w[m]) + w[m] @ x[m] + np.linalg.norm(x[m])


def written_back(x: Any, m: Any, k: Any) -> Any:
    up = x >= 0
    z = np.zeros_like(x)
    z[up] = 1 / (1 + np.exp(-x[up]))
    z[~up] = np.exp(x[~up]) / (1 + np.exp(x[~up]))
    return z


def changed_in_place(x: Any, m: Any, k: Any) -> Any:
    y = x * 2
    y[m] *= x[m]
    y[y < 0] = 0
    y[y > 3] += 1
    y[k] = y[k] - 5
    y[k] = x[0]
    return y


def part_by_part(x: Any, m: Any, k: Any) -> Any:
    y = x * 1
    y[k, 1] = x[k, 0] ** 2
    y[0][m[0]] = 7
    y[:, m[1]] -= np.exp(x[:, m[1]])
    y[0] += x[:, m[2]].sum(axis=0).mean() + x[:, m[2]].mean(axis=1)[:4]
    y[1:][m[1:]] = -x[1:][m[1:]]
    return y


def a_copy_of_its_own(x: Any, m: Any, k: Any) -> Any:
    y = x[m]
    z = y
    z *= 3
    z += x.mean()
    y = y + 1
    return np.sum(y * z)


def by_places(x: Any, m: Any, k: Any) -> Any:
    i, j = np.where(x > 0.5)
    chosen = np.nonzero(k)[0]
    y = x.copy()
    y[np.where(x < 0)] = 0.1
    y[chosen] *= 2
    return y.sum(axis=0) * np.sum(x[i, j]) / len(i) + np.mean(
        x[:, 0][np.flatnonzero(k)]
    )


def chosen_among_the_chosen(x: Any, m: Any, k: Any) -> Any:
    y = x[m]
    return np.sum(np.where(y > 0, y, 0.1 * y)) + np.clip(y, -1, 1).sum() + (y > 0).sum()


CASES = [
    logs_of_the_positive, functions_with_a_domain, reciprocals, counted, extremes, rows,
    rows_times_a_matrix, two_of_one_mask, written_back, changed_in_place, part_by_part,
    a_copy_of_its_own, by_places, chosen_among_the_chosen,
]  # fmt: skip
EVERY = pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)


@pytest.mark.parametrize("named", [True, False], ids=["named", "numbers"])
@EVERY
def test_value_and_gradient_are_those_of_numpy(
    f: Callable[..., Any], named: bool
) -> None:
    arrays = {"x": X, "m": M, "k": K}
    d = derivo.derive(f, wrt="x", verify=False, **(SPECS if named else arrays))
    value = f(**arrays)
    up = np.random.default_rng(1).normal(size=np.shape(value))
    with warnings.catch_warnings(action="error"):  # nothing computes what is left out
        np.testing.assert_allclose(d(**arrays), value, rtol=1e-12)
        got = d.gradients(up, **arrays)["x"]
    want = differences(f, arrays, up, "x")
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)


def test_what_is_left_out_may_be_anything() -> None:
    def valid(x: Any) -> Any:
        ok = np.isfinite(x) & (x < 1e3)
        return np.mean(np.exp(x[ok]) * x[ok])

    d = derivo.derive(valid, x="N")
    x = np.array([0.5, np.nan, -1.0, np.inf, 1e6])
    gradient = d.gradients(x=x)["x"]
    np.testing.assert_allclose(d(x=x), valid(x))
    few = x[[0, 2]]
    want = np.zeros(5)
    want[[0, 2]] = np.exp(few) * (few + 1) / 2
    np.testing.assert_allclose(gradient, want)


def test_a_mask_write_is_a_choice_in_the_source() -> None:
    def relu(x: Any) -> Any:
        y = x.copy()
        y[y < 0] = 0
        return y

    source = derivo.derive(relu, x="N M").source
    assert "y = np.where(x_below_zero, 0, x)" in source
    assert "copy" not in source


def longer(x: Any, m: Any, k: Any) -> Any:
    return np.concatenate([x[m], x[m]])


def sorted_of_unknown_length(x: Any, m: Any, k: Any) -> Any:
    return np.sum(np.sort(x[m]) * 2)


def by_another_mask(x: Any, m: Any, k: Any) -> Any:
    return np.sum(x[m] * x[x > 0])


def beside_a_whole_array(x: Any, m: Any, k: Any) -> Any:
    return np.sum(x[k] * x)


def written_by_another_mask(x: Any, m: Any, k: Any) -> Any:
    y = x * 2
    y[m] = x[x > 0]
    return y


def values_of_unknown_number(x: Any, m: Any, k: Any) -> Any:
    y = x * 2
    y[m] = x[0]
    return y


def as_the_result(x: Any, m: Any, k: Any) -> Any:
    return x[m]


def looped_over(x: Any, m: Any, k: Any) -> Any:
    return sum(v**2 for v in x[m])


def computed_with_places(x: Any, m: Any, k: Any) -> Any:
    return np.nonzero(k)[0] * 2.0


def first_of_the_chosen(x: Any, m: Any, k: Any) -> Any:
    return x[k][0]


@pytest.mark.parametrize(
    "f",
    [
        longer, sorted_of_unknown_length, by_another_mask, beside_a_whole_array,
        written_by_another_mask, values_of_unknown_number, as_the_result, looped_over,
        computed_with_places, first_of_the_chosen,
    ],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_anything_else_is_refused_by_name_and_line(f: Callable[..., Any]) -> None:
    specs: dict[str, Any] = SPECS
    with pytest.raises(NotSupportedError, match="not known") as caught:
        derivo.derive(f, wrt="x", **specs)
    assert f.__name__ in str(caught.value)


def test_a_mask_of_another_shape_is_refused() -> None:
    def f(x: Any) -> Any:
        return np.sum(x[x[0] > 0])

    with pytest.raises(ShapeError, match=r"A mask of shape \(M,\)"):
        derivo.derive(f, x="N M")
