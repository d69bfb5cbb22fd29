"""One training step as one graph: forward, loss, backward and update."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from derivo.derivation import Derivation, derive
from derivo.emit.assemble import program
from derivo.emit.comments import forward_comment
from derivo.emit.program import Program
from derivo.emit.step import Function, Section, write_module
from derivo.graph.builder import Builder, substitute
from derivo.graph.node import Node, order
from derivo.graph.spec import Spec, spec_of
from derivo.ops.leaf import argument
from derivo.run.load import load_text, save_text
from derivo.simplify.assume import Facts
from derivo.simplify.driver import Forward, Step, simplify_forward
from derivo.simplify.lower import Lowering
from derivo.trace.given import Given
from derivo.trace.tracer import trace
from derivo.train.forward import ForwardPass
from derivo.train.optimizers import Optimizer


@dataclass(frozen=True)
class StepGraph:
    """The graph of a whole step: what every engine starts from.

    Attributes
    ----------
    inputs
        Arguments x, t, the parameters, the states, then learning_rate and step_number.
    values
        Names of the parameters and states, in the order of `inputs`.
    loss
        The loss, before the update.
    results
        New parameters and states, in the order of `values`.
    """

    inputs: tuple[Node, ...]
    values: tuple[str, ...]
    loss: Node
    results: tuple[Node, ...]


@dataclass
class StepDerivation:
    """A whole training step, derived: to read, to check, to run, to ship.

    `print(step.source)` shows the very text that the NumPy engine runs: a function
    ``step(x, t, *parameters, *states, learning_rate, step_number)`` that gives the loss
    and the new parameters and states.

    Attributes
    ----------
    loss
        The derivation of the loss alone: forward and backward.
    graph
        The graph of the step.
    optimizer
        The update rule in it.
    forward
        The network, in plain NumPy.
    """

    loss: Derivation
    graph: StepGraph
    optimizer: Optimizer
    forward: ForwardPass
    _function: Function

    name = "step"

    @cached_property
    def source(self) -> str:
        """Text of a module that needs nothing but NumPy, with the function ``step``."""
        return write_module([self._function])

    @cached_property
    def module(self) -> ModuleType:
        """The source, loaded from its file in the cache folder."""
        return load_text(self.source, self.name)

    @property
    def names(self) -> Mapping[Node, str]:
        """Names of the values of the step."""
        return self._function.wishes

    @property
    def steps(self) -> tuple[Step, ...]:
        """The derivation as data: each local derivative, product, sum and rewrite."""
        return self.loss.steps

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the gradients take for granted of x and t."""
        return self.loss.assumptions

    def check(self, **options: Any) -> Any:
        """Compare gradients with numerical derivatives: see `derivo.verify.check`.

        The parameters are drawn as training would draw them: with larger ones a
        softmax of many inputs is 0 or 1, where differences tell nothing.
        """
        return self.loss.check(**{"arrays": self._example(), **options})

    def _example(self, rows: int = 5) -> dict[str, Any]:
        rng = np.random.default_rng(0)
        x, t = (n.spec.shape[1] for n in self.graph.inputs[:2])
        shares = rng.uniform(0.2, 0.8, size=(rows, int(t)))  # type: ignore[arg-type]
        if t != 1:
            shares /= shares.sum(axis=1, keepdims=True)
        inputs = rng.normal(size=(rows, int(x)))  # type: ignore[arg-type]
        drawn = {p.name: p.draw(rng) for p in self.forward.parameters}
        return {"x": inputs, "t": shares, **drawn}

    def save(self, path: str | Path) -> Path:
        """Write the source to a file; `derivo.load` gives it back as a module."""
        return save_text(self.source, path)

    def __call__(self, *args: Any, **arrays: Any) -> Any:
        """Make one step: give the loss and the new parameters and states."""
        return self.module.step(*args, **arrays)

    def __repr__(self) -> str:
        """Show the source."""
        head = f"<derivation of a training step with {self.optimizer.name}>"
        return f"{head}\n\n{self.source}"


class Update:
    """The update rule, once for each parameter."""

    def __init__(self, builder: Builder, rule: Optimizer) -> None:
        self.builder = builder
        self.rule = rule
        self.lowered = Lowering(builder)
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
            self.rule.rule, Given({k: n.spec for k, n in given.items()}), self.builder
        ).graph
        replaced = {n: given[n.attrs["name"]] for n in traced.inputs}
        made = substitute(traced.nodes(), replaced, self.builder)
        results = {n: self.lowered(m) for n, m in made.items()}
        self.states[name] = list(states.values())
        self.results[name] = [results[n] for n in traced.outputs]
        for node, word in traced.names.items():
            if node in results and node not in traced.inputs:
                result = results[node]
                called = f"{word}_{name}" if result.spec.rank else word
                self.names.setdefault(result, called)


