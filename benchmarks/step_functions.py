"""Time of a training step of losses written as functions, on each engine.

Run with ``python benchmarks/step_functions.py``. The losses have no layer class: an
LSTM in a plain loop, a block of a transformer, a bag of embeddings, all in float32. The
engines start from the same parameters and see the same batches, which the loss after
the first epoch shows, and take turns, so that a busy machine slows all of them. An
engine that cannot compute a step says what it lacks.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

import derivo
from derivo.errors import NotSupportedError
from derivo.train.training_step import TrainingStep

ENGINES = ("numpy", "c")
RATE = 0.001
ROWS = 32


def sigmoid(z: Any) -> Any:
    """Give the logistic function."""
    return 1 / (1 + np.exp(-z))


def lstm(x: Any, t: Any, p: Any) -> Any:
    """Give the squared error of what an LSTM reads from a series."""
    units = p["wh"].shape[0]
    h = np.zeros((x.shape[0], units))
    c = np.zeros((x.shape[0], units))
    for i in range(x.shape[1]):
        z = x[:, i] @ p["wx"] + h @ p["wh"] + p["b"]
        enter, forget = sigmoid(z[:, :units]), sigmoid(z[:, units : 2 * units])
        leave, new = sigmoid(z[:, 2 * units : 3 * units]), np.tanh(z[:, 3 * units :])
        c = forget * c + enter * new
        h = leave * np.tanh(c)
    return np.mean((h @ p["wo"] - t) ** 2)


def normed(x: Any, gain: Any, shift: Any) -> Any:
    """Normalise the rows of a layer."""
    centred = x - np.mean(x, axis=-1, keepdims=True)
    var = np.mean(centred**2, axis=-1, keepdims=True)
    return gain * centred / np.sqrt(var + 1e-5) + shift


def attention(x: Any, p: Any, heads: int) -> Any:
    """Let each token read from all others, in several heads."""
    n, tokens, width = x.shape

    def parts(w: Any) -> Any:
        return (x @ w).reshape(n, tokens, heads, width // heads).transpose(0, 2, 1, 3)

    q, k, v = parts(p["wq"]), parts(p["wk"]), parts(p["wv"])
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(width // heads)
    e = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    read = e / np.sum(e, axis=-1, keepdims=True) @ v
    return read.transpose(0, 2, 1, 3).reshape(n, tokens, width) @ p["wo"]


def transformer(x: Any, t: Any, p: Any, heads: int = 4) -> Any:
    """Give the squared error of what a block makes of tokens."""
    h = x + attention(normed(x, p["g1"], p["s1"]), p, heads)
    h = h + np.maximum(normed(h, p["g2"], p["s2"]) @ p["w1"], 0) @ p["w2"]
    return np.mean((h - t) ** 2)


def embedding_bag(words: Any, t: Any, table: Any, w: Any) -> Any:
    """Give the squared error of what the mean of word vectors says."""
    return np.mean((table[words].mean(axis=1) @ w - t) ** 2)


@dataclass(frozen=True)
class Workload:
    """A loss, its parameters, its data, and the shapes of that."""

    name: str
    loss: Callable[..., Any]
    params: dict[str, Any]
    data: dict[str, Any]
    specs: dict[str, Any]
    steps: int

    def step(self) -> TrainingStep:
        """Derive the step."""
        return derivo.training_step(
            self.loss, params=self.params, optimizer="adam", learning_rate=RATE,
            **self.specs,
        )  # fmt: skip


def workloads() -> list[Workload]:
    """Draw parameters and data: the time does not depend on them."""
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> Any:
        return rng.normal(size=shape, scale=shape[0] ** -0.5).astype(np.float32)

    units, width, tokens, words = 64, 64, 64, 20_000
    cell = {"wx": drawn(32, 4 * units), "wh": drawn(units, 4 * units),
            "b": np.zeros(4 * units, np.float32), "wo": drawn(units, 10)}  # fmt: skip
    block = {name: drawn(width, width) for name in ("wq", "wk", "wv", "wo")}
    block |= {"w1": drawn(width, 4 * width), "w2": drawn(4 * width, width)}
    block |= {name: np.full(width, name[0] == "g", np.float32)
              for name in ("g1", "s1", "g2", "s2")}  # fmt: skip
    lstm_steps, block_steps, bag_steps = 8, 4, 4
    series = rng.normal(size=(ROWS * lstm_steps, 32, 32))
    sentences = rng.normal(size=(ROWS * block_steps, tokens, width))
    bags = rng.integers(0, words, (ROWS * bag_steps, 50))
    return [
        Workload("LSTM 32-64, 32 steps", lstm, {"p": cell},
                 {"x": series, "t": rng.normal(size=(len(series), 10))},
                 {"x": "N T 32", "t": "N 10"}, lstm_steps),
        Workload("transformer block, 4 heads, 64 wide, 64 tokens", transformer,
                 {"p": block}, {"x": sentences, "t": sentences[::-1]},
                 {"x": f"N {tokens} {width}", "t": f"N {tokens} {width}"}, block_steps),
        Workload("embedding bag, 20,000 words, 64 wide, 50 a bag", embedding_bag,
                 {"table": drawn(words, width), "w": drawn(width, 10)},
                 {"words": bags, "t": rng.normal(size=(len(bags), 10))},
                 {"words": derivo.Spec("N 50", "int"), "t": "N 10"}, bag_steps),
    ]  # fmt: skip


def measure(work: Workload, rounds: int) -> None:
    """Print the time of a step on each engine."""
    print(f"\n{work.name}, batch {ROWS}, adam (ms a step)")
    steps = {engine: work.step() for engine in ENGINES}
    times: dict[str, list[float]] = {}
    losses = {}
    for engine, step in steps.items():
        try:
            history = step.fit(epochs=1, batch_size=ROWS, verbose=0, engine=engine,
                               **work.data)  # fmt: skip
        except NotSupportedError as error:
            print(f"  {engine:8} cannot: {error}")
        else:
            times[engine], losses[engine] = [], history["loss"][0]
    if max(losses.values()) - min(losses.values()) > 1e-4 * max(losses.values()):
        print(f"  THE LOSSES DIFFER: {losses}")
    for _ in range(rounds):
        for engine, own in times.items():
            history = steps[engine].fit(epochs=2, batch_size=ROWS, verbose=0,
                                        engine=engine, **work.data)  # fmt: skip
            own.append(history[-1]["seconds"] / work.steps * 1e3)
    for engine, own in times.items():
        print(f"  {engine:8} best {min(own):9.3f}  median {np.median(own):9.3f}")


def main() -> None:
    """Print a table for each workload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", type=int, help="the number of one workload, from 1")
    given = parser.parse_args()
    print(f"cores: {os.cpu_count()}, load: {os.getloadavg()[0]:.1f}")
    chosen = workloads()
    if given.only is not None:
        chosen = chosen[given.only - 1 :][:1]
    for work in chosen:
        start = time.perf_counter()
        measure(work, given.rounds)
        print(f"  (all in {time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
