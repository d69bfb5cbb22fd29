"""The training loop: epochs of steps, until done or until the loss is not a number."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from derivo.errors import DivergenceError
from derivo.run.engine import Engine
from derivo.train.draw import Orders
from derivo.train.history import History
from derivo.train.progress import Progress

if TYPE_CHECKING:
    from derivo.verify.nonfinite import Nonfinite


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
    sizes
        What the named sizes are, but for the number of rows in a batch.
    cause
        Tells where the first NaN or infinity of a step comes from, of its parameters
        and states and its rows.
    """

    rows: int
    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    shuffle: bool
    verbose: int
    scores: Callable[[tuple[Any, ...]], Mapping[str, float]]
    sizes: Mapping[str, int] = field(default_factory=dict)
    cause: Callable[[tuple[Any, ...], Any], Nonfinite | None] = lambda _values, _rows: (
        None
    )

    def batch_sizes(self, rows: str) -> dict[str, int]:
        """Give all named sizes in a step on a whole batch; `rows` names its length."""
        return {**self.sizes, rows: min(self.batch_size, self.rows)}


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
    orders = Orders(plan.rows, plan.seed, shuffle=plan.shuffle)
    with Progress(plan.epochs, steps, plan.verbose) as progress:
        for _ in range(plan.epochs):
            number, began = state.epochs + 1, time.perf_counter()
            order = orders.of_epoch(number)
            result = engine.epoch(state.values, order, state.steps + 1, progress.step)
            if result.bad_step is not None:
                # Parameters that fail at once were spoilt by the epoch before.
                state.values = state.values if result.bad_step else good
                at = result.bad_step * plan.batch_size
                cause = plan.cause(result.values, order[at : at + plan.batch_size])
                where = f"epoch {number}, step {result.bad_step + 1} of {steps}"
                raise diverged(where, result.loss, plan.learning_rate, cause)
            good, state.values = state.values, result.values
            state.epochs, state.steps = number, state.steps + steps
            scores = plan.scores(state.values)
            seconds = round(time.perf_counter() - began, 4)
            history.add(epoch=number, loss=result.loss, **scores, seconds=seconds)
            progress.epoch(history[-1])


def diverged(
    where: str, loss: float, learning_rate: float, cause: Nonfinite | None
) -> DivergenceError:
    """Make the error for a loss that is not a number.

    Parameters
    ----------
    where
        The step.
    cause
        What made the first NaN or infinity; None if that is not known.
    """
    what = "is NaN" if np.isnan(loss) else "is infinite"
    found = "" if cause is None else "".join(f"\n  {s}" for s in str(cause).split("\n"))
    instead = (
        f"lower the learning rate, which is {learning_rate:g} (try "
        f"learning_rate={learning_rate / 10:g}), and scale the data to about 1"
    )
    if cause is not None and cause.operation == "argument":
        instead = f"leave out what is not finite, or fill it in: look at {cause.name}"
    message = (
        f"the loss {what} in {where}. The parameters are kept as they were before it "
        f"went wrong.{found}\n  Instead: {instead}"
    )
    return DivergenceError(message)
