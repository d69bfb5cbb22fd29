"""Cost of a step against batch, width, depth and threads: there should be no cliff.

Run with ``python benchmarks/curves.py``. A relu network of 256 inputs and 10 classes
with Adam, in float32; all points of a curve take turns in short rounds, and the median
counts. Beside the time of a step stands the rate of the multiplications in its
products, which a curve without a cliff climbs or holds. "auto" is what `fit` chooses by
itself; the others are held to so many threads. ``--busy 1`` has another program on one
core.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from step_time import busy
from workloads import RATE, Workload, dense

import derivo
from derivo.layers import Dense
from derivo.run.batches import Batches
from derivo.run.c_engine import CEngine, Pace, available_cores
from derivo.train.engines import c_engine
from derivo.train.loop import State

SECONDS = 0.02  # of a round, about


class Held(Pace):
    """A number of threads that stays as it is."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.threads = threads

    def learn(self, steps: int, seconds: float) -> None:
        """Learn how many steps a call makes alone."""
        self.steps = max(1, int(0.1 * steps / seconds))


def point(
    sizes: tuple[int, ...], batch: int, threads: int | None
) -> Callable[[], float]:
    """Give what makes a round of steps, and tells the seconds of one."""
    work = dense(sizes, "relu", batch, "adam", 1)
    steps = max(1, round(SECONDS * 30e9 / work.multiplications))
    work = dense(sizes, "relu", batch, "adam", min(steps, 2000))
    engine, start = _engine(work)
    if threads is not None:
        engine.pace = Held(threads)
    state, orders = State(start), work.orders()

    def run() -> float:
        order, began = next(orders), time.perf_counter()
        found = engine.epoch(state.values, order, state.steps + 1, lambda _n: None)
        state.values, state.steps = found.values, state.steps + work.steps
        return (time.perf_counter() - began) / work.steps

    return run


def _engine(work: Workload) -> tuple[CEngine, tuple[Any, ...]]:
    layers = [Dense(n, "relu") for n in work.sizes[1:-1]]
    net = derivo.Network(*layers, Dense(work.sizes[-1]), dtype=np.float32)
    step = net.build(work.sizes[0], optimizer=work.rule)
    x, labels = work.data.values()
    data = Batches.of_rows(x, np.eye(work.sizes[-1], dtype=np.float32)[labels])
    start = tuple(work.params.values())
    zeros = [np.zeros_like(a) for _ in step.optimizer.states for a in start]
    return c_engine(step, data, {"N": work.batch}, RATE), (*start, *zeros)


CURVES = {
    "batch": [(n, (256, 128, 10), n) for n in (1, 3, 8, 16, 31, 32, 33, 64, 128, 512)],
    "width": [
        (n, (256, n, 10), 64) for n in (1, 7, 16, 31, 64, 100, 128, 257, 512, 1024)
    ],
    "depth": [(n, (256, *[128] * n, 10), 64) for n in (1, 2, 3, 4, 6, 8)],
}


def curve(name: str, rounds: int) -> None:
    """Print a curve, on one thread, on all, and as `fit` chooses."""
    kinds = {
        "1 thread": 1,
        f"{available_cores()} threads": available_cores(),
        "auto": None,
    }
    points = {
        (at, kind): point(sizes, batch, threads)
        for at, sizes, batch in CURVES[name] for kind, threads in kinds.items()
    }  # fmt: skip
    times: dict[Any, list[float]] = {key: [] for key in points}
    for _ in range(rounds):
        for key, run in points.items():
            times[key].append(run())
    print(f"\n{name:8}" + "".join(f"{kind + ', us':>16}{'G/s':>7}" for kind in kinds))
    for at, sizes, batch in CURVES[name]:
        work = dense(sizes, "relu", batch, "adam", 1).multiplications
        cells = ""
        for kind in kinds:
            seconds = statistics.median(times[at, kind])
            cells += f"{seconds * 1e6:16.1f}{work / seconds / 1e9:7.1f}"
        print(f"{at:<8}{cells}")


def main() -> None:
    """Print all curves, or one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", choices=CURVES)
    parser.add_argument("--busy", type=int, default=0, help="other programs beside it")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"{given.busy} busy programs beside it")  # fmt: skip
    with busy(given.busy):
        for name in [given.only] if given.only else CURVES:
            curve(name, given.rounds)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
