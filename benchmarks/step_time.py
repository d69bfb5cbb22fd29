"""Time of a training step: derivo's engines beside scikit-learn, PyTorch and JAX.

Run with ``python benchmarks/step_time.py``. All take the same sizes, batch, activation
and update rule in float32, and take turns in short rounds, so that a busy machine slows
all of them; the best round of each counts. A peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np

import derivo
from derivo.layers import Dense
from derivo.train.draw import epoch_order
from derivo.train.engines import make_engine
from derivo.train.loop import Plan

CASES = (((64, 64, 10), 32), ((784, 128, 64, 10), 64))
STEPS = 50
PAUSE = 0.05
Round = Callable[[], None]


def data(sizes: tuple[int, ...], rows: int) -> tuple[Any, Any]:
    """Draw inputs and labels: the time does not depend on them."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, sizes[0])).astype(np.float32)
    return x, rng.integers(0, sizes[-1], rows)


def ours(engine: str, sizes: tuple[int, ...], batch: int) -> Round:
    """Give an epoch of derivo's own, as `Network.fit` calls it."""
    x, t = data(sizes, STEPS * batch)
    layers = [Dense(n, "relu") for n in sizes[1:-1]] + [Dense(sizes[-1])]
    net = derivo.Network(*layers, dtype=np.float32)
    net.build(sizes[0])
    plan = Plan(len(x), 1, batch, 0.001, 0, True, 0, lambda _values: {})
    encoded = np.eye(sizes[-1], dtype=np.float32)[t]
    runner, _ = make_engine(engine, net.derivation, x, encoded, plan)
    state = {"values": net.state.values, "first": 1, "epoch": 1}

    def run() -> None:
        order = epoch_order(len(x), 0, state["epoch"], shuffle=True)
        result = runner.epoch(state["values"], order, state["first"], lambda _n: None)
        state.update(
            values=result.values, first=state["first"] + STEPS, epoch=state["epoch"] + 1
        )

    return run


def sklearn(sizes: tuple[int, ...], batch: int) -> Round:
    """Give an epoch of MLPClassifier."""
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    x, t = data(sizes, STEPS * batch)
    net = MLPClassifier(
        sizes[1:-1], batch_size=batch, max_iter=1, warm_start=True, alpha=0
    )

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(x, t)

    return run


def pytorch(sizes: tuple[int, ...], batch: int) -> Round:
    """Give an epoch of the usual loop."""
    import torch  # noqa: PLC0415

    x, t = (torch.from_numpy(a) for a in data(sizes, STEPS * batch))
    layers: list[Any] = []
    for a, b in pairwise(sizes):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    rule = torch.optim.Adam(net.parameters())
    error = torch.nn.CrossEntropyLoss()

    def run() -> None:
        for rows in torch.randperm(len(x)).split(batch):
            rule.zero_grad()
            error(net(x[rows]), t[rows]).backward()
            rule.step()

    return run


def jax(sizes: tuple[int, ...], batch: int) -> Round:
    """Give an epoch as one compiled scan over batches, parameters updated in place."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    x, t = data(sizes, STEPS * batch)
    x, t = jnp.asarray(x), jnp.eye(sizes[-1], dtype=jnp.float32)[t]
    rng = np.random.default_rng(1)
    net = [
        (
            jnp.asarray(rng.normal(size=(a, b), scale=(2 / a) ** 0.5), jnp.float32),
            jnp.zeros(b),
        )
        for a, b in pairwise(sizes)
    ]

    def loss(net: Any, x: Any, t: Any) -> Any:
        for w, b in net[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = net[-1]
        return -jnp.mean(jnp.sum(t * jax.nn.log_softmax(x @ w + b), axis=1))

    def step(carry: Any, rows: Any) -> Any:
        net, m, v, k = carry
        value, d = jax.value_and_grad(loss)(net, x[rows], t[rows])
        tree = jax.tree_util.tree_map
        m = tree(lambda m, d: 0.9 * m + 0.1 * d, m, d)
        v = tree(lambda v, d: 0.999 * v + 0.001 * d * d, v, d)
        rate, c = 0.001 / (1 - 0.9**k), 1 - 0.999**k
        net = tree(lambda p, m, v: p - rate * m / (jnp.sqrt(v / c) + 1e-8), net, m, v)
        return (net, m, v, k + 1), value

    epoch = jax.jit(
        lambda carry, order: jax.lax.scan(step, carry, order), donate_argnums=0
    )
    zeros = jax.tree_util.tree_map(jnp.zeros_like, net)
    state = [(net, zeros, jax.tree_util.tree_map(jnp.zeros_like, net), 1.0)]

    def run() -> None:
        order = np.random.default_rng(0).permutation(len(x)).reshape(STEPS, batch)
        state[0], losses = epoch(state[0], jnp.asarray(order))
        losses.block_until_ready()

    return run


def contenders(sizes: tuple[int, ...], batch: int) -> Iterator[tuple[str, Round]]:
    """Give each contender that is installed."""
    yield "derivo, numpy", ours("numpy", sizes, batch)
    if importlib.util.find_spec("numba"):
        yield "derivo, numba", ours("numba", sizes, batch)
    peers = {"scikit-learn": ("sklearn", sklearn), "PyTorch": ("torch", pytorch),
             "JAX, scan": ("jax", jax)}  # fmt: skip
    for name, (module, make) in peers.items():
        if importlib.util.find_spec(module):
            yield name, make(sizes, batch)


def measure(rounds: int) -> None:
    """Print a table for each case."""
    for sizes, batch in CASES:
        runs = dict(contenders(sizes, batch))
        times: dict[str, list[float]] = {name: [] for name in runs}
        for run in runs.values():
            run()
        for _ in range(rounds):
            for name, run in runs.items():
                # The threads of the one before go to rest, the caches are filled again.
                time.sleep(PAUSE)
                run()
                start = time.perf_counter()
                run()
                times[name].append((time.perf_counter() - start) / STEPS * 1e6)
        best = {name: min(t) for name, t in times.items()}
        print(f"\n{'-'.join(map(str, sizes))}, relu, Adam, batch {batch}, float32")
        print(f"{'':16}{'best us/step':>14}{'median':>10}{'best / numba':>14}")
        base = best.get("derivo, numba", best["derivo, numpy"])
        for name, t in times.items():
            ratio = best[name] / base
            print(f"{name:16}{best[name]:14.1f}{np.median(t):10.1f}{ratio:14.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    with suppress(KeyboardInterrupt):
        measure(parser.parse_args().rounds)
