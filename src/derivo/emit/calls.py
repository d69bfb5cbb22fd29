"""Calls of functions in emitted source: ``h, saved_ln = ln(x, g, b)`` and back."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from derivo.emit.parallel import Group, gather, loop_over
from derivo.emit.places import NOBODYS, below, nest_expression
from derivo.emit.rolled import write_step
from derivo.emit.statement import Statement
from derivo.emit.writing import Writing
from derivo.graph.block import Block
from derivo.graph.names import adjoint_name
from derivo.graph.nest import as_written, gradient_nests, parts_of, pruned, rebuilt
from derivo.graph.node import Node
from derivo.simplify.model import Derived


def handed_back(derived: Any) -> list[tuple[str, Any]]:
    """Give what a backward function hands back: for each parameter a nest.

    The leaves are places among `derived.wrt`.
    """
    graph = derived.block.graph
    names = [graph.inputs[k].attrs["name"] for k in derived.wrt]
    nests = gradient_nests(graph, names)
    return [
        (name, as_written(rebuilt(nest, names.index))) for name, nest in nests.items()
    ]


def write_call(body: Writing, node: Node, nodes: list[Node]) -> None:
    """Write a call, and bind those of its results that something reads.

    Parameters
    ----------
    body
        The function that the call stands in.
    node
        The call, forward or backward.
    nodes
        Everything that is written: the results of the call that are read among it.
    """
    by_place = results_of(node, nodes)
    block = block_of(node)
    if block in body.functions.steps:
        write_step(body, node, nodes)
    elif "back" in node.op.traits:
        _write_backward(body, node, by_place)
    else:
        _write_forward(body, node, by_place)


def write_group(body: Writing, group: Group, nodes: list[Node]) -> None:
    """Write calls that differ in the pieces that they read as one loop.

    The first call stands in for all; what it gives at each step goes into lists.
    """
    first = group.calls[0]
    is_back = "back" in first.op.traits
    words = {place: _word(body, first, place) for place in group.pieces}
    head, called = loop_over(body, group, words)
    results = [results_of(c, nodes) for c in group.calls]
    inner = body.inner()
    inner.readers, inner.kept = body.readers, set()
    if any(c in body.kept for c in group.calls):
        inner.kept.add(first)
    inner.given |= {first.inputs[place]: name for place, name in called.items()}
    for n in first.inputs:
        if not inner.is_at_hand(n):
            inner.give(n, body.named(n))
    read = {at: n for r in results for at, n in r.items()}
    stand_ins = {at: results[0].get(at, n) for at, n in read.items()}
    (_write_backward if is_back else _write_forward)(inner, first, stand_ins)
    lines = list(inner.statements)
    if first in inner.kept:
        _gather(body, lines, inner.bound[first], list(group.calls))
    for at, stand_in in stand_ins.items():
        _gather(body, lines, inner.bound[stand_in], [r.get(at) for r in results])
    body.statements.append(Statement(head))
    body.statements += [line.deeper() for line in lines]


def _gather(
    body: Writing, lines: list[Statement], name: str, values: list[Node | None]
) -> None:
    """Gather what each step calls `name` in a list; the values are its parts."""
    whole = gather(body, lines, name, f"{name}s", len(values))
    for k, n in enumerate(values):
        if n is None:
            continue
        body.given[n] = below(whole, k)
        if n in body.kept:
            body.lists[n] = whole.id, k


def _word(body: Writing, call: Node, place: int) -> str:
    """Give what a piece that a call reads is called."""
    own = body.wishes.get(call.inputs[place])
    if own:
        return own
    block = block_of(call)
    if "back" in call.op.traits:
        output = block.graph.outputs[call.attrs["derived"].seeded[place - 1]]
        return adjoint_name(block.graph.names.get(output, "out"))
    return block.graph.names[block.graph.inputs[place]]


def block_of(node: Node) -> Block:
    """Give the block that a call, forward or backward, calls."""
    if "back" in node.op.traits:
        block: Block = node.attrs["derived"].block
    else:
        block = node.attrs["block"]
    return block


def results_of(node: Node, nodes: Iterable[Node]) -> dict[int, Node]:
    """Give the results of a call that are read, by place."""
    return {
        n.attrs["at"]: n
        for n in nodes
        if "result" in n.op.traits and n.inputs[0] is node
    }


def _write_forward(body: Writing, node: Node, results: dict[int, Node]) -> None:
    block: Block = node.attrs["block"]
    function = body.functions.names[block]
    arguments = [
        nest_expression(
            rebuilt(nest, node.inputs.__getitem__), body.expression, body.wholes
        )
        for _, nest in block.graph.signature
    ]  # fmt: skip
    names = block.graph.names

    def target(place: int) -> ast.expr:
        wish = names.get(block.graph.outputs[place], f"{function}_out")
        return _target(body, results.get(place), wish)

    targets = [nest_expression(block.structure, target)]
    if block in body.functions.saving:
        saved = NOBODYS
        if node in body.kept:
            saved = body.bound[node] = body.names.fresh(f"saved_{function}", node)
        targets.append(ast.Name(saved))
    _add(body, targets, function, arguments, results)


def _write_backward(body: Writing, node: Node, results: dict[int, Node]) -> None:
    call, *adjoints = node.inputs
    derived, results = _as_written(body, node.attrs["derived"], results)
    upstream = nest_expression(
        adjoints[0] if len(adjoints) == 1 else tuple(adjoints), body.expression
    )
    targets = [
        _gradient_target(body, name, nest, results)
        for name, nest in handed_back(derived)
    ]
    function = body.functions.names[derived]
    _add(body, targets, function, [body.expression(call), upstream], results)


def _as_written(
    body: Writing, derived: Derived, results: dict[int, Node]
) -> tuple[Derived, dict[int, Node]]:
    """Give the backward pass that is called, and the results by their places in it."""
    written: Derived = body.functions.written_for.get(derived, derived)
    place = {k: at for at, k in enumerate(written.wrt)}
    return written, {place[derived.wrt[at]]: n for at, n in results.items()}


def _gradient_target(
    body: Writing, parameter: str, nest: Any, results: dict[int, Node]
) -> ast.expr:
    wish = adjoint_name(parameter)
    if body.counter:  # the whole gradient is another thing than what a step adds to it
        wish = f"{wish}_{body.counter}"
    if not parts_of(nest):
        return _target(body, results.get(nest), wish)
    if pruned(nest, results.__contains__) is None:
        return ast.Name(NOBODYS)
    name = ast.Name(body.names.fresh(wish))
    body.wholes.add(name, nest)
    _bind_parts(body, nest, name, results)
    return name


def _bind_parts(
    body: Writing, nest: Any, place: ast.expr, results: dict[int, Node]
) -> None:
    for key, part in parts_of(nest):
        _bind_parts(body, part, below(place, key), results)
    if not parts_of(nest) and nest in results:
        body.give(results[nest], place)


def _target(body: Writing, node: Node | None, wish: str) -> ast.expr:
    if node is None:
        return ast.Name(NOBODYS)
    own = body.wishes.get(node) or body.hints.get(node)
    wishes = [own, wish] if own and body.counter else [own or wish]
    name = body.names.first(wishes, node)
    body.bind(node, name)
    return ast.Name(name)


def _add(
    body: Writing, targets: list[ast.expr], function: str, arguments: list[ast.expr],
    results: dict[int, Node],
) -> None:  # fmt: skip
    target = targets[0] if len(targets) == 1 else ast.Tuple(targets)
    about = min(results.values(), key=lambda n: n.attrs["at"], default=None)
    call = ast.Call(ast.Name(function), arguments, [])
    name = target.id if isinstance(target, ast.Name) else ""
    body.statements.append(Statement(ast.Assign([target], call), about, name))
