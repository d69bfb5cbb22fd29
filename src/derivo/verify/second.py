"""Second derivatives: the gradient is derived again, and compared with numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivo.differentiate.reverse import differentiate
from derivo.errors import DerivoError
from derivo.graph.block import called_in, inline
from derivo.graph.loop import is_analytic
from derivo.graph.node import Graph, Node, order
from derivo.graph.spec import Spec
from derivo.ops.leaf import argument
from derivo.passes import Passes
from derivo.simplify.driver import with_choices
from derivo.trace.recorder import Recorder
from derivo.verify.differences import derivative
from derivo.verify.draw import Inputs
from derivo.verify.evaluation import Evaluation
from derivo.verify.gradients import compare_sum
from derivo.verify.report import Row
from derivo.verify.tolerance import RELATIVE


class Again:
    """The gradient of a gradient's product with a fixed direction.

    ``<gradient(x), w>`` is an ordinary graph, so it can be differentiated like any
    other; what comes out is the Hessian times `w`.
    """

    def __init__(self, derivation: Passes) -> None:
        if called_in(derivation.forward.graph.nodes(), steps=True):
            derivation = derivation.written_out
        backward = derivation.backward
        self.arguments = {n.attrs["name"]: n for n in derivation.traced.inputs}
        self.outputs = derivation.traced.outputs
        self.size = 0.0  # of the function itself
        self.seeds = tuple(s for s in backward.seeds if s.op is argument)
        builder = derivation.forward.builder
        recorder = Recorder(builder)
        # Functions that are called are written out: their backward calls have no rule.
        written = inline(backward.gradients.values(), builder)
        self.gradients = {k: written[n] for k, n in backward.gradients.items()}
        self.weights = {}
        total: Any = None
        for name, node in self.gradients.items():
            spec = Spec(self.arguments[name].spec.shape)
            attrs = {"name": f"direction of {name}", "spec": spec}
            self.weights[name] = recorder.builder.make(argument, (), attrs)
            product = recorder.wrap(node) * recorder.wrap(self.weights[name])
            part = np.sum(product) if product.ndim else product
            total = part if total is None else total + part
        inputs = (*derivation.traced.inputs, *self.seeds, *self.weights.values())
        graph = Graph("second", inputs, (recorder.lift(total),), {})
        derived = differentiate(
            graph, tuple(self.gradients), recorder.builder, is_loss=True
        )
        self.again = with_choices(derived.gradients, graph.nodes(), recorder.builder)


def check_second(
    derivation: Passes, inputs: Inputs, upstream: tuple[Any, ...],
    rng: np.random.Generator,
) -> list[Row]:  # fmt: skip
    """Check the derivative of every gradient in two ways.

    It is derived again and compared with differences of the gradient; and differences
    in two directions must not depend on their order (the Hessian is symmetric).
    """
    try:
        again = Again(derivation)
    except (DerivoError, NotImplementedError) as error:
        cause = str(error).splitlines()[0]
        return [Row("second", name="all", verdict="skipped", cause=cause)]
    directions = [_tangent(derivation, inputs, rng) for _ in range(2)]
    values = {n: inputs.arrays[name] for name, n in again.arguments.items()}
    values |= dict(zip(again.seeds, upstream, strict=False))
    values |= {n: directions[0][name] for name, n in again.weights.items()}
    # Apart: values of the function itself need not take complex steps.
    itself = Evaluation(again.outputs, values, inputs.sizes)
    again.size = float(sum(np.sum(np.abs(itself[n])) for n in again.outputs))
    roots = [*again.again.values(), *again.gradients.values()]
    evaluation = Evaluation([*roots, *values], values, inputs.sizes)
    derived = {name: evaluation[n] for name, n in again.again.items()}
    rows = [
        _derived_again(again, evaluation, derived, name, directions) for name in derived
    ]
    return [*rows, _symmetric(again, evaluation, directions)]


def _derived_again(
    again: Again, evaluation: Evaluation, derived: Mapping[str, Any], name: str,
    directions: list[dict[str, Any]],
) -> Row:  # fmt: skip
    node, v = again.arguments[name], directions[1][name]
    slope = _slope(again, evaluation, {node: v}, directions[0])
    result = compare_sum(derived[name] * v, slope, _magnitude(again, evaluation))
    cause = "" if result.verdict != "wrong" else "the rule of a rule is wrong"
    return _row(name, slope.method, result, cause, np.shape(v))


def _symmetric(
    again: Again, evaluation: Evaluation, directions: list[dict[str, Any]]
) -> Row:
    first, second = (
        _slope(again, evaluation, {again.arguments[k]: d for k, d in a.items()}, b)
        for a, b in (directions, directions[::-1])
    )
    result = compare_sum(first.value, second, _magnitude(again, evaluation))
    cause = "" if result.verdict != "wrong" else (
        "the gradients are not those of one function: one of them is wrong"
    )  # fmt: skip
    return _row("symmetry", second.method, result, cause, ())


def _slope(
    again: Again, evaluation: Evaluation, along: Mapping[Node, Any],
    weights: Mapping[str, Any],
) -> Any:  # fmt: skip
    """Differentiate ``<gradient, weights>`` along a direction of the arguments."""
    needed = set(order(again.gradients.values()))
    below = [n for n in evaluation.readers(along) if n in needed]
    analytic = all(is_analytic(n) for n in below)

    def total(s: Any) -> Any:
        known = evaluation.again({n: evaluation[n] + s * v for n, v in along.items()})
        return sum(np.sum(weights[k] * known[n]) for k, n in again.gradients.items())

    return derivative(total, np.zeros(()), np.ones(()), analytic=analytic)


def _magnitude(again: Again, evaluation: Evaluation) -> float:
    """Give the size of what second derivatives come from.

    Where a function is saturated its gradients are rounding, and the function itself
    says of how much.
    """
    gradients = again.gradients.values()
    return float(sum(np.sum(np.abs(evaluation[n])) for n in gradients)) + again.size


def _row(
    name: str, method: str, result: Any, cause: str, shape: tuple[int, ...]
) -> Row:
    if result.verdict == "unsure":
        cause = "the numerical derivative is not precise enough here"
    return Row("second", name=name, shape=shape, error=result.error, got=result.got,
               tolerance=RELATIVE[method], expected=result.expected, method=method,
               verdict=result.verdict, cause=cause)  # fmt: skip


def _tangent(
    derivation: Passes, inputs: Inputs, rng: np.random.Generator
) -> dict[str, Any]:
    """Draw directions along which what is assumed of the arguments stays true."""
    directions = {
        name: rng.choice([-1.0, 1.0], size=np.shape(inputs.arrays[name]))
        for name in derivation.wanted
    }
    for fact in derivation.backward.assumptions:
        if fact.name in directions:
            v = directions[fact.name]
            directions[fact.name] = (v - v.mean(axis=fact.axis, keepdims=True)) / 2
    return directions
