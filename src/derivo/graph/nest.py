"""Nests: arrays in tuples, lists, dicts and objects, as arguments and results are.

A nest is a plain tuple, list or dict of nests, or a `Record` of them, which stands for
an object; anything else is a leaf. None and a `Setting` hold nothing. Where a nest
describes a graph's arguments or results, its leaves are numbers: places among the
graph's inputs or outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

from derivo.graph.node import Graph


@dataclass(frozen=True)
class Record:
    """A nest in the attributes of an object: a dataclass, a named tuple.

    Attributes
    ----------
    kind
        The class of the object.
    parts
        Attribute to a nest.
    """

    kind: type
    parts: Mapping[str, Any]

    @property
    def is_tuple(self) -> bool:
        """Whether the object is a tuple whose places have names."""
        return issubclass(self.kind, tuple)

    def made(self) -> Any:
        """Make an object of the class; an attribute without a part is None.

        Its ``__init__`` does not run, which may ask more of arrays than traced ones, or
        gradients, can tell. The place of an object of a class that is none of those
        that only hold values is taken by a plain one with the same attributes.
        """
        if self.is_tuple:
            in_order = [self.parts.get(name) for name in declared(self.kind)]
            return tuple.__new__(self.kind, in_order)
        if issubclass(self.kind, SimpleNamespace):
            return self.kind(**self.parts)
        if not holds_values(self.kind):
            return SimpleNamespace(**self.parts)
        new: Any = object.__new__(self.kind)
        for name in dict.fromkeys([*declared(self.kind), *self.parts]):
            object.__setattr__(new, name, self.parts.get(name))
        return new


@dataclass(frozen=True)
class Setting:
    """A part of a nest that is fixed when the function is derived: a number, a flag."""

    value: Any


def holds_values(kind: type) -> bool:
    """Tell whether objects of a class do nothing but hold values by name."""
    if issubclass(kind, tuple):
        return hasattr(kind, "_fields")
    return (
        is_dataclass(kind)
        or hasattr(kind, "__attrs_attrs__")
        or issubclass(kind, SimpleNamespace)
    )


def declared(kind: type) -> tuple[str, ...]:
    """Give the attributes that a class of values says it has."""
    if issubclass(kind, tuple):
        return tuple(getattr(kind, "_fields", ()))
    if is_dataclass(kind):
        return tuple(f.name for f in fields(kind))
    return tuple(a.name for a in getattr(kind, "__attrs_attrs__", ()))


def defaults_of(kind: type) -> dict[str, Any]:
    """Give the attributes that objects of a class of values have by default."""
    if issubclass(kind, tuple):
        return dict(getattr(kind, "_field_defaults", {}))
    found = {}
    for f in fields(kind) if is_dataclass(kind) else ():
        if f.default is not MISSING:
            found[f.name] = f.default
        elif f.default_factory is not MISSING:
            found[f.name] = f.default_factory()
    return found


class Part(NamedTuple):
    """A part of a nest, and the key, number or attribute that leads to it."""

    key: Any
    nest: Any


def is_nest(value: Any) -> bool:
    """Tell a nest from a leaf, and from what holds nothing."""
    return isinstance(value, dict | list | tuple | Record)


def parts_of(nest: Any) -> tuple[Part, ...]:
    """Give the parts of a nest, in order; none of a leaf."""
    if isinstance(nest, Record):
        nest = nest.parts
    if isinstance(nest, Mapping):
        return tuple(Part(k, v) for k, v in nest.items())
    if isinstance(nest, tuple | list):
        return tuple(Part(k, v) for k, v in enumerate(nest))
    return ()


def with_parts(nest: Any, parts: Iterable[Part]) -> Any:
    """Give a nest of the same kind with these parts."""
    if isinstance(nest, Record):
        return Record(nest.kind, {p.key: p.nest for p in parts})
    if isinstance(nest, dict):
        return {p.key: p.nest for p in parts}
    listed = [p.nest for p in parts]
    return listed if isinstance(nest, list) else tuple(listed)


def leaves(nest: Any) -> Iterator[Any]:
    """Give the leaves of a nest, in order."""
    if is_nest(nest):
        for part in parts_of(nest):
            yield from leaves(part.nest)
    elif nest is not None and not isinstance(nest, Setting):
        yield nest


def rebuilt(nest: Any, change: Callable[[Any], Any]) -> Any:
    """Give a nest with each leaf replaced."""
    if is_nest(nest):
        parts = [Part(k, rebuilt(v, change)) for k, v in parts_of(nest)]
        return with_parts(nest, parts)
    return nest if nest is None or isinstance(nest, Setting) else change(nest)


def pruned(nest: Any, keep: Callable[[Any], bool]) -> Any:
    """Give a nest without the leaves that are not kept; None if none is left."""
    if is_nest(nest):
        parts = [Part(k, pruned(v, keep)) for k, v in parts_of(nest)]
        kept = [p for p in parts if p.nest is not None]
        return with_parts(nest, kept) if kept else None
    if nest is None or isinstance(nest, Setting):
        return None
    return nest if keep(nest) else None


def in_place(nest: Any, keep: Callable[[Any], bool]) -> Any:
    """Give a nest without the leaves that are not kept; None if none is left.

    Other than in `pruned`, where a list is kept as a whole what stands in it stays at
    its number: None takes the place of what holds nothing.
    """
    if not is_nest(nest):
        return pruned(nest, keep)
    parts = [Part(k, in_place(v, keep)) for k, v in parts_of(nest)]
    kept = [p for p in parts if p.nest is not None]
    holding = [v for _, v in parts_of(nest) if next(leaves(v), None) is not None]
    is_whole = len(kept) == len(holding) and isinstance(nest, list | tuple)
    return with_parts(nest, parts if is_whole else kept) if kept else None


def paths(nest: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Give each leaf with the way to it, such as ``blocks.0.w`` below ``blocks``."""
    if is_nest(nest):
        for key, part in parts_of(nest):
            yield from paths(part, f"{above}.{key}" if above else str(key))
    elif nest is not None and not isinstance(nest, Setting):
        yield above, nest


