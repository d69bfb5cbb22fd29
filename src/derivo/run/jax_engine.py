"""The JAX engine: the text of a step under ``jax.numpy``, many steps a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import numpy as np

from derivo.run.batches import Batches
from derivo.run.engine import EpochResult
from derivo.run.hosts import Shares, others_may_be_lost, refuse_differences
from derivo.run.jax_load import import_jax, numpys_arithmetic

# A call makes steps for about so long: then progress is shown, and the user may
# interrupt.
SECONDS_A_CALL = 0.2
FIRST_STEPS = 8


class JaxEngine:
    """Runs steps that JAX has compiled.

    Parameters
    ----------
    step
        ``step(*data, *values, learning_rate, step_number) -> (loss, *values)``, from
        `derivo.run.jax_load.jax_module`.
    data
        What steps are made on.
    batch_size
        Rows per step; the last batch takes what is left.
    learning_rate
        A Python float, so that float32 stays float32.
    """

    name = "jax"

    def __init__(
        self,
        step: Callable[..., Any],
        data: Batches,
        batch_size: int,
        learning_rate: float,
    ) -> None:
        self.jax = import_jax()
        self.axes = data.axes
        self.batch_size = batch_size
        self.learning_rate = float(learning_rate)
        indices = any(a.dtype.kind in "iu" for a in data.arrays)
        self.shares = Shares()
        self.run = steps_of(step, data.axes, self.shares.count, indices=indices)
        with numpys_arithmetic():
            refuse_differences("data", data.arrays)
            self.data = tuple(self.shares.whole(a) for a in data.arrays)
        self.steps = FIRST_STEPS
        self._inside: tuple[Any, tuple[Any, ...]] = (None, ())

    def epoch(
        self,
        values: tuple[Any, ...],
        order: Any,
        first: int,
        tick: Callable[[int], None],
    ) -> EpochResult:
        """Make one step for each batch; see `derivo.run.engine.Engine`."""
        size = self.batch_size
        whole, steps = len(order) // size, -(-len(order) // size)
        with numpys_arithmetic(), others_may_be_lost():
            refuse_differences("order of the data, or another seed,", (order,))
            order = self.shares.whole(order)
            state = self._state(values)
            done = 0
            while done < steps:
                until = min(whole, done + self.steps) if done < whole else steps
                rows = size if done < whole else len(order) - whole * size
                began = time.perf_counter()
                state = self._call(state, order, size, rows, done, until, first)
                at, last = int(state[0]), float(state[3])
                if not np.isfinite(last):
                    return EpochResult(_as_numpy(state[1]), last, at)
                self._learn(until - done, time.perf_counter() - began)
                done = until
                tick(done)
        found = _as_numpy(state[1])
        self._inside = (found, state[1])
        return EpochResult(found, float(state[2]) / len(order))

    def _state(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Give what runs through the steps: see `steps_of`."""
        known, inside = self._inside
        self._inside = (None, ())  # until all is well: its memory is used again
        if values is not known:
            refuse_differences("initial parameters", values)
            inside = tuple(self.shares.whole(v) for v in values)
        return (0, inside, 0.0, 0.0)

    def _call(  # noqa: PLR0913, PLR0917  all that a run needs
        self, state: tuple[Any, ...], order: Any, size: int, rows: int, start: int,
        end: int, first: int,
    ) -> tuple[Any, ...]:  # fmt: skip
        error, state = self.run(
            state, self.data, order, start, end, first, self.learning_rate, size, rows
        )
        refuse_out_of_range(error)
        found: tuple[Any, ...] = state
        return found

    def _learn(self, steps: int, seconds: float) -> None:
        """Make more steps in a call if they took little time."""
        if steps >= self.steps:
            fitting = int(self.steps * SECONDS_A_CALL / max(seconds, 1e-6))
            self.steps = max(1, min(fitting, 8 * self.steps))


class JaxSteps:
    """Makes steps one by one, on data that comes from outside.

    Parameters
    ----------
    step
        As for `JaxEngine`.
    axes
        The axis of the examples of each array, or None.
    """

    def __init__(self, step: Callable[..., Any], axes: tuple[int | None, ...]) -> None:
        self.step = step
        self.axes = axes
        self.shares = Shares()
        self._run: Callable[..., Any] | None = None
        self._kept: tuple[Any, ...] = ()
        self._inside: tuple[Any, ...] | None = None

    def hold(self, values: tuple[Any, ...]) -> None:
        """Take parameters and states over, if they are others than those inside."""
        if values is not self._inside:
            with numpys_arithmetic(), others_may_be_lost():
                refuse_differences("initial parameters", values)
                self._kept = tuple(self.shares.whole(v) for v in values)
        self._inside = values

    def values(self) -> tuple[Any, ...]:
        """Give parameters and states as they are now."""
        self._inside = _as_numpy(self._kept)
        return self._inside

    def make_step(
        self, data: Sequence[Any], learning_rate: float, number: int
    ) -> tuple[float, bool]:
        """Make a step from what is held; ask for `values` afterwards.

        Returns
        -------
        tuple
            The loss before the step, and whether it was finite; nothing changes if not.

        Raises
        ------
        IndexError
            An index beyond its axis; nothing has changed.
        """
        if self._run is None:
            indices = any(a.dtype.kind in "iu" for a in data)
            run = partial(_step, self.shares, self.step, self.axes)
            self._run = checked(run, indices=indices)
        with numpys_arithmetic(), others_may_be_lost():
            refuse_differences("data", data)
            given = tuple(self.shares.whole(a) for a in data)
            error, (loss, fine, kept) = self._run(
                given, self._kept, learning_rate, number
            )
            refuse_out_of_range(error)
            is_fine = bool(fine)
        self._kept = kept
        return float(loss), is_fine


