"""What is timed: dense networks, and losses written as functions.

A workload draws its own parameters and data: the time of a step does not depend on
them. All is float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import losses
import numpy as np

import derivo

RATE = 0.001


@dataclass(frozen=True)
class Workload:
    """A loss, and how it is trained.

    Attributes
    ----------
    name
        Says what it is, in a line.
    kind
        Tells the peers what to write: "dense", "lstm", "transformer", "bag", "layer".
    loss
        In NumPy, for arrays or what looks like them: ``loss(*data, params)``, or
        ``loss(*data, **params)`` where `is_flat`.
    params, data
        Initial parameters by name, and arrays of `rows` rows.
    rule, batch, steps
        The update rule, rows of a step, and steps of a round.
    multiplications
        Of the products of a step, forward and backward.
    sizes, activation
        Of a dense network.
    specs
        Shapes of the data, for `derivo.training_step`; empty for a dense network.
    is_flat
        Whether the loss takes its parameters one by one.
    """

    name: str
    kind: str
    loss: Callable[..., Any]
    params: dict[str, Any]
    data: dict[str, Any]
    rule: str
    batch: int
    steps: int
    multiplications: int
    sizes: tuple[int, ...] = ()
    activation: str = ""
    specs: dict[str, Any] = field(default_factory=dict)
    is_flat: bool = False

    @property
    def rows(self) -> int:
        """Rows of a round."""
        return self.steps * self.batch

    def orders(self) -> Iterator[Any]:
        """Draw an order of the rows for each round."""
        rng = np.random.default_rng(2)
        while True:
            yield rng.permutation(self.rows)

    def loss_of(self, params: dict[str, Any]) -> float:
        """Give the loss on the first batch, in float64: what a contender has learnt."""
        batch = [
            a[: self.batch] if a.dtype.kind == "i" else a[: self.batch].astype(float)
            for a in self.data.values()
        ]
        exact = {k: np.asarray(v, dtype=float) for k, v in params.items()}
        return float(self.call(batch, exact))

    def call(self, batch: list[Any], params: dict[str, Any]) -> Any:
        """Call the loss."""
        if self.is_flat:
            return self.loss(*batch, **params)
        return self.loss(*batch, params)


# --- dense networks -------------------------------------------------------------------

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": losses.sigmoid,
}


def dense(
    sizes: tuple[int, ...], activation: str, batch: int, rule: str, steps: int
) -> Workload:
    """Give a network for classes: softmax and cross-entropy of labels."""
    rng = np.random.default_rng(1)
    bend, params = ACTIVATIONS[activation], {}
    for k, (a, b) in enumerate(pairwise(sizes), start=1):
        params[f"w{k}"] = drawn(rng, a, b)
        params[f"b{k}"] = np.zeros(b, np.float32)
    layers = len(sizes) - 1

    def loss(x: Any, labels: Any, p: dict[str, Any]) -> Any:
        for k in range(1, layers):
            x = bend(x @ p[f"w{k}"] + p[f"b{k}"])
        z = x @ p[f"w{layers}"] + p[f"b{layers}"]
        z = z - np.max(z, axis=1, keepdims=True)
        log_sum = np.log(np.sum(np.exp(z), axis=1))
        return np.mean(log_sum - z[np.arange(len(labels)), labels])

    rows = steps * batch
    x = rng.normal(size=(rows, sizes[0])).astype(np.float32)
    products = 3 * sum(a * b for a, b in pairwise(sizes)) - sizes[0] * sizes[1]
    return Workload(
        f"{'-'.join(map(str, sizes))} {activation}, batch {batch}, {rule}", "dense",
        loss, params, {"x": x, "labels": rng.integers(0, sizes[-1], rows)}, rule, batch,
        steps, batch * products, sizes, activation,
    )  # fmt: skip


def drawn(rng: np.random.Generator, *shape: int) -> Any:
    """Draw initial weights."""
    return rng.normal(size=shape, scale=shape[0] ** -0.5).astype(np.float32)


# --- functions ------------------------------------------------------------------------


def lstm(steps: int = 8, batch: int = 32, time: int = 32, width: int = 32,
         units: int = 64) -> Workload:  # fmt: skip
    """Give an LSTM over a series, with a linear layer on its last state."""
    rng = np.random.default_rng(3)
    params = {"wx": drawn(rng, width, 4 * units), "wh": drawn(rng, units, 4 * units),
              "b": np.zeros(4 * units, np.float32),
              "wo": drawn(rng, units, 10)}  # fmt: skip
    rows = steps * batch
    data = {"x": rng.normal(size=(rows, time, width)).astype(np.float32),
            "t": rng.normal(size=(rows, 10)).astype(np.float32)}  # fmt: skip
    cell = 2 * width * 4 * units + 3 * units * 4 * units
    return Workload(
        f"LSTM {width}-{units}, {time} steps, batch {batch}, adam", "lstm", losses.lstm,
        params, data, "adam", batch, steps, batch * (time * cell + 3 * units * 10),
        specs={"x": f"N T {width}", "t": "N 10"},
    )  # fmt: skip


def transformer(steps: int = 4, batch: int = 32, tokens: int = 64,
                width: int = 64) -> Workload:  # fmt: skip
    """Give a block of a transformer: attention in four heads, and two layers."""
    rng = np.random.default_rng(4)
    params = {name: drawn(rng, width, width) for name in ("wq", "wk", "wv", "wo")}
    params |= {"w1": drawn(rng, width, 4 * width), "w2": drawn(rng, 4 * width, width)}
    params |= {name: np.full(width, name[0] == "g", np.float32)
               for name in ("g1", "s1", "g2", "s2")}  # fmt: skip
    x = rng.normal(size=(steps * batch, tokens, width)).astype(np.float32)
    inner = 12 * width**2 + 2 * tokens * width
    shape = f"N {tokens} {width}"
    return Workload(
        f"transformer block, 4 heads, {width} wide, {tokens} tokens, batch {batch}, "
        "adam", "transformer", losses.transformer, params,
        {"x": x, "t": x[::-1].copy()}, "adam", batch, steps,
        3 * batch * tokens * inner, specs={"x": shape, "t": shape},
    )  # fmt: skip


def bag(steps: int = 4, batch: int = 32, words: int = 20_000,
        width: int = 64) -> Workload:  # fmt: skip
    """Give the mean of word vectors, and a linear layer."""
    rng = np.random.default_rng(5)
    params = {"table": drawn(rng, words, width), "w": drawn(rng, width, 10)}
    data = {"words": rng.integers(0, words, (steps * batch, 50)),
            "t": rng.normal(size=(steps * batch, 10)).astype(np.float32)}  # fmt: skip
    return Workload(
        f"embedding bag, {words} words, {width} wide, 50 a bag, batch {batch}, adam",
        "bag", losses.embedding_bag, params, data, "adam", batch, steps,
        batch * 3 * width * 10,
        specs={"words": derivo.Spec("N 50", "int"), "t": "N 10"}, is_flat=True,
    )  # fmt: skip


def layer(steps: int = 2000, inputs: int = 16, units: int = 8) -> Workload:
    """Give the layer of the article, one row at a time."""
    rng = np.random.default_rng(6)
    params = {"w": drawn(rng, inputs, units), "b": np.zeros(units, np.float32)}
    data = {"x": rng.normal(size=(steps, inputs)).astype(np.float32),
            "t": rng.uniform(size=(steps, units)).astype(np.float32)}  # fmt: skip
    return Workload(
        f"the article's layer, {inputs}-{units} sigmoid, batch 1, sgd", "layer",
        losses.article_layer, params, data, "sgd", 1, steps, 2 * inputs * units,
        specs={"x": f"N {inputs}", "t": f"N {units}"}, is_flat=True,
    )  # fmt: skip


WORKLOADS: tuple[Callable[[], Workload], ...] = (
    lambda: dense((2, 24, 2), "tanh", 48, "sgd", 2000),
    lambda: dense((64, 64, 10), "relu", 32, "adam", 1000),
    lambda: dense((784, 128, 64, 10), "relu", 64, "adam", 60),
    lambda: dense((784, 512, 512, 10), "relu", 128, "adam", 8),
    lambda: dense((784, 1024, 1024, 10), "relu", 512, "sgd", 2),
    lambda: dense((784, 100, 10), "sigmoid", 32, "sgd", 100),
    lstm,
    transformer,
    bag,
    layer,
)
