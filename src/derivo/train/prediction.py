"""Using a network: its output, loss and accuracy for rows that it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from derivo.emit.c.module import left_to_numpy, write_c
from derivo.emit.c.runtime import Target
from derivo.emit.plan.computation import Computation
from derivo.emit.step import Function, write_module
from derivo.graph.builder import Constant
from derivo.graph.node import Node, order
from derivo.run.c_rows import CRows, RowsShape
from derivo.run.compiler import compiled, machine
from derivo.run.in_numpy import Left
from derivo.train.forward import ForwardPass
from derivo.train.step import USUAL_ROWS, derive_forward
from derivo.train.targets import Targets

# Rows that are computed at a time, so that large tables need little memory.
BLOCK = 8192
_PREDICT = "Give the output of the network for each row of x."
_EVALUATE = "Give the loss, and the output of the network for each row of x."


def prediction_source(forward: ForwardPass, specs: Mapping[str, str]) -> str:
    """Write a module with ``predict(x, *parameters)`` and ``evaluate``.

    Parameters
    ----------
    forward
        The network.
    specs
        Shapes of x, t and the parameters.
    """
    evaluate = derive_forward(forward.both, specs, _EVALUATE)
    return write_module([_predict(forward, specs), evaluate])


def _predict(forward: ForwardPass, specs: Mapping[str, str]) -> Function:
    without = {name: text for name, text in specs.items() if name != "t"}
    return derive_forward(forward.output, without, _PREDICT)


def prediction(
    forward: ForwardPass, specs: Mapping[str, str]
) -> tuple[Computation, list[Node]]:
    """Give ``predict`` as it is scheduled, and the arrays that it closes over."""
    return computation_of(_predict(forward, specs))


def computation_of(function: Function) -> tuple[Computation, list[Node]]:
    """Give a function of rows and parameters as it is scheduled."""
    first, parameters = function.inputs
    outputs = function.outputs[0]
    constants = [
        n for n in order(outputs) if isinstance(n.attrs.get("value"), Constant)
    ]
    computation = Computation(
        batches=first, kept=(*parameters, *constants), numbers=(), results=(),
        loss=None, outputs=outputs, names=function.wishes, rows=USUAL_ROWS,
    )  # fmt: skip
    return computation, constants


def compiled_prediction(
    forward: ForwardPass, specs: Mapping[str, str], columns: tuple[int, int], dtype: Any
) -> CRows:
    """Compile ``predict``: rows and parameters in, the output (N, units) out.

    Parameters
    ----------
    forward, specs
        As for `prediction_source`.
    columns
        Of x, and of the output.
    dtype
        float32 or float64.

    Raises
    ------
    NotSupportedError
        An operation that has no form in C, or no compiler.
    """
    computation, constants = prediction(forward, specs)
    parameters = forward.parameters
    single = np.dtype(dtype) == np.float32
    target = Target(single, machine().register_bytes, for_one_row=True)
    library = compiled(write_c(computation, target, _PREDICT))
    work = sum(int(np.prod(p.shape)) for p in forward.parameters)
    arrays = [n.attrs["value"].array for n in constants]
    prepared = computation.prepared()
    left = Left(left_to_numpy(prepared), {prepared.rows: 0}, prepared.rows)
    rows = RowsShape(*columns, len(parameters), work)
    return CRows(library, rows, arrays, dtype, left)


def stream(predict: Callable[[Any], Any], inputs: Iterable[Any]) -> Iterator[Any]:
    """Predict for rows and batches as they come, each when it is asked for.

    Parameters
    ----------
    predict
        Gives an array with an entry for each row of a batch.
    inputs
        Rows (features,) and batches (N, features).

    Yields
    ------
    entry or array
        What a row gives, or what a batch does.
    """
    for given in inputs:
        is_row = np.ndim(given) == 1
        yield predict(np.asarray(given)[None])[0] if is_row else predict(given)


def outputs(module: ModuleType, x: Any, parameters: tuple[Any, ...]) -> Any:
    """Give the output (N, units) for all rows of `x`."""
    with np.errstate(over="ignore", under="ignore"):
        parts = [
            module.predict(x[k : k + BLOCK], *parameters)
            for k in range(0, len(x), BLOCK)
        ]
    return np.concatenate(parts)


def outputs_by_jax(
    predict: Callable[..., Any], x: Any, parameters: tuple[Any, ...]
) -> Any:
    """Give the output (N, units) for all rows of `x` by a function that JAX compiles.

    It compiles for each number of rows anew: rows are filled up to a power of two.
    """
    parts = []
    for k in range(0, len(x), BLOCK):
        rows = x[k : k + BLOCK]
        whole = 1 << (len(rows) - 1).bit_length()
        filled = np.pad(rows, [(0, whole - len(rows)), (0, 0)], mode="edge")
        parts.append(predict(filled, *parameters)[: len(rows)])
    return np.concatenate(parts)


def measure(
    module: ModuleType, x: Any, t: Any, parameters: tuple[Any, ...], targets: Targets
) -> dict[str, float]:
    """Give the mean loss, and for labels the accuracy, for encoded targets `t`."""
    loss, correct = 0.0, 0.0
    for k in range(0, len(x), BLOCK):
        rows = t[k : k + BLOCK]
        with np.errstate(over="ignore", under="ignore"):
            part, y = module.evaluate(x[k : k + BLOCK], rows, *parameters)
        loss += float(part) * len(rows)
        correct += 0 if targets.kind == "values" else targets.correct(y, rows)
    if targets.kind == "values":
        return {"loss": loss / len(x)}
    return {"loss": loss / len(x), "accuracy": correct / len(x)}
