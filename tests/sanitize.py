"""Compiled text under the sanitizers of the compiler: memory, undefined behaviour.

``python -m tests.sanitize`` runs a sample of the catalogue, ``--all`` all of it, on one
and on three threads: functions with their gradients, loops over time, and training
steps by every rule. What a sanitizer finds ends the run with its report.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

import derivo
import derivo.compiled
from derivo.run import c_engine, c_function, compiler
from derivo.train import engines
from tests.catalogue import CASES
from tests.scan.programs import PROGRAMS
from tests.test_compiled import derived
from tests.train.c_steps import Fixed

FLAGS = (
    "-O0", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
)  # fmt: skip
# One of so many is run where not all are.
SAMPLE = 5
THREADS = (1, 3)
RULES = ("sgd", "momentum", "nesterov", "adam")
INSIDE = "DERIVO_SANITIZED"
# Reads one number behind an array that has no room for it: a sanitizer that is at work
# does not let it pass.
PLANTED = """
#include <stdlib.h>
int read_behind(int n) {
    int *given = malloc(sizeof(int) * (size_t)n);
    for (int k = 0; k < n; ++k) given[k] = k;
    const int found = given[n];
    free(given);
    return found;
}
"""


def main() -> int:
    """Run everything, or say loudly why nothing is run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="all cases, not a sample")
    parser.add_argument("--planted", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if INSIDE in os.environ:
        return planted() if given.planted else run(1 if given.all else SAMPLE)
    library = sanitizer()
    if not library:
        print("sanitizers: NOT tested, no C compiler with libasan is installed")
        return 0
    found = started(library, "--planted")
    if found.returncode == 0 or "heap-buffer-overflow" not in found.stderr:
        print("sanitizers: what was planted is not found", found.stderr, sep="\n")
        return 1
    return started(library, *sys.argv[1:], is_shown=True).returncode


def sanitizer() -> str:
    """Give the library that Python must load first; "" if there is none."""
    found = compiler.find_compiler()
    if found is None:
        return ""
    asked = [*found.command, "-print-file-name=libasan.so"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    path = said.stdout.strip()
    return path if os.path.isabs(path) and os.path.exists(path) else ""  # noqa: PTH110, PTH117


def started(
    library: str, *given: str, is_shown: bool = False
) -> subprocess.CompletedProcess[str]:
    """Start this program again, in an interpreter that the sanitizer watches."""
    with tempfile.TemporaryDirectory() as cache:
        watched = {
            "LD_PRELOAD": library, "DERIVO_CACHE": cache, INSIDE: "1",
            # What Python itself leaves behind is not ours.
            "ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1",
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, "-m", "tests.sanitize", *given],
            env={**os.environ, **watched}, capture_output=not is_shown, text=True,
            check=False,
        )  # fmt: skip


def planted() -> int:
    """Do what must not pass."""
    compiler.compiled(PLANTED, extra=FLAGS).read_behind(3)
    return 0


def run(every: int) -> int:
    """Run one of so many cases, on each number of threads."""
    warnings.simplefilter("ignore")
    watched = partial(compiler.compiled, extra=FLAGS)
    replace(derivo.compiled, compiled=watched)
    replace(engines, compiled=watched)
    replace(c_function, Pace=Fixed)
    replace(c_engine, Pace=Fixed)
    began, names = time.monotonic(), []
    for name, case in list(cases())[::every]:
        for threads in THREADS:
            for module in (c_function, c_engine):
                replace(module, available_cores=partial(int, threads))
            case()
        names.append(name)
    seconds = time.monotonic() - began
    print(f"sanitizers: {len(names)} programs, nothing found, {seconds:.0f} s")
    return 0


def replace(module: ModuleType, **new: Any) -> None:
    """Give names of a module other values, in this process alone."""
    for name, value in new.items():
        setattr(module, name, value)


def cases() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give everything that can be run, by name."""
    yield "every operation", every_operation
    for rule in RULES:
        yield rule, partial(training, rule)
    for name, case in [*sorted(CASES.items()), *sorted(PROGRAMS.items())]:
        yield name, partial(function, case)


def every_operation() -> None:
    """Compute every operation and its gradient."""
    d, operands = derived()
    d.compile().value_and_gradients(operands)


def function(case: Any) -> None:
    """Compute a function of the catalogue and its gradients."""
    d = derivo.derive(case.function, verify=False, **case.specs)
    compiled, arrays = d.compile(), case.arrays()
    compiled(**arrays)
    compiled.value_and_gradients(**arrays)


def training(rule: str) -> None:
    """Make steps on batches of odd sizes, the last one smaller, in both types."""
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        net = derivo.Network(
            derivo.layers.Dense(17, "tanh"), derivo.layers.Dense(3), dtype=dtype
        )
        x, t = rng.normal(size=(37, 21)).astype(dtype), rng.integers(3, size=37)
        net.fit(x, t, epochs=2, batch_size=8, engine="c", optimizer=rule, verbose=0)
        net.predict(x[:5], engine="c")


if __name__ == "__main__":
    sys.exit(main())