def made(nest: Any) -> Any:
    """Give a nest as the user has it: records are objects, settings their values."""
    if isinstance(nest, Setting):
        return nest.value
    if not is_nest(nest):
        return nest
    whole = with_parts(nest, [Part(k, made(v)) for k, v in parts_of(nest)])
    return whole.made() if isinstance(whole, Record) else whole


def as_written(nest: Any) -> Any:
    """Give a nest as emitted source returns it, which knows no classes of the user's.

    A named tuple is a tuple there, any other object a dict, and settings are left out.
    """
    if not is_nest(nest):
        return nest
    parts = [
        Part(k, as_written(v)) for k, v in parts_of(nest) if not isinstance(v, Setting)
    ]
    if isinstance(nest, Record):
        return with_parts(() if nest.is_tuple else {}, parts)
    return with_parts(nest, parts)


def as_given(form: Any, values: Any) -> Any:
    """Put the values that emitted source returned into the form that the user knows.

    Parameters
    ----------
    form
        The nest that was written, records and all.
    values
        The same nest of values, as `as_written` has it.
    """
    if not is_nest(form):
        return values
    in_order = leaves(values)
    return made(rebuilt(form, lambda _: next(in_order)))


def below(nest: Any, path: str) -> Any:
    """Give the part of a nest at the end of a path; a leaf has no parts."""
    for step in path.split("."):
        parts = {str(k): part for k, part in parts_of(nest)}
        nest = parts[step]
    return nest


def short_name(path: str) -> str:
    """Name what lies at a path: ``w`` for ``mlp.w``, ``blocks_0`` for ``blocks.0``."""
    *_, last = path.split(".")
    return last if last.isidentifier() else path.replace(".", "_")


def nested(graph: Graph, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give arguments as the function takes them, from arrays by path."""
    names = [n.attrs["name"] for n in graph.inputs]
    return {
        name: made(rebuilt(nest, lambda k: values[names[k]]))
        for name, nest in graph.signature
    }


def gradient_nests(graph: Graph, wanted: Iterable[str]) -> dict[str, Any]:
    """Give what a backward pass hands back: parameter to a nest of paths.

    Parameters
    ----------
    graph
        The function.
    wanted
        Paths of the arguments whose gradients are wanted; the parameters come in the
        order in which they are first named.
    """
    wanted = tuple(wanted)
    paths_of = {
        name: rebuilt(nest, lambda k: graph.inputs[k].attrs["name"])
        for name, nest in graph.signature
    }
    owner = {path: name for name, nest in paths_of.items() for path in leaves(nest)}
    return {
        name: in_place(paths_of[name], wanted.__contains__)
        for name in dict.fromkeys(owner[path] for path in wanted)
    }
