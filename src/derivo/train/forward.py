"""The forward pass of a network, written out as a plain function that can be traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from derivo.errors import UsageError
from derivo.graph.names import RESERVED
from derivo.layers.layer import Layer, Parameter, Stage
from derivo.layers.named import NetworkLoss, activation_function
from derivo.run.load import load_text

TAKEN = frozenset({"x", "t", "y", "loss", "learning_rate", "step_number"})


@dataclass(frozen=True)
class ForwardPass:
    """The functions of a network, in plain NumPy.

    Attributes
    ----------
    loss
        ``network(x, t, *parameters) -> loss``.
    output
        ``predict(x, *parameters) -> output``.
    both
        ``evaluate(x, t, *parameters) -> (loss, output)``.
    parameters
        What is trained, in the order of the arguments.
    """

    loss: Callable[..., Any]
    output: Callable[..., Any]
    both: Callable[..., Any]
    parameters: tuple[Parameter, ...]


def build_forward(
    layers: Sequence[Layer], loss: NetworkLoss, features: int
) -> ForwardPass:
    """Write the forward pass of stacked layers, and load it.

    The last layer gets the activation that the loss expects if it has none.

    Raises
    ------
    UsageError
        Two layers whose parameters have the same name.
    """
    parameters: list[Parameter] = []
    stages: list[Stage] = []
    for number, layer in enumerate(layers, start=1):
        parameters += layer.parameters(features, number)
        stages += layer.stages(number)
        features = layer.units
    if loss.output is not None and len(stages[-1].parameters):
        function = activation_function(loss.output)
        assert function is not None  # noqa: S101
        stages.append(Stage("y", function))
    stages[-1] = Stage("y", stages[-1].function, stages[-1].parameters)
    _check_names([p.name for p in parameters])
    text, functions = _write([p.name for p in parameters], stages, loss)
    network, predict, evaluate = load_text(text, "network").build(*functions)
    return ForwardPass(network, predict, evaluate, tuple(parameters))


def _check_names(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1 or name in TAKEN or name in RESERVED:
            message = (
                f"the parameter name {name!r} is taken; give the layer another name="
            )
            raise UsageError(message)


def _write(
    names: list[str], stages: Sequence[Stage], loss: NetworkLoss
) -> tuple[str, list[Callable[..., Any]]]:
    """Give the text, and the functions that it is built from."""
    functions: dict[str, Callable[..., Any]] = {}
    lines, previous = [], "x"
    for stage in stages:
        word = _word(stage.function, functions, names)
        arguments = ", ".join([previous, *stage.parameters])
        lines.append(f"{stage.result} = {word}({arguments})")
        previous = stage.result
    error = _word(loss.function, functions, names)
    given = ", ".join(names)
    score = f"loss = {error}(y, t)"
    blocks = [
        _function("network", f"x, t, {given}", [*lines, score], "loss"),
        _function("predict", f"x, {given}", lines, "y"),
        _function("evaluate", f"x, t, {given}", [*lines, score], "loss, y"),
    ]
    head = ['"""A network, put together from plain NumPy functions."""', "", ""]
    head.append(f"def build({', '.join(functions)}):")
    body = [line for block in blocks for line in [*block, ""]]
    text = "\n".join([*head, *body, "    return network, predict, evaluate"]) + "\n"
    return text, list(functions.values())


def _word(
    function: Callable[..., Any], known: dict[str, Callable[..., Any]], names: list[str]
) -> str:
    """Give the name of a function in the text: its own, numbered if taken."""
    wish = getattr(function, "__name__", "function")
    wish = wish if wish.isidentifier() and wish not in TAKEN else "function"
    word, number = wish, 2
    while word in names or known.get(word, function) is not function:
        word, number = f"{wish}_{number}", number + 1
    known[word] = function
    return word


def _function(name: str, arguments: str, lines: list[str], result: str) -> list[str]:
    body = [f"        {line}" for line in lines]
    return [f"    def {name}({arguments}):", *body, f"        return {result}"]
