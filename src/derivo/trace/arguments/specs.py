"""Specs as the user gives them: shapes, example arrays, settings, and nests of them."""

from __future__ import annotations

import re
import reprlib
import types
import typing
from collections.abc import Iterator, Mapping
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
    parts_of,
    with_parts,
)
from derivo.graph.spec import Spec, spec_of


def shown(value: Any) -> str:
    """Write a setting in short."""
    if isinstance(value, np.ufunc):
        return f"np.{value.__name__}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__name__))
    return reprlib.repr(value)


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
    if "." in name and isinstance(value, list | dict) and not value:
        return Setting(value)  # in a nest, what is empty holds nothing
    nest = as_nest(value)
    if nest is None:
        return Setting(value) if is_setting(value) else _read_spec(name, value)
    texts = _texts_of(nest)
    parts = [
        Part(k, _fixed(v) if k in texts else read_nest(f"{name}.{k}", v, static))
        for k, v in parts_of(nest)
    ]
    for way, k in ((w.removeprefix(f"{name}."), w) for w in static):
        # A setting that the nest itself has no place for is put there.
        missing = k.startswith(f"{name}.") and "." not in way
        if missing and isinstance(nest, dict) and way not in nest:
            parts.append(Part(way, Setting(static[k])))
    return with_parts(nest, parts)


def _fixed(value: Any) -> Setting:
    return value if isinstance(value, Setting) else Setting(value)


def is_setting(value: Any) -> bool:
    """Tell a setting from a shape or an example: Python's own numbers, functions."""
    if value is None or isinstance(value, bool | int):
        return True
    is_function = callable(value) and not hasattr(value, "__array__")
    return is_function or isinstance(value, type)


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
        # Names that cannot be looked up: of a class in a notebook, or in a function.
        hints = {k: v for c in nest.kind.__mro__ for k, v in _annotations(c).items()}
    return {k for k in nest.parts if k in hints and _is_text(hints[k])}


def _annotations(kind: type) -> dict[str, Any]:
    return dict(vars(kind).get("__annotations__", {}))


def _is_text(hint: Any) -> bool:
    if isinstance(hint, str):
        return bool(
            re.match(r"(str$|str \||Optional\[str|(typing\.)?Literal\[['\"])", hint)
        )
    origin = typing.get_origin(hint)
    if origin is Literal:
        return any(isinstance(a, str) for a in typing.get_args(hint))
    if origin in (typing.Union, types.UnionType):
        return any(_is_text(a) for a in typing.get_args(hint))
    return hint is str


def _read_spec(name: str, value: Any) -> Spec:
    if _is_of_numbers(value):
        _refuse_numbers(name, value)
    if _is_object(value):
        message = (
            f"{name}={reprlib.repr(value)} is neither a shape ('N M', '3', '') nor an "
            f"example array{_as_static(name)}"
        )
        raise UsageError(message)
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


def _is_object(value: Any) -> bool:
    """Tell what is no array, and nothing that NumPy makes one of."""
    is_data = isinstance(value, str | bytes | Spec | list | tuple | dict | complex)
    return (
        not is_data
        and not isinstance(value, float)
        and not any(
            hasattr(value, name) for name in ("__array__", "__array_interface__")
        )
    )


def _is_of_numbers(value: Any) -> bool:
    """Tell a list of numbers, or of such lists; a tuple of sizes is a shape."""
    if isinstance(value, tuple) and not any(isinstance(v, float) for v in value):
        return False
    return isinstance(value, list | tuple) and all(
        isinstance(v, int | float) or _is_of_numbers(v) for v in value
    )


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


def settings_in(nest: Any, above: str) -> Iterator[tuple[str, Any]]:
    """Give the settings in a nest with the way to each."""
    if isinstance(nest, Setting):
        yield above, nest.value
    for key, part in parts_of(nest):
        yield from settings_in(part, f"{above}.{key}")
