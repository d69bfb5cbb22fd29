"""The forward function: the user's computation, and what it keeps."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from derivo.emit.body import Body
from derivo.emit.comments import forward_comment
from derivo.emit.layout import Written, function, returned
from derivo.emit.naming import results_of_helpers
from derivo.emit.program import Program
from derivo.emit.saving import Saved
from derivo.emit.scope import Scope
from derivo.emit.statement import listed
from derivo.emit.tried import tries
from derivo.emit.writing import FunctionNames
from derivo.graph.names import Names
from derivo.graph.node import Node, order


@dataclass(frozen=True)
class Forward:
    """The forward function as written.

    Attributes
    ----------
    names
        What each value is called in it.
    saved
        What it keeps.
    shapes
        Names in the backward function for shapes that are kept.
    lists
        Calls to the list that holds what they kept, and their place in it.
    """

    written: Written
    names: Mapping[Node, str]
    saved: Saved
    shapes: Mapping[Node, str]
    lists: Mapping[Node, tuple[str, int]]


def write_forward(
    p: Program, names: Names, bound: Mapping[Node, ast.expr], saved: Saved | None,
    functions: FunctionNames, arrays: Sequence[Node] = (),
) -> Forward:  # fmt: skip
    """Write ``NAME(...)``, which returns the results and what is to be saved.

    Parameters
    ----------
    names
        Names that are not in use yet.
    bound
        Values that have a name already.
    saved
        What is kept for a backward pass; None if there is none.
    functions
        Names of the functions that are called.
    arrays
        Arrays that the user closed over: keyword arguments.
    """
    kept_values = () if saved is None else saved.values
    kept_shapes = () if saved is None else saved.shapes
    # No value in between takes a name of the user's; of two values the first has it, if
    # it is computed at all: what was written over is not.
    # Loops hand their names out by themselves: what is carried shares one.
    computed = {*order(p.outputs), *p.inputs, *kept_values}
    if not any("loop" in n.op.traits for n in computed):
        by_age = sorted(p.names.items(), key=lambda item: -item[0].index)
        for n, name in sorted(by_age, key=lambda item: item[0] in computed):
            names.hold(name, n)
    # What a loop gathers is called after what it gathers.
    hints = {n: "out" for n in p.outputs if "item" not in n.op.traits}
    helpers = results_of_helpers(p.outputs, p.name)
    body = Body(
        names, Scope(), {}, p.names, hints, p.roles, helpers,
        functions=functions, arguments=p.inputs, signature=p.signature,
    )  # fmt: skip
    for name, nest in p.signature:
        body.wholes.add(ast.Name(name), nest)
    for n, place in bound.items():
        if isinstance(place, ast.Name):
            body.bound[n] = place.id
        else:
            body.give(n, place)
    for n in (*p.inputs, *arrays):
        body.scope.add(ast.unparse(bound[n]), n.spec)
    body.compute(p.outputs, keep=[n for n in kept_values if n not in bound])
    called = list(dict.fromkeys(_place(body, n) for n in kept_values))
    shapes = {n: names.fresh(f"{_name(body, n)}_shape") for n in kept_shapes}
    kept = called + [f"{ast.unparse(body.expression(n))}.shape" for n in kept_shapes]
    results = [ast.unparse(body.expression(n)) for n in p.outputs]
    handed_on = "" if saved is None else f", {listed(kept)}"
    parameters = [name for name, _ in p.signature]
    if arrays:
        parameters += ["*", *(ast.unparse(bound[n]) for n in arrays)]
    written = function(
        f"def {p.name}({', '.join(parameters)}):",
        [*tries(p.tried, bound, names), *body.statements],
        f"return {returned(p.structure, results)}{handed_on}",
        lambda n, _bound: body.notes.get(n) or forward_comment(n, p.forward_notes),
        body.bound,
        [n for n in p.outputs if n not in body.bound],
    )
    return Forward(written, body.bound, saved or Saved((), ()), shapes, body.lists)


def _place(body: Body, node: Node) -> str:
    """Give where a value lies that is kept: in a list, it is the list that is kept."""
    if node in body.lists:
        return body.lists[node][0]
    return ast.unparse(body.expression(node))


def _name(body: Body, node: Node) -> str:
    return body.bound.get(node) or body.wish(node)
