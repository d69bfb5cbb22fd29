"""Calls of one function on the pieces of arrays: ``for q, k, v in zip(...)``.

Heads of attention are cut from one array side by side, and each goes through the same
function. Written one below the other such calls hide that they are alike; here they
become one loop over the pieces, and what they give is gathered in lists.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.emit.expression import written
from derivo.emit.statement import Statement, append, definition, tuple_of
from derivo.emit.writing import Writing
from derivo.graph.node import Node

# Two calls are as short as a loop.
FEWEST = 3


@dataclass(frozen=True)
class Pieces:
    """Parts of an array that lie side by side and fill it along an axis."""

    whole: Node
    axis: int


@dataclass(frozen=True)
class Group:
    """Calls that differ in the pieces that they read alone.

    Attributes
    ----------
    calls
        The calls, in the order of the pieces.
    pieces
        Place of an operand to the array that it is a piece of.
    kept
        The list that holds what the forward calls kept, if these are backward calls.
    """

    calls: tuple[Node, ...]
    pieces: Mapping[int, Pieces]
    kept: str = ""
    skipped: frozenset[Node] = field(default=frozenset())


def groups_among(
    nodes: Iterable[Node], readers: Mapping[Node, int],
    lists: Mapping[Node, tuple[str, int]],
) -> list[Group]:  # fmt: skip
    """Find calls of one function that can be written as one loop.

    Parameters
    ----------
    nodes
        Everything that a function computes.
    readers
        How often each value is read.
    lists
        Forward calls to the list that holds what they kept, and their place in it.
    """
    alike: dict[Any, list[Node]] = {}
    for node in nodes:
        if "call" in node.op.traits and node.attrs.get("step") is None:
            called = node.attrs.get("block") or node.attrs["derived"]
            alike.setdefault(called, []).append(node)
    found = (_group(calls, readers, lists) for calls in alike.values())
    return [group for group in found if group is not None]


def _group(
    calls: list[Node], readers: Mapping[Node, int],
    lists: Mapping[Node, tuple[str, int]],
) -> Group | None:  # fmt: skip
    if len(calls) < FEWEST:
        return None
    kept = ""
    if "back" in calls[0].op.traits:
        places = {c: lists.get(c.inputs[0]) for c in calls}
        if None in places.values() or len({p[0] for p in places.values() if p}) > 1:
            return None
        calls = sorted(calls, key=lambda c: places[c] or ("", 0))
        if [p[1] for c in calls if (p := places[c])] != list(range(len(calls))):
            return None
        kept = (places[calls[0]] or ("", 0))[0]
    pieces: dict[int, Pieces] = {}
    first = min(c.index for c in calls)
    for place in range(1 if kept else 0, len(calls[0].inputs)):
        values = [c.inputs[place] for c in calls]
        if len(set(values)) == 1:
            whole: Node | None = values[0]
        else:
            cut = pieces_of(values)
            whole = None if cut is None else cut.whole
            if cut is not None:
                pieces[place] = cut
        if whole is None or whole.index > first:
            return None
    if not pieces:
        return None
    cuts = {c.inputs[place] for c in calls for place in pieces}
    skipped = frozenset(n for n in cuts if readers.get(n, 0) == 1)
    return Group(tuple(calls), pieces, kept, skipped)


def pieces_of(values: list[Node]) -> Pieces | None:
    """Tell what values are pieces of, if they fill it in their order."""
    first = values[0]
    if any(v.op is not first.op or v.spec != first.spec for v in values):
        return None
    if first.op.picks is None or len({v.inputs for v in values}) > 1:
        return None
    (whole,) = first.inputs
    large, small = whole.spec.shape, first.spec.shape
    picked = [first.op.picks(v.attrs, whole.spec) for v in values]
    axes = [k for k in range(len(large)) if len({p[k] for p in picked}) > 1]
    if len(axes) != 1 or len(large) != len(small):
        return None
    (axis,) = axes
    fills = large[axis] == small[axis] * len(values)
    rest_is_whole = all(large[k] == small[k] for k in range(len(large)) if k != axis)
    in_order = all(
        place == (1, k, number * small[axis] if k == axis else 0)
        for number, places in enumerate(picked)
        for k, place in enumerate(places)
    )
    return Pieces(whole, axis) if fills and rest_is_whole and in_order else None


def loop_over(
    body: Writing, group: Group, words: Mapping[int, str]
) -> tuple[ast.For, dict[int, ast.expr]]:
    """Give the head of the loop over the pieces, and what a piece is called in it.

    Parameters
    ----------
    words
        What the pieces would be called, by the place of the operand.
    """
    names: list[ast.expr] = []
    over: list[ast.expr] = []
    called: dict[int, ast.expr] = {}
    if group.kept:
        word = group.kept.removesuffix("s")
        called[0] = ast.Name(body.names.fresh(word))
        names.append(called[0])
        over.append(ast.Name(group.kept))
    for place, cut in group.pieces.items():
        piece = group.calls[0].inputs[place]
        called[place] = ast.Name(body.names.fresh(words[place], piece))
        names.append(called[place])
        whole = body.named(cut.whole)
        count, axis = ast.Constant(len(group.calls)), ast.Constant(cut.axis)
        over.append(written("np.split({0}, {1}, axis={2})", whole, count, axis))
    if len(over) > 1:
        over = [ast.Call(ast.Name("zip"), over, [])]
    return ast.For(tuple_of(names), over[0], [], []), called


def gather(
    body: Writing, lines: list[Statement], name: str, word: str, count: int
) -> ast.Name:
    """Gather a value of each step in a list; give the list."""
    whole = ast.Name(body.names.fresh(word))
    body.statements.append(definition(whole.id, ast.List([])))
    lines.append(append(whole.id, ast.Name(name)))
    body.wholes.add(whole, [None] * count)
    return whole
