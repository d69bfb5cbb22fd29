"""A forward pass and its backward pass as JavaScript, with the runtime they call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from derivo.emit.js.body import RESERVED, Body, Shared, is_number
from derivo.emit.js.needed import needed
from derivo.emit.naming import Naming
from derivo.graph.builder import Builder
from derivo.graph.element import Unscripted
from derivo.graph.names import Names, adjoint_name
from derivo.graph.node import Node
from derivo.graph.op import Op

WIDEST = 88


@dataclass(frozen=True)
class Script:
    """JavaScript of both passes.

    Attributes
    ----------
    text
        ``forward(given, sizes)`` gives every value by its key, from arguments by
        theirs; ``backward(value, upstream, sizes)`` gives an adjoint for each value
        that has one, and what comes back along each edge.
    keys
        What every value of the forward pass goes by.
    slopes
        Values that are a function of one other value, cell by cell: that function.
    passing
        Of each gradient that was asked for by its upstream gradient, the function of
        that: it is linear, and its entries at unit arrays are those of the Jacobian.
    """

    text: str
    keys: Mapping[Node, str]
    slopes: Mapping[Node, str]
    passing: Mapping[Node, str]

    @property
    def runtime(self) -> str:
        """The functions that the text calls."""
        return runtime(self.text)


def why_not(nodes: Iterable[Node]) -> tuple[str, ...]:
    """Say of each operation that JavaScript does not compute, why."""
    found: dict[str, None] = {}
    for node in nodes:
        if "loop" in node.op.traits:
            found |= dict.fromkeys(why_not(node.attrs["loop"].inside()))
        if "call" in node.op.traits:
            found["functions that are called are to be written out first"] = None
        if reason := _why_not(node.op):
            found[f"`{node.op.name}` {reason}"] = None
    return tuple(found)


def _why_not(op: Op) -> str:
    """Give the reason that an operation has no JavaScript; nothing where it has."""
    if isinstance(op.js, Unscripted):
        return op.js.reason
    is_known = op.js or op.lower or op.traits & {"elementwise", "loop", "item", "leaf"}
    return "" if is_known else "has no form in JavaScript"


@dataclass(frozen=True)
class Backward:
    """What of a backward pass is wanted.

    Attributes
    ----------
    adjoints
        What is computed for each value.
    seeds
        The adjoints of the results, where they are given.
    edges
        What comes back along each edge, by a name for the edge.
    passed
        Gradients of which the way from an upstream gradient is wanted alone, too.
    """

    adjoints: Mapping[Node, Node] = field(default_factory=dict)
    seeds: tuple[Node, ...] = ()
    edges: Mapping[str, Node] = field(default_factory=dict)
    passed: Mapping[Node, Node] = field(default_factory=dict)


def script(
    nodes: Iterable[Node], names: Mapping[Node, str], builder: Builder, back: Backward
) -> Script:
    """Write both passes.

    Parameters
    ----------
    nodes
        The forward pass, operands before readers: all of them are given.
    names
        The user's names of values, each once.
    builder
        What made the nodes.
    back
        The backward pass.
    """
    nodes, shared = tuple(nodes), Shared.of(builder)
    keys = _keys(nodes, names)
    forward = _function(shared, nodes, keys)
    backward = _backward(shared, keys, back)
    curves = {n: text for n in nodes if (text := _curve(shared, n)) is not None}
    passing = {a: _passing(shared, keys, a, up) for a, up in back.passed.items()}
    helpers = list(shared.helpers.values())
    text = "\n\n".join([*helpers, forward, backward]) + "\n"
    return Script(text, keys, curves, passing)


def _curve(shared: Shared, node: Node) -> str | None:
    """Write a function of one value alone: ``u => Math.tanh(u)``."""
    operands = {i for i in node.inputs if not is_number(i)}
    if "elementwise" not in node.op.traits or len(operands) != 1:
        return None
    (operand,) = operands
    body = Body(shared, {}, {})
    text = body.of_one_number(node, operand, "u")
    is_curve = text is not None and not body.sizes and "(" in text
    return f"(u) => {text}" if is_curve else None


def _passing(
    shared: Shared, keys: Mapping[Node, str], gradient: Node, upstream: Node
) -> str:
    """Write a gradient as a function of its upstream gradient, at given values."""
    known = {shared.spelled(n): k for n, k in keys.items() if not is_number(n)}
    body = Body(shared, known | {shared.spelled(upstream): "upstream"}, {})
    body.compute([gradient])
    read = [k for n, k in known.items() if n in body.used]
    lines = [*_sizes(body), *_unpacked(read, "value"), *body.lines]
    inner = " ".join([*lines, f"return {body.read(gradient)};"])
    return f"(value, upstream, sizes) => {{ {inner} }}"


def _keys(nodes: tuple[Node, ...], names: Mapping[Node, str]) -> dict[Node, str]:
    """Give every value a name that JavaScript takes: the user's, or what it is."""
    fresh, found = Names(set(RESERVED)), dict[Node, str]()
    for node, name in names.items():
        if "loop" not in node.op.traits:  # the name of a loop is that of its counter
            found[node] = fresh.fresh(re.sub(r"\W", "_", name))
    naming = Naming(found.get)
    for node in nodes:
        if node not in found and "loop" not in node.op.traits:
            found[node] = fresh.first(naming.made_of(node))
    return {n: found[n] for n in nodes if n in found}


