"""Arguments of a call: checked against the specs, brought to one floating type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivo.errors import DtypeError, ShapeError, UsageError
from derivo.graph.dim import evaluate, format_shape
from derivo.graph.node import Graph
from derivo.graph.spec import Spec, as_plain, kind_of, unify


def bind(
    graph: Graph, args: tuple[Any, ...], arrays: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, int]]:
    """Check arguments against a graph's; give them as arrays, and the named sizes.

    Raises
    ------
    UsageError
        An argument is missing, or there is one too many.
    ShapeError
        A shape that does not fit the spec, or the other arguments.
    DtypeError
        An array of another kind than the spec says.
    """
    expected = {n.attrs["name"]: n.spec for n in graph.inputs}
    given = {**dict(zip(expected, args, strict=False)), **arrays}
    if set(given) != set(expected) or len(args) > len(expected):
        odd = sorted(set(given) ^ set(expected))
        message = (
            f"{graph.name} takes the arguments {', '.join(expected)}; "
            f"check {', '.join(odd)}"
        )
        raise UsageError(message)
    dtype = floating_type(given)
    values: dict[str, Any] = {}
    sizes: dict[str, int] = {}
    for name, spec in expected.items():
        values[name] = _as_spec(name, given[name], spec, dtype)
        if not unify(spec.shape, values[name].shape, sizes):
            known = ", ".join(f"{k} = {v}" for k, v in sizes.items())
            message = (
                f"{name} has the shape {values[name].shape}, but {graph.name} was "
                f"derived for {format_shape(spec.shape)}"
                + (f" with {known}" if known else "")
            )
            raise ShapeError(message)
    return values, sizes


def adjoints_of_results(
    graph: Graph, upstream: Any, dtype: np.dtype[Any], sizes: Mapping[str, int]
) -> Any:
    """Check the adjoints of the results, or make ones; several are a tuple."""
    shapes = [tuple(evaluate(d, sizes) for d in o.spec.shape) for o in graph.outputs]
    if upstream is None:
        ones = tuple(np.ones(s, dtype) if s else dtype.type(1) for s in shapes)
        return ones if len(ones) > 1 else ones[0]
    given = upstream if len(shapes) > 1 else (upstream,)
    if isinstance(given, dict):
        given = tuple(given.values())
    if not isinstance(given, tuple | list) or len(given) != len(shapes):
        message = (
            f"{graph.name} gives {len(shapes)} results: upstream is a tuple of as "
            "many adjoints, in the same order"
        )
        raise ShapeError(message)
    for u, s in zip(given, shapes, strict=True):
        if np.shape(u) != s:
            message = (
                f"the upstream adjoint has the shape {np.shape(u)}, the result {s}"
            )
            raise ShapeError(message)
    cast = tuple(np.asarray(u, dtype)[()] for u in given)
    return cast if len(cast) > 1 else cast[0]


def floating_type(arrays: Mapping[str, Any]) -> np.dtype[Any]:
    """Give the floating type that a call computes in."""
    known = [a for a in arrays.values() if isinstance(a, np.ndarray | np.generic)]
    known += [np.asarray(a) for a in arrays.values() if isinstance(a, list | tuple)]
    floats = [a.dtype for a in known if a.dtype.kind == "f"]
    wide = [a.dtype for a in known if a.dtype.kind == "f" and a.ndim]
    # A Python number takes the type of what it meets; so does a scalar beside arrays.
    floats = wide or floats
    return np.result_type(*floats) if floats else np.dtype(np.float64)


def _as_spec(name: str, value: Any, spec: Spec, dtype: np.dtype[Any]) -> Any:
    try:
        array = np.asarray(as_plain(value))
        kind = kind_of(array.dtype)
    except DtypeError as error:
        message = f"{name}: {error}"
        raise DtypeError(message) from None
    if spec.kind == "float":
        wide = array.astype(dtype) if kind != "float" or not array.ndim else array
        return wide if array.ndim else wide[()]
    if kind != spec.kind:
        message = (
            f"{name} holds {array.dtype} values, but was derived for {spec.kind} values"
        )
        raise DtypeError(message)
    return array
