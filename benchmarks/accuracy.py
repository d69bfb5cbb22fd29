"""Accuracy on digits that training never saw, beside scikit-learn with the same layers.

Run with ``python benchmarks/accuracy.py``. 1,797 handwritten digits, four fifths to
train with; 64 inputs, 128 relu units, 10 classes; Adam, 40 epochs. All get the same
parts for each of three seeds; the rest is as each has it by default, but that
scikit-learn is shown with derivo's batch of 32 beside its own of 200.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np

import derivo
from derivo.data import digits, split
from derivo.layers import Dense

SEEDS = (0, 1, 2)


def ours(parts: tuple[Any, ...], seed: int, epochs: int, engine: str) -> float:
    """Give the accuracy of derivo's network."""
    x, t, x_test, t_test = parts
    net = derivo.Network(Dense(128, "relu"), Dense(10), loss="cross_entropy")
    net.fit(x.astype(np.float32), t, epochs=epochs, seed=seed, verbose=0, engine=engine)
    return net.evaluate(x_test, t_test)["accuracy"]


def sklearn(parts: tuple[Any, ...], seed: int, epochs: int, batch: int | str) -> float:
    """Give the accuracy of scikit-learn's network."""
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415  a peer

    x, t, x_test, t_test = parts
    net = MLPClassifier((128,), batch_size=batch, max_iter=epochs, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 40 epochs may not be enough
        net.fit(x.astype(np.float32), t)
    return float(net.score(x_test.astype(np.float32), t_test))


def measure(epochs: int) -> None:
    """Print the table."""
    runs = {
        "derivo, numpy": lambda p, s: ours(p, s, epochs, "numpy"),
        "derivo, c": lambda p, s: ours(p, s, epochs, "c"),
        "sklearn, 32": lambda p, s: sklearn(p, s, epochs, 32),
        "sklearn, 200": lambda p, s: sklearn(p, s, epochs, "auto"),
    }
    head = "".join(f"{f'seed {s}':>10}" for s in SEEDS)
    print(f"{'accuracy in %':16}{head}{'mean':>10}{'seconds':>10}")
    for name, run in runs.items():
        start = time.perf_counter()
        found = [100 * run(split(*digits(), seed=s), s) for s in SEEDS]
        seconds = time.perf_counter() - start
        cells = "".join(f"{a:10.2f}" for a in found)
        print(f"{name:16}{cells}{np.mean(found):10.2f}{seconds:10.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    measure(parser.parse_args().epochs)