def _function(shared: Shared, nodes: tuple[Node, ...], keys: Mapping[Node, str]) -> str:
    given = {n: keys[n] for n in nodes if n.op.name == "argument"}
    body = Body(shared, given, {shared.spelled(n): k for n, k in keys.items()})
    body.compute(keys)
    # A value that is written in two ways, as a number is, has a key for each.
    results = [_pair(keys[n], body.read(n)) for n in keys]
    lines = [*_sizes(body), *_unpacked(given.values(), "given"), *body.lines]
    return _written("forward(given, sizes)", lines, [f"return {_braced(results)};"])


def _backward(shared: Shared, keys: Mapping[Node, str], asked: Backward) -> str:
    seeds, edges = asked.seeds, asked.edges
    own = {v: a for v, a in asked.adjoints.items() if v in keys}
    known = {shared.spelled(n): k for n, k in keys.items() if not is_number(n)}
    taken = Names({*RESERVED, *keys.values()})
    known |= {s: taken.fresh(str(s.attrs["name"])) for s in seeds if "name" in s.attrs}
    wishes: dict[Node, str] = {}
    for value, adjoint in own.items():
        wishes.setdefault(shared.spelled(adjoint), adjoint_name(keys[value]))
    body = Body(shared, known, wishes)
    # What the forward pass has already is no line of this one.
    body.compute([*own.values(), *edges.values()])
    read = [k for n, k in known.items() if n in body.used and n not in seeds]
    back = [_pair(keys[v], body.read(a)) for v, a in own.items()]
    along = [_pair(e, body.read(a)) for e, a in edges.items()]
    given = [known[s] for s in seeds if s in known]
    start = [f"const [{', '.join(given)}] = upstream;"] if given else []
    lines = [*_sizes(body), *_unpacked(read, "value"), *start, *body.lines]
    last = [f"const gradients = {_braced(back)};", f"const along = {_braced(along)};"]
    return _written(
        "backward(value, upstream, sizes)",
        lines,
        [*last, "return { gradients, along };"],
    )


def _written(head: str, lines: list[str], last: list[str]) -> str:
    inner = [part for line in (*lines, *last) for part in _fitted(line)]
    return "\n".join([f"function {head} {{", *(f"  {line}" for line in inner), "}"])


def _fitted(line: str) -> list[str]:
    """Break a line that lists much, between two things listed."""
    if len(line) <= WIDEST or not line.rstrip(";").endswith("}") or "=>" in line:
        return [line]
    head, _, inner = line.partition("{ ")
    inner, _, tail = inner.rpartition(" }")
    rows, row = [], ""
    for part in inner.split(", "):
        if row and len(row) + len(part) > WIDEST - 6:
            rows.append(row)
            row = ""
        row += f"{' ' if row else ''}{part},"
    return [f"{head}{{", *(f"  {r}" for r in [*rows, row]), f"}}{tail}"]


def _sizes(body: Body) -> list[str]:
    return [f"const {{ {', '.join(body.sizes)} }} = sizes;"] if body.sizes else []


def _unpacked(names: Iterable[str], whole: str) -> list[str]:
    listed = ", ".join(names)
    return [f"const {_braced(listed.split(', '))} = {whole};"] if listed else []


def _braced(parts: Iterable[str]) -> str:
    listed = ", ".join(parts)
    return f"{{ {listed} }}" if listed else "{}"


def _pair(key: str, text: str) -> str:
    return key if key == text else f"{key}: {text}"


# --- the runtime ---------------------------------------------------------------------


def runtime(text: str) -> str:
    """Give the functions of the runtime that a text calls: of the rare ones, these."""
    called = re.findall(r"\bR\.(\w+)", text)
    return asset("runtime.js") + needed(asset("rare.js"), called)


@cache
def asset(name: str) -> str:
    """Give a file that belongs to the runtime."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
