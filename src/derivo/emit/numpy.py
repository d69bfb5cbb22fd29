"""NumPy source for a forward pass and its backward pass: one module, whole."""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from derivo.emit.backward import multiplier, whole_text, write_backward
from derivo.emit.forward import write_forward
from derivo.emit.layout import Lines, Written, array_text, comment_lines
from derivo.emit.places import places_of
from derivo.emit.program import FunctionProgram, Program, Source
from derivo.emit.saving import is_long, saved_by, to_save, with_fixed
from derivo.emit.statement import is_short_array
from derivo.emit.writing import FunctionNames, StepPrograms
from derivo.errors import UsageError
from derivo.graph.builder import Constant
from derivo.graph.names import Names
from derivo.graph.nest import short_name
from derivo.graph.node import Node, order
from derivo.ops.assemble import index_operands

__all__ = ["Program", "Source", "emit"]


def emit(p: Program, *, scales: bool = True) -> Source:
    """Write a program as a module that needs nothing but NumPy.

    With `scales`, the gradient of a loss is followed by a function that multiplies an
    adjoint in.
    """
    everything = tuple(_everything(p))
    helpers = list(dict.fromkeys(h for n in everything for h in n.op.helpers))
    scales = scales and not p.seeds
    if scales and not all(isinstance(nest, str) for nest in p.returned):
        helpers.append(multiplier(p.returned))
    _refuse_clash(p, helpers)
    functions = {p.name, f"{p.name}_backward", f"{p.name}_gradient"}
    functions |= {h.__name__ for h in helpers}
    called = _Called(p, functions)
    arguments = _arguments(p)
    names = Names(functions | {name for name, _ in p.signature})
    arrays = [n for n in everything if isinstance(n.attrs.get("value"), Constant)]
    own = order([*p.outputs, *p.gradients.values()])
    long = {
        n: names.fresh(p.names.get(n, "array").lower())
        for n in arrays
        if is_long(n) and n in own
    }
    in_place = short_indices(everything, p)
    constants = {
        n: names.fresh(p.names.get(n, "constant").upper())
        for n in arrays
        if n not in long and n not in in_place
    }
    named = {n: ast.Name(name) for n, name in (constants | long).items()}
    body = called.write(constants)
    functions |= called.taken
    names.taken |= functions
    forward = write_forward(
        p,
        names,
        arguments | named,
        with_fixed(to_save(p), p, called.functions.steps),
        called.functions,
        list(long),
    )
    taken = functions | set(constants.values()) | _names_of(arguments)
    backward = write_backward(p, forward, taken, constants, called.functions)
    top = _top(constants, helpers)
    body += comment_lines(p.notes) + forward.written.lines()
    body += Lines(["", ""]) + whole_text(p, backward, scales=scales)
    imports = list(_imports([*top, *body.text]))
    top = [*imports, "", *top] if imports else top
    whole = Lines([*top, ""] if top else []) + body
    text = "\n".join(whole.text).rstrip("\n") + "\n"
    _refuse_shadowed(p, text)
    words = called.functions.values | _called(p, {**backward.names, **forward.names})
    given = {name: n.attrs["value"].array for n, name in long.items()}
    return Source(
        text, p.name, backward.readers, whole.places, whole.backward, p.written,
        words, not p.seeds, given, called.functions.readers,
    )  # fmt: skip


def _called(p: Program, names: Mapping[Node, str]) -> dict[Node, str]:
    """Give names to the values of the derivation, and to those written for them."""
    called = {n: name for n, name in names.items() if name.isidentifier()}
    whole = {n: called[w] for n, w in p.written.items() if w in called}
    return called | whole


def _everything(p: Program) -> Iterator[Node]:
    """Give every node that is written, in functions first."""
    for function in p.functions:
        for part in (function.forward, *(q for _, q in function.backward)):
            yield from _everything(part)
    yield from order([*p.outputs, *p.gradients.values()])


def short_indices(nodes: Iterable[Node], p: Program) -> set[Node]:
    """Give the short arrays that are written where they index: ``x[[3, 1]]``."""
    found: set[Node] = set()
    other: set[Node] = {*p.outputs, *p.gradients.values()}
    for n in nodes:
        places = index_operands(n)
        for k, i in enumerate(n.inputs):
            (found if k in places else other).add(i)
    named = {n for n in found if n in p.names}
    return {n for n in found - other - named if is_short_array(n)}


def _arguments(p: Program) -> dict[Node, ast.expr]:
    places = places_of(p.signature)
    return {n: places[n.attrs["name"]] for n in p.inputs}


def _names_of(arguments: Mapping[Node, ast.expr]) -> set[str]:
    return {place.id for place in arguments.values() if isinstance(place, ast.Name)}


