"""Steps one by one, on batches that come from outside: by NumPy, or compiled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from derivo.errors import NotSupportedError
from derivo.run.batches import Batches
from derivo.run.c_engine import CEngine
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


class OneByOne:
    """Makes steps from a `State`, which is behind while compiled steps are made.

    With "auto" a step is compiled once so many have been made that it would have been
    worth it. That depends on their number alone, which is in the state: a run that is
    taken up again changes to C at the same step as one that was never stopped.
    """

    def __init__(self) -> None:
        self._engine: CEngine | None = None
        self._for: Batch | None = None  # what the engine was made for
        self._is_ahead = False
        self._worth: tuple[Batch, float] | None = None

    def fetch(self, state: State) -> None:
        """Bring a state up to date."""
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
            The engine: "numpy", "c" or "auto".

        Returns
        -------
        tuple
            The loss before the step, and whether it is finite.

        Raises
        ------
        NotSupportedError
            engine="c", and the step has no form in C; the message says what.
        """
        engine = self._compiled(wish, batch, state)
        if engine is None:
            return self._by_numpy(batch, state, learning_rate)
        if not self._is_ahead:
            engine.hold(state.values)
        batches, whole = c_data(batch.step, batch.data)
        loss, is_fine = engine.make_step(batches, whole, learning_rate, state.steps + 1)
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

    def _compiled(self, wish: str, batch: Batch, state: State) -> CEngine | None:
        """Give the compiled step for a batch; None where NumPy is to make it."""
        if wish == "numpy":
            return None
        if wish == "c":
            return self._engine_for(batch, state)
        if state.steps < self._steps_worth_compiling(batch):
            return None
        try:
            return self._engine_for(batch, state)
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

    def _engine_for(self, batch: Batch, state: State) -> CEngine:
        """Give the engine at hand if it fits, or another."""
        known = self._for
        if (
            known is None
            or known.step is not batch.step
            or known.others != batch.others
            or known.data.axes != batch.data.axes
            or known.data.rows < batch.data.rows
        ):
            self.fetch(state)
            self._engine = c_engine(batch.step, batch.data, batch.sizes, 0.0)
            self._for = batch
        assert self._engine is not None  # noqa: S101
        return self._engine
