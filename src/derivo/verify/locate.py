"""Where a gradient goes wrong although every rule is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivo.differentiate.reverse import differentiate
from derivo.graph.node import Node
from derivo.ops.leaf import argument
from derivo.passes import Passes
from derivo.verify.diagnose import diagnose, same
from derivo.verify.evaluation import Evaluation
from derivo.verify.paths import Edge, Paths
from derivo.verify.report import Row
from derivo.verify.rules import is_floating


def locate(
    derivation: Passes, evaluation: Evaluation, upstream: tuple[Any, ...],
    names: Mapping[Node, str], _rng: np.random.Generator,
) -> list[Row]:  # fmt: skip
    """Name the use of a value whose adjoint is gathered wrongly.

    The adjoints of the engine are compared with those of plain reverse mode on arrays,
    from the results backwards: the first that differs is where the fault is.
    """
    graph = derivation.forward.graph
    wanted = [n for n in graph.inputs if n.attrs["name"] in derivation.wanted]
    active = set(wanted)
    for value in evaluation.nodes:
        if is_floating(value) and not active.isdisjoint(value.inputs):
            active.add(value)
    paths = Paths(evaluation, graph.outputs, upstream, active)
    right = paths.adjoints()
    backward = derivation.backward
    engine = _engine_adjoints(backward.seeds, backward.adjoints, evaluation, upstream)
    node = _first_wrong(evaluation, engine, right)
    plain = differentiate(graph, derivation.wanted, derivation.forward.builder,
                          is_loss=derivation.emitted.is_loss)  # fmt: skip
    raw = _engine_adjoints(plain.seeds, plain.adjoints, evaluation, upstream)
    raw_is_right = _first_wrong(evaluation, raw, right) is None
    if node is None or (raw_is_right and _rewrites(derivation)):
        return [_rewrite(derivation, node, names)]
    return [_row(paths, node, engine[node], right, names)]


def _first_wrong(
    evaluation: Evaluation, got: Mapping[Node, Any], right: Mapping[Node, Any]
) -> Node | None:
    """Give the wrong adjoint that is nearest to the results."""
    for node in reversed(evaluation.nodes):
        if node in got and node in right and not same(got[node], right[node]):
            return node
    return None


def _engine_adjoints(
    seeds: tuple[Node, ...], adjoints: Mapping[Node, Node], evaluation: Evaluation,
    upstream: tuple[Any, ...],
) -> dict[Node, Any]:  # fmt: skip
    values = dict(evaluation.known)
    given = [s.op is argument for s in seeds]
    values |= {
        s: u for s, u, is_given in zip(seeds, upstream, given, strict=True) if is_given
    }
    known = Evaluation([*adjoints.values()], values, evaluation.sizes)
    factor = 1.0 if all(given) else float(upstream[0])
    return {n: factor * np.asarray(known[a]) for n, a in adjoints.items()}


def _row(
    paths: Paths,
    node: Node,
    got: Any,
    right: Mapping[Node, Any],
    names: Mapping[Node, str],
) -> Row:
    parts = [
        (edge, part)
        for reader in dict.fromkeys(e.reader for e in paths.edges if e.node is node)
        if reader in right
        for edge, part in paths.parts(reader, right[reader])
        if edge.node is node
    ]
    edge, cause = _lost(parts, got, right[node])
    return Row(
        "rule", operation=edge.reader.op.name if edge else node.op.name,
        line=edge.reader.line if edge else node.line, name=names.get(node, ""),
        operand=names.get(node, ""), shape=np.shape(right[node]), error=np.inf,
        method="reverse mode on arrays", verdict="wrong", cause=cause,
    )  # fmt: skip


def _lost(
    parts: list[tuple[Edge, Any]], got: Any, right: Any
) -> tuple[Edge | None, str]:
    """Find the contribution that is not, or not rightly, in the sum."""
    times = f"the value is read {len(parts)} times"
    for edge, part in parts:
        rest = right - part
        if np.any(part) and np.shape(got) == np.shape(rest) and same(got, rest):
            return edge, f"{times}, but what comes back through here is not added"
    for edge, part in parts:
        if np.any(part) and np.shape(got) == np.shape(part) and same(got, part):
            lost = next((e for e, _ in parts if e != edge), edge)
            return lost, f"{times}, but only one of the adjoints is kept"
    cause = (
        diagnose(got, right)
        + "; the rules are right, so it is how adjoints are gathered"
    )
    copied = [e for e, _ in parts if e.reader.spec.shape != e.node.spec.shape]
    edges = copied or [e for e, _ in parts]
    return (edges[0] if edges else None), cause


def _rewrites(derivation: Passes) -> list[str]:
    return list(dict.fromkeys(s.rule for s in derivation.steps if s.kind == "rewrite"))


def _rewrite(derivation: Passes, node: Node | None, names: Mapping[Node, str]) -> Row:
    rules = _rewrites(derivation)
    cause = "the chain rule gives the right gradient: a rewrite is wrong"
    cause += f" (one of: {', '.join(rules)})" if rules else ""
    name = names.get(node, "") if node else ""
    operation, line = (node.op.name, node.line) if node else ("simplify", None)
    return Row("rule", operation, line, name, name, error=np.inf, cause=cause,
               method="reverse mode on arrays", verdict="wrong")  # fmt: skip
