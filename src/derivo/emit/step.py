"""Source of one function with several results: a whole training step, a prediction."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from derivo.emit.body import Body
from derivo.emit.layout import array_text
from derivo.emit.scope import Scope
from derivo.emit.statement import Statement
from derivo.graph.builder import Constant
from derivo.graph.names import Names
from derivo.graph.node import Node, order

WIDTH = 88
Comment = Callable[[Node, Mapping[Node, str]], str]


@dataclass(frozen=True)
class Section:
    """Consecutive lines of a function under one heading.

    Attributes
    ----------
    title
        The heading, a comment line; none if empty.
    values
        What the lines compute.
    keep
        Further values of this section that later ones read.
    comment
        Gives the comment of a line.
    """

    title: str
    values: tuple[Node, ...]
    comment: Comment
    keep: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Function:
    """What is to be written as one function.

    Attributes
    ----------
    name
        Its name.
    inputs
        Arguments, a line of the signature for each group.
    outputs
        Results, a line of the return for each group.
    sections
        The lines, in order.
    wishes
        Names that values should get.
    summary
        First line of its docstring.
    """

    name: str
    inputs: tuple[tuple[Node, ...], ...]
    outputs: tuple[tuple[Node, ...], ...]
    sections: tuple[Section, ...]
    wishes: Mapping[Node, str]
    summary: str


def write_module(functions: Iterable[Function], title: str = "") -> str:
    """Write functions as a module that needs nothing but NumPy."""
    top, blocks = parts_of_module(list(functions))
    head = [f'"""{title}"""', ""] if title else []
    lines = [*head, "import numpy as np", *([""] if top else []), *top]
    for block in blocks:
        lines += ["", "", *block]
    return "\n".join(lines) + "\n"


def parts_of_module(
    functions: Sequence[Function], taken: Iterable[str] = ()
) -> tuple[list[str], list[list[str]]]:
    """Write what stands above functions, and a block of lines for each of them.

    The functions that NumPy lacks come first; `taken` are further names of the module.
    """
    roots = [n for f in functions for group in f.outputs for n in group]
    helpers = list(dict.fromkeys(h for n in order(roots) for h in n.op.helpers))
    called = {f.name for f in functions} | {h.__name__ for h in helpers} | {*taken}
    names = Names(called)
    constants: dict[Node, str] = {}
    for node in order(roots):
        if isinstance(node.attrs.get("value"), Constant):
            constants[node] = names.fresh("CONSTANT")
    top = [array_text(name, n.attrs["value"].array) for n, name in constants.items()]
    blocks = [inspect.getsource(h).rstrip().split("\n") for h in helpers]
    return top, blocks + [write_function(f, constants, called) for f in functions]


def write_function(
    function: Function, constants: Mapping[Node, str], taken: Iterable[str] = ()
) -> list[str]:
    """Write one function, as lines; `taken` are names of the module."""
    inputs = {n: n.attrs["name"] for group in function.inputs for n in group}
    names = Names({function.name, *inputs.values(), *constants.values(), *taken})
    body = Body(names, Scope(), {**constants, **inputs}, function.wishes)
    for n, name in inputs.items():
        body.scope.add(name, n.spec)
    lines: list[str] = []
    for section in function.sections:
        first = len(body.statements)
        body.compute(section.values, keep=[*section.keep])
        written = body.statements[first:]
        if written and section.title:
            lines += [
                f"    # {part}" for part in textwrap.wrap(section.title, WIDTH - 6)
            ]
        lines += _lines(written, section.comment, body.bound)
    results = [
        [ast.unparse(body.expression(n)) for n in group] for group in function.outputs
    ]
    signature = grouped(
        f"def {function.name}(",
        [[inputs[n] for n in g] for g in function.inputs],
        "):",
        "",
    )
    returned = grouped("return ", results, "", "    ")
    return [*signature, f'    """{function.summary}"""', *lines, *returned]


def _lines(
    statements: Sequence[Statement], comment: Comment, bound: Mapping[Node, str]
) -> list[str]:
    """Lay out statements with their comments in a column."""
    notes = [comment(s.node, bound) if s.node is not None else "" for s in statements]
    widths = [
        len(s.code) + 4 for s, note in zip(statements, notes, strict=True) if note
    ]
    column = max([w for w in widths if w <= WIDTH // 2], default=30) + 2
    lines = []
    for s, note in zip(statements, notes, strict=True):
        code = "    " + s.code
        pad = " " * max(column - len(code), 2)
        if note and len(code) + len(pad) + len(note) + 2 > WIDTH:
            lines += [f"    # {part}" for part in textwrap.wrap(note, WIDTH - 8)]
            lines.append(code)
        else:
            lines.append(f"{code}{pad}# {note}" if note else code)
    return lines


def grouped(
    head: str, groups: Sequence[Sequence[str]], tail: str, indent: str
) -> list[str]:
    """Write names in one line if they fit, else a line for each group."""
    groups = [g for g in groups if g]
    flat = f"{indent}{head}{', '.join(name for g in groups for name in g)}{tail}"
    if len(flat) <= WIDTH:
        return [flat]
    lines = [f"{indent}{head}" if head.endswith("(") else f"{indent}{head}("]
    for group in groups:
        inner = textwrap.wrap(", ".join(group) + ",", WIDTH - len(indent) - 4)
        lines += [f"{indent}    {part}" for part in inner]
    return [*lines, f"{indent}{tail or ')'}"]
