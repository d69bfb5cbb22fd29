"""Attributes of the object whose method is derived: read, and set while it is traced.

``derive(net.loss, self=("W", "layers.0.b"), x="N L")`` differentiates for what the
method reads from its object. A way to an attribute may lead through other objects,
dicts and lists; ``*`` is every element of a list.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MethodType
from typing import Any, NoReturn

from derivo.errors import DerivoError, UsageError
from derivo.graph.nest import Record, leaves
from derivo.trace.arguments.specs import read_nest

_NOTHING: Any = object()


def owner_of(function: Any) -> Any:
    """Give the object whose method a function is, or None.

    An object that can be called is its own; a class method has none.
    """
    while isinstance(function, partial):
        function = function.func
    if isinstance(function, MethodType):
        return None if isinstance(function.__self__, type) else function.__self__
    if isinstance(function, type):
        return None
    called = vars(type(function)).get("__call__") or type(function).__call__
    return function if hasattr(called, "__code__") else None


def refuse_class(function: Any, spec: Any) -> None:
    """Refuse a method that is taken from its class, with no object to read.

    Raises
    ------
    UsageError
        ``self`` is to be an array, or names of attributes.
    """
    around = getattr(function, "__qualname__", "").rpartition(".")[0]
    if around and not around.endswith("<locals>") and not isinstance(spec, Record):
        name, owner = function.__name__, around.rpartition(".")[2]
        message = (
            f"self is an argument of {owner}.{name}, which has no object. Instead: "
            f"derive the method of one, derive(net.{name}, self=('W', 'b'), ...)"
        )
        raise UsageError(message)


def read_attributes(
    function: Callable[..., Any], asked: Any, static: Mapping[str, Any]
) -> dict[str, Any]:
    """Give each attribute that is asked for by the way to it, as a nest of specs.

    Parameters
    ----------
    function
        A method, or an object that can be called.
    asked
        A way, several, or a dict that gives each a spec, None for that of the array
        that is there now.
    static
        What is a setting.

    Raises
    ------
    UsageError
        No method; or no such attribute, or none that holds arrays.
    """
    owner = owner_of(function)
    if owner is None:
        name = getattr(function, "__name__", repr(function))
        message = (
            f"self= names attributes of the object whose method is derived, and {name} "
            "is no method of an object. Instead: derive(net.loss, self=('W', 'b'), ...)"
        )
        raise UsageError(message)
    if isinstance(asked, str):
        asked = (asked,)
    if not isinstance(asked, Mapping | tuple | list | set) or not all(
        isinstance(way, str) and way for way in asked
    ):
        message = f"self={asked!r} is to name attributes: self=('W', 'b')"
        raise UsageError(message)
    specs = asked if isinstance(asked, Mapping) else dict.fromkeys(asked)
    found: dict[str, Any] = {}
    for pattern, spec in specs.items():
        for way in _matching(owner, pattern):
            value = fetch(owner, way) if spec is None else spec
            found[way] = _read(owner, way, value, static)
    for way in found:
        above = [w for w in found if way.startswith(f"{w}.")]
        if above:
            message = f"self: {way!r} is a part of {above[0]!r}: name one of them"
            raise UsageError(message)
    return found


def _read(owner: Any, way: str, value: Any, static: Mapping[str, Any]) -> Any:
    instead = _instead(owner, way, value)
    try:
        nest = read_nest(way, value, static)
    except DerivoError as error:
        if isinstance(value, str) or hasattr(value, "__array__"):
            message = f"self: {error}"
            raise type(error)(message) from None
        nest = None
    if next(leaves(nest), None) is None:
        message = f"self: {way!r} holds no array, but {reprlib.repr(value)}{instead}"
        raise UsageError(message)
    return nest


def _instead(owner: Any, way: str, value: Any) -> str:
    """Name attributes that hold arrays, for what holds none."""
    inner = value[0] if isinstance(value, list | tuple) and value else value
    star = ".*" if inner is not value else ""
    below = [k for k, v in _held(inner) if hasattr(v, "__array__")]
    if below:
        listed = ", ".join(f"{way}{star}.{k}"[:60] for k in below)
    else:
        listed = ", ".join(k for k, v in _held(owner) if hasattr(v, "__array__"))
    return f". Instead: name arrays, such as {listed}" if listed else ""


def _matching(owner: Any, pattern: str) -> Iterator[str]:
    """Give the ways that a pattern stands for: ``layers.*.W`` for each layer."""
    before, star, after = pattern.partition("*")
    if not star:
        yield pattern
        return
    whole = fetch(owner, before.rstrip("."))
    for key, _ in _held(whole):
        yield from _matching(owner, f"{before}{key}{after}")


def _held(holder: Any) -> list[tuple[str, Any]]:
    """Give what an object, a dict or a list holds, by name."""
    if isinstance(holder, dict):
        return [(str(k), v) for k, v in holder.items()]
    if isinstance(holder, list | tuple) and not hasattr(holder, "_fields"):
        return [(str(k), v) for k, v in enumerate(holder)]
    names = [*getattr(holder, "__dict__", ()), *getattr(type(holder), "__slots__", ())]
    return [(k, getattr(holder, k, None)) for k in dict.fromkeys(names)]


def fetch(holder: Any, way: str) -> Any:
    """Give what lies at the end of a way: attributes, keys and numbers with dots.

    Raises
    ------
    UsageError
        There is no such thing.
    """
    for step in way.split("."):
        held = _step(holder, step)
        if held is _NOTHING:
            _refuse(holder, way, step)
        holder = held
    return holder


def _step(holder: Any, step: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(_key(holder, step), _NOTHING)
    if isinstance(holder, list | tuple) and step.isdecimal():
        return holder[int(step)] if int(step) < len(holder) else _NOTHING
    return getattr(holder, step, _NOTHING)


def _key(holder: Mapping[Any, Any], step: str) -> Any:
    return next((k for k in holder if str(k) == step), step)


def _refuse(holder: Any, way: str, step: str) -> NoReturn:
    listed = ", ".join(k for k, _ in _held(holder)) or "nothing"
    message = (
        f"self: {way!r}: a {type(holder).__name__} has no {step!r}; it has {listed}"
    )
    raise UsageError(message)


def as_arguments(
    owner: Any, attributes: Mapping[str, Any], parameters: Iterable[str]
) -> dict[str, Any]:
    """Give attributes as arguments of the source: those on the way make a nest.

    Raises
    ------
    UsageError
        An attribute is called like an argument of the method.
    """
    tree: dict[str, Any] = {}
    for way, nest in attributes.items():
        *steps, last = way.split(".")
        branch = tree
        for step in steps:
            branch = branch.setdefault(step, {})
        branch[last] = _Leaf(nest)
    clash = [name for name in tree if name in parameters]
    if clash:
        message = (
            f"self: the attribute {clash[0]!r} is called like an argument of the "
            "method, and the source would have two of the name: rename the argument"
        )
        raise UsageError(message)
    return {name: _grown(getattr(owner, name), part) for name, part in tree.items()}


@dataclasses.dataclass(frozen=True)
class _Leaf:
    """The end of a way."""

    nest: Any


def _grown(holder: Any, tree: Any) -> Any:
    """Give the nest of what is asked for below an object, dict or list."""
    if isinstance(tree, _Leaf):
        return tree.nest
    below = {step: _grown(_step(holder, step), part) for step, part in tree.items()}
    if isinstance(holder, dict):
        return {_key(holder, step): part for step, part in below.items()}
    if isinstance(holder, list | tuple) and set(map(str.isdecimal, below)) == {True}:
        parts = [below.get(str(k)) for k in range(len(holder))]
        return parts if isinstance(holder, list) else tuple(parts)
    return Record(type(holder), below)


@contextmanager
def attributes_set(owner: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Let attributes have other values; afterwards the object is as it was.

    Parameters
    ----------
    owner
        The object.
    values
        Way to value.

    Raises
    ------
    UsageError
        An attribute that cannot be set.
    """
    undo: list[Callable[[], None]] = []
    try:
        for way, value in values.items():
            above, _, last = way.rpartition(".")
            undo.append(_set(fetch(owner, above) if above else owner, last, value, way))
        yield
    finally:
        for back in reversed(undo):
            back()


