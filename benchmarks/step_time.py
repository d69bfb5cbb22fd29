"""Time of a training step, beside other libraries: forward, backward and update.

Run with ``python benchmarks/step_time.py`` (``make bench``). All contenders have the
same mathematics, update rule, initial weights and order of rows, in float32, and take
turns in short rounds, so that a busy machine slows all of them; the ratio of each round
to that of ``derivo, auto`` counts. That all compute the same is shown by the loss after
the last step, which is computed from each one's parameters. A peer that is not
installed is named. The limit is the products of a step alone, at the rate of a large
product of NumPy's in the same round.

``--only 5`` takes one workload, ``--without "MyGrad"`` leaves a peer out, ``--busy 1``
has another program on one core, ``--cpu`` counts the time of the processor, of all
threads together: on a machine that others use the clock tells who got it.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import numpy as np
from contenders import NAMES, OURS, Contender, contenders
from workloads import WORKLOADS, Workload

# Threads of OpenBLAS wait at work for a tenth of a second before they go to rest.
PAUSE = 0.15
SIDE = 768
LIMIT = "the limit"
# Adam divides by roots of small numbers: rounding grows over some thousand steps.
SAME_LOSS = 5e-3


@dataclass(frozen=True)
class Result:
    """What was found of a workload.

    Attributes
    ----------
    best
        Microseconds a step of ``derivo, auto``, in its best round.
    ratios
        For each other, its time by that of ``derivo, auto``: quartiles.
    spread
        Of the losses after the last step, relative.
    """

    work: Workload
    best: float
    ratios: dict[str, tuple[float, float, float]]
    spread: float

    @property
    def fastest(self) -> tuple[str, float]:
        """The fastest peer, and its time by ours; nobody if there is no peer."""
        peers = {n: r[1] for n, r in self.ratios.items() if n not in (*OURS, LIMIT)}
        name = min(peers, key=peers.__getitem__, default="")
        return name, peers.get(name, math.nan)


def measure(
    work: Workload, rounds: int, clock: Callable[[], float], without: set[str]
) -> Result:
    """Time all contenders on a workload."""
    print(f"\n{work.name}", flush=True)
    taking_part = dict(contenders(work, without))
    for name in [*taking_part]:
        began = time.perf_counter()
        taking_part[name].run()
        took = time.perf_counter() - began
        if took > 1:
            print(f"  {name} took {took:.1f} s for the first round", flush=True)
    times: dict[str, list[float]] = {name: [] for name in taking_part}
    rates = []
    turn = deque(taking_part.items())
    for _ in range(rounds):
        rates.append(_product_rate(clock))
        turn.rotate(1)  # nobody always follows the same one
        for name, contender in turn:
            # The threads of the one before go to rest.
            time.sleep(PAUSE)
            began = clock()
            contender.run()
            times[name].append((clock() - began) / work.steps * 1e6)
    times[LIMIT] = [work.multiplications / rate * 1e6 for rate in rates]
    return _told(work, times, taking_part)


def _product_rate(clock: Callable[[], float]) -> float:
    """Give the multiplications in a second of a large product in NumPy."""
    a = np.ones((SIDE, SIDE), np.float32)
    np.dot(a, a)
    began = clock()
    np.dot(a, a)
    return SIDE**3 / (clock() - began)


def _told(
    work: Workload, times: dict[str, list[float]], taking_part: dict[str, Contender]
) -> Result:
    """Print the table of a workload, and give what was found."""
    first = next(iter(taking_part))
    losses = {name: work.loss_of(c.params()) for name, c in taking_part.items()}
    print(f"  {'':18}{'best us':>10}{'median':>10}{'x auto':>9}{'from':>7}{'to':>7}"
          f"   {'loss after':>11}  threads")  # fmt: skip
    ratios = {}
    for name, own in times.items():
        low, middle, high = np.percentile(np.array(own) / np.array(times[first]),
                                          [25, 50, 75])  # fmt: skip
        ratios[name] = (float(low), float(middle), float(high))
        line = (f"  {name:18}{min(own):10.1f}{np.median(own):10.1f}{middle:9.2f}"
                f"{low:7.2f}{high:7.2f}")  # fmt: skip
        if name in taking_part:
            its = taking_part[name]
            line += f"   {losses[name]:11.7f}  {its.threads()}  {its.other}"
        print(line.rstrip())
    known = [losses[name] for name, its in taking_part.items() if not its.other]
    spread = (max(known) - min(known)) / abs(known[0])
    if not spread <= SAME_LOSS:
        print(f"  THE LOSSES DIFFER by {spread:.1e}")
    del ratios[first]
    return Result(work, min(times[first]), ratios, spread)


def table(results: list[Result]) -> None:
    """Print a line for each workload, and the means."""
    print("\nmedian of time by that of derivo, auto, quartiles for the fastest peer:\n")
    print(
        "| workload | auto, best us | fastest peer | limit | numpy | losses equal to |"
    )
    print("|---|---|---|---|---|---|")
    for r in results:
        name, _ = r.fastest
        low, middle, high = r.ratios.get(name, (math.nan,) * 3)
        numpy = r.ratios.get("derivo, numpy", (math.nan,) * 3)[1]
        peer = f"{name}: {middle:.2f} ({low:.2f} to {high:.2f})" if name else "none"
        print(f"| {r.work.name} | {r.best:.1f} | {peer} | {r.ratios[LIMIT][1]:.2f} | "
              f"{numpy:.2f} | {r.spread:.0e} |")  # fmt: skip
    against = [r.fastest[1] for r in results if r.fastest[0]]
    if against:
        mean = math.exp(-sum(map(math.log, against)) / len(against))
        print(f"\nauto by the fastest peer, geometric mean: {mean:.2f}")


@contextmanager
def busy(programs: int) -> Iterator[None]:
    """Have other programs take so many cores."""
    started = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(programs)
    ]
    try:
        yield
    finally:
        for program in started:
            program.kill()
            program.wait()


def main() -> None:
    """Time all workloads, or those that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", type=int, nargs="*", default=[], help="from 1")
    parser.add_argument("--without", nargs="*", default=[], choices=NAMES)
    parser.add_argument("--busy", type=int, default=0, help="other programs beside it")
    parser.add_argument("--cpu", action="store_true", help="processor time")
    given = parser.parse_args()
    clock = time.process_time if given.cpu else time.perf_counter
    what = "processor time" if given.cpu else "by the clock on the wall"
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {what}, "
          f"{given.busy} busy programs beside it")  # fmt: skip
    chosen = given.only or range(1, len(WORKLOADS) + 1)
    with busy(given.busy):
        table([
            measure(WORKLOADS[k - 1](), given.rounds, clock, set(given.without))
            for k in chosen
        ])  # fmt: skip


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
