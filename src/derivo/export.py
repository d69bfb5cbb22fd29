"""Export of a trained model as C99: a folder that needs nothing but a compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from derivo.emit.portable.files import Exported, is_one_number, model_files
from derivo.emit.portable.trial import Trial, trial_files
from derivo.errors import UsageError
from derivo.exported import write_folder
from derivo.run.arguments import in_floating_type
from derivo.run.batches import Batches
from derivo.train.draw import generator
from derivo.train.engines import c_computation
from derivo.train.loop import State
from derivo.train.model import Model
from derivo.train.prediction import computation_of, prediction
from derivo.train.step import StepDerivation, derive_forward

STEPS_TRIED = 3


def export_network(  # noqa: PLR0913  what there is to choose
    folder: str | Path, model: Model, step: StepDerivation, values: Sequence[Any], *,
    rows: int, train: bool, title: str, learning_rate: float, steps: int,
) -> Path:  # fmt: skip
    """Write a network into a folder: see `derivo.Network.export`."""
    names = [n.attrs["name"] for n in step.graph.kept]
    named = dict(zip(names, values, strict=True))
    if not train:
        named = {name: named[name] for name in model.names}
    exported = Exported(
        title=title, single=model.dtype == np.float32, rows=_count(rows), values=named,
        predict=prediction(model.forward, model.specs)[0], steps=steps,
        train=c_computation(step) if train else None,
    )  # fmt: skip
    trial = _trial(model, step, values, exported, learning_rate)
    return write_folder(folder, {**model_files(exported), **trial_files(trial)})


def _trial(
    model: Model, step: StepDerivation, values: Sequence[Any], exported: Exported,
    learning_rate: float,
) -> Trial:  # fmt: skip
    """Compute in NumPy what the exported model is to give."""
    rng = generator(0, "parameters", 10_000)
    x = rng.normal(size=(exported.rows + 3, model.features)).astype(model.dtype)
    predict = model.module.predict
    y = predict(x, *model.weights(tuple(values)))
    if exported.train is None:
        return Trial(exported.single, x, y)
    shares = rng.uniform(0.2, 0.8, size=(exported.rows, model.units))
    if model.units > 1:
        shares /= shares.sum(axis=1, keepdims=True)
    data = {"x": x[: exported.rows], "t": shares.astype(model.dtype)}
    given = {name: data[name] for name in step.data}
    losses, new = _steps(step, given, values, learning_rate, exported.steps)
    after = predict(x, *model.weights(tuple(new)))
    return Trial(
        exported.single, x, y, after, given, exported.rows, losses, learning_rate
    )


def _steps(
    step: StepDerivation, data: Mapping[str, Any], values: Sequence[Any],
    learning_rate: float, made: int,
) -> tuple[list[float], list[Any]]:  # fmt: skip
    """Make steps in NumPy: the losses, and what is kept after them."""
    losses, new = [], list(values)
    for number in range(made + 1, made + 1 + STEPS_TRIED):
        loss, *new = step.function(*data.values(), *new, learning_rate, number)
        losses.append(float(loss))
    return losses, new


def export_step(
    folder: str | Path, step: StepDerivation, state: State, data: Batches,
    sizes: Mapping[str, int], learning_rate: float,
) -> Path:  # fmt: skip
    """Write a training step into a folder: see `TrainingStep.export`."""
    names = [n.attrs["name"] for n in step.graph.kept]
    computation = c_computation(step)
    arrays = {
        name: in_floating_type(name, np.asarray(a), data.dtype)
        for name, a in zip(step.data, data.arrays, strict=True)
    }
    exported = Exported(
        title=f"Training of {step.loss.name}.", single=data.dtype == np.float32,
        rows=data.rows, values=dict(zip(names, state.values, strict=True)),
        train=computation, steps=state.steps,
        sizes={k: n for k, n in sizes.items() if k and k != step.rows},
    )  # fmt: skip
    given = dict(zip(step.data, data.arrays, strict=True))
    losses, _ = _steps(step, given, state.values, learning_rate, state.steps)
    numbers = frozenset(n.attrs["name"] for n in step.graph.data if is_one_number(n))
    trial = Trial(
        exported.single, data=arrays, rows=data.rows, losses=losses,
        learning_rate=learning_rate, numbers=numbers,
    )  # fmt: skip
    return write_folder(folder, {**model_files(exported), **trial_files(trial)})


def export_function(
    folder: str | Path, function: Callable[..., Any], x: Any,
    parameters: Mapping[str, Any], *, rows: int, title: str,
) -> Path:  # fmt: skip
    """Write a function of rows into a folder, as a network without its training.

    Parameters
    ----------
    folder
        Is made if it is not there.
    function
        ``function(x, **parameters) -> y``: a row of y for each row of x.
    x
        Rows to try it on, in the floating type of the model.
    parameters
        Arrays by name.
    rows
        Rows that are computed at a time.
    title
        What it is, in a sentence.
    """
    columns = {"x": f"N {x.shape[1]}"}
    shapes = {k: " ".join(map(str, np.shape(a))) for k, a in parameters.items()}
    written = derive_forward(function, columns | shapes, title)
    exported = Exported(
        title=title, single=x.dtype == np.float32, rows=_count(rows),
        values=parameters, predict=computation_of(written)[0],
    )  # fmt: skip
    trial = Trial(exported.single, x, function(x, **parameters))
    return write_folder(folder, {**model_files(exported), **trial_files(trial)})


def _count(rows: Any) -> int:
    whole = isinstance(rows, int | np.integer) and not isinstance(rows, bool)
    if not whole or rows < 1:
        message = (
            f"rows={rows!r} must be an integer of at least 1: the exported model has "
            "memory for so many rows at a time"
        )
        raise UsageError(message)
    return int(rows)
