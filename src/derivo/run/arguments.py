"""Arguments of a call: checked against the specs, brought to one floating type."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from derivo.errors import DtypeError, NotSupportedError, ShapeError, UsageError
from derivo.graph.dim import evaluate, format_shape
from derivo.graph.nest import Record, Setting
from derivo.graph.node import Graph
from derivo.graph.sizes import fit
from derivo.graph.spec import Spec, as_plain, kind_of
from derivo.trace.arguments.specs import as_nest


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
    _check_names(graph.name, tuple(expected), args, arrays)
    found = {name: as_array(value, name) for name, value in given.items()}
    # A Python number takes the type of what it meets.
    dtype = floating_type(
        {k: a for k, a in found.items() if not isinstance(given[k], int | float)}
    )
    values = {
        name: _as_spec(name, found[name], spec, dtype)
        for name, spec in expected.items()
    }
    return values, sizes_of(graph, values)


def sizes_of(graph: Graph, values: Mapping[str, Any]) -> dict[str, int]:
    """Give what the named sizes of a graph's arguments are.

    Raises
    ------
    ShapeError
        An array that does not fit the spec, or the other arguments.
    """
    shapes = {n.attrs["name"]: n.spec.shape for n in graph.inputs}
    sizes, misfit = fit(shapes, {name: values[name].shape for name in shapes})
    if misfit is None:
        return sizes
    name, axis = misfit
    known = ", ".join(f"{k} = {v}" for k, v in sizes.items())
    message = (
        f"{name} has the shape {values[name].shape}, but {graph.name} was derived for "
        f"{format_shape(shapes[name])}" + (f" with {known}" if known else "")
    )
    if axis is not None and not isinstance(shapes[name][axis], int):
        message += (
            f": axis {axis} would have the size {shapes[name][axis]}, and has "
            f"{values[name].shape[axis]}"
        )
    if graph.ties:
        listed = "; ".join(f"{t} (needed at {t.line})" for t in graph.ties)
        message += f". Of the sizes, {listed}"
    raise ShapeError(message)


def _check_names(
    function: str, expected: tuple[str, ...], args: tuple[Any, ...],
    arrays: Mapping[str, Any],
) -> None:  # fmt: skip
    """See that every argument is given, once."""
    by_position = expected[: len(args)]
    odd = {
        **{k: "is not an argument" for k in arrays if k not in expected},
        **{k: "is given twice" for k in arrays if k in by_position},
        **{k: "is missing" for k in expected[len(args) :] if k not in arrays},
    }
    if len(args) > len(expected):
        odd |= {f"the {len(args)} arrays given": "are too many"}
    if odd:
        listed = "; ".join(f"{k} {why}" for k, why in odd.items())
        message = (
            f"{function} takes the arguments {', '.join(expected)}; check "
            f"{', '.join(odd)}: {listed}"
        )
        raise UsageError(message)


def adjoint_of_loss(upstream: Any) -> Any:
    """Check the number by which all gradients of a loss are multiplied.

    Raises
    ------
    ShapeError, DtypeError
        An array, or no number: a loss is one number, and so is its adjoint.
    """
    number = _as_number(upstream, "upstream")
    if number.ndim:
        message = (
            f"the upstream adjoint has the shape {number.shape}, but the result is "
            "one number: give one number, or leave it out for 1"
        )
        raise ShapeError(message)
    return upstream if isinstance(upstream, float | int) else number[()]


def as_array(value: Any, name: str) -> Any:
    """Give a value as a NumPy array.

    Raises
    ------
    DtypeError
        A masked array, whose mask would be lost, or what NumPy makes no array of: rows
        of different lengths, a tensor that records its own gradient.
    """
    if isinstance(value, np.ma.MaskedArray):
        message = (
            f"{name} is a masked array, and its mask would be lost; fill it first, as "
            f"by {name}.filled(0), and pass the mask as an argument of its own"
        )
        raise DtypeError(message)
    try:
        as_plain(value)
    except DtypeError as error:
        message = f"{name}: {error}"
        raise DtypeError(message) from None
    try:
        return np.asarray(value)
    except Exception as error:  # noqa: BLE001  whatever the object raises
        message = (
            f"{name} is a {type(value).__name__} of which NumPy makes no array: {error}"
        )
        raise DtypeError(message) from None


def _as_number(value: Any, name: str) -> Any:
    array = as_array(value, name)
    if array.dtype.kind not in "fiub":
        message = f"{name} holds {array.dtype} values; an adjoint is made of numbers"
        raise DtypeError(message)
    return array


def adjoints_of_results(
    graph: Graph, upstream: Any, dtype: np.dtype[Any], sizes: Mapping[str, int],
    structure: Any = None,
) -> Any:  # fmt: skip
    """Check the adjoints of the results, or make ones; several are a tuple.

    Parameters
    ----------
    graph
        The forward graph.
    upstream
        One adjoint, several in a tuple or list, or a dict with the keys of the result.
    dtype
        The floating type in use.
    sizes
        What the named sizes are.
    structure
        The result with each array replaced by its number among the outputs: it has
        the keys by which the adjoints in a dict are found.

    Raises
    ------
    ShapeError
        Another shape than the result's, or another number of adjoints.
    UsageError
        Keys that the result does not have.
    DtypeError
        Something that is no array of numbers.
    """
    shapes = [tuple(evaluate(d, sizes) for d in o.spec.shape) for o in graph.outputs]
    if upstream is None:
        ones = tuple(np.ones(s, dtype) if s else dtype.type(1) for s in shapes)
        return ones if len(ones) > 1 else ones[0]
    given = _by_number(structure, upstream, graph.name)
    if given is None:
        given = upstream if len(shapes) > 1 else (upstream,)
    if not isinstance(given, tuple | list) or len(given) != len(shapes):
        message = (
            f"{graph.name} gives {len(shapes)} results: upstream is a tuple of as "
            "many adjoints, in the same order"
        )
        raise ShapeError(message)
    given = [_as_number(u, "upstream") for u in given]
    for u, s in zip(given, shapes, strict=True):
        if np.shape(u) != s:
            message = (
                f"the upstream adjoint has the shape {np.shape(u)}, the result {s}"
            )
            raise ShapeError(message)
    cast = tuple(np.asarray(u, dtype)[()] for u in given)
    return cast if len(cast) > 1 else cast[0]


def _by_number(structure: Any, upstream: Any, name: str) -> Any:
    """Sort adjoints that come in a dict as the results are; None if there is none."""
    if isinstance(structure, Record):
        structure, upstream = _as_dicts(structure, upstream)
    if isinstance(structure, Mapping) and isinstance(upstream, Mapping):
        if set(structure) != set(upstream):
            message = (
                f"{name} gives the results {', '.join(map(repr, structure))}; upstream "
                f"has {', '.join(map(repr, upstream)) or 'none'}: give an adjoint for "
                "each"
            )
            raise UsageError(message)
        parts = [(structure[k], upstream[k]) for k in structure]
    elif isinstance(structure, tuple | list) and isinstance(upstream, tuple | list):
        if len(structure) != len(upstream):
            return None
        parts = list(zip(structure, upstream, strict=True))
    elif isinstance(upstream, Mapping):
        message = f"{name} gives no dict: upstream is an array, or a tuple of arrays"
        raise UsageError(message)
    else:
        return None
    found: list[Any] = []
    for inner, given in parts:
        below = _by_number(inner, given, name)
        found += [given] if below is None else below
    return found


def _as_dicts(structure: Record, upstream: Any) -> tuple[dict[str, Any], Any]:
    """Give results that are an object, and their adjoints, by attribute."""
    wanted = {k: v for k, v in structure.parts.items() if not isinstance(v, Setting)}
    given = as_nest(upstream)
    if isinstance(given, Record):
        return wanted, {k: v for k, v in given.parts.items() if k in wanted}
    is_listed = structure.is_tuple and isinstance(upstream, tuple | list)
    if is_listed and len(upstream) == len(wanted):
        return wanted, dict(zip(wanted, upstream, strict=True))
    return wanted, upstream


def floating_type(arrays: Mapping[str, Any]) -> np.dtype[Any]:
    """Give the floating type that a call computes in."""
    known = [a for a in arrays.values() if isinstance(a, np.ndarray | np.generic)]
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


def refuse_names_of_options(taker: Callable[..., Any], function: Any) -> None:
    """Refuse a function with an argument that cannot be told from an option.

    Parameters
    ----------
    taker
        What is called with the function, then options and the function's own arguments
        by name: `derive`, `check_backward`.
    function
        The user's.

    Raises
    ------
    UsageError
        An argument without a default is called like an option of `taker`.
    """
    options = {
        k for k, p in inspect.signature(taker).parameters.items()
        if p.kind is p.KEYWORD_ONLY
    }  # fmt: skip
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return  # not a function: said where it is traced
    for name, p in parameters.items():
        if name in options and p.default is p.empty:
            message = (
                f"{name!r} is an argument of {getattr(function, '__name__', 'it')} and "
                f"an option of {taker.__name__}: rename the argument"
            )
            raise UsageError(message)


def in_floating_type(name: str, array: Any, dtype: Any) -> Any:
    """Give data in the one type that compiled steps have.

    Raises
    ------
    NotSupportedError
        Integers that the floating type cannot hold.
    """
    found = np.ascontiguousarray(array, dtype)
    if array.dtype.kind in "iu" and np.any(found != array):
        message = f"{name} holds integers that {dtype} cannot hold: train in float64"
        raise NotSupportedError(message)
    return found
