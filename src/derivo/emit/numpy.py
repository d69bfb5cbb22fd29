"""NumPy source for a forward pass and its backward pass."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.emit.body import Body, Statement, needed
from derivo.emit.comments import forward_comment
from derivo.emit.handing_on import names_in
from derivo.emit.scope import Scope
from derivo.graph.builder import Constant
from derivo.graph.dim import Size
from derivo.graph.names import Names, adjoint_name
from derivo.graph.node import Node, order

Comment = Callable[[Node, Mapping[Node, str]], str]


@dataclass(frozen=True)
class Program:
    """What is to be written: forward results, gradients, and where they part.

    Attributes
    ----------
    name
        Name of the forward function.
    inputs, outputs, seeds
        Arguments, results, and the adjoints of the results (none for a loss).
    structure
        How the results are handed back: see `derivo.trace.trace`.
    gradients
        What the backward function returns, by argument.
    forward
        Every value that belongs to the forward pass.
    names
        The user's names of forward values.
    adjoints
        Backward node to the name of the forward value whose adjoint it is.
    values, unnamed
        Backward node to the forward value itself, for values that the user gave a name
        and for the others.
    comment
        Gives the comment of a backward line.
    assumptions
        What a reader must know: stated above the backward function.
    """

    name: str
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    seeds: tuple[Node, ...]
    structure: Any
    gradients: Mapping[str, Node]
    forward: frozenset[Node]
    names: Mapping[Node, str]
    adjoints: Mapping[Node, str]
    values: Mapping[Node, Node]
    unnamed: Mapping[Node, Node]
    comment: Comment
    forward_notes: Mapping[Node, str]
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """The text of a module, and what each of its lines is about.

    Attributes
    ----------
    text
        The module.
    name
        Name of the forward function.
    saved
        Names of the values that the forward pass keeps, with the reason for each.
    lines
        Line number to the node that the line computes.
    is_loss
        There is a function ``NAME_gradient(saved)`` beside ``NAME_backward``.
    """

    text: str
    name: str
    saved: Mapping[str, str]
    lines: Mapping[int, Node]
    is_loss: bool


def emit(program: Program) -> Source:
    """Write a program as a module that needs nothing but NumPy."""
    writer = _Writer(program)
    text = writer.module()
    return Source(text, program.name, writer.reasons, writer.lines, not program.seeds)


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.text: list[str] = []
        self.lines: dict[int, Node] = {}
        self.reasons: dict[str, str] = {}

    def module(self) -> str:
        p = self.program
        everything = order([*p.outputs, *p.gradients.values()])
        constants = [n for n in everything if isinstance(n.attrs.get("value"), Constant)]
        argument_names = {n.attrs["name"] for n in p.inputs}
        helpers = list(dict.fromkeys(h for n in everything for h in n.op.helpers))
        names = Names(argument_names | {p.name, f"{p.name}_backward", f"{p.name}_gradient"}
                      | {h.__name__ for h in helpers})  # fmt: skip
        bound = {n: n.attrs["name"] for n in p.inputs}
        top: list[str] = []
        for n in constants:
            bound[n] = names.fresh(p.names.get(n, "constant").upper())
            top.append(f"{bound[n]} = {_array_text(n.attrs['value'].array)}")
        self.helper_names = {h.__name__ for h in helpers}
        for helper in helpers:
            top += ["", *([""] if top and top[-1] else []),
                    *inspect.getsource(helper).rstrip().split("\n"), ""]  # fmt: skip
        forward, saved = self._forward(names, bound)
        backward = self._backward(names, bound, saved)
        head = ["import numpy as np", ""] if _uses_numpy(top, forward, backward) else []
        head += [*top, *([""] if top[-1] else [])] if top else []
        blocks = [*forward, "", "", *backward]
        lead = [*head, ""] if head else []
        shift = len(lead)
        self.lines = {k + shift: n for k, n in self._placed(forward, backward).items()}
        return "\n".join([*lead, *blocks]).rstrip("\n") + "\n"

    def _placed(self, forward: list[str], backward: list[str]) -> dict[int, Node]:
        first = {k: n for k, n in self._forward_lines.items()}
        return first | {k + len(forward) + 2: n for k, n in self._backward_lines.items()}

    # --- forward ------------------------------------------------------------------------

    def _forward(self, names: Names, bound: dict[Node, str]) -> tuple[list[str], list[Node]]:
        p = self.program
        saved, shapes = self._to_save()
        body = Body(names, Scope(), dict(bound), p.names)
        for n in p.inputs:
            body.scope.add(bound[n], n.spec)
        keep = [n for n in saved if n not in bound]
        body.compute(p.outputs, keep=keep)
        self.forward_bound = body.bound
        self.shape_names = {}
        kept = [body.bound[n] for n in saved]
        for n in shapes:
            self.shape_names[n] = names.fresh(f"{body.bound[n]}_shape")
            kept.append(f"{body.bound[n]}.shape")
        result = _returned(p.structure, [ast.unparse(body.expression(n)) for n in p.outputs])
        tail = f"return {result}, {_tuple(kept)}"
        head = f"def {p.name}({', '.join(n.attrs['name'] for n in p.inputs)}):"
        note = lambda n, _b: forward_comment(n, p.forward_notes)  # noqa: E731
        lines, self._forward_lines = _function(head, body.statements, tail, note, body.bound)
        return lines, saved

    def _to_save(self) -> tuple[list[Node], list[Node]]:
        """Find the forward values that the backward pass reads, and no others.

        The second list holds arrays of which only the shape is needed.
        """
        p = self.program
        given = set(p.seeds)
        saved: set[Node] = set()
        stack = list(p.gradients.values())
        seen: set[Node] = set()
        while stack:
            n = stack.pop()
            if n in seen or n in given:
                continue
            seen.add(n)
            of_loop = "item" in n.op.traits and n.inputs[0] in p.forward
            if (n in p.forward or of_loop) and (n in p.names or not _is_free(n)):
                saved.add(n)
            else:
                stack.extend(n.inputs)
        kept = sorted(saved, key=lambda n: n.index)
        return self._with_sizes(kept, seen - saved)

    def _with_sizes(self, kept: list[Node], computed: set[Node]) -> tuple[list[Node], list[Node]]:
        p = self.program
        scope = Scope([("s", n.spec) for n in (*kept, *p.seeds)])
        wanted = sorted({d for n in computed for d in _dims(n)}, key=str)
        sources = [n for n in (*p.inputs, *order(p.outputs))
                   if n.spec.rank and "loop" not in n.op.traits]
        shapes: list[Node] = []
        for d in wanted:
            while not scope.has(d):
                n = next(n for n in sources if n not in shapes and
                         set(n.spec.shape) - {1} and not scope.has_all(n.spec.shape))
                shapes.append(n)
                scope.shapes.append(("s", n.spec.shape))
        if any(_needs_dtype(n) for n in computed) and not scope.has_float():
            n = next(n for n in (*p.inputs, *order(p.outputs)) if n.spec.kind == "float")
            shapes = [s for s in shapes if s is not n]
            kept = sorted({*kept, n}, key=lambda n: n.index)
        return kept, shapes

    # --- backward -----------------------------------------------------------------------

    def _backward(self, names: Names, bound: dict[Node, str], saved: list[Node]) -> list[str]:
        p = self.program
        own = Names({p.name, f"{p.name}_gradient", f"{p.name}_backward"} | self.helper_names
                    | {self.forward_bound[n] for n in saved} | set(bound.values()))  # fmt: skip
        kept = {n: self.forward_bound[n] for n in saved}
        constants = {n: b for n, b in bound.items() if n.op.name == "constant"}
        scope = Scope()
        for n in saved:
            scope.add(kept[n], n.spec)
        scope.shapes += [(s, n.spec.shape) for n, s in self.shape_names.items()]
        for name, n in p.gradients.items():
            own.hold(adjoint_name(name), n)
        seeds = {n: own.fresh(self._seed_name(n, k)) for k, n in enumerate(p.seeds)}
        for n, s in seeds.items():
            scope.add(s, n.spec)
        # The gradient of an argument has its name in any case; a value that was given
        # another name in the forward function keeps that one here.
        called = {n: self.forward_bound.get(v, "") for n, v in p.values.items()}
        wishes = {n: adjoint_name(called.get(n) or name) for n, name in p.adjoints.items()
                  if n not in p.forward and n.op.name not in ("constant", "size")}  # fmt: skip
        wishes = {n: adjoint_name(name) for name, n in reversed(p.gradients.items())} | wishes
        wishes |= {n: f"{name}_prev" for n, name in p.names.items() if "bound" in n.op.traits}
        hints = {n: adjoint_name(self.forward_bound[v]) for n, v in p.unnamed.items()
                 if v in self.forward_bound and n not in wishes}  # fmt: skip
        # The adjoint of a step's unnamed value is its delta, as in the literature.
        hints |= {n: "delta" for n, v in p.unnamed.items()
                  if "bound" not in n.op.traits and v.inputs
                  and n not in wishes and n not in hints}  # fmt: skip
        body = Body(own, scope, {**constants, **kept, **seeds}, wishes, hints)
        roots = list(p.gradients.values())
        body.compute(roots, keep=[n for n in roots if not _is_number(n)])
        results = []
        for name, n in p.gradients.items():
            results.append(self._result(body, name, n))
        held = [*kept.values(), *self.shape_names.values()]
        self.reasons = {name: _reason(name, body.statements) for name in held}
        return self._backward_text(body, held, list(seeds.values()), results)

    def _seed_name(self, seed: Node, k: int) -> str:
        """Name the adjoint of a result after the result."""
        bound = self.forward_bound.get(self.program.outputs[k])
        name: str = seed.attrs["name"]
        return adjoint_name(bound) if bound and self.program.outputs[k].inputs else name

    def _result(self, body: Body, name: str, node: Node) -> str:
        """Give the name of a gradient; an adjoint shared with another gets a line."""
        text = ast.unparse(body.expression(node))
        wish = adjoint_name(name)
        if text == wish or text in body.names.taken and text.startswith(wish + "_"):
            return text
        alias = body.names.fresh(wish, node)
        body.statements.append(Statement(f"{alias} = {text}", None, alias))
        return alias

    def _backward_text(
        self, body: Body, held: list[str], seeds: list[str], results: list[str]
    ) -> list[str]:
        p = self.program
        unpack = [Statement(f"{_tuple(held, bare=True)} = saved")] if held else []
        if len(seeds) > 1:
            unpack.append(Statement(f"{_tuple(seeds, bare=True)} = d_output"))
        arguments = ["saved", *(seeds if len(seeds) == 1 else ["d_output"] * bool(seeds))]
        word = "backward" if seeds else "gradient"
        head = f"def {p.name}_{word}({', '.join(arguments)}):"
        tail = "return " + ", ".join(results)
        lines, places = _function(head, [*unpack, *body.statements], tail, p.comment, body.bound)
        notes = [f"# Holds where {a}." for a in p.assumptions]
        self._backward_lines = {k + len(notes): n for k, n in places.items()}
        if seeds:
            return [*notes, *lines]
        return [*notes, *lines, "", "", *self._scaled(results)]

    def _scaled(self, results: list[str]) -> list[str]:
        """Write the backward pass of a loss: its gradient, times the adjoint given."""
        p = self.program
        call = f"{p.name}_gradient(saved)"
        seed = "d_" + p.names.get(p.outputs[0], p.name)
        if len(results) == 1:
            lines = [f"return {seed} * {call}"]
        else:
            lines = [f"return tuple({seed} * d for d in {call})"]
        return [f"def {p.name}_backward(saved, {seed}=1.0):", *(f"    {x}" for x in lines)]


def _function(
    head: str, statements: list[Statement], tail: str, comment: Comment, bound: Mapping[Node, str]
) -> tuple[list[str], dict[int, Node]]:
    """Lay out a function, its comments in a column; give the node of each line."""
    notes = [comment(s.node, bound) if s.node is not None else "" for s in statements]
    widths = [len(s.code) + 4 for s, n in zip(statements, notes, strict=True) if n]
    column = max([w for w in widths if w <= 44], default=30) + 2  # noqa: PLR2004
    lines, places = [head], {}
    for s, note in zip(statements, notes, strict=True):
        code = "    " + s.code
        pad = " " * max(column - len(code), 2)
        if note and len(code) + len(pad) + len(note) + 2 > 96:  # noqa: PLR2004
            indent = code[: len(code) - len(code.lstrip())]
            lines += [f"{indent}# {part}" for part in textwrap.wrap(note, 80)]
            note = ""
        lines.append(f"{code}{pad}# {note}" if note else code)
        if s.node is not None:
            places[len(lines)] = s.node
    return [*lines, f"    {tail}"], places


def _reason(name: str, statements: list[Statement]) -> str:
    """Say which lines of the backward function read a saved value."""
    readers = [
        s.name or s.code.strip().split(" ")[0]
        for s in statements
        if name in names_in(s.code.partition(" = ")[2] or s.code) and s.code[:4] != "for "
    ]
    return f"read by {', '.join(dict.fromkeys(readers))}"


def _is_free(node: Node) -> bool:
    """Tell whether a forward value is better made again than kept."""
    if not node.inputs:
        return node.op.name != "argument"
    return "view" in node.op.traits


def _is_number(node: Node) -> bool:
    return node.op.name in ("constant", "size") and not node.spec.rank


def _dims(node: Node) -> Iterable[Size]:
    if "loop" in node.op.traits:
        for n in node.attrs["loop"].inside():
            yield from _dims(n)
    if "item" in node.op.traits:
        yield from _sizes(node.spec.shape)
        for n in node.inputs[0].attrs["loop"].inside([node.attrs["of"]]):
            yield from _dims(n)
    for value in node.attrs.values():
        yield from _sizes(value)


def _sizes(value: Any) -> Iterable[Size]:
    if isinstance(value, Size):
        yield value
    elif isinstance(value, tuple):
        for v in value:
            yield from _sizes(v)


def _needs_dtype(node: Node) -> bool:
    return "{dtype}" in node.op.text(node.attrs, *(i.spec for i in node.inputs))


def _returned(structure: Any, results: list[str]) -> str:
    if isinstance(structure, int):
        return results[structure]
    if isinstance(structure, dict):
        inner = ", ".join(f"{k!r}: {_returned(v, results)}" for k, v in structure.items())
        return f"{{{inner}}}"
    parts = [_returned(s, results) for s in structure]
    return f"[{', '.join(parts)}]" if isinstance(structure, list) else _tuple(parts)


def _tuple(parts: list[str], *, bare: bool = False) -> str:
    if len(parts) == 1:
        return f"({parts[0]},)"
    return ", ".join(parts) if bare else f"({', '.join(parts)})"


def _uses_numpy(*blocks: list[str]) -> bool:
    return any("np." in line.split("#")[0] for block in blocks for line in block)


def _array_text(array: Any) -> str:
    text = np.array2string(
        array, separator=", ", threshold=array.size + 1, max_line_width=88,
        floatmode="unique",
    )  # fmt: skip
    return f"np.array({text}, dtype=np.{array.dtype})"
