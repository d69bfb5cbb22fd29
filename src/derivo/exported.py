"""Export of both passes of a derivation as C99, and the folder that it goes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from derivo.compiled import computation_of
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
from derivo.run.arguments import floating_type, in_floating_type

_FAILS = "Gives 0; 1 if an index lies beyond its axis."


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
            computation_of(written, with_gradients=False), results,
        ),
        ExportedFunction(
            "model_gradients", f"Compute {title}. {_FAILS}",
            computation_of(written, with_gradients=True), (*results, *gradients),
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
    return write_folder(folder, {**model_files(exported), **trial_files(trial)})


def _result(node: Node, written: Program) -> str:
    """Name a result: as the user did."""
    name = written.names.get(node, "result")
    taken = {n.attrs["name"] for n in written.inputs}
    return f"{name}_result" if name in taken else name


def _seeds(written: Program, sizes: Mapping[str, int], dtype: Any) -> list[Any]:
    """Draw adjoints of the results, to try the gradients with."""
    rng = np.random.default_rng(0)
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


def write_folder(folder: str | Path, files: Mapping[str, str]) -> Path:
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
