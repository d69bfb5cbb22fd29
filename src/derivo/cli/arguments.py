"""What the command line says of arguments: shapes, settings, attributes."""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from derivo.cli.mistake import CommandLineError, near
from derivo.errors import DerivoError
from derivo.graph.nest import Record, Setting, defaults_of, holds_values
from derivo.graph.spec import Spec


def read_shapes(texts: Iterable[str]) -> dict[str, Spec]:
    """Read ``NAME=SIZES`` for each argument, or ``NAME.PART=SIZES`` in a nest.

    Raises
    ------
    CommandLineError
        No ``=``, a name that is no name, or a name that comes twice.
    """
    shapes: dict[str, Spec] = {}
    for text in texts:
        name, equals, sizes = (part.strip() for part in text.partition("="))
        if not equals or not _is_way(name):
            message = (
                f'{text!r} is not a shape; write -s NAME="SIZES", such as -s x="N L"'
            )
            raise CommandLineError(message)
        twice = [k for k in shapes if f"{k}.".startswith(f"{name}.")]
        twice += [k for k in shapes if f"{name}.".startswith(f"{k}.")]
        if twice:
            message = f"the shape of {name!r} is given twice"
            raise CommandLineError(message)
        try:
            shapes[name] = Spec(sizes)
        except DerivoError as error:
            message = f"-s {name}={sizes!r}: {error}"
            raise CommandLineError(message) from None
    return shapes


def _is_way(name: str) -> bool:
    """Tell ``x`` and ``layers.0.w`` from what names no argument."""
    first, *rest = name.split(".")
    return first.isidentifier() and all(k.isidentifier() or k.isdecimal() for k in rest)


def nests_of(
    function: Callable[..., Any], shapes: Mapping[str, Spec]
) -> dict[str, Any]:
    """Put shapes of parts together as the function takes them.

    Numbers are places in a list, words the keys of a dict; where the function says that
    an argument is of a class that holds values, they are its attributes.
    """
    tree: dict[str, Any] = {}
    for way, spec in shapes.items():
        *steps, last = way.split(".")
        branch = tree
        for step in steps:
            branch = branch.setdefault(step, {})
        branch[last] = spec
    try:
        hints = typing.get_type_hints(inspect.unwrap(function))
    except Exception:  # noqa: BLE001  annotations may be anything
        hints = {}
    return {name: _formed(part, hints.get(name), name) for name, part in tree.items()}


def _formed(tree: Any, hint: Any, way: str) -> Any:
    if isinstance(tree, Spec):
        return tree
    if isinstance(hint, type) and holds_values(hint):
        inner = typing.get_type_hints(hint)
        parts = {k: _formed(v, inner.get(k), f"{way}.{k}") for k, v in tree.items()}
        default = {k: Setting(v) for k, v in defaults_of(hint).items() if k not in tree}
        return Record(hint, {**parts, **default})
    of_elements = typing.get_args(hint)
    element = of_elements[-1] if len(of_elements) == 1 else None
    if all(map(str.isdecimal, tree)):
        numbers = sorted(map(int, tree))
        if numbers != list(range(len(numbers))):
            message = f"the parts of {way!r} are {', '.join(tree)}: number them from 0"
            raise CommandLineError(message)
        return [_formed(tree[str(k)], element, f"{way}.{k}") for k in numbers]
    return {k: _formed(v, None, f"{way}.{k}") for k, v in tree.items()}


def read_static(texts: Iterable[str], space: Mapping[str, Any]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` for each setting.

    A value is one of Python's (``1``, ``True``, ``None``, ``(2, 2)``), a name of the
    user's file after a colon (``:np.tanh``), or else a text.

    Raises
    ------
    CommandLineError
        No ``=``, a name that is no name, or one that the file does not have.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not _is_way(name):
            message = (
                f"{text!r} is not a setting; write --static NAME=VALUE, such as "
                "--static mode=train, --static axis=1, --static act=:np.tanh"
            )
            raise CommandLineError(message)
        if name in found:
            message = f"the setting {name!r} is given twice"
            raise CommandLineError(message)
        found[name] = _value(value, space)
    return found


def _value(text: str, space: Mapping[str, Any]) -> Any:
    if text.startswith(":"):
        return named_in(space, text[1:])
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def named_in(space: Mapping[str, Any], way: str) -> Any:
    """Give what a file calls ``relu``, ``np.tanh`` or ``net.loss``.

    Raises
    ------
    CommandLineError
        There is no such thing.
    """
    first, *rest = way.split(".")
    if first not in space:
        known = [name for name in space if not name.startswith("_")]
        message = f"the file has no {first!r}{near(first, known)}"
        raise CommandLineError(message)
    found = space[first]
    for step in rest:
        if not hasattr(found, step):
            message = f"{way!r}: a {type(found).__name__} has no {step!r}"
            raise CommandLineError(message)
        found = getattr(found, step)
    return found


def read_sizes(texts: Iterable[str]) -> dict[str, int] | None:
    """Read ``NAME=NUMBER`` for each size; None if there are none.

    Raises
    ------
    CommandLineError
        What is no size.
    """
    sizes = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not name.isidentifier() or not number.isdigit() or not int(number):
            message = f"{text!r} is not a size; write --size N=50"
            raise CommandLineError(message)
        sizes[name] = int(number)
    return sizes or None
