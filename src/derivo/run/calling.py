"""A call of what was derived: which value is which argument, and which is a setting."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.graph.nest import Record, Setting, is_nest, leaves, parts_of
from derivo.graph.node import Graph
from derivo.trace.arguments.given import Given
from derivo.trace.arguments.specs import as_nest, shown


def split_upstream(
    graph: Graph, given: Given, args: Sequence[Any], arrays: Mapping[str, Any]
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Tell the adjoint of the result from the arguments of the function.

    Values without a name are the arguments in the function's order, where settings may
    be repeated or left out. If there is one more, or if what would be the first
    argument is given by name as well, the first value is the adjoint. An argument of
    the function may be called ``upstream``: then the adjoint comes first, without a
    name.

    Returns
    -------
    upstream, args, arrays
        The adjoint (None if there is none), arguments by position, and by name.
    """
    names = _own(graph, given)
    named = dict(arrays)
    args = _together(graph, given, args)
    if "upstream" in named and "upstream" not in (*names, *given.fixed):
        return named.pop("upstream"), tuple(args), named
    for has_adjoint, order in product((False, True), _orders(graph, given)):
        rest = args[has_adjoint:]
        if _fits(order, rest, named, given) and len(args) >= has_adjoint:
            first = args[0] if has_adjoint else None
            return first, tuple(rest), named
    is_one_more = len(args) + len(named) > len(names)
    if args and (is_one_more or not set(names[: len(args)]).isdisjoint(named)):
        return args[0], tuple(args[1:]), named
    return None, tuple(args), named


