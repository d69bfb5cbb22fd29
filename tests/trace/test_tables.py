"""Traced integers pick from plain arrays, wherever the function finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.errors import TraceError

TABLE = np.array([0.2, -0.3, 0.5, 0.7])
PLACES = np.random.default_rng(0).normal(size=(9, 3))
LAYERS: list[Any] = [(np.arange(3.0), TABLE), (TABLE * 2, PLACES)]
SETTINGS: dict[str, Any] = {"weights": TABLE, "deep": {"table": [PLACES]}}
BEFORE = {id(a): a.copy() for a in (TABLE, PLACES)}


class Pair(NamedTuple):
    first: Any
    second: Any


PAIR = Pair(TABLE, PLACES)


class Embedding:
    shared = np.array([1.0, 2.0, 3.0, 4.0])

    def __init__(self) -> None:
        self.table = TABLE * 3
        self.state = np.zeros(3)
        self.inner = Pair(PLACES, {"t": TABLE})

    def __call__(self, z: Any, k: Any) -> Any:
        return z * self.table[k] * self.shared[k] + self.inner.second["t"][k]

    def written(self, z: Any, k: Any) -> Any:
        self.state[0] = z[0] * z[1]
        self.state[1:] = z[0]
        return self.state * TABLE[k]


def from_a_closure() -> Callable[..., Any]:
    table = TABLE + 1

    def f(z: Any, k: Any, other: Any = TABLE) -> Any:
        return z**2 * table[k] * other[k]

    return f


def helped(z: Any, k: Any) -> Any:
    return z**2 * looked_up(k)


def looked_up(k: Any) -> Any:
    return TABLE[k] + LAYERS[1][0][k]


def smoothed(z: Any, k: Any) -> Any:
    classes = z.shape[1]
    t = np.eye(classes)[k] * 0.9 + 0.1 / classes
    return -np.sum(t * z**2)


def weighted(z: Any, k: Any) -> Any:
    picked = np.exp(z)[range(z.shape[0]), k]
    return -np.sum(TABLE[k] * np.log(picked)) / TABLE[k].sum()


CASES: dict[str, tuple[Callable[..., Any], str]] = {
    "global": (lambda z, k: z**2 * TABLE[k], "N"),
    "rows": (lambda z, k: z[:, None] ** 2 * PLACES[k], "N"),
    "entries": (lambda z, k: z**2 * PLACES[k, 1] + PLACES[k, k % 3], "N"),
    "one row": (lambda z, k: z**2 * PLACES[k[0]][:1], "N"),
    "list of tuples": (lambda z, k: z**2 * LAYERS[1][1][k, 0], "N"),
    "dict": (lambda z, k: z * SETTINGS["weights"][k], "N"),
    "dict in a dict": (lambda z, k: z * SETTINGS["deep"]["table"][0][k, 2], "N"),
    "named tuple": (lambda z, k: z * PAIR.first[k], "N"),
    "part of a table": (lambda z, k: z * TABLE[1:][k % 3], "N"),
    "made of a table": (lambda z, k: z * (TABLE * 2 + 1)[k], "N"),
    "take": (lambda z, k: z * TABLE.take(k) + np.take(TABLE, k), "N"),
    "object": (Embedding(), "N"),
    "closure and default": (from_a_closure(), "N"),
    "helper": (helped, "N"),
    "as many as there are": (lambda z, k: z[:, None] * PLACES[: z.shape[0]], "N"),
    "counted": (lambda z, k: z[:, None] * PLACES[np.arange(len(z))], "N"),
    "one hot": (smoothed, "N 4"),
    "weights of classes": (weighted, "N 4"),
    "eye of a number": (lambda z, k: z**2 * np.eye(4)[k], "N 4"),
    "array in place": (lambda z, k: z * np.array([1.0, 2.0, 4.0, 8.0])[k], "N"),
    "range in place": (lambda z, k: z**2 * np.arange(4)[k], "N"),
}


@pytest.mark.parametrize("size", ["N", "3"])
@pytest.mark.parametrize("name", CASES)
def test_a_table_is_picked_from(name: str, size: str) -> None:
    function, spec = CASES[name]
    d = derivo.derive(function, z=spec.replace("N", size), k=Spec(size, "int"))
    k = np.array([2, 0, 3])
    z = np.random.default_rng(1).normal(size=(3, 4)[: len(spec.split())])
    expected = np.asarray(function(z, k))
    np.testing.assert_allclose(d(z=z, k=k), expected, rtol=1e-12)
    u = np.random.default_rng(2).normal(size=expected.shape)
    g = d.gradients(u if u.ndim else float(u), z=z, k=k)["z"]
    v = np.random.default_rng(3).normal(size=z.shape)
    ends = [function(z + s * v, k) for s in (1e-6, -1e-6)]
    slope = np.sum(u * (ends[0] - ends[1])) / 2e-6
    assert np.sum(g * v) == pytest.approx(slope, rel=1e-6, abs=1e-8)
    assert d(z=z.astype(np.float32), k=k).dtype == np.float32


def test_what_is_the_users_is_an_array_afterwards():
    net = Embedding()
    d = derivo.derive(net.written, z="3", k=Spec("3", "int"))
    z, k = np.array([2.0, 3.0, 5.0]), np.array([1, 0, 2])
    np.testing.assert_allclose(d(z=z, k=k), np.array([6.0, 2, 2]) * TABLE[k])
    assert type(net.state) is type(Embedding.shared) is np.ndarray
    np.testing.assert_array_equal(net.state, np.zeros(3))
    assert SETTINGS["weights"] is TABLE
    assert LAYERS[0][1] is TABLE
    assert PAIR.second is PLACES
    for array in (TABLE, PLACES):
        assert type(array) is np.ndarray
        np.testing.assert_array_equal(array, BEFORE[id(array)])


def test_an_identity_is_written_as_one():
    d = derivo.derive(CASES["eye of a number"][0], z="N 4", k=Spec("N", "int"))
    assert "np.eye(4, dtype=z.dtype)[k]" in d.source


def test_a_function_without_tables_is_run_once():
    runs = []

    def f(x):
        runs.append(1)
        return np.sum(TABLE * x)

    derivo.derive(f, x="4", verify=False)
    assert len(runs) == 1


def test_a_list_is_no_table():
    with pytest.raises(TraceError, match=r"`\[1\.0, 2\.0\]\[k\]`|picks from a list"):
        derivo.derive(lambda z, k: z * [1.0, 2.0][k], z="", k=Spec("", "int"))
