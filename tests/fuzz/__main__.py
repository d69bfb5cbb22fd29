"""The long fuzz: ``python -m tests.fuzz --count 20000 --seed 1 [--raw]``."""

from __future__ import annotations

import argparse
import collections
import sys
import time

from tests.fuzz.run import failure, programs


def main() -> int:
    """Run, print every failure, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--raw", action="store_true", help="simplify=False")
    parser.add_argument("--stop-after", type=int, default=20)
    parser.add_argument("--allow-unsupported", action="store_true")
    options = parser.parse_args()
    start, failures = time.perf_counter(), 0
    sizes: collections.Counter[int] = collections.Counter()
    number = 0
    for number, program in programs(options.count, options.seed):
        if number < options.start:
            continue
        sizes[program.operations // 10 * 10] += 1
        found = failure(number, program, simplify=not options.raw)
        if found is not None:
            if options.allow_unsupported and "NotSupportedError" in found.message:
                continue
            failures += 1
            print(found, end="\n\n", flush=True)  # noqa: T201  a command prints
            if failures >= options.stop_after:
                break
    seconds = time.perf_counter() - start
    spread = ", ".join(f"{k}-{k + 9}: {n}" for k, n in sorted(sizes.items()))
    text = f"{number + 1} programs, {failures} failures, {seconds:.0f} s"
    print(f"{text}; operations: {spread}")  # noqa: T201  a command prints
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