def arguments_of(
    graph: Graph, given: Given, args: Sequence[Any], arrays: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Give the arrays of a call by position and by name, without settings and nests.

    Raises
    ------
    UsageError
        A setting with another value than it has, or a nest of another form.
    """
    named = dict(arrays)
    if given.is_plain and not graph.parameters:
        return tuple(args), named
    args = _together(graph, given, args)
    for name in [k for k in named if k in given.fixed]:
        check_setting(graph.name, name, given.fixed[name], named.pop(name))
    orders = _orders(graph, given)
    order = next((o for o in orders if _fits(o, args, named, given)), orders[-1])
    if order == orders[0] and len(orders) > 1:
        pairs = [(k, v) for k, v in zip(order, args, strict=False)]
        args = tuple(v for k, v in pairs if k not in given.fixed)
        order = tuple(k for k in order if k not in given.fixed)
    elif len(args) > len(order):
        _refuse_settings_by_position(graph, given, args)
    is_flat = not graph.parameters and not given.attributes
    if is_flat or len(args) > len(order):
        return tuple(args), named
    twice = [name for name in order[: len(args)] if name in named]
    if twice:
        message = f"{graph.name}: {twice[0]} is given twice, by position and by name"
        raise UsageError(message)
    by_name = {**dict(zip(order, args, strict=False)), **named}
    nests = dict(graph.signature)
    return (), {
        path: leaf
        for name, value in by_name.items()
        for path, leaf in spread(graph.name, name, nests.get(name, 0), value)
    }


def _together(graph: Graph, given: Given, args: Sequence[Any]) -> Sequence[Any]:
    """Put the values that ``*args`` takes into a tuple, as the source has them."""
    nest = dict(graph.signature).get(given.several) if given.several else None
    if nest is None or _own(graph, given)[-1] != given.several:
        return args
    length = len(parts_of(nest))
    for start in {len(order) - 1 for order in _orders(graph, given)}:
        for before in (start, start + 1):  # the adjoint of the result may come first
            if len(args) == before + length and not is_nest(args[-1]):
                return (*args[:before], tuple(args[before:]))
    return args


def _own(graph: Graph, given: Given) -> tuple[str, ...]:
    """Give the arguments of the function itself, without attributes of its object."""
    names = (name for name, _ in graph.signature)
    return tuple(name for name in names if name not in given.of_self)


def _orders(graph: Graph, given: Given) -> list[tuple[str, ...]]:
    """Give the orders in which values without a name may come."""
    arrays = _own(graph, given)
    if not given.fixed:
        return [arrays]
    whole = [k for k in given.parameters if k in arrays or k in given.fixed]
    return [(*whole, *(k for k in arrays if k not in whole)), arrays]


def _fits(
    order: Sequence[str], args: Sequence[Any], named: Mapping[str, Any], given: Given
) -> bool:
    """Tell whether values can be the arguments of these names."""
    taken = order[: len(args)]
    given_by_name = {*named, *(k.partition(".")[0] for k in named)}
    return (
        len(args) <= len(order)
        and given_by_name.isdisjoint(taken)
        and all(
            is_same(given.fixed[k], v)
            for k, v in zip(taken, args, strict=True)
            if k in given.fixed
        )
    )


def _refuse_settings_by_position(
    graph: Graph, given: Given, args: Sequence[Any]
) -> None:
    """Say which of too many values is another one than the setting in its place."""
    for name, value in zip(_orders(graph, given)[0], args, strict=False):
        if name in given.fixed:
            check_setting(graph.name, name, given.fixed[name], value)


def check_setting(function: str, name: str, fixed: Any, value: Any) -> None:
    """See that a setting that is repeated has the value it was derived with.

    Raises
    ------
    UsageError
        It has another one.
    """
    if is_same(fixed, value):
        return
    was, now = shown(fixed), shown(value)
    top = name.partition(".")[0]
    again = f"derive it again with {name}={now}" if top == name else "derive it again"
    free = ""
    if top == name and isinstance(value, float | np.ndarray):
        text = " ".join(map(str, np.shape(value)))
        free = f", or with the shape {name}={text!r} to make it an argument"
    message = (
        f"{name}={now}: {function} was derived with the setting {name}={was}. Leave it "
        f"out, or {again}{free}"
    )
    raise UsageError(message)


def is_same(a: Any, b: Any) -> bool:
    """Tell whether two settings are one: True is not 1, and 2 is not 2.0."""
    if a is b:
        return True
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        first, second = np.asarray(a), np.asarray(b)
        return bool(
            type(a) is type(b)
            and first.dtype == second.dtype
            and np.array_equal(first, second)
        )
    if isinstance(a, np.generic | numbers.Number | np.bool_):
        is_number = isinstance(b, np.generic | numbers.Number | np.bool_)
        kinds = {np.asarray(v).dtype.kind for v in (a, b)} if is_number else set()
        return len(kinds) == 1 and bool(a == b or (a != a and b != b))  # noqa: PLR0124
    try:
        return type(a) is type(b) and bool(a == b)
    except Exception:  # noqa: BLE001  objects compare as they like
        return False


def spread(
    function: str, path: str, nest: Any, value: Any
) -> Iterator[tuple[str, Any]]:
    """Give each array in a value that has the form of a nest, with the way to it."""
    if isinstance(nest, Setting):
        check_setting(function, path, nest.value, value)
    elif not is_nest(nest):
        if nest is not None:
            yield path, value
    else:
        given = as_nest(value)
        if isinstance(nest, Record) and isinstance(given, tuple | list):
            given = _as_record(nest, given)
        _check_form(path, nest, given, value)
        held = dict(parts_of(given))
        for key, part in parts_of(nest):
            if key in held:
                yield from spread(function, f"{path}.{key}", part, held[key])


def _as_record(nest: Record, values: Sequence[Any]) -> Any:
    """Give the places of a tuple the names that they have in a named one."""
    if not nest.is_tuple or len(values) != len(nest.parts):
        return values
    return Record(nest.kind, dict(zip(nest.parts, values, strict=True)))


def _check_form(path: str, nest: Any, given: Any, value: Any) -> None:
    """See that a value is a nest of the form that was derived.

    Raises
    ------
    UsageError
        It is none, or has other parts; settings may be left out.
    """
    wanted = dict(parts_of(nest))
    if given is None and isinstance(value, dict | list | tuple):
        given = value  # an empty one, or a list of plain numbers
    kinds: tuple[type, ...] = (list, tuple, Record)
    if isinstance(nest, Record | dict):
        kinds = (Record, dict) if isinstance(nest, Record) else (dict,)
    if not isinstance(given, kinds):
        what = nest.kind.__name__ if isinstance(nest, Record) else type(nest).__name__
        message = (
            f"{path} is a {type(value).__name__}, but was derived as a {what} with "
            f"{', '.join(map(str, wanted))}"
        )
        raise UsageError(message)
    held = [k for k, _ in parts_of(given)]
    needed = [k for k in wanted if next(leaves(wanted[k]), None) is not None]
    missing = [k for k in needed if k not in held]
    if isinstance(nest, list | tuple) and len(held) != len(wanted):
        message = (
            f"{path} has {len(held)} parts, but was derived with {len(wanted)}: the "
            "length of a list is fixed; derive again for another"
        )
        raise UsageError(message)
    odd = [k for k in held if k not in wanted] if isinstance(nest, dict) else []
    if missing or odd:
        said = [f"{path}.{k} is missing" for k in missing]
        said += [f"{path}.{k} is not a part of it" for k in odd]
        message = (
            f"{path} was derived with {', '.join(map(str, wanted))}: {'; '.join(said)}"
        )
        raise UsageError(message)
