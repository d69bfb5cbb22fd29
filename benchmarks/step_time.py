"""Time of a training step: derivo beside scikit-learn, PyTorch and JAX.

Run with ``python benchmarks/step_time.py``. All take the same sizes, batch, activation,
update rule, initial weights and order of rows, in float32, and take turns in short
rounds, so that a busy machine slows all of them. That all compute the same is shown by
the loss of the first epoch (scikit-learn draws weights and order by itself). A peer
that is not installed is left out. With ``--cpu`` the time of the processor counts, of
all threads together: on a machine that others use the clock tells who got it.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import derivo
from derivo.layers import Dense
from derivo.run.batches import Batches
from derivo.train.engines import make_engine
from derivo.train.loop import Plan, State


@dataclass(frozen=True)
class Workload:
    """A network, how it is trained, and steps in a round."""

    sizes: tuple[int, ...]
    activation: str
    batch: int
    rule: str
    steps: int

    def __str__(self) -> str:
        """Write it in a line."""
        sizes = "-".join(map(str, self.sizes))
        return f"{sizes} {self.activation}, batch {self.batch}, {self.rule}"

    @property
    def rows(self) -> int:
        """Rows in an epoch."""
        return self.steps * self.batch

    @property
    def multiplications(self) -> int:
        """Multiplications of the products in a step."""
        layers = list(pairwise(self.sizes))
        return self.batch * sum(
            a * b * (2 if k == 0 else 3) for k, (a, b) in enumerate(layers)
        )


WORKLOADS = (
    Workload((2, 24, 2), "tanh", 48, "sgd", 2000),
    Workload((64, 64, 10), "relu", 32, "adam", 1000),
    Workload((784, 128, 64, 10), "relu", 64, "adam", 60),
    Workload((784, 512, 512, 10), "relu", 128, "adam", 8),
    Workload((784, 1024, 1024, 10), "relu", 512, "sgd", 2),
    Workload((784, 100, 10), "sigmoid", 32, "sgd", 100),
)
RATE = 0.001
PAUSE = 0.05
Round = Callable[[], float]


def data(work: Workload) -> tuple[Any, Any]:
    """Draw inputs and labels: the time does not depend on them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(work.rows, work.sizes[0])).astype(np.float32)
    return x, rng.integers(0, work.sizes[-1], work.rows)


def weights(work: Workload) -> list[tuple[Any, Any]]:
    """Draw the initial weights."""
    rng = np.random.default_rng(1)
    return [
        (
            rng.normal(size=(a, b), scale=a**-0.5).astype(np.float32),
            np.zeros(b, np.float32),
        )
        for a, b in pairwise(work.sizes)
    ]


def orders(work: Workload) -> Iterator[Any]:
    """Draw an order of the rows for each epoch."""
    rng = np.random.default_rng(2)
    while True:
        yield rng.permutation(work.rows)


def ours(engine: str, work: Workload) -> Round:
    """Give an epoch of derivo's own, as `Network.fit` calls it."""
    x, t = data(work)
    layers = [Dense(n, work.activation) for n in work.sizes[1:-1]]
    net = derivo.Network(*layers, Dense(work.sizes[-1]), dtype=np.float32)
    step = net.build(work.sizes[0], optimizer=work.rule)
    start = [a for pair in weights(work) for a in pair]
    zeros = [np.zeros_like(a) for _ in step.optimizer.states for a in start]
    # So many epochs that it is worth compiling.
    plan = Plan(len(x), 10**6, work.batch, RATE, 0, True, 0, lambda _values: {})
    encoded = np.eye(work.sizes[-1], dtype=np.float32)[t]
    runner, reason = make_engine(engine, step, Batches.of_rows(x, encoded), plan)
    if engine == "auto" and reason != "c":
        print(f"  auto is {reason}")
    state, epochs = State((*start, *zeros)), orders(work)

    def run() -> float:
        result = runner.epoch(
            state.values, next(epochs), state.steps + 1, lambda _n: None
        )
        state.values, state.steps = result.values, state.steps + work.steps
        return result.loss

    return run


def sklearn(work: Workload) -> Round:
    """Give an epoch of MLPClassifier."""
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    x, t = data(work)
    names = {"sigmoid": "logistic"}
    net = MLPClassifier(
        work.sizes[1:-1], batch_size=work.batch, max_iter=1, warm_start=True, alpha=0,
        activation=names.get(work.activation, work.activation), solver=work.rule,
        learning_rate_init=RATE, momentum=0,
    )  # fmt: skip

    def run() -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(x, t)
        return math.nan

    return run


def pytorch(work: Workload) -> Round:
    """Give an epoch of the usual loop."""
    import torch  # noqa: PLC0415

    x, t = (torch.from_numpy(a) for a in data(work))
    kinds = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}
    layers: list[Any] = []
    for w, b in weights(work):
        layer = torch.nn.Linear(*w.shape)
        layer.weight.data, layer.bias.data = (
            torch.from_numpy(w.T.copy()),
            torch.from_numpy(b),
        )
        layers += [layer, kinds[work.activation]()]
    net = torch.nn.Sequential(*layers[:-1])
    rules = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    rule = rules[work.rule](net.parameters(), lr=RATE)
    error = torch.nn.CrossEntropyLoss()
    epochs = orders(work)

    def run() -> float:
        total = 0.0
        for rows in torch.from_numpy(next(epochs)).split(work.batch):
            rule.zero_grad()
            loss = error(net(x[rows]), t[rows])
            loss.backward()
            rule.step()
            total += loss.detach()
        return float(total) / work.steps

    return run


