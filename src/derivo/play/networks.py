"""The networks that the playground offers, each derived, and the rules to train them.

Widths and the number of points are not among the choices that are derived: they are
sizes, and the script of a network is one for all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from derivo.derivation import derive
from derivo.emit.js.program import Backward, script
from derivo.explain.explanation import Explanation, explain
from derivo.layers import Dense
from derivo.passes import Passes
from derivo.train.network import Network as Trained
from derivo.train.optimizers import adam, momentum, nesterov, sgd

POINTS = 40
LEVELS = ("graph", "matrix", "code")  # the page has the derivation in short
WIDTH = 4  # of hidden layers, as the picture has room for them
CHOICES: Mapping[str, tuple[str, ...]] = {
    "layers": ("1", "2", "3"),
    "activation": ("tanh", "relu", "sigmoid"),
    "loss": ("cross_entropy", "mse"),
}
RULES: Mapping[str, Callable[..., Any]] = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "adam": adam,
}


@dataclass(frozen=True)
class Network:
    """A network of the playground.

    Attributes
    ----------
    key
        Its choices: ``"2 tanh cross_entropy"``.
    explanation
        Of its loss, with points and drawn weights.
    """

    key: str
    explanation: Explanation


def keys() -> tuple[str, ...]:
    """Give the choices of every network, as they are written in `Network.key`."""
    return tuple(map(" ".join, product(*CHOICES.values())))


def derived(
    language: str = "en", wanted: Iterable[str] | None = None
) -> Iterator[Network]:
    """Derive every network that can be chosen, or those wanted alone."""
    for key in keys() if wanted is None else wanted:
        layers, activation, loss = key.split()
        answers = 2 if loss == "cross_entropy" else 1
        hidden = (Dense(WIDTH, activation) for _ in range(int(layers)))
        network = Trained(*hidden, Dense(answers), loss=loss, dtype=np.float64)
        network.build(2)
        rng = np.random.default_rng(0)
        x = rng.normal(size=(POINTS, 2))
        inside = (np.sum(x**2, axis=1) < 1).astype(int)
        t = np.eye(2)[inside] if answers == 2 else inside[:, None].astype(float)
        arrays = {"x": x, "t": t, **network.parameters}
        passes = _for_all_widths(network.derivation.loss, answers)
        told = explain(passes, LEVELS, language=language, arrays=arrays)
        yield Network(key, told)


def _for_all_widths(loss: Passes, answers: int) -> Passes:
    """Derive a loss once more, with a name for the width of hidden layers."""
    shapes = {"x": "N 2", "t": f"N {answers}"}
    last = max(int(name.removeprefix("w")) for name in loss.wanted if name[0] == "w")
    for k in range(1, last + 1):
        rows, columns = "2" if k == 1 else "M", str(answers) if k == last else "M"
        shapes |= {f"w{k}": f"{rows} {columns}", f"b{k}": columns}
    return derive(loss.function, wrt=loss.wanted, shapes=shapes, inline="*")


@dataclass(frozen=True)
class Rule:
    """An update rule as JavaScript.

    Attributes
    ----------
    text
        ``forward(given, sizes)`` gives the new parameter and the new states.
    states
        Names of the states, which start at 0.
    results
        Keys of the new parameter and of the new states, in order.
    rate
        A learning rate to begin with.
    """

    text: str
    states: tuple[str, ...]
    results: tuple[str, ...]
    rate: float


# With these the networks learn the points in some hundred steps of the whole batch.
RATES = {"sgd": 0.2, "momentum": 0.1, "nesterov": 0.1, "adam": 0.03}


def rules() -> dict[str, Rule]:
    """Write the update rules: the functions that `Network.fit` trains with."""
    return {name: _rule(name) for name in RULES}


def _rule(name: str) -> Rule:
    function = RULES[name]
    code = function.__code__
    given = code.co_varnames[: code.co_argcount - len(function.__defaults__ or ())]
    numbers = ("learning_rate", "step_number")
    specs = {a: "" if a in numbers else "N" for a in given}
    passes = derive(function, wrt=given[:2], shapes=specs)
    graph = passes.traced
    named = {n: n.attrs["name"] for n in graph.inputs}
    written = script(graph.nodes(), named, passes.forward.builder, Backward())
    states = tuple(a for a in given[2:] if a not in numbers)
    results = tuple(written.keys[n] for n in graph.outputs)
    return Rule(written.text, states, results, RATES[name])
