"""Steps one by one, on batches that come from outside: by NumPy, or compiled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any, Protocol

import numpy as np

from derivo.errors import NotSupportedError
from derivo.run.batches import Batches
from derivo.run.c_engine import CEngine
from derivo.run.jax_engine import JaxSteps
from derivo.train.engines import (
    c_data,
    c_engine,
    reason_against,
    steps_worth_compiling,
)
from derivo.train.loop import State
from derivo.train.step import StepDerivation


@dataclass(frozen=True)
class Batch:
    """What a step is made on.

    Attributes
    ----------
    step
        The step that holds for the data.
    data
        The data, with its axes of examples.
    sizes
        What the named sizes are.
    """

    step: StepDerivation
    data: Batches
    sizes: Mapping[str, int]

    @property
    def others(self) -> dict[str, int]:
        """All sizes but the number of examples, which may differ from step to step."""
        return {k: n for k, n in self.sizes.items() if k and k != self.step.rows}


class _Compiled(Protocol):
    """What is compiled for batches like one, and holds parameters and states."""

    def fits(self, batch: Batch) -> bool:
        """Tell whether it is right for a batch, too."""

    def hold(self, values: tuple[Any, ...]) -> None:
        """Take parameters and states over."""

    def values(self) -> tuple[Any, ...]:
        """Give parameters and states as they are now."""

    def make_step(
        self, batch: Batch, learning_rate: float, number: int
    ) -> tuple[float, bool]:
        """Give the loss before the step, and whether it is finite."""


class _InC:
    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.engine: CEngine = c_engine(batch.step, batch.data, batch.sizes, 0.0)
        self.hold, self.values = self.engine.hold, self.engine.values

    def fits(self, batch: Batch) -> bool:
        own = self.batch
        return (
            own.step is batch.step
            and own.others == batch.others
            and own.data.axes == batch.data.axes
            and own.data.rows >= batch.data.rows
        )

    def make_step(
        self, batch: Batch, learning_rate: float, number: int
    ) -> tuple[float, bool]:
        batches, whole = c_data(batch.step, batch.data)
        return self.engine.make_step(batches, whole, learning_rate, number)


class _InJax:
    """JAX compiles for each set of sizes by itself."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.steps = JaxSteps(batch.step.jax_function, batch.data.axes)
        self.hold, self.values = self.steps.hold, self.steps.values

    def fits(self, batch: Batch) -> bool:
        own = self.batch
        return own.step is batch.step and own.data.axes == batch.data.axes

    def make_step(
        self, batch: Batch, learning_rate: float, number: int
    ) -> tuple[float, bool]:
        return self.steps.make_step(batch.data.arrays, learning_rate, number)


_KINDS: dict[str, type[_InC | _InJax]] = {"c": _InC, "jax": _InJax}


class OneByOne:
    """Makes steps from a `State`, which is behind while compiled steps are made.

    With "auto" a step is compiled once so many have been made that it would have been
    worth it. That depends on their number alone, which is in the state: a run that is
    taken up again changes to C at the same step as one that was never stopped.
    """

    def __init__(self) -> None:
        self._engine: _Compiled | None = None
        self._is_ahead = False
        self._worth: tuple[Batch, float] | None = None
        self._one_at_a_time = RLock()  # of the threads of the user's program

    def __reduce__(self) -> Any:
        """Store nothing: a copy makes its steps on an engine of its own."""
        return type(self), ()

    def fetch(self, state: State) -> None:
        """Bring a state up to date."""
        with self._one_at_a_time:
            if self._is_ahead:
                assert self._engine is not None  # noqa: S101
                state.values = self._engine.values()
                self._is_ahead = False

    def make_step(
        self, wish: str, batch: Batch, state: State, learning_rate: float
    ) -> tuple[float, bool]:
        """Make a step; the state moves on if the loss is finite.

        Parameters
        ----------
        wish
            The engine: "numpy", "c", "jax" or "auto".

        Returns
        -------
        tuple
            The loss before the step, and whether it is finite.

        Raises
        ------
        NotSupportedError
            engine="c" or "jax", and the step has no form there, or the engine is not
            installed; the message says what.
        """
        with self._one_at_a_time:
            return self._made(wish, batch, state, learning_rate)

    def _made(
        self, wish: str, batch: Batch, state: State, learning_rate: float
    ) -> tuple[float, bool]:
        engine = self._compiled(wish, batch, state)
        if engine is None:
            return self._by_numpy(batch, state, learning_rate)
        if not self._is_ahead:
            engine.hold(state.values)
        loss, is_fine = engine.make_step(batch, learning_rate, state.steps + 1)
        self._is_ahead = True
        state.steps += is_fine
        return loss, is_fine

    def _by_numpy(
        self, batch: Batch, state: State, learning_rate: float
    ) -> tuple[float, bool]:
        self.fetch(state)
        with np.errstate(all="ignore"):
            loss, *new = batch.step.function(
                *batch.data.arrays, *state.values, learning_rate, state.steps + 1
            )
        is_fine = math.isfinite(loss)
        if is_fine:
            state.values, state.steps = tuple(new), state.steps + 1
        return float(loss), is_fine

    # --- which engine -----------------------------------------------------------------

    def _compiled(self, wish: str, batch: Batch, state: State) -> _Compiled | None:
        """Give the compiled step for a batch; None where NumPy is to make it."""
        if wish == "numpy":
            return None
        if wish in _KINDS:
            return self._engine_for(_KINDS[wish], batch, state)
        if state.steps < self._steps_worth_compiling(batch):
            return None
        try:
            return self._engine_for(_InC, batch, state)
        except NotSupportedError:
            self._worth = (batch, math.inf)
            return None

    def _steps_worth_compiling(self, batch: Batch) -> float:
        if self._worth is None or self._worth[0].step is not batch.step:
            graph = batch.step.graph
            steps = steps_worth_compiling(graph, batch.sizes)
            if math.isfinite(steps):
                reason = reason_against(graph, batch.sizes, math.ceil(steps))
                steps = math.inf if reason else steps
            self._worth = (batch, steps)
        return self._worth[1]

    def _engine_for(
        self, kind: type[_InC | _InJax], batch: Batch, state: State
    ) -> _Compiled:
        """Give the engine at hand if it fits, or another."""
        known = self._engine
        if known is None or not (isinstance(known, kind) and known.fits(batch)):
            self.fetch(state)
            self._engine = known = kind(batch)
        return known
