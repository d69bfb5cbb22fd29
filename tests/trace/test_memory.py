"""What is written into an array is seen by every name and view of it, as in NumPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import DtypeError, ShapeError, TraceError
from tests.numerical import differences

X = np.random.default_rng(3).normal(size=(3, 4))


def transposed(x: Any) -> Any:
    y = x * 2
    y.T[0] += 1
    return y**2


def new_axis(x: Any) -> Any:
    y = x * 2
    column = y[:, None, 1]
    column *= 3
    return y**2


def reshaped(x: Any) -> Any:
    y = x * 2
    y.reshape(-1)[3:7] *= x[0]
    return y


def raveled(x: Any) -> Any:
    y = x + 1
    np.ravel(y)[-1] = 0
    return y * x


def flattened_is_a_copy(x: Any) -> Any:
    y = x + 1
    flat = y.flatten()
    flat *= 5
    return y * x


def ravel_of_a_transpose_is_a_copy(x: Any) -> Any:
    y = np.concatenate([x, x]) + 0.0
    flat = y.T.ravel()
    flat += 10
    return y**2


def part_of_a_part(x: Any) -> Any:
    y = x * 1
    middle = y[1:3]
    last = middle[:, 2:]
    last[1] += x[0, :2]
    middle *= 2
    return y * last[0, 0]


def swapped(x: Any) -> Any:
    y = np.exp(x)
    np.swapaxes(y, 0, 1)[1:3] -= x.T[0]
    return y


def copies_are_their_own(x: Any) -> Any:
    y = x * 2
    for z in (y.copy(), np.copy(y), +y, y.astype(float), np.array(y)):
        z += 100  # noqa: PLW2901
    return y


def turned_round(x: Any) -> Any:
    y = x * 2
    back = y[::-1, ::2]
    back += x[:, :2]
    return y


def split_in_parts(x: Any) -> Any:
    y = x * 2
    left, right = np.split(y, 2, axis=1)
    left *= right
    right += 1
    return y


def older_view_sees_a_later_write(x: Any) -> Any:
    y = x * 2
    row = y[1]
    y[1, 2:] = x[0, :2] ** 2
    return row * x[2]


def into_an_argument(x: Any) -> Any:
    x[0] = x[1] * 2
    x -= x.mean(axis=0)
    return x**2


def numbers_are_not_arrays(x: Any) -> Any:
    total = x.sum()
    before = total
    total += 5
    first = x[0, 0]
    kept = first
    first *= 3
    return total * before + first * kept


def rows_of_a_loop(x: Any) -> Any:
    y = x * 1
    for k, row in enumerate(y):
        row *= k + 1  # noqa: PLW2901
    return y


def zipped_with_a_buffer(x: Any) -> Any:
    out = np.empty_like(x)
    for row, given in zip(out, x, strict=True):
        row[:] = np.tanh(given)
        row[0] += 1
    return out


def into_out(x: Any) -> Any:
    y = np.empty_like(x)
    np.multiply(x, x, out=y)
    np.add(y, 1, y)
    y.clip(1.1, 2, out=y)
    np.maximum(x, x * 0.1, x)
    return y * x


def rows_into_numbers(x: Any) -> Any:
    out = np.zeros((3, 2))
    for k in range(3):
        out[k, 0] = x[k].sum()
        out[k, 1] = out[k, 0] * x[k, 1]
    return out


def states_in_a_buffer(x: Any) -> Any:
    h = np.empty((3, 5))
    h[:, 0] = 1
    for t in range(4):
        h[:, t + 1] = np.tanh(h[:, t] + x[:, t])
    return h[:, 1:]


def views_made_before_the_write(x: Any) -> Any:
    out = np.ones((3, 4))
    column, flat, middle = out.T[1], out.reshape(-1), out[1]
    out[0] = x[0]
    middle += x[1]
    flat[-1] = x[2, 2] ** 2
    return column * x[:, 1] + out.sum() + flat[5]


def numbers_stay_numbers(x: Any) -> Any:
    order = np.array([2, 0, 1])
    names = ["a", "b", "c"]
    assert names[order[0]] == "c"
    assert isinstance(order, np.ndarray)
    assert float(np.ones(2)[0]) == 1.0
    assert f"{np.zeros(1)[0]:.1f}" == "0.0"
    if order.sum() > 2 and 2 in order:
        x = x[order]
    for k in order:
        x = x * (k + 1)
    steps = np.zeros(3)
    steps += np.arange(3)
    return x * steps[:, None]


def counts_of_a_loop(x: Any) -> Any:
    total = np.zeros(())
    for row in x:
        total += np.sum(row**2)
    return total


def grid(x: Any) -> Any:
    g = np.eye(4)
    g[1:3, 1:3] = x[:2, :2]
    g[3] *= x[2]
    return g @ g


def shifted(x: Any) -> Any:
    y = np.zeros_like(x)
    y[1:] = x[:-1]
    y[:, 1:] -= x[:, :-1]
    return y * x


def places(x: Any) -> Any:
    y = x * 2
    y[[0, 2], [1, 3]] = x[1, :2]
    y[:, [0, 3]] *= x[:, 1:2]
    y[1, [2, 2]] = x[0, :2] ** 2
    y[[[0], [1]], [2, 3]] += 1
    return y * x


def separated_places(x: Any) -> Any:
    y = np.stack([x, 2 * x])
    y[[1, 0], :, [2, 1]] = x[:2, :3] * x[2, 0]
    return y**2


def added_at_places(x: Any) -> Any:
    y = x * 1
    np.add.at(y, [0, 0, 2], x[:, ::-1])
    np.subtract.at(y, (slice(None), [1, 1]), x[:, :2])  # type: ignore[arg-type]
    np.add.at(y, 1, x[0])
    np.multiply.at(y, [2, 1], x[:2])
    np.add.at(y, (0, [1, 1]), 3.0)
    return y**2


def functions_that_write(x: Any) -> Any:
    y = x * 2
    np.copyto(y[0], x[1])
    np.put(y, [5, 6], x[2, :2])
    np.put_along_axis(y, np.argmax(x, axis=1, keepdims=True), x[:, :1], axis=1)
    np.fill_diagonal(y, x[0, 0])
    np.copyto(y, 0.5, where=x > 1)
    np.putmask(y, x < -1, x**2)
    y[2].fill(3)
    y[1, 1:].sort()
    np.negative(y, out=y, where=x > 0)
    return y * x


def sorted_in_place(x: Any) -> Any:
    y = x * 1
    y.sort(axis=0)
    z = y.copy()
    z[0].sort()
    return y * z * x


def one_by_one(x: Any) -> Any:
    out = np.zeros(4)
    for i in range(3):
        for j in range(4):
            out[(i + j) % 4] += x[i, j] ** 2
    return out


def written_over(x: Any) -> Any:
    y = np.zeros((3, 4))
    y[1] = x[0]
    y[1, 2] = x[1, 1] ** 2
    y[0:2] *= 2
    y[2] = x[1]
    y[2] = x[2] * y[1]
    return y


class Layer:
    """Keeps what it computed, as courses write it."""

    def __init__(self) -> None:
        self.state = np.ones(4)

    def forward(self, x: Any) -> Any:
        self.out = np.zeros((3, 4))
        for k in range(3):
            self.state = self.state * 0.5 + x[k]
            self.out[k] = self.state
        return self.out


def of_an_object(x: Any) -> Any:
    return Layer().forward(x) ** 2


def noise_with_a_seed(x: Any) -> Any:
    rng = np.random.default_rng(0)
    out = np.empty(4)
    out[:] = rng.normal(size=4).shape[0] * x[0]
    return out


def element_by_element(x: Any) -> Any:
    y = x * 1
    y.T.flat[2] = 5.0
    for k, v in np.ndenumerate(y):
        y[k] = v**2
    out = np.zeros((2, 6))
    out.flat[3:7] = x[0]
    out.flat[0] = 1
    out.T.flat = y.T.ravel() + out.flat[4]  # type: ignore[misc]
    np.nan_to_num(out, copy=False)
    return out


def copies_lie_row_by_row(x: Any) -> Any:
    y = (x.T * 2).copy()
    y.ravel()[1] = 1
    z = np.zeros((4, 3))
    z[...] = x.T * 3
    z.reshape(2, -1)[1] *= 2
    return y * z


def ravel_of_what_is_strided_is_a_copy(x: Any) -> Any:
    y = x * 2
    back, column, row = y[0, ::-1].ravel(), np.ravel(y[:, 1]), y[1].ravel()
    y[0] = 1
    y[:, 1] += x[:, 0]
    row[0] = 7
    column[0] = 5
    return back.sum() * column[:, None] + y


def no_axes_left(x: Any) -> Any:
    y = x[0, :1] * 2
    one, other = np.squeeze(y), y.reshape(())
    one += 1
    y *= x[1, 0]
    return one * other + y.sum()


def diagonal_by_indices(x: Any) -> Any:
    y = x @ x.T
    y[np.diag_indices_from(y)] = 0
    y[np.diag_indices(3)] += x[:, 0]
    return y


CASES = [
    ravel_of_what_is_strided_is_a_copy, no_axes_left, diagonal_by_indices,
    element_by_element, copies_lie_row_by_row,
    rows_into_numbers, states_in_a_buffer, views_made_before_the_write,
    numbers_stay_numbers, counts_of_a_loop, grid, shifted, places, separated_places,
    added_at_places, functions_that_write, sorted_in_place, one_by_one, written_over,
    of_an_object, noise_with_a_seed,
    transposed, new_axis, reshaped, raveled, flattened_is_a_copy,
    ravel_of_a_transpose_is_a_copy, part_of_a_part, swapped, copies_are_their_own,
    turned_round, split_in_parts, older_view_sees_a_later_write, into_an_argument,
    numbers_are_not_arrays, rows_of_a_loop, zipped_with_a_buffer, into_out,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Passing more than 2 positional arguments")
@pytest.mark.parametrize("f", CASES, ids=lambda f: f.__name__)
def test_a_write_is_seen_as_numpy_shows_it(f: Callable[..., Any]) -> None:
    d = derivo.derive(f, x=X.copy(), verify=False)
    value = f(X.copy())
    up = np.random.default_rng(1).normal(size=np.shape(value))
    said = [s.rule for s in d.steps if s.kind == "write"]
    assert bool(said) is (f in (into_an_argument, into_out)), said
    given = X.copy()
    np.testing.assert_allclose(d(x=given), value, rtol=1e-13)
    np.testing.assert_array_equal(given, X, err_msg="the caller's array is as it was")
    want = differences(f, {"x": X}, up, "x")
    got = d.gradients(up, x=X.copy())["x"]
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-8)


def into_a_broadcast(x: Any) -> Any:
    y = np.broadcast_to(x[0], (3, 4))
    y[1] = 0
    return y


def into_a_diagonal(x: Any) -> Any:
    y = x * 2
    np.diagonal(y)[0] = 1
    return y


def too_long(x: Any) -> Any:
    y = x * 2
    y[0] = x[:, 0]
    return y


def wider_than_the_array(x: Any) -> Any:
    y = x[0] * 2
    y += x
    return y


def floats_into_integers(x: Any) -> Any:
    ranks = np.argsort(x, axis=1)
    ranks[0] = x[0]
    return ranks * x


def integers_plus_floats(x: Any) -> Any:
    ranks = np.argsort(x, axis=1)
    ranks += x
    return ranks * x


def open_whether_view_or_copy(x: Any) -> Any:
    y = x.T * 2
    y.ravel()[0] = 1
    return y


@pytest.mark.parametrize(
    ("f", "error", "said"),
    [
        (into_a_broadcast, ShapeError, "can only be read"),
        (into_a_diagonal, ShapeError, "can only be read"),
        (too_long, ShapeError, r"shape \(3,\) is written into a place of shape \(4,\)"),
        (wider_than_the_array, ShapeError, "written into a place of shape"),
        (floats_into_integers, DtypeError, "would change them"),
        (integers_plus_floats, DtypeError, "would change them"),
        (open_whether_view_or_copy, TraceError, "view here or a copy"),
    ],
    ids=lambda f: getattr(f, "__name__", ""),
)
def test_what_numpy_would_not_do_is_refused_with_the_line(
    f: Callable[..., Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        derivo.derive(f, x=X)
    assert f"in {f.__name__}" in str(caught.value)


def test_a_product_with_an_array_of_numbers_by_subscripts():
    numbers = np.arange(3.0)
    d = derivo.derive(lambda x: np.einsum("ij,j->i", x, numbers), x="N 3")
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(d(x=x), x @ numbers)
    made = derivo.derive(lambda x: np.einsum("ij,j->i", x, np.arange(3.0)), x="N 3")
    np.testing.assert_allclose(made(x=x), x @ numbers)
    np.testing.assert_allclose(made.gradients(x=x)["x"], [numbers, numbers])
