"""Calls of functions in emitted source: ``h, saved_ln = ln(x, g, b)`` and back."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from derivo.emit.places import NOBODYS, below, items_of, nest_text
from derivo.emit.statement import Statement
from derivo.graph.block import Block
from derivo.graph.names import adjoint_name
from derivo.graph.nest import gradient_nests, pruned, rebuilt
from derivo.graph.node import Node

if TYPE_CHECKING:
    from derivo.emit.body import Body


@dataclass
class FunctionNames:
    """What functions are called in the source.

    Attributes
    ----------
    names
        Block to the name of its forward function; derived block to that of the backward
        function.
    saving
        Blocks whose forward function keeps something for a backward function.
    """

    names: dict[Any, str] = field(default_factory=dict)
    saving: set[Block] = field(default_factory=set)


def handed_back(derived: Any) -> list[tuple[str, Any]]:
    """Give what a backward function hands back: for each parameter a nest.

    The leaves are places among `derived.wrt`.
    """
    graph = derived.block.graph
    names = [graph.inputs[k].attrs["name"] for k in derived.wrt]
    nests = gradient_nests(graph, names)
    return [(name, rebuilt(nest, names.index)) for name, nest in nests.items()]


def write_call(body: Body, node: Node, results: list[Node]) -> None:
    """Write a call, and bind those of its results that something reads.

    Parameters
    ----------
    body
        The function that the call stands in.
    node
        The call, forward or backward.
    results
        Its results, as far as they are read.
    """
    by_place = {n.attrs["at"]: n for n in results}
    if "back" in node.op.traits:
        _write_backward(body, node, by_place)
    else:
        _write_forward(body, node, by_place)


def _write_forward(body: Body, node: Node, results: dict[int, Node]) -> None:
    block: Block = node.attrs["block"]
    function = body.functions.names[block]

    def whole(nest: Any) -> str | None:
        return body.wholes.find(nest, body.bound.get, exactly=False)

    def written(operand: Node) -> str:
        return ast.unparse(body.expression(operand))

    arguments = [
        nest_text(rebuilt(nest, node.inputs.__getitem__), written, whole)
        for _, nest in block.graph.signature
    ]
    names = block.graph.names

    def target(place: int) -> str:
        wish = names.get(block.graph.outputs[place], f"{function}_out")
        return _target(body, results.get(place), wish)

    targets = nest_text(block.structure, target)
    if block in body.functions.saving:
        saved = NOBODYS
        if node in body.kept:
            saved = body.bound[node] = body.names.fresh(f"saved_{function}", node)
        targets = f"{targets}, {saved}"
    _add(body, targets, function, arguments, results)


def _write_backward(body: Body, node: Node, results: dict[int, Node]) -> None:
    call, *adjoints = node.inputs
    derived = node.attrs["derived"]
    upstream = nest_text(
        adjoints[0] if len(adjoints) == 1 else tuple(adjoints),
        lambda n: ast.unparse(body.expression(n)),
    )
    targets = [
        _gradient_target(body, name, nest, results)
        for name, nest in handed_back(derived)
    ]
    function = body.functions.names[derived]
    _add(body, ", ".join(targets), function, [body.bound[call], upstream], results)


def _gradient_target(
    body: Body, parameter: str, nest: Any, results: dict[int, Node]
) -> str:
    wish = adjoint_name(parameter)
    if not items_of(nest):
        return _target(body, results.get(nest), wish)
    if pruned(nest, results.__contains__) is None:
        return NOBODYS
    name = body.names.fresh(wish)
    body.wholes.add(name, nest)
    _bind_parts(body, nest, name, results)
    return name


def _bind_parts(body: Body, nest: Any, text: str, results: dict[int, Node]) -> None:
    for key, part in items_of(nest):
        _bind_parts(body, part, below(text, key), results)
    if not items_of(nest) and nest in results:
        body.bind(results[nest], text)


def _target(body: Body, node: Node | None, wish: str) -> str:
    if node is None:
        return NOBODYS
    own = body.wishes.get(node) or body.hints.get(node)
    name = body.names.fresh(own or wish, node)
    body.bind(node, name)
    return name


def _add(
    body: Body, targets: str, function: str, arguments: list[str],
    results: dict[int, Node],
) -> None:  # fmt: skip
    about = min(results.values(), key=lambda n: n.attrs["at"], default=None)
    code = f"{targets} = {function}({', '.join(arguments)})"
    body.statements.append(Statement(code, about))
