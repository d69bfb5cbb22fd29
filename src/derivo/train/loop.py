"""The training loop: epochs of steps, until done or until the loss is not a number."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.errors import DivergenceError
from derivo.run.engine import Engine
from derivo.train.draw import epoch_order
from derivo.train.history import History
from derivo.train.progress import Progress


@dataclass
class State:
    """Where training stands: enough to go on as if it had never stopped.

    Attributes
    ----------
    values
        Parameters, then states of the update rule, in the order of the step.
    epochs, steps
        How many are done.
    """

    values: tuple[Any, ...]
    epochs: int = 0
    steps: int = 0


@dataclass(frozen=True)
class Plan:
    """What a run of training is to do.

    Attributes
    ----------
    rows
        Number of training rows.
    scores
        Gives the validation columns of a history row from the parameters and states.
    """

    rows: int
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    shuffle: bool
    verbose: int
    scores: Callable[[tuple[Any, ...]], Mapping[str, float]]


def run_epochs(engine: Engine, state: State, plan: Plan, history: History) -> None:
    """Train for ``plan.epochs`` epochs; `state` and `history` move on with each.

    Raises
    ------
    DivergenceError
        The loss is NaN or infinite. `state` holds the parameters with which an epoch
        began well.
    """
    steps = -(-plan.rows // plan.batch_size)
    good = state.values
    with Progress(plan.epochs, steps, plan.verbose) as progress:
        for _ in range(plan.epochs):
            number, began = state.epochs + 1, time.perf_counter()
            order = epoch_order(plan.rows, plan.seed, number, shuffle=plan.shuffle)
            result = engine.epoch(state.values, order, state.steps + 1, progress.step)
            if result.bad_step is not None:
                # Parameters that fail at once were spoilt by the epoch before.
                state.values = state.values if result.bad_step else good
                raise _diverged(number, result.bad_step, steps, result.loss, plan)
            good, state.values = state.values, result.values
            state.epochs, state.steps = number, state.steps + steps
            scores = plan.scores(state.values)
            seconds = round(time.perf_counter() - began, 4)
            history.add(epoch=number, loss=result.loss, **scores, seconds=seconds)
            progress.epoch(history[-1])


def _diverged(
    epoch: int, step: int, steps: int, loss: float, plan: Plan
) -> DivergenceError:
    what = "is NaN" if np.isnan(loss) else "is infinite"
    message = (
        f"the loss {what} in epoch {epoch}, step {step + 1} of {steps}. The parameters "
        "are "
        "kept as they were at the start of an epoch that began well.\n"
        f"  Instead: lower the learning rate, which is {plan.learning_rate:g} (try "
        f"learning_rate={plan.learning_rate / 10:g}), and scale the columns of x to "
        "about 1"
    )
    return DivergenceError(message)
