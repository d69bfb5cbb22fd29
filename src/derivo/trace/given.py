"""What `derive` is given: a shape for each argument, settings, and attributes."""

from __future__ import annotations

import inspect
import reprlib
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import Any, Literal, NoReturn

import numpy as np

from derivo.errors import DerivoError, UsageError
from derivo.graph.dim import names as dim_names
from derivo.graph.nest import (
    Part,
    Record,
    Setting,
    declared,
    holds_values,
    leaves,
    made,
    parts_of,
    paths,
    with_parts,
)
from derivo.graph.sizes import origins
from derivo.graph.spec import Spec, spec_of


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
    """

    specs: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()

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
        specs: dict[str, Any] = {}
        settings = {name: value for name, value in fixed.items() if "." not in name}
        for name, value in given.items():
            nest = read_nest(name, value, fixed)
            if next(leaves(nest), None) is None:
                settings[name] = made(nest)
            else:
                specs[name] = nest
        if settings and not specs:
            _refuse_settings_alone(function, settings)
        check_sizes(specs)
        defaults = {
            name: p.default
            for name, p in parameters.items()
            if p.default is not p.empty and name not in specs and name not in settings
        }
        order = tuple(k for k, p in parameters.items() if p.kind in _BY_POSITION)
        return cls(specs, settings, defaults, order)

    @property
    def fixed(self) -> Mapping[str, Any]:
        """Every argument that has its value for good."""
        return {**self.defaults, **self.settings}

    @property
    def notes(self) -> tuple[str, ...]:
        """What the source says of arguments that it does not have."""
        settings = [*self.settings.items()]
        settings += [
            pair
            for name, nest in self.specs.items()
            for pair in settings_in(nest, name)
        ]
        settings += [
            (name, value)
            for name, value in self.defaults.items()
            if not isinstance(value, np.ndarray)
        ]
        listed = ", ".join(f"{name}={shown(value)}" for name, value in settings)
        return (f"Settings: {listed}.",) if listed else ()


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


def shown(value: Any) -> str:
    """Write a setting in short."""
    if isinstance(value, np.ufunc):
        return f"np.{value.__name__}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__name__))
    return reprlib.repr(value)


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


def read_nest(name: str, value: Any, static: Mapping[str, Any]) -> Any:
    """Read a spec or a setting, or a nest of them.

    Parameters
    ----------
    name
        Of the argument; of a part of it the way there: ``params.w``.
    static
        Settings by name.
    """
    if name in static:
        return Setting(static[name])
    if isinstance(value, Setting):
        return value
    nest = as_nest(value)
    if nest is None:
        return Setting(value) if is_setting(value) else _read_spec(name, value)
    own = {f"{name}.{k}": k for k, _ in parts_of(nest)}
    if len(own) < len(parts_of(nest)) or any("." in str(k) for k in own.values()):
        message = (
            f"{name}: the keys {list(own.values())} cannot be told apart in "
            f"'{name}.key'; use words without dots"
        )
        raise UsageError(message)
    texts = _texts_of(nest)
    parts = [
        Part(k, Setting(v) if k in texts else read_nest(f"{name}.{k}", v, static))
        for k, v in parts_of(nest)
    ]
    for way, k in ((w.removeprefix(f"{name}."), w) for w in static):
        # A setting that the nest itself has no place for is put there.
        missing = k.startswith(f"{name}.") and "." not in way
        if missing and isinstance(nest, dict) and way not in nest:
            parts.append(Part(way, Setting(static[k])))
    return with_parts(nest, parts)


def is_setting(value: Any) -> bool:
    """Tell a setting from a shape or an example: Python's own numbers, functions."""
    if value is None or isinstance(value, bool | int):
        return True
    return callable(value) and not hasattr(value, "__array__")


