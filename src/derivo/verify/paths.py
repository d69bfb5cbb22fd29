"""Reverse mode on numbers, with each way back (edge of the graph) under control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.graph.node import Node
from derivo.run.reference import concrete
from derivo.verify.evaluation import Evaluation
from derivo.verify.rules import fit, is_floating


@dataclass(frozen=True)
class Edge:
    """One use of a value: operand number `position` of `reader`."""

    node: Node
    reader: Node
    position: int


class Paths:
    """The adjoints of all values, and what each use of a value contributes to them.

    It is the textbook's algorithm on plain arrays: no graph is built, so it shares
    nothing with the engine but the rules of the operations.
    """

    def __init__(
        self, evaluation: Evaluation, outputs: Iterable[Node],
        upstream: tuple[Any, ...], active: set[Node],
    ) -> None:  # fmt: skip
        self.evaluation = evaluation
        self.outputs = tuple(outputs)
        self.upstream = upstream
        self.active = active
        self.edges = [
            Edge(n, reader, i)
            for reader in evaluation.nodes
            for i, n in enumerate(reader.inputs)
            if n in active and reader in active and is_floating(n)
        ]

    def adjoints(self, without: Edge | None = None) -> dict[Node, Any]:
        """Give the adjoint of every value, with one use left out if asked for."""
        total: dict[Node, Any] = {}
        for node, u in zip(self.outputs, self.upstream, strict=True):
            total[node] = total.get(node, 0.0) + np.asarray(u)
        for reader in reversed(self.evaluation.nodes):
            if reader in total and reader in self.active and reader.inputs:
                for edge, part in self.parts(reader, total[reader]):
                    if edge != without:
                        total[edge.node] = total.get(edge.node, 0.0) + part
        return total

    def parts(self, reader: Node, g: Any) -> list[tuple[Edge, Any]]:
        """Give what a reader passes back to each operand."""
        found = self.local(reader, g)
        return [
            (Edge(n, reader, i), found[i])
            for i, n in enumerate(reader.inputs)
            if n in self.active and is_floating(n)
        ]

    def local(
        self, reader: Node, g: Any, y: Any = None, operands: list[Any] | None = None
    ) -> list[Any]:
        """Give an operation's adjoints, at its own values or at others."""
        own = [self.evaluation[i] for i in reader.inputs]
        operands = own if operands is None else operands
        y = np.asarray(self.evaluation[reader]) if y is None else y
        sizes = self.evaluation.sizes
        attrs = {k: concrete(v, sizes) for k, v in reader.attrs.items()}
        vjp = reader.op.vjp
        assert vjp is not None  # noqa: S101  or there would be no gradient
        with np.errstate(all="ignore"):
            found = vjp(g, y, *operands, **attrs)
        parts = []
        for part, operand in zip(found, own, strict=True):
            fitted = fit(part, np.shape(operand))
            if np.shape(fitted) == np.shape(g):
                # Where nothing comes back nothing goes on, whatever the slope is there:
                # np.where asks for a branch that it does not take.
                fitted = np.where((g == 0) & ~np.isfinite(fitted), 0.0, fitted)
            parts.append(fitted)
        return parts

    def down(
        self, node: Node, adjoint: Any, until: Node | None = None
    ) -> dict[Node, Any]:
        """Send an adjoint of one value back to the arguments, or to one value."""
        total: dict[Node, Any] = {node: np.asarray(adjoint)}
        for reader in reversed(self.evaluation.nodes):
            if reader.index > node.index or reader not in total or reader is until:
                continue
            if reader in self.active and reader.inputs:
                for edge, part in self.parts(reader, total[reader]):
                    total[edge.node] = total.get(edge.node, 0.0) + part
        return total

    def readers(self, node: Node) -> int:
        """Count the uses of a value."""
        return sum(e.node is node for e in self.edges) + self.outputs.count(node)


@dataclass(frozen=True)
class Finding:
    """A use of a value that, counted `factor` times, explains a wrong gradient."""

    edge: Edge
    factor: float


def explain(
    paths: Paths, arguments: Mapping[str, Node], got: Mapping[str, Any]
) -> list[Finding]:
    """Find the uses of values that, counted wrongly, give exactly these gradients.

    A gradient is linear in what one use contributes: one number per use is fitted.
    """
    right = paths.adjoints()
    found = []
    for edge in paths.edges:
        rest = paths.adjoints(without=edge)
        base = _concatenate(rest, arguments, got)
        part = _concatenate(right, arguments, got) - base
        wanted = np.concatenate([np.ravel(got[name]) for name in arguments])
        weight = float(np.vdot(part, part))
        if not weight:
            continue
        factor = float(np.vdot(part, wanted - base)) / weight
        scale = max(np.max(np.abs(wanted)), np.max(np.abs(base + part)))
        left = np.max(np.abs(base + factor * part - wanted))
        if left <= 1e-7 * scale and abs(factor - 1) > 1e-6:
            found.append(Finding(edge, factor))
    several = [f for f in found if paths.readers(f.edge.node) > 1]
    return several or found


def _concatenate(
    adjoints: Mapping[Node, Any], arguments: Mapping[str, Node], like: Mapping[str, Any]
) -> Any:
    parts = [
        np.ravel(adjoints.get(n, np.zeros(np.shape(like[name]))))
        for name, n in arguments.items()
    ]
    return np.concatenate(parts)