def _set(holder: Any, step: str, value: Any, way: str) -> Callable[[], None]:
    """Set one thing; give what sets it back."""
    if isinstance(holder, dict):
        key = _key(holder, step)
        return _item(holder, key, value)
    if isinstance(holder, list):
        return _item(holder, int(step), value)
    own = getattr(holder, "__dict__", {})
    was_own, before = step in own, getattr(holder, step)
    try:
        _assign(holder, step, value)
    except Exception:  # noqa: BLE001  whatever its class raises
        message = (
            f"self: {way!r} cannot be set on a {type(holder).__name__}: name the "
            "attribute that it is made from"
        )
        raise UsageError(message) from None
    is_new = not was_own and step in getattr(holder, "__dict__", {})

    def back() -> None:
        if is_new:
            del holder.__dict__[step]
        elif was_own:
            holder.__dict__[step] = before
        else:
            _assign(holder, step, before)

    return back


def _item(holder: Any, key: Any, value: Any) -> Callable[[], None]:
    before = holder[key]
    holder[key] = value
    return partial(holder.__setitem__, key, before)


def _assign(holder: Any, name: str, value: Any) -> None:
    try:
        setattr(holder, name, value)
    except dataclasses.FrozenInstanceError:
        object.__setattr__(holder, name, value)