def as_nest(value: Any) -> Any:
    """Give a nest of what the user gave; None for what is a leaf.

    An object that does nothing but hold values is a record. A list of numbers is no
    nest, a tuple of them is a shape.
    """
    if isinstance(value, Spec | type) or hasattr(value, "__array__"):
        return None
    if isinstance(value, Record):
        return value
    if holds_values(type(value)):
        names = dict.fromkeys([*declared(type(value)), *getattr(value, "__dict__", ())])
        held = {k: getattr(value, k) for k in names if hasattr(value, k)}
        return Record(type(value), held)
    if isinstance(value, dict):
        return value or None
    if isinstance(value, tuple | list) and any(map(_makes_nest, value)):
        return value
    return None


def _makes_nest(part: Any) -> bool:
    """Tell whether a list that has this part is a nest: one of numbers is none."""
    if part is None or isinstance(part, str | bool | np.generic | Spec | Setting):
        return True
    return hasattr(part, "__array__") or callable(part) or as_nest(part) is not None


def _texts_of(nest: Any) -> set[str]:
    """Give the attributes of a record that its class declares as text: no shapes."""
    if not isinstance(nest, Record):
        return set()
    try:
        hints = typing.get_type_hints(nest.kind)
    except Exception:  # noqa: BLE001  annotations may be anything
        return set()
    return {k for k in nest.parts if k in hints and _is_text(hints[k])}


def _is_text(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin is Literal:
        return any(isinstance(a, str) for a in typing.get_args(hint))
    if origin in (typing.Union, types.UnionType):
        return any(_is_text(a) for a in typing.get_args(hint))
    return hint is str


def _read_spec(name: str, value: Any) -> Spec:
    if isinstance(value, list) or _is_tuple_of_fractions(value):
        _refuse_numbers(name, value)
    try:
        spec = spec_of(value)
    except DerivoError as error:
        hint = "" if isinstance(value, str) else _as_static(name)
        message = f"{name}: {error}{hint}"
        raise type(error)(message) from None
    except ValueError as error:  # rows of different lengths
        message = f"{name} is neither a shape nor an array: {error}{_as_static(name)}"
        raise UsageError(message) from None
    sizes = [s for d in spec.shape for s in dim_names(d)]
    odd = [s for s in sizes if iskeyword(s) or s.startswith("__")]
    if odd or (isinstance(value, str) and ",," in value.replace(" ", "")):
        what = f"{odd[0]!r} is no name for a size" if odd else "a size is missing"
        message = f"{name}={value!r}: {what}; write names and numbers: 'N 3'"
        raise UsageError(message)
    return spec


def _is_tuple_of_fractions(value: Any) -> bool:
    return isinstance(value, tuple) and any(isinstance(v, float) for v in value)


def _as_static(name: str) -> str:
    return f". A setting that is no array goes through static={{{name!r}: ...}}"


def _refuse_numbers(name: str, value: Any) -> NoReturn:
    """Say of a list of numbers what it may have been meant for."""
    shown = reprlib.repr(value)
    whole = [v for v in value if isinstance(v, int) and not isinstance(v, bool)]
    shape = " ".join(map(str, whole)) if whole and len(whole) == len(value) else ""
    choices = [f"a shape: {name}={shape!r}"] if shape else []
    choices.append(f"an example array: {name}=np.array({shown}, dtype=float)")
    if value:
        each = ", ".join(["''"] * min(len(value), 3))
        choices.append(f"{len(value)} scalars: {name}=[{each}]")
    choices.append(f"a setting: static={{{name!r}: {shown}}}")
    message = (
        f"{name}={shown} is a list of numbers, which may be meant as "
        + "; ".join(choices[:-1])
        + f"; or {choices[-1]}. Write one of these"
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


def settings_in(nest: Any, above: str) -> Iterator[tuple[str, Any]]:
    """Give the settings in a nest with the way to each."""
    if isinstance(nest, Setting):
        yield above, nest.value
    for key, part in parts_of(nest):
        yield from settings_in(part, f"{above}.{key}")
