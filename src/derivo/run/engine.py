"""What an engine gives back for an epoch of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class EpochResult:
    """The outcome of all steps of an epoch.

    Attributes
    ----------
    values
        Parameters and states after the last good step.
    loss
        Mean of the loss over the rows, each batch with the parameters it met.
    bad_step
        Number of the first step, from 0, whose loss is NaN or infinite; the epoch stops
        there. None if all is well.
    """

    values: tuple[Any, ...]
    loss: float
    bad_step: int | None = None


class Engine(Protocol):
    """Runs the steps of an epoch on data that it was given at the start."""

    name: str

    def epoch(
        self,
        values: tuple[Any, ...],
        order: Any,
        first: int,
        tick: Callable[[int], None],
    ) -> EpochResult:
        """Make one step for each batch of `order`.

        Parameters
        ----------
        values
            Parameters and states; they are not written to.
        order : (N,), integer
            Rows in the order in which they are used.
        first
            Number of the first step, for the update rule; 1 at the very start.
        tick
            Is told how many steps are done.
        """
