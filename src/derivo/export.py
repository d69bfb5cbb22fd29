"""Export of a trained model as C99: a folder that needs nothing but a compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from derivo.compiled import computation_of as computation_of_passes
from derivo.emit.assemble import program
from derivo.emit.portable.files import (
    Exported,
    ExportedFunction,
    argument_name,
    is_one_number,
    model_files,
    plain_name,
)
from derivo.emit.portable.trial import Call, Trial, trial_files
from derivo.emit.program import Program
from derivo.errors import UsageError
from derivo.graph.dim import evaluate
from derivo.graph.names import Names
from derivo.graph.nest import leaves, nested
from derivo.graph.node import Node
from derivo.passes import Passes
from derivo.run.arguments import floating_type
from derivo.run.batches import Batches
from derivo.train.draw import generator
from derivo.train.engines import c_computation, in_floating_type
from derivo.train.loop import State
from derivo.train.model import Model
from derivo.train.prediction import computation_of, prediction
from derivo.train.step import StepDerivation, derive_forward

STEPS_TRIED = 3
_FAILS = "Gives 0; 1 if an index lies beyond its axis."


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
    return _write(folder, {**model_files(exported), **trial_files(trial)})


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
    return _write(folder, {**model_files(exported), **trial_files(trial)})


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
    return _write(folder, {**model_files(exported), **trial_files(trial)})


def export_passes(folder: str | Path, passes: Passes, given: Mapping[str, Any]) -> Path:
    """Write both passes of a derivation into a folder: see `Derivation.export`."""
    values, sizes = passes.bind((), given)
    if 0 in sizes.values():
        message = "an array without elements cannot be exported: give a larger example"
        raise UsageError(message)
    own = passes.holding(sizes, values).written_out
    written = program(own.traced, own.structure, own.forward, own.backward)
    dtype = floating_type(values)
    # What a float32 cannot hold is refused, as for compiled steps.
    arrays = {n: in_floating_type(n, np.asarray(a), dtype) for n, a in values.items()}
    arguments = {plain_name(n): a for n, a in arrays.items()}
    names = Names({*arguments, *map(argument_name, written.seeds)})
    results = tuple(names.fresh(_result(n, written)) for n in written.outputs)
    gradients = tuple(names.fresh(f"d_{plain_name(n)}") for n in written.gradients)
    seeds = _seeds(written, sizes, dtype)
    found = _both(own, values, seeds, written)
    title = f"{own.name}, and its gradients"
    functions = [
        ExportedFunction(
            "model_value", f"Compute {own.name}. {_FAILS}",
            computation_of_passes(written, with_gradients=False), results,
        ),
        ExportedFunction(
            "model_gradients", f"Compute {title}. {_FAILS}",
            computation_of_passes(written, with_gradients=True), (*results, *gradients),
        ),
    ]  # fmt: skip
    outputs = dict(zip((*results, *gradients), found, strict=True))
    back = {argument_name(n): a for n, a in zip(written.seeds, seeds, strict=True)}
    calls = [
        Call("model_value", arguments, {n: outputs[n] for n in results}),
        Call("model_gradients", {**arguments, **back}, outputs),
    ]
    exported = Exported(
        title=f"{title}.", single=dtype == np.float32, rows=0, values={},
        sizes={k: n for k, n in sizes.items() if k}, functions=tuple(functions),
    )  # fmt: skip
    every = (*written.inputs, *written.seeds)
    numbers = frozenset(argument_name(n) for n in every if is_one_number(n))
    trial = Trial(exported.single, calls=calls, numbers=numbers)
    return _write(folder, {**model_files(exported), **trial_files(trial)})


def _result(node: Node, written: Program) -> str:
    """Name a result: as the user did."""
    name = written.names.get(node, "result")
    taken = {n.attrs["name"] for n in written.inputs}
    return f"{name}_result" if name in taken else name


def _seeds(written: Program, sizes: Mapping[str, int], dtype: Any) -> list[Any]:
    """Draw adjoints of the results, to try the gradients with."""
    rng = generator(0, "parameters", 10_000)
    shapes = [tuple(evaluate(d, sizes) for d in n.spec.shape) for n in written.seeds]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def _both(
    passes: Passes, values: Mapping[str, Any], seeds: Sequence[Any], written: Program
) -> list[Any]:
    """Compute in NumPy what both passes are to give: results and gradients."""
    given: list[Any] = []
    if written.seeds:
        every: list[Any] = [
            np.zeros(np.shape(r)) for r in leaves(passes.run_function(values))
        ]
        for k, seed in zip(written.seeded, seeds, strict=True):
            every[k] = seed
        given = [every[0] if len(every) == 1 else tuple(every)]
    nests = nested(passes.traced, values)
    result, gradients = passes.value_and_gradients(*given, **nests)
    by_path = passes.by_path(gradients)
    return [*leaves(result), *(by_path[n] for n in written.gradients)]


def _count(rows: Any) -> int:
    whole = isinstance(rows, int | np.integer) and not isinstance(rows, bool)
    if not whole or rows < 1:
        message = (
            f"rows={rows!r} must be an integer of at least 1: the exported model has "
            "memory for so many rows at a time"
        )
        raise UsageError(message)
    return int(rows)


def _write(folder: str | Path, files: Mapping[str, str]) -> Path:
    """Write files into a folder, which is made if it is not there.

    Raises
    ------
    UsageError
        A file of that name, or a folder that cannot be written to.
    """
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{place} cannot be written to: {error.strerror}"
        raise UsageError(message) from None
    return place
