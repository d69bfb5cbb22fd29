"""NumPy source for a forward pass and its backward pass: one module, whole."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from derivo.emit.backward import write_backward
from derivo.emit.forward import write_forward
from derivo.emit.layout import Lines, array_text
from derivo.emit.program import Program, Source
from derivo.emit.saving import is_long
from derivo.errors import UsageError
from derivo.graph.builder import Constant
from derivo.graph.names import Names
from derivo.graph.node import Node, order

__all__ = ["Program", "Source", "emit"]


def emit(p: Program) -> Source:
    """Write a program as a module that needs nothing but NumPy."""
    everything = order([*p.outputs, *p.gradients.values()])
    helpers = list(dict.fromkeys(h for n in everything for h in n.op.helpers))
    _refuse_clash(p, helpers)
    functions = {p.name, f"{p.name}_backward", f"{p.name}_gradient"}
    functions |= {h.__name__ for h in helpers}
    arguments = {n: n.attrs["name"] for n in p.inputs}
    names = Names(functions | set(arguments.values()))
    arrays = [n for n in everything if isinstance(n.attrs.get("value"), Constant)]
    long = {
        n: names.fresh(p.names.get(n, "array").lower()) for n in arrays if is_long(n)
    }
    constants = {
        n: names.fresh(p.names.get(n, "constant").upper())
        for n in arrays
        if n not in long
    }
    forward = write_forward(p, names, arguments | long | constants)
    taken = functions | set(arguments.values()) | set(constants.values())
    backward = write_backward(p, forward, taken, constants)
    top = _top(constants, helpers)
    body = forward.lines + Lines(["", ""]) + backward.lines
    if _uses_numpy([*top, *body.text]):
        top = ["import numpy as np", "", *top]
    whole = Lines([*top, ""] if top else []) + body
    text = "\n".join(whole.text).rstrip("\n") + "\n"
    called = _called(p, {**backward.names, **forward.names})
    given = {name: n.attrs["value"].array for n, name in long.items()}
    return Source(
        text, p.name, backward.readers, whole.places, called, not p.seeds, given
    )


def _called(p: Program, names: Mapping[Node, str]) -> dict[Node, str]:
    """Give names to the values of the derivation, and to those written for them."""
    called = {n: name for n, name in names.items() if name.isidentifier()}
    whole = {n: called[w] for n, w in p.written.items() if w in called}
    return called | whole


def _refuse_clash(p: Program, helpers: list[Callable[..., Any]]) -> None:
    """Refuse a function, or an argument, called like a helper of its own source."""
    own = {p.name, *(n.attrs["name"] for n in p.inputs)}
    clash = own & {h.__name__ for h in helpers}
    if clash:
        message = (
            f"the source of {p.name} needs a function of its own called "
            f"{', '.join(sorted(clash))}; give yours another name"
        )
        raise UsageError(message)


def _top(constants: dict[Node, str], helpers: list[Callable[..., Any]]) -> list[str]:
    """Write what stands above the functions: arrays, and functions NumPy lacks."""
    lines = [array_text(s, n.attrs["value"].array) for n, s in constants.items()]
    for helper in helpers:
        blank = ["", ""] if lines and lines[-1] else [""]
        lines += [*blank, *inspect.getsource(helper).rstrip().split("\n"), ""]
    return [*lines, ""] if lines and lines[-1] else lines


def _uses_numpy(lines: Iterable[str]) -> bool:
    return any("np." in line.split("#")[0] for line in lines)
