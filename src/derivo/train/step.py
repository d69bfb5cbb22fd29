"""One training step as one graph: forward, loss, backward and update."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from derivo.derivation import Derivation
from derivo.emit.assemble import program
from derivo.emit.comments import forward_comment
from derivo.emit.numpy import emit
from derivo.emit.program import Program
from derivo.emit.step import Function, Section, write_module
from derivo.emit.step_calls import CallingStep, CallsOfStep, write_calls
from derivo.errors import UsageError
from derivo.graph.builder import Builder, substitute
from derivo.graph.dim import name_of
from derivo.graph.names import Names
from derivo.graph.nest import is_nest, short_name
from derivo.graph.node import Graph, Node, order
from derivo.graph.spec import Spec, spec_of
from derivo.kept import EVERY
from derivo.ops.leaf import argument, constant
from derivo.run.jax_load import jax_module
from derivo.run.load import load_text, save_text
from derivo.simplify.driver import simplify_forward
from derivo.simplify.model import Facts, Forward, Step
from derivo.simplify.spelling import Lowering
from derivo.trace.arguments.given import Given
from derivo.trace.tracer import trace
from derivo.train.forward import ForwardPass
from derivo.train.optimizers import Optimizer
from derivo.verify.same import compare

if TYPE_CHECKING:
    from derivo.verify.nonfinite import Nonfinite  # loads when it is asked for

# The axis of examples is the one of this name, or else the first that has a name.
USUAL_ROWS = "N"
NUMBERS = {"learning_rate": Spec((), "pyfloat"), "step_number": Spec((), "pyint")}
SUMMARY = "Make a training step: give the loss, and new parameters and states."


def axis_of(spec: Spec, rows: str) -> int | None:
    """Give the axis of examples of an argument; None if it has none."""
    named = (k for k, d in enumerate(spec.shape) if name_of(d) == rows)
    return next(named, None)


@dataclass(frozen=True)
class StepGraph:
    """The graph of a whole step: what every engine starts from.

    Attributes
    ----------
    data
        Arguments that a step is made on: x and t.
    kept
        The parameters, then the states.
    numbers
        learning_rate and step_number.
    loss
        The loss, before the update.
    results
        New parameters and states, in the order of `kept`.
    rows
        The name of the size that is the number of examples; "" if there is none.
    """

    data: tuple[Node, ...]
    kept: tuple[Node, ...]
    numbers: tuple[Node, ...]
    loss: Node
    results: tuple[Node, ...]
    rows: str

    @property
    def inputs(self) -> tuple[Node, ...]:
        """All arguments, in their order."""
        return (*self.data, *self.kept, *self.numbers)

    @property
    def axes(self) -> tuple[int | None, ...]:
        """For each of `data` its axis of examples; None where it has none."""
        return tuple(axis_of(n.spec, self.rows) for n in self.data)


@dataclass
class StepDerivation:
    """A whole training step, derived: to read, to check, to run, to ship.

    `print(step.source)` shows the very text that the NumPy engine runs: a function
    ``step(*data, *parameters, *states, learning_rate, step_number)`` that gives the
    loss and the new parameters and states. It is one function where the loss is; where
    that calls functions, goes through loops or takes nests, it calls the loss, its
    gradient and the update rule, which stand above it.

    Attributes
    ----------
    loss
        The derivation of the loss alone: forward and backward.
    parameters
        The arguments of the loss that are trained, by their paths.
    optimizer
        The update rule.
    rows
        The name of the size that is the number of examples; "" if there is none.
    example
        Gives arguments to check the gradients at; None to draw any.
    tries
        The source tries what is taken for granted of the data. Those of a network are
        looked at when they are read.
    """

    loss: Derivation
    parameters: tuple[str, ...]
    optimizer: Optimizer
    rows: str = USUAL_ROWS
    example: Callable[[], Mapping[str, Any]] | None = None
    tries: bool = True

    @cached_property
    def graph(self) -> StepGraph:
        """The whole step, with functions written out where they are called."""
        return self._written_out[0]

    @property
    def names(self) -> Mapping[Node, str]:
        """Names of the values of the step."""
        return self._written_out[1]

    @cached_property
    def _written_out(self) -> tuple[StepGraph, Mapping[Node, str]]:
        whole = self.loss.written_out
        parts = program(whole.traced, whole.structure, whole.forward, whole.backward)
        inputs = {n.attrs["name"]: n for n in parts.inputs}
        update = Update(whole.forward.builder, self.optimizer, inputs)
        gradients = _gradients(parts, whole.forward.builder)
        for name in self.parameters:
            update.apply(inputs[name], gradients[name])
        graph = _graph(parts, update, self.parameters, self.rows)
        adjoints = {
            n: f"d_{name}"
            for n, name in parts.adjoints.items()
            if n not in parts.forward and n.inputs
        }
        names = {graph.loss: "loss", **update.names, **adjoints, **parts.names}
        return graph, names

    @cached_property
    def _program(self) -> Program:
        whole = self.loss.program
        return whole if self.tries else replace(whole, tried=())

    @property
    def _is_one_function(self) -> bool:
        """Tell whether forward, backward and update are written as one function."""
        p = self._program
        is_flat = not any(is_nest(nest) for _, nest in p.signature)
        return is_flat and not (p.functions or p.seeds or self.arrays)

    @cached_property
    def _text(self) -> CallingStep:
        """The source, and what ``step`` is called in it."""
        if self._is_one_function:
            function = _as_function(
                self._program, self.graph, self.names, self.optimizer
            )
            return CallingStep(write_module([function]), function.name)
        return self._calling_text()

    def _calling_text(self) -> CallingStep:
        inputs = {n.attrs["name"]: n for n in self.loss.traced.inputs}
        rules = {
            name: rule_function(self.optimizer, inputs[name].spec)
            for name in self.parameters
        }
        step = CallsOfStep(
            self.loss.traced, emit(self._program, scales=False), rules,
            self.optimizer.states, f"Update: {_told(self.optimizer)}.", SUMMARY,
        )  # fmt: skip
        return write_calls(step)

    @property
    def source(self) -> str:
        """Text of a module that needs nothing but NumPy, with the function ``step``."""
        return self._text.text

    @property
    def name(self) -> str:
        """What the function is called: ``step``, unless the loss is."""
        return self._text.name

    @property
    def arrays(self) -> Mapping[str, Any]:
        """Long arrays that the loss closes over: keyword arguments of ``step``."""
        return self.loss.emitted.arrays

    @cached_property
    def module(self) -> ModuleType:
        """The source, loaded from its file in the cache folder."""
        return load_text(self.source, "step")

    @property
    def function(self) -> Callable[..., Any]:
        """The function ``step`` itself, with the arrays that the loss closes over."""
        step = getattr(self.module, self.name)
        return partial(step, **self.arrays) if self.arrays else step

    @cached_property
    def jax_function(self) -> Callable[..., Any]:
        """The function ``step`` under ``jax.numpy``; it can be traced by JAX.

        Raises
        ------
        NotSupportedError
            JAX is not installed, or lacks a function that the source calls.
        """
        step = getattr(jax_module(self.source, "step"), self.name)
        return partial(step, **self.arrays) if self.arrays else step

    @cached_property
    def compiled_texts(self) -> dict[Any, str]:
        """Texts that were written for compiled engines, by what they were made for."""
        return {}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The derivation as data: each local derivative, product, sum and rewrite."""
        return self.loss.steps

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the gradients take for granted of the data."""
        return self.loss.assumptions

    @property
    def data(self) -> tuple[str, ...]:
        """The arguments of the loss that are not trained, by their paths."""
        names = (n.attrs["name"] for n in self.loss.traced.inputs)
        return tuple(name for name in names if name not in self.parameters)

    def check(self, **options: Any) -> Any:
        """Compare gradients with numerical derivatives: see `derivo.verify.check`."""
        example = {} if self.example is None else {"arrays": self.example()}
        return self.loss.check(**{**example, **options})

    def first_nonfinite(
        self, data: Sequence[Any], values: Sequence[Any]
    ) -> Nonfinite | None:
        """Find which operation made the first NaN or infinity of a step.

        Parameters
        ----------
        data
            What the step is made on, in the order of `data`.
        values
            The parameters, and what else is kept, before the step.
        """
        from derivo.verify.nonfinite import trace_nonfinite  # noqa: PLC0415

        arrays = dict(zip(self.data, data, strict=True))
        arrays |= dict(zip(self.parameters, values, strict=False))
        return trace_nonfinite(self.loss, arrays)

    def save(self, path: str | Path) -> Path:
        """Write the source to a file; `derivo.load` gives it back as a module."""
        return save_text(self.source, path, self.arrays)

    def __call__(self, *args: Any, **arrays: Any) -> Any:
        """Make one step: give the loss and the new parameters and states."""
        return self.function(*args, **arrays)

    def __deepcopy__(self, _memo: Any) -> Self:
        """Give the derivation itself: nothing in it changes."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Give what a pickle holds: what the rest is made from."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take back what `__getstate__` gave."""
        vars(self).update(state)

    def __repr__(self) -> str:
        """Show the source."""
        head = f"<derivation of a training step with {self.optimizer.name}>"
        return f"{head}\n\n{self.source}"


class Update:
    """The update rule, once for each parameter."""

    def __init__(
        self, builder: Builder, rule: Optimizer, taken: Iterable[str] = ()
    ) -> None:
        self.builder = builder
        self.rule = rule
        self.lowered = Lowering(builder)
        self.called = Names({*taken, *NUMBERS})
        self.names: dict[Node, str] = {}
        self.states: dict[str, list[Node]] = {}
        self.results: dict[str, list[Node]] = {}
        self.scalars = {
            name: self._argument(name, spec) for name, spec in NUMBERS.items()
        }

    def _argument(self, name: str, spec: Spec) -> Node:
        return self.builder.make(argument, (), {"name": name, "spec": spec})

    def apply(self, parameter: Node, gradient: Node) -> None:
        """Trace the rule and put parameter, gradient and states in its place."""
        spec, name = parameter.spec, short_name(parameter.attrs["name"])
        path = parameter.attrs["name"]
        states = {
            s: self._argument(self.called.fresh(f"{s}_{name}"), spec)
            for s in self.rule.states
        }
        given = {"parameter": parameter, "gradient": gradient, **states, **self.scalars}
        traced = _traced_rule(self.rule, given, self.builder)
        replaced = {n: given[n.attrs["name"]] for n in traced.inputs}
        made = substitute(traced.nodes(), replaced, self.builder)
        results = {n: self.lowered(m) for n, m in made.items()}
        self.states[path] = list(states.values())
        self.results[path] = [results[n] for n in traced.outputs]
        common = {n for n in traced.inputs if n.attrs["name"] in NUMBERS}
        for node, word in traced.names.items():
            if node in results and node not in traced.inputs:
                own = {n for n in order([node]) if n in traced.inputs} - common
                called = f"{word}_{name}" if own else word
                self.names.setdefault(results[node], called)


def _traced_rule(rule: Optimizer, given: Mapping[str, Any], builder: Builder) -> Graph:
    """Trace an update rule; `given` are nodes or specs of its arguments.

    Raises
    ------
    UsageError
        It gives other things than a new parameter and new states.
    """
    specs = {k: getattr(n, "spec", n) for k, n in given.items()}
    graph = trace(rule.rule, Given(specs), builder).graph
    kept = ["parameter", *rule.states]
    if [o.spec.shape for o in graph.outputs] != [specs[k].shape for k in kept]:
        shapes = ", ".join(str(o.spec) for o in graph.outputs)
        message = (
            f"an update rule gives the new {', '.join(kept)}, each in its shape; "
            f"{rule.name} gives {shapes or 'nothing'} for a parameter of the shape "
            f"{specs['parameter']}"
        )
        raise UsageError(message)
    return graph


def rule_function(rule: Optimizer, spec: Spec) -> Function:
    """Give an update rule as a function of its own, for parameters of a shape."""
    builder = Builder()
    kept = dict.fromkeys(("parameter", "gradient", *rule.states), spec)
    traced = _traced_rule(rule, kept | NUMBERS, builder)
    lowered = Lowering(builder)
    inputs = {n.attrs["name"]: n for n in traced.inputs}
    outputs = tuple(lowered(n) for n in traced.outputs)
    wishes = {lowered(n): name for n, name in traced.names.items()}
    return Function(
        rule.name if rule.name.isidentifier() else "rule",
        (tuple(inputs[k] for k in kept), tuple(inputs[k] for k in NUMBERS)),
        (outputs,),
        (Section("", outputs, _no_note, outputs),),
        wishes,
        f"Give the new {', '.join(['parameter', *rule.states])}.",
    )


def derive_step(
    forward: ForwardPass, specs: Mapping[str, Any], rule: Optimizer
) -> StepDerivation:
    """Derive forward, loss, backward and update of a network.

    Parameters
    ----------
    forward
        The network.
    specs
        Shapes of x, t and the parameters.
    rule
        The update.
    """
    names = tuple(p.name for p in forward.parameters)
    loss = Derivation.of(
        forward.layered, specs, wrt=names, keep=forward.kinds, inline=EVERY,
        compare=compare, flat=forward.loss,
    )  # fmt: skip
    step = step_of(loss, names, rule, example=partial(_example, forward, loss))
    return replace(step, tries=False)


def step_of(
    loss: Derivation, parameters: Sequence[str], rule: Optimizer,
    rows: str = USUAL_ROWS,
    example: Callable[[], Mapping[str, Any]] | None = None,
) -> StepDerivation:  # fmt: skip
    """Put a step together from the derivation of a loss and an update rule."""
    step = StepDerivation(loss, tuple(parameters), rule, rows, example)
    assert step.source  # noqa: S101  what cannot be written is refused now
    return step


def _example(forward: ForwardPass, loss: Derivation, rows: int = 5) -> dict[str, Any]:
    """Draw arguments of a network, the parameters as training would draw them.

    With larger ones a softmax of many inputs is 0 or 1, where differences tell nothing.
    """
    rng = np.random.default_rng(0)
    columns = {n.attrs["name"]: n.spec.shape[-1:] for n in loss.traced.inputs}
    x, t = (int(*columns[name]) for name in ("x", "t"))  # type: ignore[arg-type]
    shares = rng.uniform(0.2, 0.8, size=(rows, t))
    if t != 1:
        shares /= shares.sum(axis=1, keepdims=True)
    inputs = rng.normal(size=(rows, x))
    drawn = {p.name: p.draw(rng) for p in forward.parameters}
    return {"x": inputs, "t": shares, **drawn}


def _gradients(parts: Program, builder: Builder) -> Mapping[str, Node]:
    """Give the gradients; where the adjoint of the loss is an argument it is 1."""
    if not parts.seeds:
        return parts.gradients
    one = builder.make(constant, (), {"value": 1.0})
    made = substitute(
        order(parts.gradients.values()), dict.fromkeys(parts.seeds, one), builder
    )
    return {name: made[n] for name, n in parts.gradients.items()}


def _graph(
    parts: Program, update: Update, names: Sequence[str], rows: str
) -> StepGraph:
    states = [
        s
        for k in range(len(update.rule.states))
        for s in (update.states[n][k] for n in names)
    ]
    count = len(update.rule.states) + 1
    results = [update.results[n][k] for k in range(count) for n in names]
    given = {n.attrs["name"]: n for n in parts.inputs}
    return StepGraph(
        data=tuple(n for name, n in given.items() if name not in names),
        kept=(*(given[n] for n in names), *states),
        numbers=tuple(update.scalars.values()),
        loss=parts.outputs[0],
        results=tuple(results),
        rows=rows,
    )


def _told(rule: Optimizer) -> str:
    return f"{rule.name} ({rule.source})" if rule.source else rule.name


def _as_function(
    parts: Program, graph: StepGraph, names: Mapping[Node, str], rule: Optimizer
) -> Function:
    gradients = tuple(parts.gradients.values())
    read = {i for n in order(gradients) if n not in parts.forward for i in n.inputs}
    keep = tuple(
        n for n in parts.forward if n in read and n.inputs and "view" not in n.op.traits
    )
    assumed = "".join(f"; holds where {a}" for a in parts.assumptions)

    def forward_note(node: Node, _bound: Mapping[Node, str]) -> str:
        return forward_comment(node, parts.forward_notes)

    kept = tuple(sorted(keep, key=lambda n: n.index))
    sections = (
        Section("Forward.", parts.outputs, forward_note, (*kept, *parts.outputs)),
        Section(f"Backward{assumed}.", gradients, parts.comment, _arrays(gradients)),
        Section(f"Update: {_told(rule)}.", graph.results, _no_note, graph.results),
    )
    size = len(parts.gradients)
    groups = range(0, len(graph.kept), size)
    return Function(
        name="step",
        inputs=(
            graph.data,
            *(graph.kept[k : k + size] for k in groups),
            graph.numbers,
        ),
        outputs=((graph.loss,), *(graph.results[k : k + size] for k in groups)),
        sections=sections,
        wishes=names,
        summary=SUMMARY,
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
