"""The backward function: gradients from what was saved and the results' adjoints."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from derivo.emit.body import Body, is_number
from derivo.emit.forward import Forward
from derivo.emit.layout import Lines, function
from derivo.emit.naming import Naming, names_before, results_of_helpers
from derivo.emit.program import Program
from derivo.emit.scope import Scope
from derivo.emit.statement import Statement, definition, definitions
from derivo.emit.wrap import wrapped
from derivo.graph.names import Names, adjoint_name
from derivo.graph.node import Node

# An unnamed value whose name would be longer than this has a delta for its adjoint.
LONGEST_PART = 12


@dataclass(frozen=True)
class Backward:
    """The backward function as written, and what reads each value that is saved."""

    lines: Lines
    readers: Mapping[str, tuple[str, ...]]
    names: Mapping[Node, str]


def write_backward(
    p: Program, forward: Forward, taken: set[str], constants: Mapping[Node, str]
) -> Backward:
    """Write ``NAME_backward(saved, d_output)``; for a loss ``NAME_gradient(saved)``.

    Parameters
    ----------
    forward
        The forward function as written.
    taken
        Names that are in use at the top of the module.
    constants
        Arrays defined there.
    """
    kept = {n: forward.names[n] for n in forward.saved.values}
    names = Names(taken | set(kept.values()))
    for n, name in forward.names.items():
        names.hold(name, n)  # a name means one thing in both passes
    for name, n in p.gradients.items():
        names.hold(adjoint_name(name), n)
    seeds = {n: names.fresh(_seed_name(p, forward, k)) for k, n in enumerate(p.seeds)}
    scope = Scope([(b, n.spec) for n, b in (kept | seeds).items()])
    scope.shapes += [(s, n.spec.shape) for n, s in forward.shapes.items()]
    wishes, hints = _wishes(p, forward)
    bound = {**constants, **kept, **seeds}
    body = Body(names, scope, bound, wishes, hints, roles=p.roles)
    roots = list(p.gradients.values())
    body.compute(roots, keep=[n for n in roots if not is_number(n)])
    results = [_result(body, name, n) for name, n in p.gradients.items()]
    held = [*kept.values(), *forward.shapes.values()]
    readers = {name: _readers(name, body.statements) for name in held}
    lines = _text(p, body, held, list(seeds.values()), results)
    return Backward(lines, readers, body.bound)


def _seed_name(p: Program, forward: Forward, k: int) -> str:
    """Name the adjoint of a result after the result."""
    bound = forward.names.get(p.outputs[k])
    name: str = p.seeds[k].attrs["name"]
    return adjoint_name(bound) if bound and p.outputs[k].inputs else name


def _wishes(p: Program, forward: Forward) -> tuple[dict[Node, str], dict[Node, str]]:
    """Give the names that values get, and those for values that happen to need one."""
    gradients = {
        n: adjoint_name(name) for name, n in reversed(list(p.gradients.items()))
    }
    named: dict[Node, str] = {}
    for n, name in p.adjoints.items():
        if n not in p.forward and not is_number(n):
            # A value that has another name in the forward function keeps that one.
            value = p.values.get(n)
            called = forward.names.get(value) if value is not None else None
            named[n] = adjoint_name(called or name)
    before = {n: f"{s}_prev" for n, s in p.names.items() if "bound" in n.op.traits}
    again = {n: name for n, name in forward.names.items() if name.isidentifier()}
    wishes = again | gradients | named | before
    before = names_before(forward.names, p.roles)
    helpers = results_of_helpers(p.outputs)
    naming = Naming(forward.names.get, p.roles, before, helpers)
    hints: dict[Node, str] = {}
    for n, value in p.unnamed.items():
        if n in wishes:
            continue
        if value in forward.names:
            hints[n] = adjoint_name(forward.names[value])
        elif "bound" not in n.op.traits and value.inputs:
            hints[n] = _delta(naming, value)
    return wishes, hints


def _delta(naming: Naming, value: Node) -> str:
    """Name the adjoint of a value without a name: after what that is made of.

    Where this would be long, it is a delta, as the literature calls it.
    """
    before = naming.before.get(value)
    for name in naming.made_of(value) if before is None else [f"pre_{before}"]:
        if "_" in name and len(name) <= LONGEST_PART:
            return adjoint_name(name)
    return "delta"


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
    p: Program, body: Body, held: list[str], seeds: list[str], results: list[str]
) -> Lines:
    unpack = [definitions(held, ast.Name("saved"))] if held else []
    if len(seeds) > 1:
        unpack.append(definitions(seeds, ast.Name("d_output")))
    given = seeds if len(seeds) == 1 else ["d_output"] * bool(seeds)
    word = "backward" if seeds else "gradient"
    lines = function(
        f"def {p.name}_{word}({', '.join(['saved', *given])}):",
        [*unpack, *body.statements],
        f"return {', '.join(results)}",
        p.comment,
        body.bound,
    )
    lines = Lines([f"# Holds where {a}." for a in p.assumptions]) + lines
    return lines if seeds else lines + Lines(["", "", *_scaled(p, results)])


def _scaled(p: Program, results: list[str]) -> list[str]:
    """Write the backward pass of a loss: its gradient, times the adjoint given."""
    call = f"{p.name}_gradient(saved)"
    seed = adjoint_name(p.names.get(p.outputs[0], p.name))
    scaled = f"{seed} * {call}"
    if len(results) > 1:
        scaled = f"tuple({seed} * d for d in {call})"
    head = f"def {p.name}_backward(saved, {seed}=1.0):"
    return [*wrapped(head), *wrapped(f"    return {scaled}")]


def _readers(name: str, statements: list[Statement]) -> tuple[str, ...]:
    """Give what the lines compute that read a saved value."""
    readers = [
        s.name or ast.unparse(s.target or s.tree)
        for s in statements
        if name in s.reads and not isinstance(s.tree, ast.For)
    ]
    return tuple(dict.fromkeys(readers))
