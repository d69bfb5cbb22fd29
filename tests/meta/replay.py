"""Rules as graphs that are run again with one operation changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.graph.builder import Builder, Constant
from derivo.graph.node import Node, order
from derivo.graph.op import Op
from derivo.graph.spec import spec_of
from derivo.ops.leaf import argument
from derivo.trace.recorder import Recorder

Change = Callable[[Node, list[Any], Mapping[str, Any]], Any]


def traced_rule(
    op: Op, operands: Sequence[Any], attrs: Mapping[str, Any]
) -> tuple[list[Node | None], list[Node]]:
    """Trace a rule: its results, and its arguments g, y, operands."""
    recorder = Recorder(Builder())
    y = np.asarray(op.compute(*operands, **attrs))
    given = [np.ones(y.shape), y, *operands]
    nodes = [
        recorder.builder.make(argument, (), {"name": f"a{i}", "spec": spec_of(a)})
        for i, a in enumerate(given)
    ]
    assert op.vjp is not None
    parts = op.vjp(*(recorder.wrap(n) for n in nodes), **attrs)
    return [None if p is None else recorder.lift(p) for p in parts], nodes


def replayed(
    op: Op, operands: Sequence[Any], attrs: Mapping[str, Any], change: Change
) -> Op:
    """Give the operation with a rule that runs like its own, but for one change."""
    roots, arguments = traced_rule(op, operands, attrs)

    def vjp(g: Any, y: Any, *inputs: Any, **_attrs: Any) -> tuple[Any, ...]:
        known: dict[Node, Any] = dict(zip(arguments, (g, y, *inputs), strict=True))
        for node in order(r for r in roots if r is not None):
            if node in known:
                continue
            values = [known[i] for i in node.inputs]
            changed = change(node, values, {"g": g, "y": y})
            if changed is not None:
                known[node] = changed
            elif (
                "value" in node.attrs and not node.inputs and node.op.name == "constant"
            ):
                value = node.attrs["value"]
                known[node] = value.array if isinstance(value, Constant) else value
            else:
                known[node] = node.op(*values, **node.attrs)
        return tuple(None if r is None else known[r] for r in roots)

    return replace(op, vjp=vjp)


def rule_nodes(op: Op, operands: Sequence[Any], attrs: Mapping[str, Any]) -> list[Node]:
    roots, _ = traced_rule(op, operands, attrs)
    return [n for n in order(r for r in roots if r is not None) if n.inputs]


def at(place: Node, change: Callable[..., Any]) -> Change:
    """Change one operation of a rule: the one with the number of `place`."""

    def apply(node: Node, values: list[Any], given: Mapping[str, Any]) -> Any:
        return change(values, given) if node.index == place.index else None

    return apply