@lru_cache(maxsize=32)
def steps_of(
    step: Callable[..., Any],
    axes: tuple[int | None, ...],
    devices: int,
    *,
    indices: bool,
) -> Callable[..., Any]:
    """Give a compiled function that makes some steps of an epoch.

    Returns
    -------
    run
        ``run(state, data, order, start, end, first, learning_rate, size, rows)`` makes
        the steps `start` to `end` - 1, each on `rows` rows from ``step * size`` on; it
        stops at a loss that is not finite. It gives an error (None unless `indices`),
        and the state: number of the next step, values, sum of the losses times their
        rows, last loss.
    """
    del devices  # what is compiled for some is not what is for others
    run = partial(_run, Shares(), step, axes)
    return checked(run, indices=indices, static_argnums=(7, 8), donate_argnums=(0,))


def checked(
    function: Callable[..., Any], *, indices: bool, **options: Any
) -> Callable[..., Any]:
    """Compile a function of JAX.

    Parameters
    ----------
    indices
        Whether an index beyond its axis is an error. JAX reads the last entry for it,
        and leaves out what would be written there.
    **options
        Of ``jax.jit``.

    Returns
    -------
    run
        Gives an error, None unless `indices`, and the result.
    """
    jax = import_jax()
    if indices:
        checkify = import_module("jax.experimental.checkify")
        run = checkify.checkify(function, errors=checkify.index_checks)
    else:

        def run(*arguments: Any) -> tuple[None, Any]:
            return None, function(*arguments)

    compiled: Callable[..., Any] = jax.jit(run, **options)
    return compiled


def called_in_numpy(run: Callable[..., Any], *arguments: Any) -> Any:
    """Call what `checked` gave on arrays of NumPy, and give such.

    Raises
    ------
    IndexError
        An index beyond its axis.
    """
    with numpys_arithmetic():
        error, found = run(*arguments)
        refuse_out_of_range(error)
        return import_jax().tree.map(lambda a: np.array(a)[()], found)


def refuse_out_of_range(error: Any) -> None:
    """Raise what NumPy raises for an index beyond its axis.

    Raises
    ------
    IndexError
        There was one.
    """
    if error is not None and error.get():
        message = "an index is out of bounds for the axis that it picks from"
        raise IndexError(message)


def _run(  # noqa: PLR0913, PLR0917  all that a run needs
    shares: Shares, step: Callable[..., Any], axes: tuple[int | None, ...], state: Any,
    data: Any, order: Any, start: Any, end: Any, first: Any, learning_rate: Any,
    size: int, rows: int,
) -> Any:  # fmt: skip
    """Make steps; what is traced here is compiled."""
    jax, jnp = shares.jax, shares.jax.numpy

    def more(state: Any) -> Any:
        at, _, _, last = state
        return (at < end) & jnp.isfinite(last)

    def one(state: Any) -> Any:
        at, values, total, _ = state
        some = jax.lax.dynamic_slice(order, (at * size,), (rows,))
        taken = [
            a if axis is None else jnp.take(a, some, axis=axis)
            for a, axis in zip(data, axes, strict=True)
        ]
        loss, fine, kept = _step(
            shares, step, axes, taken, values, learning_rate, first + at
        )
        wide = loss.astype(total.dtype)
        total = jnp.where(fine, total + wide * rows, total)
        return jnp.where(fine, at + 1, at), kept, total, wide

    _, values, total, _ = state
    begun = (jnp.asarray(start), values, jnp.asarray(total), jnp.zeros(()))
    return jax.lax.while_loop(more, one, begun)


def _step(  # noqa: PLR0913, PLR0917  all that a step needs
    shares: Shares, step: Callable[..., Any], axes: tuple[int | None, ...], data: Any,
    values: Any, learning_rate: Any, number: Any,
) -> tuple[Any, Any, tuple[Any, ...]]:  # fmt: skip
    """Make a step: the loss, whether it is finite, and what is kept if it is."""
    jnp = shares.jax.numpy
    taken = [
        a if axis is None else shares.shared_out(a, axis)
        for a, axis in zip(data, axes, strict=True)
    ]
    loss, *new = step(*taken, *values, learning_rate, number)
    fine = jnp.isfinite(loss)
    kept = tuple(
        shares.kept_whole(jnp.where(fine, n, v))
        for n, v in zip(new, values, strict=True)
    )
    return loss, fine, kept


def _as_numpy(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give arrays of NumPy that may be written to."""
    return tuple(np.array(v) for v in values)
