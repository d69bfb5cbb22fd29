"""The reason that stands beside a line of emitted source."""

from __future__ import annotations

from collections.abc import Mapping

from derivo.graph.node import Node, Why


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
    if node.op.name == "matmul":
        return " @ ".join(str(i.spec) for i in node.inputs)
    if reason is None:
        return ""
    name = names.get(reason.node, "")
    if reason.kind == "broadcast" and name and reason.reader is not None:
        return _copied(reason, name)
    if reason.kind == "steps" and name:
        return f"{name} is used at every step: add up"
    if reason.kind == "fan-out" and name and "chooses" in node.op.traits:
        return f"{name} is read by both branches: each has its own adjoint"
    if reason.kind == "fan-out" and name and "elementwise" in node.op.traits:
        return f"{name} is read more than once: add the adjoints"
    return ""


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
