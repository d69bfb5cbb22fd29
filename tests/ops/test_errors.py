"""What cannot be derived is said with the user's line, and what to write instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo import ops
from derivo.errors import DerivoError, NotSupportedError, ShapeError

CASES: dict[str, tuple[Any, dict[str, Any], type[DerivoError], str]] = {
    "concatenate": (
        lambda x, y: np.concatenate([x, y]),
        {"x": "N 3", "y": "N 4"},
        ShapeError,
        r"\(N, 3\) and \(N, 4\) cannot be joined on axis 0",
    ),
    "stack": (
        lambda x, y: np.stack([x, y]),
        {"x": "N 3", "y": "N 4"},
        ShapeError,
        r"\(N, 3\) and \(N, 4\) cannot be stacked",
    ),
    "split": (
        lambda x: np.split(x, 2)[0],
        {"x": "5"},
        ShapeError,
        "5 cannot be cut into 2 equal",
    ),
    "einsum sizes": (
        lambda x, y: np.einsum("ij,jk", x, y),
        {"x": "N 3", "y": "4 M"},
        ShapeError,
        "index 'j' has the size 3 and the size 4",
    ),
    "einsum axes": (
        lambda x: np.einsum("ijk->k", x),
        {"x": "N M"},
        ShapeError,
        "'ijk' in 'ijk->k' does not fit an array with 2 axes",
    ),
    "einsum operands": (
        lambda x: np.einsum("ij,jk", x),
        {"x": "N M"},
        ShapeError,
        "has 2 operands, but 1 are given",
    ),
    "traced option": (
        lambda x, n: np.round(x, n),
        {"x": "N M", "n": ""},
        DerivoError,
        "decimals",
    ),
    "traced shift": (
        lambda x, n: np.nan_to_num(x, nan=n),
        {"x": "N M", "n": ""},
        NotSupportedError,
        "option nan= of `nan_to_num` depends on a traced value",
    ),
    "inv": (
        lambda x: np.linalg.inv(x),
        {"x": "N M"},
        ShapeError,
        r"square matrix is needed, not .*\(N, M\)",
    ),
    "solve": (
        lambda a, b: np.linalg.solve(a, b),
        {"a": "N N", "b": "M"},
        ShapeError,
        r"solve: \(N, N\) and \(M,\) do not fit",
    ),
    "spectral norm": (
        lambda x: np.linalg.norm(x, 3),
        {"x": "N M"},
        NotSupportedError,
        "no matrix norm ord=3",
    ),
    "eig": (
        lambda x: np.linalg.eig(x)[0],
        {"x": "N N"},
        NotSupportedError,
        "np.linalg.eig` has no rule",
    ),
    "qr of a named size": (
        lambda x: np.linalg.qr(x)[1],
        {"x": "N M"},
        ShapeError,
        "give the sizes as numbers",
    ),
    "all vectors": (
        lambda x: np.linalg.svd(x)[0],
        {"x": "3 2"},
        NotSupportedError,
        "full_matrices=False",
    ),
    "mask": (
        lambda x: x[x > 0],
        {"x": "N M"},
        NotSupportedError,
        r"as many elements as a mask holds(.|\n)*np.where\(mask, x, 0\)",
    ),
    "index outside": (
        lambda x: x[3],
        {"x": "3 M"},
        ShapeError,
        "Index 3 is outside an axis of size 3",
    ),
    "too many indices": (
        lambda x: x[0, 0, 0],
        {"x": "N M"},
        ShapeError,
        "3 indices for an array with 2 axes",
    ),
    "float index": (
        lambda x, i: x[i],
        {"x": "N M", "i": "K"},
        ShapeError,
        "index must hold integers",
    ),
    "axis": (
        lambda x: x.sum(axis=2),
        {"x": "N M"},
        ShapeError,
        "Axis 2 does not exist: the array has 2 axes",
    ),
    "reshape": (
        lambda x: x.reshape(4, 3),
        {"x": "3 5"},
        ShapeError,
        r"Cannot reshape \(3, 5\) to \(4, 3\)",
    ),
    "squeeze": (
        lambda x: np.squeeze(x, axis=0),
        {"x": "3 5"},
        ShapeError,
        "its size is not 1",
    ),
    "one-armed where": (
        lambda x: np.where(x > 0),
        {"x": "N"},
        NotSupportedError,
        "as many elements as a mask holds, and that is not known",
    ),
    "pad mode": (
        lambda x: np.pad(x, 1, mode="empty"),
        {"x": "N"},
        NotSupportedError,
        "empty",
    ),
    "diagonal": (
        lambda x: np.diagonal(x),
        {"x": "N M"},
        ShapeError,
        "length that is not known by name",
    ),
    "triangle": (
        lambda x: np.tril(x),
        {"x": "N"},
        ShapeError,
        r"A triangle needs a matrix, not the shape \(N,\)",
    ),
    "unstack": (
        lambda x: np.unstack(x)[0],
        {"x": "N M"},
        ShapeError,
        "size N, which is only a name",
    ),
    "cross": (
        lambda a, b: np.cross(a, b),
        {"a": "N 4", "b": "N 4"},
        ShapeError,
        "two or three components",
    ),
    "take_along_axis": (
        lambda x: np.take_along_axis(x, np.zeros((3, 2), int), axis=1),
        {"x": "4 5"},
        ShapeError,
        "do not fit together: 4 against 3",
    ),
    "key": (
        lambda key: ops.uniform(key, (2,)),
        {"key": "3"},
        DerivoError,
        "holds integers",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_named_with_its_line(name: str) -> None:
    function, specs, kind, words = CASES[name]
    with pytest.raises(kind, match=words) as caught:
        derivo.derive(function, **specs)
    assert "test_errors.py" in str(caught.value)
