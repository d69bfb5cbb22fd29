"""The reason that stands beside a line of emitted source."""

from __future__ import annotations

from collections.abc import Mapping

from derivo.graph.node import Node, Why
from derivo.ops.arithmetic import neg
from derivo.ops.elementwise import exp, logaddexp
from derivo.simplify.select import root_beside_zero


def forward_comment(node: Node, notes: Mapping[Node, str]) -> str:
    """Give the shape of a forward value, and what was changed about it."""
    note = notes.get(node, "")
    shape = str(node.spec) if node.spec.rank else ""
    return f"{shape}: {note}" if shape and note else shape or note


def backward_comment(  # noqa: PLR0911  a case for each reason
    node: Node, why: Mapping[Node, Why], names: Mapping[Node, str]
) -> str:
    """Give the reason for a backward value, where the line surprises."""
    reason = why.get(node)
    inside = _inside(node, names)
    for n in inside:
        root = root_beside_zero(n)
        if root is not None and root in names:
            return f"where {names[root]} = 0, its subgradient 0 is taken"
    if node.op.name == "matmul":
        return " @ ".join(str(i.spec) for i in node.inputs)
    said = next(filter(None, (_careful_sigmoid(n, names) for n in inside)), "")
    if reason is None:
        return said
    name = names.get(reason.node, "")
    if reason.kind == "broadcast" and name and reason.reader is not None:
        return _copied(reason, name)
    if reason.kind == "steps" and name:
        return f"{name} is used at every step: add up"
    if reason.kind == "fan-out" and name and "chooses" in node.op.traits:
        return f"{name} is read by both branches: each has its own gradient"
    if reason.kind == "fan-out" and name and "elementwise" in node.op.traits:
        return f"{name} is read more than once: add what comes back"
    return said


def _inside(node: Node, names: Mapping[Node, str]) -> list[Node]:
    """Give the nodes that are written on the line of a node."""
    found, stack = [node], [node]
    while stack:
        new = [i for i in stack.pop().inputs if i not in names and i not in found]
        found += new
        stack += new
    return found


def _careful_sigmoid(node: Node, names: Mapping[Node, str]) -> str:
    """Name what ``np.exp(-np.logaddexp(0, -x))`` is."""
    minus = node.inputs[0] if node.op is exp else node
    if minus.op is not neg or minus.inputs[0].op is not logaddexp:
        return ""
    zero, u = minus.inputs[0].inputs
    of = names.get(u.inputs[0], "") if u.op is neg else ""
    if not of or zero.attrs.get("value") != 0:
        return ""
    return f"exp(-softplus(-{of})) is sigmoid({of}), and does not overflow"


def _copied(reason: Why, name: str) -> str:
    assert reason.reader is not None  # noqa: S101
    small, large = reason.node.spec.shape, reason.reader.spec.shape
    if len(small) > len(large):
        return f"{name} was copied: add up"
    extra = len(large) - len(small)
    pairs = zip(small, large[extra:], strict=True)
    axes = [*large[:extra], *(b for a, b in pairs if a != b)]
    rows = " x ".join(str(d) for d in axes)
    places = "rows" if axes[:1] == list(large[:1]) and len(axes) == 1 else "places"
    return f"{name} was copied to {rows} {places}: add up"
