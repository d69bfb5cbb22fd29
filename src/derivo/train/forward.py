"""The forward pass of a network, written out as a plain function that can be traced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from derivo.errors import UsageError
from derivo.graph.names import RESERVED
from derivo.kept import LONG_WRITTEN_OUT
from derivo.layers.layer import Layer, Parameter, Stage
from derivo.layers.named import NetworkLoss, activation_function
from derivo.run.load import load_text

TAKEN = frozenset({"x", "t", "y", "loss", "learning_rate", "step_number"})


# So many layers that are alike, one after the other, are written as a loop: as many as
# make one of calls of a user's (see `derivo.kept`).
FEWEST_IN_A_LOOP = LONG_WRITTEN_OUT // 2
# So many layers of a kind in the midst of a network are calls of a function: with fewer
# the step is shorter, and read from top to bottom, in one piece.
FEWEST_ALIKE = 3


@dataclass(frozen=True)
class ForwardPass:
    """The functions of a network, in plain NumPy.

    Attributes
    ----------
    loss
        ``network(x, t, *parameters) -> loss``, line by line.
    layered
        The same with a function for each kind of layer that occurs often between the
        first and the last; `loss` itself if there is none.
    kinds
        The names of these functions.
    output
        ``predict(x, *parameters) -> output``.
    both
        ``evaluate(x, t, *parameters) -> (loss, output)``.
    parameters
        What is trained, in the order of the arguments.
    """

    loss: Callable[..., Any]
    layered: Callable[..., Any]
    kinds: tuple[str, ...]
    output: Callable[..., Any]
    both: Callable[..., Any]
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class _Placed:
    """A layer in its place: its stages, and what its names end with."""

    layer: Layer
    number: int
    stages: tuple[Stage, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def mark(self) -> str:
        """What its parameters' names have behind them: ``1``, ``_out``."""
        name = getattr(self.layer, "name", "")
        return f"_{name}" if name else str(self.number)

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters, in the order of the stages."""
        return [p for stage in self.stages for p in stage.parameters]

    @property
    def kind(self) -> tuple[Any, ...]:
        """What layers have in common that one function computes."""
        plain = [p.removesuffix(self.mark) for p in self.parameters]
        return (*(s.function for s in self.stages), *plain)

    @property
    def wish(self) -> str:
        """A name for its function: ``dense_relu``."""
        own = re.sub(r"(?<=[a-z\d])(?=[A-Z])", "_", type(self.layer).__name__).lower()
        words = (getattr(s.function, "__name__", "") for s in self.stages[1:])
        return "_".join([own, *(w for w in words if w.isidentifier())])


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
    placed: list[_Placed] = []
    for number, layer in enumerate(layers, start=1):
        own = layer.parameters(features, number)
        shapes = tuple(p.shape for p in own)
        placed.append(_Placed(layer, number, tuple(layer.stages(number)), shapes))
        parameters += own
        features = layer.units
    last = list(placed[-1].stages)
    if loss.output is not None and len(last[-1].parameters):
        function = activation_function(loss.output)
        assert function is not None  # noqa: S101
        last.append(Stage("y", function))
    last[-1] = Stage("y", last[-1].function, last[-1].parameters)
    placed[-1] = replace(placed[-1], stages=tuple(last))
    _check_names([p.name for p in parameters])
    text = _Text([p.name for p in parameters], placed, loss)
    network, layered, predict, evaluate = load_text(text.whole, "network").build(
        *text.functions.values()
    )
    return ForwardPass(
        network, layered, tuple(text.kinds.values()), predict, evaluate,
        tuple(parameters),
    )  # fmt: skip


def _check_names(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1 or name in TAKEN or name in RESERVED:
            message = (
                f"the parameter name {name!r} is taken; give the layer another name="
            )
            raise UsageError(message)


class _Text:
    """Writes the functions of a network.

    Attributes
    ----------
    functions
        The functions that they are built from, by their names in the text.
    kinds
        The kinds of layers that are functions, and their names.
    whole
        The text: a module with the function ``build``.
    """

    def __init__(
        self, names: list[str], placed: list[_Placed], loss: NetworkLoss
    ) -> None:
        self.names = names
        self.functions: dict[str, Callable[..., Any]] = {}
        lines, previous = [], "x"
        for layer in placed:
            lines += self._stages(layer, previous)
            previous = layer.stages[-1].result
        score = f"loss = {self._word(loss.function)}(y, t)"
        # The first layer has no gradient to hand on, and the last one meets the loss:
        # the layers between them are the ones that are alike.
        counted = Counter(layer.kind for layer in placed[1:-1])
        self.kinds: dict[tuple[Any, ...], str] = {}
        kept: list[list[str]] = []
        for layer in placed[1:-1]:
            is_often = counted[layer.kind] >= FEWEST_ALIKE and layer.parameters
            if is_often and layer.kind not in self.kinds:
                self.kinds[layer.kind] = self._name_kind(layer.wish)
                kept.append(self._function_of(layer))
        given = ", ".join(names)
        layered = "network"
        blocks = [_function("network", f"x, t, {given}", [*lines, score], "loss")]
        if kept:
            layered = "layered"
            body = [*self._layered(placed), score]
            blocks += [*kept, _function(layered, f"x, t, {given}", body, "loss")]
            blocks[-1].append("    layered.__name__ = 'network'")
        blocks += [
            _function("predict", f"x, {given}", lines, "y"),
            _function("evaluate", f"x, t, {given}", [*lines, score], "loss, y"),
        ]
        head = ['"""A network, put together from plain NumPy functions."""', "", ""]
        head.append(f"def build({', '.join(self.functions)}):")
        inside = [line for block in blocks for line in [*block, ""]]
        built = f"    return network, {layered}, predict, evaluate"
        self.whole = "\n".join([*head, *inside, built]) + "\n"

    def _stages(
        self, layer: _Placed, previous: str, *, plain: bool = False
    ) -> list[str]:
        """Write a layer line by line; `plain` leaves the mark off its names."""
        mark = layer.mark if plain else ""
        lines = []
        for stage in layer.stages:
            taken = (p.removesuffix(mark) for p in stage.parameters)
            arguments = ", ".join([previous, *taken])
            previous = stage.result.removesuffix(mark)
            lines.append(f"{previous} = {self._word(stage.function)}({arguments})")
        return lines

    def _function_of(self, layer: _Placed) -> list[str]:
        """Write the function of a kind of layer."""
        plain = [p.removesuffix(layer.mark) for p in layer.parameters]
        lines = self._stages(layer, "x", plain=True)
        result = layer.stages[-1].result.removesuffix(layer.mark)
        return _function(
            self.kinds[layer.kind], ", ".join(["x", *plain]), lines, result
        )

    def _layered(self, placed: list[_Placed]) -> list[str]:
        """Write the layers as calls; those alike that follow each other as a loop."""
        lines, previous = self._stages(placed[0], "x"), placed[0].stages[-1].result
        alike = groupby(placed[1:-1], key=lambda layer: (layer.kind, layer.shapes))
        for (kind, _), group in alike:
            layers = list(group)
            result = layers[-1].stages[-1].result
            if kind not in self.kinds:
                for layer in layers:
                    lines += self._stages(layer, previous)
                    previous = layer.stages[-1].result
                continue
            called = self.kinds[kind]
            if len(layers) < FEWEST_IN_A_LOOP:
                for layer in layers:
                    result = layer.stages[-1].result
                    given = ", ".join([previous, *layer.parameters])
                    lines.append(f"{result} = {called}({given})")
                    previous = result
                continue
            plain = ", ".join(
                p.removesuffix(layers[0].mark) for p in layers[0].parameters
            )
            each = ", ".join(f"({', '.join(layer.parameters)},)" for layer in layers)
            word = layers[0].stages[-1].result.removesuffix(layers[0].mark)
            lines += [
                f"{word} = {previous}",
                f"for {plain}, in ({each}):",
                f"    {word} = {called}({word}, {plain})",
            ]
            previous = word
        return [*lines, *self._stages(placed[-1], previous)]

    def _name_kind(self, wish: str) -> str:
        """Give the function of a kind of layer a name of its own."""
        taken = {*self.names, *self.functions, *self.kinds.values(), *TAKEN}
        name, number = wish, 2
        while name in taken:
            name, number = f"{wish}_{number}", number + 1
        return name

    def _word(self, function: Callable[..., Any]) -> str:
        """Give the name of a function in the text: its own, numbered if taken."""
        wish = getattr(function, "__name__", "function")
        wish = wish if wish.isidentifier() and wish not in TAKEN else "function"
        word, number = wish, 2
        while word in self.names or self.functions.get(word, function) is not function:
            word, number = f"{wish}_{number}", number + 1
        self.functions[word] = function
        return word


def _function(name: str, arguments: str, lines: list[str], result: str) -> list[str]:
    body = [f"        {line}" for line in lines]
    return [f"    def {name}({arguments}):", *body, f"        return {result}"]
