"""The forward function: the user's computation, and what it keeps."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from derivo.emit.body import Body
from derivo.emit.comments import forward_comment
from derivo.emit.layout import Lines, function, returned
from derivo.emit.naming import results_of_helpers
from derivo.emit.program import Program
from derivo.emit.saving import Saved, is_long, to_save
from derivo.emit.scope import Scope
from derivo.emit.statement import listed
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
    """

    lines: Lines
    names: Mapping[Node, str]
    saved: Saved
    shapes: Mapping[Node, str]


def write_forward(p: Program, names: Names, bound: Mapping[Node, str]) -> Forward:
    """Write ``NAME(...)``, which returns the results and what is to be saved."""
    saved = to_save(p)
    # No value in between takes a name of the user's; of two values the first has it.
    # Loops hand their names out by themselves: what is carried shares one.
    if not any("loop" in n.op.traits for n in order(p.outputs)):
        for n, name in sorted(p.names.items(), key=lambda item: -item[0].index):
            names.hold(name, n)
    # What a loop gathers is called after what it gathers.
    hints = {n: "out" for n in p.outputs if "item" not in n.op.traits}
    helpers = results_of_helpers(p.outputs)
    body = Body(names, Scope(), dict(bound), p.names, hints, p.roles, helpers)
    long = [n for n in bound if is_long(n)]
    for n in (*p.inputs, *long):
        body.scope.add(bound[n], n.spec)
    body.compute(p.outputs, keep=[n for n in saved.values if n not in bound])
    called = [body.bound[n] for n in saved.values]
    shapes = {n: names.fresh(f"{body.bound[n]}_shape") for n in saved.shapes}
    kept = called + [f"{body.bound[n]}.shape" for n in saved.shapes]
    results = [ast.unparse(body.expression(n)) for n in p.outputs]
    lines = function(
        f"def {p.name}({', '.join(_parameters(p, [bound[n] for n in long]))}):",
        body.statements,
        f"return {returned(p.structure, results)}, {listed(kept)}",
        lambda n, _bound: forward_comment(n, p.forward_notes),
        body.bound,
    )
    return Forward(lines, body.bound, saved, shapes)


def _parameters(p: Program, arrays: list[str]) -> list[str]:
    """List the arguments; arrays that the user closed over come by their names."""
    own = [n.attrs["name"] for n in p.inputs]
    return [*own, "*", *arrays] if arrays else own
