"""What a gradient takes for granted, tried in the forward function that is written."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from derivo.emit.statement import Statement
from derivo.graph.names import Names
from derivo.graph.node import Node
from derivo.simplify.model import SumsToOne

# Sums of probabilities in float32 are off by less.
TOLERANCE = 0.0001


def tries(
    facts: tuple[SumsToOne, ...], bound: Mapping[Node, ast.expr], names: Names
) -> list[Statement]:
    """Write the lines that raise an error where a fact about an argument is none.

    Parameters
    ----------
    facts
        What is to be tried.
    bound
        Arguments, and how they are written.
    names
        Names that are not in use yet.
    """
    written: list[Statement] = []
    arguments = {n.attrs["name"]: n for n in bound if "name" in n.attrs}
    for fact in facts:
        node = arguments[fact.name]
        place, rank = ast.unparse(bound[node]), node.spec.rank
        name, axis = names.fresh("off"), fact.axis % rank
        first = f"np.argmax({name})" if rank == 2 else f"np.argwhere({name})[0]"
        row = "column" if rank == 2 and axis == 0 else "row"
        text = f"""
{name} = np.abs(np.sum({place}, axis={axis}) - 1) > {TOLERANCE}
if np.any({name}): pass
raise ValueError(f{f"{row} {{{first}}} of {place} does not sum to 1"!r})
"""
        tried, condition, error = ast.parse(text).body
        assert isinstance(condition, ast.If)  # noqa: S101
        condition.body = []  # what follows one step deeper is the body
        written += [Statement(tried), Statement(condition), Statement(error, depth=1)]
    return written
