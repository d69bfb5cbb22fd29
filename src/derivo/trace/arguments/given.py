"""What `derive` is given: a shape for each argument, settings, and attributes."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

import numpy as np

from derivo.errors import UsageError
from derivo.graph.dim import names as dim_names
from derivo.graph.nest import leaves, made, paths, rebuilt
from derivo.graph.sizes import origins
from derivo.trace.arguments.attributes import (
    as_arguments,
    attributes_set,
    fetch,
    owner_of,
    read_attributes,
    refuse_class,
)
from derivo.trace.arguments.signature import placed, signature_of
from derivo.trace.arguments.specs import read_nest, settings_in, shown


@dataclass(frozen=True)
class Given:
    """What is known of the arguments of a function before it is traced.

    Attributes
    ----------
    specs
        Argument to its spec, or to a nest of them.
    settings, defaults
        Argument to the value that it has for good: because it was given, and because
        nothing was.
    parameters
        All arguments that can be given by position, in the function's order.
    tuples
        Arguments whose shape was given as a tuple of numbers, which may have been meant
        as a setting.
    several
        The argument that takes all further values by position, if there is one.
    attributes
        Ways to the attributes of the method's object that stand among the arguments.
    """

    specs: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    several: str = ""
    initial: tuple[str, ...] = ()
    tuples: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @cached_property
    def of_self(self) -> tuple[str, ...]:
        """Arguments of the source that are attributes of the method's object."""
        return tuple(dict.fromkeys(way.partition(".")[0] for way in self.attributes))

    @property
    def sizes_of_arrays(self) -> frozenset[int]:
        """The sizes that are numbers, and that nobody wrote: those of such arrays."""
        nests = [self.specs[name] for name in (*self.of_self, *self.initial)]
        dims = (d for spec in leaves(nests) for d in spec.shape)
        return frozenset(d for d in dims if isinstance(d, int))

    @classmethod
    def read(
        cls, function: Callable[..., Any], given: Mapping[str, Any],
        static: Mapping[str, Any] | None = None,
    ) -> Given:  # fmt: skip
        """Tell shapes and example arrays from settings.

        Python's own truth values, whole numbers, None and functions are settings, and
        whatever `static` says is one; so is each default that nothing is given for.

        Raises
        ------
        UsageError
            Something that is no shape, no array and no setting; a name given twice.
        """
        fixed = _static(static, given)
        parameters = _parameters(function)
        given, attributes = dict(given), dict[str, Any]()
        if "self" in given and "self" not in parameters:
            attributes = read_attributes(function, given.pop("self"), fixed)
        specs = as_arguments(owner_of(function), attributes, parameters)
        if "np" in (*given, *specs):
            message = (
                "'np' is an argument, and what the source calls NumPy: rename the "
                "argument"
            )
            raise UsageError(message)
        of_self = ("self", *attributes)
        settings = {k: v for k, v in fixed.items() if "." not in k and k not in of_self}
        for name, value in given.items():
            p = parameters.get(name)
            if p is not None and p.kind is p.VAR_POSITIONAL and isinstance(value, str):
                message = (
                    f"{name}={value!r} are several arguments (*{name}): give a tuple "
                    f"of shapes, {name}=({value!r}, {value!r})"
                )
                raise UsageError(message)
            if name in specs:
                message = (
                    f"{name!r} stands in self=, too: self={{{name!r}: 'N M'}} gives an "
                    "attribute a shape"
                )
                raise UsageError(message)
            nest = read_nest(name, value, fixed)
            if name == "self":
                refuse_class(function, nest)
            if next(leaves(nest), None) is None:
                settings[name] = made(nest)
            else:
                specs[name] = nest
        _check_static(fixed, specs)
        if settings and not specs:
            _refuse_settings_alone(function, settings)
        _check_paths(specs)
        check_sizes(specs)
        defaults = {
            name: p.default
            for name, p in parameters.items()
            if p.default is not p.empty and name not in specs and name not in settings
        }
        order = tuple(k for k, p in parameters.items() if p.kind in _BY_POSITION)
        several = "".join(
            k
            for k, p in parameters.items()
            if p.kind is p.VAR_POSITIONAL and k in specs
        )
        tuples = {
            k: v for k, v in given.items() if k in specs and type(v) is tuple and v
            and all(type(part) is int for part in v)
        }  # fmt: skip
        return cls(
            specs, settings, defaults, order, tuple(attributes), several, tuples=tuples
        )

    def call(self, function: Callable[..., Any], arrays: Mapping[str, Any]) -> Any:
        """Call a function on arrays by path, such as ``blocks.0.w``.

        Raises
        ------
        UsageError
            An argument has no spec, or something has one that is no argument.
        """
        values = {
            name: _filled(nest, iter([arrays[path] for path, _ in paths(nest, name)]))
            for name, nest in self.specs.items()
        }
        own = {way: fetch(values, way) for way in self.attributes}
        arguments = {k: v for k, v in values.items() if k not in self.of_self}
        arguments |= self.settings
        parameters = signature_of(function, arguments)
        positional, keyword = placed(function, parameters, arguments)
        with attributes_set(owner_of(function), own):
            return function(*positional, **keyword)

    def in_order(self, function: Callable[..., Any]) -> list[str]:
        """Give the arguments with specs: attributes, then as the function has them.

        Those of ``**options`` come last.
        """
        known = (*self.of_self, *_parameters(function))
        own = [name for name in known if name in self.specs]
        return own + [name for name in self.specs if name not in own]

    @cached_property
    def is_plain(self) -> bool:
        """Whether arguments are arrays, one by one, and nothing else."""
        return not self.fixed and not self.attributes and not self.several

    @cached_property
    def fixed(self) -> Mapping[str, Any]:
        """Every argument that has its value for good."""
        return {**self.defaults, **self.settings}

    @property
    def told(self) -> dict[str, str]:
        """The settings that were given, those in nests, too, as text."""
        inside = (settings_in(nest, name) for name, nest in self.specs.items())
        whole = [*self.settings.items(), *(pair for pairs in inside for pair in pairs)]
        return {name: shown(value) for name, value in whole}

    @property
    def notes(self) -> tuple[str, ...]:
        """What the source says of arguments that it does not have."""
        by_default = {
            name: shown(value)
            for name, value in self.defaults.items()
            if not isinstance(value, np.ndarray)
        }
        settings = {**self.told, **by_default}
        listed = ", ".join(f"{name}={value}" for name, value in settings.items())
        own = ", ".join(self.of_self)
        return (
            *((f"Attributes of the object: {own}.",) if own else ()),
            *((f"Settings: {listed}.",) if listed else ()),
        )