def jax(work: Workload) -> Round:
    """Give an epoch as one compiled scan over batches, parameters updated in place."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    x, t = data(work)
    x, t = jnp.asarray(x), jnp.eye(work.sizes[-1], dtype=jnp.float32)[t]
    bend = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}
    activation = bend[work.activation]

    def loss(net: Any, x: Any, t: Any) -> Any:
        for w, b in net[:-1]:
            x = activation(x @ w + b)
        w, b = net[-1]
        return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(x @ w + b), axis=1))

    def adam(net: Any, m: Any, v: Any, d: Any, k: Any) -> Any:
        tree = jax.tree_util.tree_map
        m = tree(lambda m, d: 0.9 * m + 0.1 * d, m, d)
        v = tree(lambda v, d: 0.999 * v + 0.001 * d * d, v, d)
        rate, c = RATE / (1 - 0.9**k), 1 - 0.999**k
        net = tree(lambda p, m, v: p - rate * m / (jnp.sqrt(v / c) + 1e-8), net, m, v)
        return net, m, v

    def step(carry: Any, rows: Any) -> Any:
        net, m, v, k = carry
        value, d = jax.value_and_grad(loss)(net, x[rows], t[rows])
        if work.rule == "adam":
            net, m, v = adam(net, m, v, d, k)
        else:
            net = jax.tree_util.tree_map(lambda p, d: p - RATE * d, net, d)
        return (net, m, v, k + 1), value

    epoch = jax.jit(
        lambda carry, order: jax.lax.scan(step, carry, order), donate_argnums=0
    )
    net = [(jnp.asarray(w), jnp.asarray(b)) for w, b in weights(work)]
    zeros = jax.tree_util.tree_map(jnp.zeros_like, net)
    states = [(net, zeros, jax.tree_util.tree_map(jnp.zeros_like, net), 1.0)]
    epochs = orders(work)

    def run() -> float:
        order = jnp.asarray(next(epochs).reshape(work.steps, work.batch))
        states[0], losses = epoch(states[0], order)
        return float(losses.mean())

    return run


def products(work: Workload) -> Round:
    """Give the products of an epoch alone, by NumPy: what can be reached at best."""
    rng = np.random.default_rng(0)
    pairs = []
    for k, (a, b) in enumerate(pairwise(work.sizes)):
        x, w, d = (
            rng.normal(size=s).astype(np.float32)
            for s in ((work.batch, a), (a, b), (work.batch, b))
        )
        pairs += [(x, w), (x.T, d), *([(d, w.T)] if k else [])]

    def run() -> float:
        for _ in range(work.steps):
            for a, b in pairs:
                np.dot(a, b)
        return math.nan

    return run


def contenders(work: Workload) -> Iterator[tuple[str, Round]]:
    """Give each contender that is installed."""
    yield "derivo, auto", ours("auto", work)
    yield "derivo, numpy", ours("numpy", work)
    yield "products alone", products(work)
    peers = {"scikit-learn": ("sklearn", sklearn), "PyTorch": ("torch", pytorch),
             "JAX, scan": ("jax", jax)}  # fmt: skip
    for name, (module, make) in peers.items():
        if importlib.util.find_spec(module):
            yield name, make(work)


OURS = ("derivo, auto", "derivo, numpy", "products alone")


def measure(
    work: Workload, rounds: int, clock: Callable[[], float] = time.perf_counter
) -> float | None:
    """Print a table; give the ratio of ours to the fastest peer."""
    runs = dict(contenders(work))
    losses = {name: run() for name, run in runs.items()}
    known = [v for v in losses.values() if not math.isnan(v)]
    if max(known) - min(known) > 1e-3 * max(known):
        print(f"  THE LOSSES DIFFER: {losses}")
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            # The threads of the one before go to rest.
            time.sleep(PAUSE)
            start = clock()
            run()
            times[name].append((clock() - start) / work.steps * 1e6)
    print(f"\n{work} (us a step)")
    print(f"{'':16}{'best':>10}{'median':>10}{'auto / it':>11}{'from':>7}{'to':>7}")
    medians = {}
    for name, own in times.items():
        ratios = np.array(times[OURS[0]]) / np.array(own)
        medians[name] = float(np.median(ratios))
        low, high = np.percentile(ratios, [25, 75])
        print(f"{name:16}{min(own):10.1f}{np.median(own):10.1f}{medians[name]:11.2f}"
              f"{low:7.2f}{high:7.2f}")  # fmt: skip
    rivals = [ratio for name, ratio in medians.items() if name not in OURS]
    return max(rivals) if rivals else None


def main() -> None:
    """Print a table for each workload."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", type=int, help="the number of one workload, from 1")
    parser.add_argument("--cpu", action="store_true", help="processor time")
    given = parser.parse_args()
    clock = time.process_time if given.cpu else time.perf_counter
    print(f"cores: {os.cpu_count()}, load: {os.getloadavg()[0]:.1f}")
    chosen = WORKLOADS if given.only is None else WORKLOADS[given.only - 1 :][:1]
    ratios = [
        r for work in chosen if (r := measure(work, given.rounds, clock)) is not None
    ]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"\nauto / fastest peer, geometric mean: {mean:.2f}")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
