"""Time that derivo takes to derive networks, to source.

Run with ``python benchmarks/derive_time.py``; a perceptron of three layers is derived
in between, as the unit of time ("mlp") that belongs to the machine as it is just then.
Where JAX is installed, a last column shows what it takes to trace, differentiate and
compile the same function.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import networks
import numpy as np

import derivo
from derivo.layers import Dense
from derivo.verify import same

# What, with how many blocks, and the time to reach (in mlp). Loops are written out but
# where the row says otherwise: that is what the simplifier has to bear.
ROWS: list[tuple[str, Callable[..., networks.Program], int, float | None]] = [
    ("pre-norm blocks", networks.pre_norm, 12, None),
    ("pre-norm blocks", networks.pre_norm, 24, 20),
    ("pre-norm blocks with gain", networks.pre_norm_with_gain, 12, None),
    ("pre-norm blocks with gain", networks.pre_norm_with_gain, 24, 30),
    ("post-norm blocks", networks.post_norm, 12, None),
    ("post-norm blocks", networks.post_norm, 24, None),
    ("transformer blocks", networks.transformer, 12, 80),
    ("transformer blocks", networks.transformer, 24, None),
    ("transformer blocks, functions kept", networks.transformer_by_helpers, 12, 20),
    ("transformer blocks, functions kept", networks.transformer_by_helpers, 24, None),
    ("pre-norm blocks, loop kept", networks.pre_norm, 24, None),
    ("LSTM cells, loop kept", networks.lstm, 16, None),
    ("LSTM cells, unrolled", networks.lstm, 16, 25),
    ("LSTM cells, unrolled", networks.lstm, 32, None),
    ("element-wise operations", networks.chain, 1000, 70),
]
# Sizes for JAX, which wants numbers.
SIZES = {"N": 32, "M": 64, "K": 128, "T": 64, "D": 64, "F": 256, "L": 64, "H": 64,
         "C": 10}  # fmt: skip


def seconds(run: Callable[[], Any]) -> float:
    """Give the processor time of one run."""
    start = time.process_time()
    run()
    return time.process_time() - start


def derive(program: networks.Program, *, kept: bool = False) -> str:
    """Derive a network and write its source; with `kept`, functions and loops stay."""
    function, shapes = program
    inline = () if kept else "*"
    return derivo.derive(function, shapes=shapes, inline=inline).source


def compiled_by_jax(program: networks.Program) -> Any:
    """Let JAX trace, differentiate and compile the same function."""
    import jax  # noqa: PLC0415

    function, shapes = program
    arrays = [
        np.zeros([SIZES.get(d) or int(d) for d in s.split()], np.float32)
        for s in shapes.values()
    ]
    gradients = jax.grad(lambda *a: function(*a).sum(), argnums=range(len(arrays)))
    return jax.jit(gradients).lower(*arrays).compile()


def comparison() -> None:
    """Time what the comparison with the user's own function adds to `derive`."""

    def layer(x: Any, w: Any, b: Any) -> Any:
        return 1 / (1 + np.exp(-(x @ w + b)))

    programs = {
        "the layer": (layer, {"x": "N L", "w": "L M", "b": "M"}),
        "the perceptron": networks.perceptron(),
    }
    print()
    for name, (function, shapes) in programs.items():
        spent = [0.0]

        def timed(*given: Any) -> Any:
            steps: list[Any] = []
            spent[-1] = seconds(lambda: steps.append(same.compare(*given)))  # noqa: B023
            return steps[0]

        def run(compare: Any) -> None:
            spent.append(0.0)  # noqa: B023
            derivo.Derivation.of(function, shapes, compare=compare)  # noqa: B023

        without = min(seconds(lambda: run(None)) for _ in range(20))
        for _ in range(20):
            run(timed)
        more = min(s for s in spent if s)
        print(
            f"derive of {name}: {1e3 * without:.1f} ms, and {1e3 * more:.1f} ms to "
            "compare with the function itself"
        )


def networks_of_layers() -> None:
    """Time networks that are built from layers: the step, and its text."""

    def layers() -> derivo.Network:
        return derivo.Network(Dense(64, "tanh"), Dense(32, "tanh"), Dense(10))

    build = min(seconds(lambda: layers().build(100).source) for _ in range(5))
    print(f"\nNetwork.build of three layers, to source: {1e3 * build:.1f} ms")


def measure(rounds: int, *, jax: bool) -> None:
    """Print the table."""
    unit = networks.perceptron()
    derive(unit)
    mlp = [seconds(lambda: derive(unit)) for _ in range(10)]
    print(f"the perceptron ('mlp'): {1e3 * min(mlp):.1f} ms\n")
    head = f"{'':38}{'ms':>8}{'mlp':>8}{'to reach':>10}{'growth':>8}{'lines':>7}"
    print(head + (f"{'JAX ms':>9}" if jax else ""))
    before: dict[str, tuple[int, float]] = {}
    for name, make, blocks, aim in ROWS:
        times, units = [], []
        kept = name.endswith("kept")
        for _ in range(rounds):
            units.append(min(seconds(lambda: derive(unit)) for _ in range(3)))
            times.append(seconds(lambda: derive(make(blocks), kept=kept)))  # noqa: B023
        best = min(times)
        ratio = best / min(units)
        line = f"{f'{blocks} {name}':38}{1e3 * best:8.0f}{ratio:8.1f}"
        line += f"{aim:10}" if aim else " " * 10
        fewer, shorter = before.get(name, (0, 0.0))
        line += f"{best / shorter:8.2f}" if 2 * fewer == blocks else " " * 8
        line += f"{len(derive(make(blocks), kept=kept).splitlines()):7}"
        if jax:
            import jax.numpy as jnp  # noqa: PLC0415

            line += f"{1e3 * seconds(lambda: compiled_by_jax(make(blocks, jnp))):9.0f}"  # noqa: B023
        print(line, flush=True)
        before[name] = blocks, best
    comparison()
    networks_of_layers()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-jax", action="store_true", help="leave JAX out")
    arguments = parser.parse_args()
    there = importlib.util.find_spec("jax") is not None
    measure(arguments.rounds, jax=there and not arguments.no_jax)
