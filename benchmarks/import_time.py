"""Time of ``import derivo`` beside ``import numpy``: the aim is at most 1.5 times.

`import derivo` loads the rest when it is first asked for; the third line shows how long
that takes. Each in a fresh process, taking turns so that all see the same noise; the
best counts, for noise only ever adds.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

CODE = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
STATEMENTS = ("import numpy", "import derivo", "from derivo import derive")
ROUNDS = 25


def seconds(statement: str) -> float:
    """Import once in a fresh process; give the seconds it took."""
    command = [sys.executable, "-c", CODE.format(statement)]
    # Compiled modules are kept, as they are for everything that pip installs.
    environment = {
        k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"
    }
    result = subprocess.run(command, capture_output=True, check=True, env=environment)
    return float(result.stdout)


def main() -> None:
    """Measure, and print a line for each and the ratio."""
    seconds(STATEMENTS[-1])  # compiles
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for _ in range(ROUNDS):
        for statement, taken in times.items():
            taken.append(seconds(statement))
    for name, taken in times.items():
        best, middle = 1e3 * min(taken), 1e3 * statistics.median(taken)
        ratio = min(taken) / min(times["import numpy"])
        print(
            f"{name:26} best {best:6.1f} ms, median {middle:6.1f}, {ratio:5.2f} x numpy"
        )


if __name__ == "__main__":
    main()
