"""Picking after dividing: ``e[i, y] / s`` is ``(e / s)[i, y]``, perhaps a softmax."""

from __future__ import annotations

from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.ops.arithmetic import div
from derivo.ops.index import gather
from derivo.ops.leaf import arange
from derivo.ops.pick import take_along_axis
from derivo.ops.shape import expand_dims


def quotient(node: Node, builder: Builder) -> Node | None:
    """Give the quotient of whole arrays that a quotient of picked entries is part of.

    Parameters
    ----------
    node
        ``pick(e) / s``.

    Returns
    -------
    Node
        ``e / s`` with the rows of s along those of e; None where s varies with what is
        picked.
    """
    if node.op is not div:
        return None
    pick, below = node.inputs
    if "selects" not in pick.op.traits:
        return None
    whole = pick.inputs[0]
    if _goes_along(pick, below):
        return builder.make(div, (whole, below))
    if _is_one_of_each_row(pick) and below.spec.shape == whole.spec.shape[:1]:
        column = builder.make(expand_dims, (below,), {"axis": 1})
        return builder.make(div, (whole, column))
    return None


def _goes_along(pick: Node, below: Node) -> bool:
    """Tell whether a divisor is the same for all that may be picked."""
    if not below.spec.rank:
        return True
    whole = pick.inputs[0].spec
    if pick.op is not take_along_axis or below.spec.rank != whole.rank:
        return False
    return bool(below.spec.shape[pick.attrs["axis"]] == 1)


def _is_one_of_each_row(pick: Node) -> bool:
    """Tell ``x[np.arange(n), labels]`` from other ways to pick."""
    if pick.op is not gather or pick.attrs["axis"] or len(pick.inputs) != 3:
        return False
    whole, rows, labels = pick.inputs
    counts = rows.op is arange and rows.attrs["stop"] == whole.spec.shape[0]
    return counts and whole.spec.rank == 2 and labels.spec.shape == rows.spec.shape
