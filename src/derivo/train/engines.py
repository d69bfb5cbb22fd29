"""Choosing the engine that runs the steps.

With ``engine="auto"`` the step is compiled if there is a C compiler, if the step can be
written in C, and if the time that this saves is more than the time that it takes to
compile. Both are estimated, before training starts: see `steps_worth_compiling`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from derivo.emit.c.module import write_c
from derivo.emit.c.runtime import Target
from derivo.emit.jax_text import jax_text
from derivo.emit.plan.computation import Computation
from derivo.errors import NotSupportedError
from derivo.graph.builder import Constant
from derivo.graph.dim import Size, evaluate, names
from derivo.graph.element import Product
from derivo.graph.node import order
from derivo.layers.names import unknown_name
from derivo.run.arguments import in_floating_type
from derivo.run.batches import Batches
from derivo.run.c_engine import CEngine
from derivo.run.compiler import INSTALL, compiled, find_compiler, machine
from derivo.run.engine import Engine
from derivo.run.in_numpy import Left
from derivo.run.jax_engine import JaxEngine
from derivo.run.numpy_engine import NumpyEngine
from derivo.train.loop import Plan
from derivo.train.step import StepDerivation, StepGraph

# Measured on two cores with float32 (benchmarks/step_time.py): a call of NumPy on small
# arrays, one element of an elementwise operation that the compiled loops save, and the
# compilation of a step, which grows with the number of its values.
SECONDS_PER_CALL = 1.2e-6
SECONDS_PER_ELEMENT = 0.3e-9
SECONDS_TO_COMPILE = 0.3
SECONDS_PER_VALUE_COMPILED = 8e-3
# Large registers are filled up with nothing where matrices have few columns.
LARGE_REGISTERS = 64
_C_TITLE = "Training steps in C: the same graph as the NumPy step."


def make_engine(
    wish: str, step: StepDerivation, data: Batches, plan: Plan,
    function: Callable[..., Any] | None = None,
) -> tuple[Engine, str]:  # fmt: skip
    """Give the engine, and its name with the reason where it was chosen.

    Parameters
    ----------
    function
        What NumPy or JAX runs; None for the function of the step.

    Raises
    ------
    NotSupportedError
        C is asked for, and there is no compiler, or the step cannot be written in C; or
        JAX, which is not installed or lacks a function. The message says why.
    """
    if wish == "c":
        return _c(step, data, plan), wish
    if wish == "jax":
        run = function or step.jax_function
        return JaxEngine(run, data, plan.batch_size, plan.learning_rate), wish

    def in_numpy(reason: str = "") -> tuple[Engine, str]:
        engine = NumpyEngine(
            function or step.function, data, plan.batch_size, plan.learning_rate
        )
        return engine, f"numpy ({reason})" if reason else "numpy"

    if wish == "numpy":
        return in_numpy()
    sizes = plan.batch_sizes(step.graph.rows)
    steps = plan.epochs * -(-plan.rows // plan.batch_size)
    reason = reason_against(step.graph, sizes, steps)
    if reason:
        return in_numpy(reason)
    try:
        return _c(step, data, plan), "c"
    except NotSupportedError as error:
        return in_numpy(f"c cannot: {error}")


def _c(step: StepDerivation, data: Batches, plan: Plan) -> Engine:
    sizes = plan.batch_sizes(step.graph.rows)
    return c_engine(
        step, data, sizes, plan.learning_rate, begins=partial(_tell, plan.verbose)
    )


def c_engine(
    step: StepDerivation, data: Batches, sizes: Mapping[str, int], learning_rate: float,
    begins: Callable[[], None] = lambda: None,
) -> CEngine:  # fmt: skip
    """Give the engine that runs a step in C.

    Parameters
    ----------
    step
        What it runs.
    data
        What steps are made on.
    sizes
        All named sizes, of a whole batch.
    learning_rate
        For the update rule.
    begins
        Is called if the step must be compiled first.

    Raises
    ------
    NotSupportedError
        There is no compiler, or the step cannot be written in C; the message says why.
    """
    batches, whole = c_data(step, data)
    library = compiled(c_source(step, data.dtype), begins=begins)
    computation = c_computation(step)
    shapes = [_numbers(n.spec.shape) for n in step.graph.kept]
    constants = [
        n.attrs["value"].array for n in computation.kept[len(shapes) + len(whole) :]
    ]
    prepared = computation.prepared()
    named = [sizes[name] for name in prepared.sizes]
    return CEngine(
        library, batches, shapes, sizes[step.graph.rows], learning_rate,
        [*whole, *constants], sizes=named, left=Left.of(prepared, named),
    )  # fmt: skip


def c_data(step: StepDerivation, data: Batches) -> tuple[list[Any], list[Any]]:
    """Give data as compiled steps take it: in batches, and what each sees whole.

    Raises
    ------
    NotSupportedError
        Other axes of examples than the first, or integers that the floating type
        cannot hold.
    """
    _refuse_other_axes(step.graph, data)
    arrays = [
        in_floating_type(n.attrs["name"], a, data.dtype)
        for n, a in zip(step.graph.data, data.arrays, strict=True)
    ]
    pairs = [*zip(arrays, data.axes, strict=True)]
    batches = [a for a, axis in pairs if axis is not None]
    return batches, [a for a, axis in pairs if axis is None]


def _refuse_other_axes(graph: StepGraph, data: Batches) -> None:
    """Refuse data whose axis of examples is not the first, or that has none at all."""
    for node, axis in zip(graph.data, data.axes, strict=True):
        name = node.attrs["name"]
        if sum(graph.rows in names(d) for d in node.spec.shape) > (axis is not None):
            message = (
                f"{name} has the shape {node.spec}, and compiled steps take examples "
                "along one axis"
            )
            raise NotSupportedError(message)
        if axis:
            message = (
                f"{name} has its examples along axis {axis}, and compiled steps take "
                f"them along the first: np.moveaxis({name}, {axis}, 0)"
            )
            raise NotSupportedError(message)
    if all(axis is None for axis in data.axes):
        message = "compiled steps need data with an axis of examples, such as 'N 3'"
        raise NotSupportedError(message)


def _tell(verbose: int) -> None:
    if verbose:
        print("compiling the step", flush=True)  # noqa: T201


def _numbers(shape: Any) -> tuple[int, ...]:
    return tuple(int(d) for d in shape if not isinstance(d, Size))


def c_computation(step: StepDerivation) -> Computation:
    """Give a step as it is scheduled for C: its graph, and what its arguments are."""
    graph = step.graph
    constants = [
        n for n in order([graph.loss, *graph.results])
        if isinstance(n.attrs.get("value"), Constant)
    ]  # fmt: skip
    pairs = [*zip(graph.data, graph.axes, strict=True)]
    batches = tuple(n for n, axis in pairs if axis is not None)
    whole = tuple(n for n, axis in pairs if axis is None)
    return Computation(
        batches=batches, kept=(*graph.kept, *whole, *constants),
        numbers=graph.numbers, results=graph.results, loss=graph.loss, outputs=(),
        names=step.names, rows=graph.rows,
    )  # fmt: skip


def source_for(step: StepDerivation, engine: str, dtype: Any) -> str:
    """Give the text of a step that an engine runs: "numpy", "c" or "jax"."""
    texts: dict[str, Callable[[], str]] = {
        "numpy": lambda: step.source,
        "c": lambda: c_source(step, dtype),
        "jax": lambda: jax_text(step.source),
    }
    if engine not in texts:
        error = unknown_name("an engine", engine, list(texts))
        raise error
    return texts[engine]()


def c_source(step: StepDerivation, dtype: Any) -> str:
    """Give the C text of a step in float32 or float64, for this machine.

    Raises
    ------
    NotSupportedError
        An operation that has no form in C; the message says which.
    """
    single, largest = np.dtype(dtype) == np.float32, machine().register_bytes
    target = Target(single, largest)
    if largest == LARGE_REGISTERS and _widest(step.graph) < 3 * target.lanes:
        target = Target(single, largest // 2)
    texts = step.compiled_texts
    if target not in texts:
        texts[target] = write_c(c_computation(step), target, _C_TITLE)
    return texts[target]


def _widest(graph: StepGraph) -> int:
    """Give the columns of the widest matrix in a step."""
    shapes = [n.spec.shape for n in order([graph.loss, *graph.results])]
    return max(
        (s[-1] for s in shapes if len(s) > 1 and isinstance(s[-1], int)), default=1
    )


def reason_against(graph: StepGraph, sizes: Mapping[str, int], steps: int) -> str:
    """Say why so many steps are not compiled unless it is asked for; "" if they are."""
    if find_compiler() is None:
        return f"no C compiler: {INSTALL}"
    if steps < steps_worth_compiling(graph, sizes):
        return "too little work to compile for"
    return ""


def steps_worth_compiling(graph: StepGraph, sizes: Mapping[str, int]) -> float:
    """Give the number of steps in which compiling is expected to save what it takes.

    What it saves in a step is a call of NumPy for each operation, and a pass through
    memory for each element of each elementwise operation; products of matrices take the
    same time in both.
    """
    saved, cost = 0.0, SECONDS_TO_COMPILE
    for node in order([graph.loss, *graph.results]):
        if node.inputs and node.spec.rank:
            cost += SECONDS_PER_VALUE_COMPILED
            saved += SECONDS_PER_CALL
            if not isinstance(node.op.element, Product):
                saved += SECONDS_PER_ELEMENT * _count(node.spec.shape, sizes)
    return cost / saved if saved else math.inf


def _count(shape: Any, sizes: Mapping[str, int]) -> int:
    total = 1
    for d in shape:
        total *= evaluate(d, sizes)
    return total