class _Called:
    """Writes the functions that are called, and gives them their names.

    Functions that come out as the same text, for other shapes, are written once.
    """

    def __init__(self, p: Program, taken: set[str]) -> None:
        self.programs = p.functions
        self.functions = FunctionNames()
        parameters = {name for name, _ in p.signature}
        for function in p.functions:
            parameters |= {name for name, _ in function.forward.signature}
        self.names = Names(taken | parameters)
        self.parameters = parameters

    @property
    def taken(self) -> set[str]:
        """Names that no value may have."""
        return self.names.taken - self.parameters | set(self.functions.names.values())

    def write(self, constants: Mapping[Node, str]) -> Lines:
        """Write every function, those first that call no other."""
        known: dict[tuple[str, tuple[tuple[str, ...], ...]], str] = {}
        texts: dict[str, list[Written]] = {}
        for p in self.programs:
            if p.block.step_of is not None:
                saved = saved_by(q for _, q in p.backward)
                steps = StepPrograms(p.forward, dict(p.backward), saved)
                self.functions.steps[p.block] = steps
                continue
            wish = p.block.graph.name
            parts = self._write(p, wish, constants)
            key = wish, tuple(w.code for w in parts)
            if key in known:
                name = known[key]
                pairs = zip(texts[name], parts, strict=True)
                texts[name] = [a.common(b) for a, b in pairs]
                self._call_it(p, name)
                continue
            name = known[key] = self.names.fresh(wish)
            texts[name] = self._write(p, name, constants)
        whole = Lines()
        for forward, *backward in texts.values():
            laid_out = [b.lines().all_backward() for b in backward]
            for lines in (forward.lines(), *laid_out):
                whole = whole + lines + Lines(["", ""])
        return whole

    def _write(
        self, p: FunctionProgram, name: str, constants: Mapping[Node, str]
    ) -> list[Written]:
        """Write a function and its backward functions under a name."""
        self._call_it(p, name)
        outer = self.taken | set(constants.values())
        arguments = _arguments(p.forward)
        own = {n for n, _ in p.forward.signature}
        saved = None
        if p.backward:
            kept = saved_by(q for _, q in p.backward)
            saved = with_fixed(kept, p.forward, self.functions.steps)
        called = replace(p.forward, name=name)
        named = {n: ast.Name(c) for n, c in constants.items()}
        forward = write_forward(
            called, Names(outer | own), arguments | named, saved, self.functions
        )
        parts = [forward.written]
        self.functions.values.update(_called(p.forward, forward.names))
        taken = outer | _names_of(arguments)
        for derived, q in p.backward:
            backward = write_backward(
                q, forward, taken, constants, self.functions,
                self.functions.names[derived],
            )  # fmt: skip
            parts.append(backward.written)
            self.functions.values.update(_called(q, backward.names))
            self.functions.readers.setdefault(name, {}).update(backward.readers)
        return parts

    def _call_it(self, p: FunctionProgram, name: str) -> None:
        """Note what a function and its backward functions are called."""
        names = self.functions.names
        names[p.block] = name
        self.functions.written_for.update(p.written_for)
        if p.backward:
            self.functions.saving.add(p.block)
        taken: set[str] = set()
        for k, (derived, _) in enumerate(p.backward):
            inputs = p.block.graph.inputs
            wanted = (short_name(inputs[i].attrs["name"]) for i in derived.wrt)
            wish = f"{name}_backward" + "".join(f"_{w}" for w in wanted if k)
            number = 2
            called = wish
            while called in taken:
                called, number = f"{wish}_{number}", number + 1
            taken.add(called)
            names[derived] = called


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


def _refuse_shadowed(p: Program, text: str) -> None:
    """Refuse an argument that is called like a word of Python's that the text needs."""
    named = {name for name, _ in p.signature} & set(dir(builtins))
    if not named:
        return
    called = {
        n.func.id
        for n in ast.walk(ast.parse(text))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    for name in sorted(named & called):
        message = (
            f"{name!r} is an argument of {p.name}, and its source needs Python's own "
            f"{name}: rename the argument"
        )
        raise UsageError(message)


def _top(constants: dict[Node, str], helpers: list[Callable[..., Any]]) -> list[str]:
    """Write what stands above the functions: arrays, and functions NumPy lacks."""
    arrays = [array_text(s, n.attrs["value"].array) for n, s in constants.items()]
    # A long array has several lines: what stands below is found by its number.
    lines = [line for text in arrays for line in text.split("\n")]
    for helper in helpers:
        blank = ["", ""] if lines and lines[-1] else [""]
        lines += [*blank, *inspect.getsource(helper).rstrip().split("\n"), ""]
    return [*lines, ""] if lines and lines[-1] else lines


def _imports(lines: Iterable[str]) -> Iterator[str]:
    """Give the imports that the code below needs."""
    code = [line.split("#")[0] for line in lines]
    name = SimpleNamespace.__name__
    if any(f"{name}(" in line for line in code):
        yield f"from types import {name}\n"
    if any("np." in line for line in code):
        yield "import numpy as np"
