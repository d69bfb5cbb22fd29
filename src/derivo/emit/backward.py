"""The backward function: gradients from what was saved and the results' adjoints."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from derivo.emit.body import Body
from derivo.emit.forward import Forward
from derivo.emit.layout import Lines, Written, function
from derivo.emit.multiplied import multiplied, multiplied_parts
from derivo.emit.places import below, nest_expression
from derivo.emit.program import Program
from derivo.emit.scope import Scope
from derivo.emit.statement import (
    Statement,
    definition,
    definitions,
    is_number,
    without_unread,
)
from derivo.emit.wishes import wishes_of
from derivo.emit.wrap import wrapped
from derivo.emit.writing import FunctionNames
from derivo.graph.block import is_handle
from derivo.graph.names import Names, adjoint_name
from derivo.graph.nest import parts_of, short_name
from derivo.graph.node import Node


@dataclass(frozen=True)
class Backward:
    """The backward function as written, and what reads each value that is saved."""

    written: Written
    readers: Mapping[str, tuple[str, ...]]
    names: Mapping[Node, str]


def write_backward(
    p: Program, forward: Forward, taken: set[str], constants: Mapping[Node, str],
    functions: FunctionNames, name: str = "",
) -> Backward:  # fmt: skip
    """Write ``NAME_backward(saved, d_output)``; for a loss ``NAME_gradient(saved)``.

    Parameters
    ----------
    forward
        The forward function as written.
    taken
        Names that are in use at the top of the module.
    constants
        Arrays defined there.
    functions
        Names of the functions that are called.
    name
        The name of the backward function, if it is another.
    """
    kept = _kept(p, forward, taken)
    lists = {name for name, _ in forward.lists.values()}
    names = Names(taken | set(kept.values()) | lists)
    for n, called in forward.names.items():
        names.hold(called, n)  # a name means one thing in both passes
    for path, n in p.gradients.items():
        if not _of_loop(n, functions):
            names.hold(adjoint_name(short_name(path)), n)
    seeds = {n: names.fresh(_seed_name(p, forward, k)) for k, n in enumerate(p.seeds)}
    at_hand = {n: b for n, b in (kept | seeds).items() if not is_handle(n)}
    scope = Scope([(b, n.spec) for n, b in at_hand.items()])
    scope.shapes += [(s, n.spec.shape) for n, s in forward.shapes.items()]
    wishes, hints = wishes_of(p, forward.names)
    bound = {**constants, **kept, **seeds}
    body = Body(
        names, scope, bound, wishes, hints, p.roles, functions=functions,
        arguments=p.inputs, signature=p.signature, lists=dict(forward.lists),
    )  # fmt: skip
    for n, (name_of_list, number) in forward.lists.items():
        body.give(n, below(ast.Name(name_of_list), number))
    roots = list(p.gradients.values())
    body.compute(roots, keep=[n for n in roots if not is_number(n)])
    results = _results(p, body)
    body.statements[:] = without_unread(body.statements, results)
    held = _held(forward, kept)
    readers = {name: _readers(name, body.statements) for name in held}
    written = _text(p, body, held, list(seeds.values()), results, name)
    return Backward(written, readers, body.bound)


def whole_text(p: Program, backward: Backward, *, scales: bool) -> Lines:
    """Give the backward function with what a reader must know, and what goes with it.

    With `scales`, the gradient of a loss is followed by a function that multiplies an
    adjoint in.
    """
    lines = Lines([f"# Holds where {a}." for a in p.assumptions])
    lines += backward.written.lines().all_backward()
    return lines + Lines(["", "", *_scaled(p)]) if scales else lines


def _of_loop(node: Node, functions: FunctionNames) -> bool:
    """Tell whether a loop gives a gradient: it has a name in the loop already."""
    call = node.inputs[0] if "result" in node.op.traits else None
    return call is not None and call.attrs["derived"].block in functions.steps


def _kept(p: Program, forward: Forward, taken: set[str]) -> dict[Node, str]:
    """Name what was saved as the forward function did, or as a part of a nest."""
    names = Names(taken)
    own = [n for n in forward.saved.values if n not in forward.lists]
    called = {n: forward.names.get(n) for n in own}
    names.taken.update(name for name, _ in forward.lists.values())
    names.taken.update(name for name in called.values() if name)
    return {n: name or names.fresh(p.names[n]) for n, name in called.items()}


def _held(forward: Forward, kept: Mapping[Node, str]) -> list[str]:
    """Give what is unpacked from `saved`, in its order."""
    lists = forward.lists
    names = (lists[n][0] if n in lists else kept[n] for n in forward.saved.values)
    return [*dict.fromkeys(names), *forward.shapes.values()]


def _results(p: Program, body: Body) -> list[str]:
    """Write what the backward function returns: gradients, in nests."""
    if all(isinstance(nest, str) for nest in p.returned):
        return [_result(body, name, p.gradients[name]) for name in p.returned]

    def leaf(name: str) -> ast.expr:
        return body.expression(p.gradients[name])

    nests = (nest_expression(n, leaf, body.wholes, exactly=True) for n in p.returned)
    return [ast.unparse(nest) for nest in nests]


def _seed_name(p: Program, forward: Forward, k: int) -> str:
    """Name the adjoint of a result after the result."""
    output = p.outputs[p.seeded[k]]
    bound = forward.names.get(output)
    name: str = p.seeds[k].attrs["name"]
    return adjoint_name(bound) if bound and output.inputs else name


def _result(body: Body, name: str, node: Node) -> str:
    """Give the name of a gradient; an adjoint shared with another gets a line."""
    expression = body.expression(node)
    wish = adjoint_name(name)
    if isinstance(expression, ast.Name):
        called = expression.id
        if called == wish or called.startswith(f"{wish}_"):
            return called
    alias = body.names.fresh(wish, node)
    body.statements.append(definition(alias, expression))
    return alias


def _text(
    p: Program, body: Body, held: list[str], seeds: list[str], results: list[str],
    name: str,
) -> Written:  # fmt: skip
    unpack = [definitions(held, ast.Name("saved"))] if held else []
    if len(seeds) > 1:
        unpack.append(definitions(seeds, ast.Name("d_output")))
    given = seeds if len(seeds) == 1 else ["d_output"] * bool(seeds)
    name = name or f"{p.name}_{'backward' if seeds else 'gradient'}"
    return function(
        f"def {name}({', '.join(['saved', *given])}):",
        [*unpack, *body.statements],
        f"return {', '.join(results)}",
        lambda n, bound: body.notes.get(n) or p.comment(n, bound),
        body.bound,
    )


def _scaled(p: Program) -> list[str]:
    """Write the backward pass of a loss: its gradient, times the adjoint given."""
    call = f"{p.name}_gradient(saved)"
    seed = adjoint_name(p.names.get(p.outputs[0], p.name))
    scaled = f"{seed} * {call}"
    if not all(isinstance(nest, str) for nest in p.returned):
        scaled = f"{multiplier(p.returned).__name__}({call}, {seed})"
    elif len(p.returned) > 1:
        scaled = f"tuple({seed} * d for d in {call})"
    head = f"def {p.name}_backward(saved, {seed}=1.0):"
    return [*wrapped(head), *wrapped(f"    return {scaled}")]


def multiplier(nests: Iterable[Any]) -> Callable[..., Any]:
    """Give the function that multiplies an adjoint into nests of gradients."""
    return multiplied_parts if any(map(_has_holes, nests)) else multiplied


def _has_holes(nest: Any) -> bool:
    """Tell whether None stands in a nest."""
    return nest is None or any(_has_holes(part) for _, part in parts_of(nest))


def _readers(name: str, statements: list[Statement]) -> tuple[str, ...]:
    """Give what the lines compute that read a saved value."""
    readers = [
        s.name or ast.unparse(s.target or s.tree)
        for s in statements
        if name in s.reads and not isinstance(s.tree, ast.For)
    ]
    return tuple(dict.fromkeys(readers))
