"""The networks that the playground offers, each derived, and the rules to train them.

Widths and the number of points are not among the choices that are derived: they are
sizes, and the script of a network is one for all sizes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
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
# Update rules, and rates with which the networks learn the points in some hundred steps
# of the whole batch.
RULES: Mapping[str, tuple[Callable[..., Any], float]] = {
    "sgd": (sgd, 0.2),
    "momentum": (momentum, 0.1),
    "nesterov": (nesterov, 0.1),
    "adam": (adam, 0.03),
}


def keys() -> tuple[str, ...]:
    """Give the choices of every network: ``"2 tanh cross_entropy"``."""
    return tuple(map(" ".join, product(*CHOICES.values())))


def derived(
    language: str = "en", wanted: Iterable[str] | None = None
) -> dict[str, Explanation]:
    """Derive every network that can be chosen, or those wanted alone.

    Returns
    -------
    dict
        Of its loss, with points and drawn weights, by the choices.
    """
    found = {}
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
        found[key] = explain(passes, LEVELS, language=language, arrays=arrays)
    return found


def _for_all_widths(loss: Passes, answers: int) -> Passes:
    """Derive a loss once more, with a name for the width of hidden layers."""
    shapes = {"x": "N 2", "t": f"N {answers}"}
    last = max(int(name.removeprefix("w")) for name in loss.wanted if name[0] == "w")
    for k in range(1, last + 1):
        rows, columns = "2" if k == 1 else "M", str(answers) if k == last else "M"
        shapes |= {f"w{k}": f"{rows} {columns}", f"b{k}": columns}
    return derive(loss.function, wrt=loss.wanted, shapes=shapes, inline="*")


def rules() -> dict[str, str]:
    """Write the update rules, the functions that `Network.fit` trains with.

    Returns
    -------
    dict
        JavaScript of an object: ``forward(given, sizes)`` gives the new parameter and
        the new states; names of the states, which start at 0; keys of what it gives, in
        order; a learning rate to begin with.
    """
    return {name: _rule(*rule) for name, rule in RULES.items()}


def _rule(function: Callable[..., Any], rate: float) -> str:
    code = function.__code__
    given = code.co_varnames[: code.co_argcount - len(function.__defaults__ or ())]
    numbers = ("learning_rate", "step_number")
    specs = {a: "" if a in numbers else "N" for a in given}
    passes = derive(function, wrt=given[:2], shapes=specs)
    graph = passes.traced
    named = {n: n.attrs["name"] for n in graph.inputs}
    written = script(graph.nodes(), named, passes.forward.builder, Backward())
    states = [a for a in given[2:] if a not in numbers]
    results = [written.keys[n] for n in graph.outputs]
    return (
        f"(() => {{\n{written.text}\nreturn {{ forward, states: {json.dumps(states)}, "
        f"results: {json.dumps(results)}, rate: {rate} }};\n}})()"
    )
