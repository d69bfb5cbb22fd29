"""The update rule in the graph of a step: once for each parameter."""

from __future__ import annotations

from derivo.graph.builder import Builder
from derivo.graph.node import Graph, Node
from derivo.graph.spec import Spec
from derivo.ops.leaf import argument
from derivo.simplify.lower import Lowering
from derivo.trace.tracer import trace
from derivo.train.optimizers import Optimizer


class Update:
    """The update rule, once for each parameter."""

    def __init__(self, builder: Builder, rule: Optimizer) -> None:
        self.builder = builder
        self.rule = rule
        self.names: dict[Node, str] = {}
        self.states: dict[str, list[Node]] = {}
        self.results: dict[str, list[Node]] = {}
        self.scalars = {
            "learning_rate": self._argument("learning_rate", Spec((), "pyfloat")),
            "step_number": self._argument("step_number", Spec((), "pyint")),
        }

    def _argument(self, name: str, spec: Spec) -> Node:
        return self.builder.make(argument, (), {"name": name, "spec": spec})

    def apply(self, parameter: Node, gradient: Node) -> None:
        """Trace the rule and put parameter, gradient and states in its place."""
        name, spec = parameter.attrs["name"], parameter.spec
        states = {s: self._argument(f"{s}_{name}", spec) for s in self.rule.states}
        given = {"parameter": parameter, "gradient": gradient, **states, **self.scalars}
        traced = trace(
            self.rule.rule, {k: n.spec for k, n in given.items()}, self.builder
        ).graph
        replaced = {n: given[n.attrs["name"]] for n in traced.inputs}
        results = substitute(traced, replaced, self.builder)
        self.states[name] = list(states.values())
        self.results[name] = [replaced[n] for n in traced.outputs]
        for node, word in traced.names.items():
            if (
                node not in traced.inputs
                and node in results
                and results[node].spec.rank
            ):
                self.names.setdefault(results[node], f"{word}_{name}")
            elif node in results and node not in traced.inputs:
                self.names.setdefault(results[node], word)


def substitute(
    graph: Graph, replaced: dict[Node, Node], builder: Builder
) -> dict[Node, Node]:
    """Rebuild a graph with other values in place of its arguments."""
    lowered = Lowering(builder)
    for node in graph.nodes():
        if node not in replaced:
            inputs = tuple(replaced[i] for i in node.inputs)
            made = builder.make(
                node.op, inputs, dict(node.attrs), node.line, node.group
            )
            replaced[node] = lowered(made)
    return replaced