def derive_step(
    forward: ForwardPass, specs: Mapping[str, Any], rule: Optimizer
) -> StepDerivation:
    """Derive forward, loss, backward and update as one graph.

    Parameters
    ----------
    forward
        The network.
    specs
        Shapes of x, t and the parameters.
    rule
        The update.
    """
    wrt = [p.name for p in forward.parameters]
    loss = derive(forward.loss, wrt=wrt, inline="*", **specs)
    parts = program(loss.traced, loss.structure, loss.forward, loss.backward)
    update = Update(loss.forward.builder, rule)
    inputs = {n.attrs["name"]: n for n in parts.inputs}
    for name in wrt:
        update.apply(inputs[name], parts.gradients[name])
    graph = _graph(parts, update, wrt)
    return StepDerivation(
        loss, graph, rule, forward, _as_function(parts, update, graph, rule)
    )


def _graph(parts: Program, update: Update, names: list[str]) -> StepGraph:
    states = [
        s
        for k in range(len(update.rule.states))
        for s in (update.states[n][k] for n in names)
    ]
    count = len(update.rule.states) + 1
    results = [update.results[n][k] for k in range(count) for n in names]
    given = {n.attrs["name"]: n for n in parts.inputs}
    parameters = [given[n] for n in names]
    return StepGraph(
        inputs=(given["x"], given["t"], *parameters, *states, *update.scalars.values()),
        values=(*names, *(s.attrs["name"] for s in states)),
        loss=parts.outputs[0],
        results=tuple(results),
    )


def _as_function(
    parts: Program, update: Update, graph: StepGraph, rule: Optimizer
) -> Function:
    gradients = tuple(parts.gradients.values())
    read = {i for n in order(gradients) if n not in parts.forward for i in n.inputs}
    keep = tuple(
        n for n in parts.forward if n in read and n.inputs and "view" not in n.op.traits
    )
    adjoints = {
        n: f"d_{name}"
        for n, name in parts.adjoints.items()
        if n not in parts.forward and n.inputs
    }
    source = f" ({rule.source})" if rule.source else ""
    assumed = "".join(f"; holds where {a}" for a in parts.assumptions)

    def forward_note(node: Node, _bound: Mapping[Node, str]) -> str:
        return forward_comment(node, parts.forward_notes)

    kept = tuple(sorted(keep, key=lambda n: n.index))
    sections = (
        Section("Forward.", parts.outputs, forward_note, kept),
        Section(f"Backward{assumed}.", gradients, parts.comment, _arrays(gradients)),
        Section(
            f"Update: {rule.name}{source}.", graph.results, _no_note, graph.results
        ),
    )
    n = len(graph.inputs) - 2
    size = len(parts.gradients)
    cuts = [(0, 2), *((k, k + size) for k in range(2, n, size)), (n, n + 2)]
    outputs = [
        (graph.loss,),
        *(graph.results[k : k + size] for k in range(0, n - 2, size)),
    ]
    return Function(
        name="step",
        inputs=tuple(graph.inputs[a:b] for a, b in cuts),
        outputs=tuple(outputs),
        sections=sections,
        wishes={**update.names, **adjoints, **parts.names},
        summary="Make a training step: give the loss, and new parameters and states.",
    )


def _no_note(_node: Node, _bound: Mapping[Node, str]) -> str:
    return ""


def _arrays(nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(n for n in nodes if n.spec.rank)


def derive_forward(
    function: Callable[..., Any], specs: Mapping[str, str], summary: str
) -> Function:
    """Trace a function without its backward pass, its spellings recognised."""
    builder = Builder()
    given = {name: spec_of(text) for name, text in specs.items()}
    traced = trace(function, Given(given), builder).graph
    forward: Forward = simplify_forward(
        traced, builder, Facts(), recognise=True, stabilize=True
    )
    lowered = Lowering(builder)
    outputs = tuple(lowered(n) for n in forward.graph.outputs)
    notes = {lowered(n): note for n, note in forward.notes.items()}
    names = {lowered(n): name for n, name in forward.graph.names.items()}
    first = [n for n in traced.inputs if n.attrs["name"] in ("x", "t")]
    rest = [n for n in traced.inputs if n not in first]
    section = Section("", outputs, lambda n, _b: forward_comment(n, notes))
    return Function(
        traced.name, (tuple(first), tuple(rest)), (outputs,), (section,), names, summary
    )