def _filled(nest: Any, values: Iterator[Any]) -> Any:
    return made(rebuilt(nest, lambda _: next(values)))


_BY_POSITION = (
    inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
)  # fmt: skip


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}  # refused where it is traced


def _refuse_settings_alone(
    function: Callable[..., Any], settings: Mapping[str, Any]
) -> NoReturn:
    listed = ", ".join(f"{k}={shown(v)}" for k, v in settings.items())
    message = (
        f"{listed}: all arguments of {getattr(function, '__name__', 'the function')} "
        "are settings, and there is nothing to differentiate for. Instead: give an "
        "argument a shape ('N M', '3', '' for one number), an example array, or a "
        "floating number such as 5.0"
    )
    raise UsageError(message)


def _static(static: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check what is said to be settings.

    Raises
    ------
    UsageError
        No dict of names, or a name that has a shape as well.
    """
    if static is None:
        return {}
    if not isinstance(static, Mapping) or not all(isinstance(k, str) for k in static):
        message = (
            f"static={reprlib.repr(static)} is to be a dict of settings by the names "
            "of arguments: static={'mode': 'train'}"
        )
        raise UsageError(message)
    twice = [name for name in static if name in given]
    if twice:
        message = f"{twice[0]!r} is given twice: as an argument, and in static="
        raise UsageError(message)
    return dict(static)


def _check_static(static: Mapping[str, Any], specs: Mapping[str, Any]) -> None:
    """See that each setting of a part of a nest found its place.

    Raises
    ------
    UsageError
        There is no such nest.
    """
    known = {way for name, nest in specs.items() for way, _ in settings_in(nest, name)}
    lost = [way for way in static if "." in way and way not in known]
    if lost:
        above, _, last = lost[0].rpartition(".")
        message = (
            f"static={{{lost[0]!r}: ...}}: there is no dict {above!r} among the "
            f"arguments that {last!r} could stand in; give the shapes of its arrays"
        )
        raise UsageError(message)


def _check_paths(specs: Mapping[str, Any]) -> None:
    """See that each array in a nest can be named.

    Raises
    ------
    UsageError
        Two have the same path, such as those at the keys 1 and "1".
    """
    found = [path for name, nest in specs.items() for path, _ in paths(nest, name)]
    twice = [path for path in found if found.count(path) > 1]
    if twice:
        message = (
            f"two arrays cannot be told apart as {twice[0]!r}; give one of the keys "
            "another name"
        )
        raise UsageError(message)


def check_sizes(given: Mapping[str, Any]) -> None:
    """See that the arguments of a call will tell every named size.

    Raises
    ------
    UsageError
        A size that stands only in sums with others that are not known, or inside a
        floor division.
    """
    specs = [s for name, nest in given.items() for _, s in paths(nest, name)]
    dims = [d for s in specs for d in s.shape]
    told = origins(dims)
    for d in dims:
        unknown = [name for name in dim_names(d) if name not in told]
        if unknown:
            message = (
                f"the size {unknown[0]} stands only in {d}, which does not tell it: "
                f"give another axis the size {unknown[0]}, or give this one a name of "
                "its own"
            )
            raise UsageError(message)
