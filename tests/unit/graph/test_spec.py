"""Specs: broadcasting and promotion as NumPy has them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from derivo.errors import DtypeError, ShapeError
from derivo.graph.dim import symbol
from derivo.graph.spec import Spec, broadcast, kind_of, promote, spec_of

N, M = symbol("N"), symbol("M")


@given(hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=1))
def test_shapes_broadcast_as_in_numpy(shapes):
    assert broadcast(*shapes.input_shapes) == shapes.result_shape


@given(
    st.lists(st.integers(1, 3), max_size=3).map(tuple),
    st.lists(st.integers(1, 3), max_size=3).map(tuple),
)
def test_shapes_are_refused_as_in_numpy(a, b):
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ShapeError, match="do not fit together"):
            broadcast(a, b)
    else:
        assert broadcast(a, b) == expected


def test_named_sizes_broadcast_with_one_and_with_themselves():
    assert broadcast((N, 1), (M,)) == (N, M)
    assert broadcast((N, M), ()) == (N, M)
    with pytest.raises(ShapeError, match="N against M"):
        broadcast((N,), (M,))


@pytest.mark.parametrize("kind", ["float", "int", "bool"])
@pytest.mark.parametrize("sizes", ["", "N", "N M", "N, M", "2*N 3"])
def test_the_kind_may_stand_after_the_sizes(sizes, kind):
    assert spec_of(f"{sizes} {kind}") == Spec(sizes, kind)


@pytest.mark.parametrize("text", ["int N", "N int int", "bool N float"])
def test_a_kind_elsewhere_is_no_size(text):
    with pytest.raises(ShapeError, match="one kind, after the sizes"):
        Spec(text)


VALUES: dict[str, Any] = {
    "bool": np.array([True]), "pyint": 2, "int": np.array([3]), "pyfloat": 2.5,
    "float": np.array([1.0], np.float32),
}  # fmt: skip


@pytest.mark.parametrize("a", VALUES)
@pytest.mark.parametrize("b", VALUES)
def test_kinds_promote_as_in_numpy(a, b):
    result = np.asarray(VALUES[a] * VALUES[b])
    expected = {"b": "bool", "i": "int", "f": "float"}[result.dtype.kind]
    assert promote(a, b).removeprefix("py") == expected


def test_dtypes_are_reduced_to_kinds():
    assert kind_of(np.dtype(np.float32)) == kind_of(np.dtype(np.float64)) == "float"
    assert kind_of(np.dtype(np.uint8)) == "int"
    assert kind_of(np.dtype(bool)) == "bool"
    with pytest.raises(DtypeError):
        kind_of(np.dtype(np.complex64))


def test_specs_are_read_from_text_arrays_numbers_and_specs():
    assert spec_of("N 3") == Spec((N, 3), "float")
    assert spec_of(np.zeros((2, 3), np.int32)) == Spec((2, 3), "int")
    assert spec_of(2.5) == Spec((), "float")
    assert spec_of(Spec("N", "bool")) == Spec((N,), "bool")
    assert spec_of((N, 4)) == Spec((N, 4))
    assert str(Spec("N", "int64")) == "(N,) int"


def test_sides_may_be_text():
    assert Spec(("N", 3, "2*M"), "int") == Spec((N, 3, 2 * M), "int")
    assert Spec("N 3") == Spec(("N", 3))
