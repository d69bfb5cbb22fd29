"""The initial values of what is trained: arrays in nests, of one floating type."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import numpy as np

from derivo.errors import DtypeError, ShapeError, UsageError
from derivo.graph.nest import leaves, made, paths, rebuilt
from derivo.graph.node import Graph
from derivo.run.arguments import as_array
from derivo.run.calling import spread
from derivo.trace.arguments.given import Given
from derivo.train.step import NUMBERS


def check_parameters(
    loss: Callable[..., Any], params: Any, specs: Mapping[str, Any]
) -> None:
    """Refuse parameters that are no arguments of the loss, before anything is derived.

    Raises
    ------
    UsageError
        Which name, and what to write instead.
    """
    name = getattr(loss, "__name__", repr(loss))
    if not isinstance(params, Mapping) or not params:
        message = (
            f"params={params!r} is to be a dict of initial values by the names of "
            "arguments: params={'w': np.zeros((3, 2))}"
        )
        raise UsageError(message)
    try:
        parameters = inspect.signature(loss).parameters
    except (TypeError, ValueError):
        return  # refused where it is traced
    _check_names(name, parameters, params, specs)
    for wanted in params:
        if wanted in specs:
            message = (
                f"{wanted!r} has an initial value in params and a shape beside it: "
                "leave the shape out"
            )
            raise UsageError(message)
    for wanted in NUMBERS:
        if wanted in parameters:
            message = (
                f"{wanted!r} is an argument of {name}, and one of every training step: "
                "rename the argument"
            )
            raise UsageError(message)


def _check_names(
    name: str, parameters: Mapping[str, inspect.Parameter],
    params: Mapping[str, Any], specs: Mapping[str, Any],
) -> None:  # fmt: skip
    """See that all are arguments of the loss, and that it has what it needs."""
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for wanted in (*params, *specs):
        if wanted not in parameters and not takes_any and wanted != "self":
            what = f"params: {wanted!r}" if wanted in params else f"{wanted!r}"
            listed = ", ".join(parameters)
            message = f"{what} is not an argument of {name}({listed})"
            raise UsageError(message)
    for wanted, p in parameters.items():
        needs = p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        if needs and wanted not in params and wanted not in specs:
            message = (
                f"{wanted!r} is an argument of {name} that nothing is said of: give "
                f"its initial value in params, or for data a shape, {wanted}='N M'"
            )
            raise UsageError(message)


def check_kinds(params: Mapping[str, Any], given: Given) -> None:
    """Refuse parameters that cannot be trained: integers, truth values, shapes.

    Raises
    ------
    UsageError
        A shape or a setting where an initial value is needed.
    DtypeError
        Integers or truth values.
    """
    for name, value in params.items():
        nest = given.specs.get(name)
        if nest is None or next(leaves(nest), None) is None:
            message = (
                f"params: {name}={value!r} holds nothing that can be trained, but "
                "settings: whole numbers, None, functions. Instead: write a number "
                "with a point (3.0), or give a setting beside params"
            )
            raise UsageError(message)
        found = dict(spread("params", name, nest, value))
        for path, spec in paths(nest, name):
            if isinstance(found.get(path), str):
                message = (
                    f"params: {path}={found[path]!r} is a shape, and an initial value "
                    f"is needed: an array, such as np.zeros(...). (Shapes of data "
                    "stand beside params, texts in static=.)"
                )
                raise UsageError(message)
            if spec.kind not in ("float", "pyfloat"):
                kind = {"bool": "truth values"}.get(spec.kind, "integers")
                message = (
                    f"params: {path} holds {kind}, which have no gradient. Instead: "
                    f"{path.rpartition('.')[2]}.astype(float), or give it with the data"
                )
                raise DtypeError(message)


def plain_numbers(graph: Graph, nests: Mapping[str, Any]) -> frozenset[str]:
    """Give the paths of numbers of Python's own, which have no type of NumPy's."""
    signature = dict(graph.signature)
    return frozenset(
        path
        for name, value in nests.items()
        for path, leaf in spread(graph.name, name, signature[name], value)
        if isinstance(leaf, float) and not isinstance(leaf, np.generic)
    )


def read_values(
    graph: Graph, names: Iterator[str] | tuple[str, ...], nests: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the arrays in nests by their paths.

    Raises
    ------
    UsageError
        An argument that is missing or not trained, or a nest of another form.
    """
    signature = dict(graph.signature)
    own = tuple(names)
    odd = [f"{k} is missing" for k in own if k not in nests]
    odd += [f"{k} is not trained" for k in nests if k not in own]
    if odd:
        message = f"params are {', '.join(own)}; check {'; '.join(odd)}"
        raise UsageError(message)
    return {
        path: as_array(leaf, path)
        for name in own
        for path, leaf in spread(graph.name, name, signature[name], nests[name])
    }


def common_type(arrays: Mapping[str, Any], plain: Container[str] = ()) -> np.dtype[Any]:
    """Give the one floating type of parameters: that of the arrays among them.

    `plain` are the paths of numbers of Python's own.

    Raises
    ------
    DtypeError
        Some are float32 and others float64, or there are others.
    """
    # A Python number takes the type of what it meets; so does a number beside arrays.
    typed = {k: a for k, a in arrays.items() if k not in plain} or dict(arrays)
    wide = {k: a for k, a in typed.items() if a.ndim} or typed
    found = {a.dtype: k for k, a in reversed(wide.items())}
    if len(found) > 1:
        listed = " and ".join(f"{t} ({k})" for t, k in found.items())
        message = (
            f"params are of several types, {listed}, and a step trains in one. "
            "Instead: convert them, as by .astype(np.float32)"
        )
        raise DtypeError(message)
    dtype: np.dtype[Any] = next(iter(found))
    if dtype not in (np.float32, np.float64):
        message = f"params are {dtype}: a step trains in float32 or float64"
        raise DtypeError(message)
    return dtype


def in_shape(
    arrays: Mapping[str, Any], shapes: Mapping[str, Any], dtype: np.dtype[Any]
) -> tuple[Any, ...]:
    """Give copies of parameters in a floating type, in the order of `shapes`.

    Raises
    ------
    ShapeError
        An array of another shape.
    """
    for path, shape in shapes.items():
        if arrays[path].shape != shape:
            message = (
                f"{path} has the shape {arrays[path].shape}, and is trained as {shape}"
            )
            raise ShapeError(message)
    return tuple(np.array(arrays[path], dtype, order="C") for path in shapes)


def as_nests(
    graph: Graph, names: tuple[str, ...], arrays: Mapping[str, Any]
) -> dict[str, Any]:
    """Put arrays by path into the nests that the loss takes."""
    paths_of = [n.attrs["name"] for n in graph.inputs]
    signature = dict(graph.signature)
    return {
        name: made(rebuilt(signature[name], lambda k: arrays[paths_of[k]]))
        for name in names
    }
