"""Index notation and indexing, drawn at random and compared with NumPy's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import derivo

SIZES = {"a": 2, "b": 3, "c": 4, "d": 1}
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def subscripts(draw: Any) -> str:
    terms = draw(
        st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1, max_size=3)
    )
    used = sorted(set("".join(terms)))
    out = draw(st.permutations(used))[: draw(st.integers(0, len(used)))]
    return f"{','.join(terms)}->{''.join(out)}"


@QUICK
@given(subscripts())
def test_any_einsum_has_the_gradients_of_its_own_linear_maps(text: str) -> None:
    terms = text.split("->", maxsplit=1)[0].split(",")
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        f"x{i}": rng.normal(size=[SIZES[c] for c in term])
        for i, term in enumerate(terms)
    }
    functions = {
        1: lambda x0: np.einsum(text, x0),
        2: lambda x0, x1: np.einsum(text, x0, x1),
        3: lambda x0, x1, x2: np.einsum(text, x0, x1, x2),
    }
    function: Any = functions[len(terms)]
    d = derivo.derive(function, **arrays)
    expected = function(**arrays)
    u = rng.normal(size=expected.shape)
    value, gradients = d.value_and_gradients(u, **arrays)
    np.testing.assert_allclose(expected, value, rtol=1e-12, atol=1e-12)
    for name, x in arrays.items():
        v = rng.normal(size=x.shape)  # einsum is linear in each operand
        slope = np.sum(u * function(**{**arrays, name: v}))
        assert slope == pytest.approx(np.sum(v * gradients[name]), rel=1e-11, abs=1e-11)


SHAPE = (4, 5, 3)


def part(n: int) -> Any:
    place = st.integers(-n, n - 1)
    step = st.sampled_from([None, 1, 2, -1, -2])
    bound = st.one_of(st.none(), st.integers(-n - 1, n + 1))
    rows = st.lists(place, min_size=2, max_size=2).map(np.array)
    return st.one_of(place, st.builds(slice, bound, bound, step), rows)


@st.composite
def indices(draw: Any) -> tuple[Any, ...]:
    rank = draw(st.integers(0, 3))
    start = draw(st.sampled_from([0, 3 - rank]))
    parts = [draw(part(n)) for n in SHAPE[start : start + rank]]
    if start:
        parts.insert(0, Ellipsis)
    if not any(isinstance(p, np.ndarray) for p in parts):
        parts.insert(draw(st.integers(0, len(parts))), None)
    return tuple(parts)


@QUICK
@given(indices())
def test_any_index_takes_and_puts_back_what_numpy_takes(index: tuple[Any, ...]) -> None:
    rng = np.random.default_rng(0)
    x, v = rng.normal(size=SHAPE), rng.normal(size=SHAPE)
    d = derivo.derive(lambda x: x[index] * 2.0, x="4 5 3")
    u = rng.normal(size=x[index].shape)
    value, gradients = d.value_and_gradients(u, x=x)
    np.testing.assert_array_equal(2 * x[index], value)
    expected = np.sum(u * 2 * v[index])
    assert expected == pytest.approx(np.sum(v * gradients["x"]), rel=1e-12, abs=1e-12)
