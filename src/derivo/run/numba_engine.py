"""The Numba engine: loop text compiled once, an epoch per call.

SciPy's linear algebra library is what Numba's products call. It is loaded before its
threads are limited, or the limit would miss it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError, UsageError
from derivo.run.engine import EpochResult
from derivo.run.load import load_text

# Products of fewer multiplications run on one thread. Two threads gain up to 1.8 from a
# million on, while both cores are free; on a busy machine they wait for each other and
# lose a factor of 5 and more (measured). Results would also
# depend on the number of cores.
MULTIPLICATIONS_PER_THREAD = 16_000_000
_NEEDS = ("numba", "scipy")


def is_installed() -> bool:
    """Tell whether what the engine needs is there; imports nothing."""
    return all(importlib.util.find_spec(name) is not None for name in _NEEDS)


class NumbaEngine:
    """Runs the emitted ``epoch``.

    Parameters
    ----------
    source
        Text of `derivo.emit.loops.write_epoch`.
    x, t
        Inputs (N, features) and encoded targets (N, units), of the type it was written
        for.
    batch_size
        Rows per step.
    learning_rate
        For the update rule.
    largest_product
        Multiplications in the largest product of a step: decides on threads.

    Raises
    ------
    UsageError
        Numba is not installed.
    """

    name = "numba"

    def __init__(
        self, source: str, x: Any, t: Any, batch_size: int, learning_rate: float,
        largest_product: int = 0,
    ) -> None:  # fmt: skip
        if not is_installed():
            message = (
                "engine='numba' needs the extra `fast`: pip install 'derivo[fast]'"
            )
            raise UsageError(message)
        self.compiled = load_text(source, "epoch").epoch
        self.x, self.t = x, t
        self.batch_size = min(int(batch_size), len(x))
        self.learning_rate = float(learning_rate)
        self.threads = _thread_limit(largest_product)

    def epoch(
        self,
        values: tuple[Any, ...],
        order: Any,
        first: int,
        tick: Callable[[int], None],
    ) -> EpochResult:
        """Make one step for each batch; see `derivo.run.engine.Engine`."""
        new = tuple(np.array(v) for v in values)
        with self.threads(), np.errstate(all="ignore"):
            mean, bad, loss = self._call(
                new, np.ascontiguousarray(order, np.int64), first
            )
        if bad >= 0:
            return EpochResult(values, float(loss), int(bad))
        tick(-(-len(order) // self.batch_size))
        return EpochResult(new, float(mean))

    def _call(self, values: tuple[Any, ...], order: Any, first: int) -> Any:
        from numba.core.errors import NumbaError  # noqa: PLC0415

        try:
            return self.compiled(
                self.x,
                self.t,
                order,
                self.batch_size,
                *values,
                self.learning_rate,
                first,
            )
        except NumbaError as error:
            lines = [line for line in str(error).splitlines() if line.strip()]
            message = f"Numba cannot compile the step: {' '.join(lines[:2])}"
            raise NotSupportedError(message) from None


def _thread_limit(largest_product: int) -> Callable[[], AbstractContextManager[Any]]:
    if largest_product >= MULTIPLICATIONS_PER_THREAD:
        return nullcontext
    try:
        import scipy.linalg  # noqa: F401, PLC0415  loads the library that is limited
        import threadpoolctl  # noqa: PLC0415
    except ImportError:
        return nullcontext
    pools = threadpoolctl.ThreadpoolController()
    return lambda: pools.limit(limits=1, user_api="blas")
