"""Choosing the engine that runs the steps.

With ``engine="auto"`` the step is compiled if there is a C compiler, if the step can be
written in C, and if the time that this saves is more than the time that it takes to
compile. Both are estimated, before training starts: see `worth_compiling`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from derivo.emit.c.module import write_c
from derivo.emit.c.runtime import Target
from derivo.emit.plan.computation import Computation
from derivo.errors import NotSupportedError
from derivo.graph.builder import Constant
from derivo.graph.dim import Size, evaluate
from derivo.graph.element import Product
from derivo.graph.node import order
from derivo.run.c_engine import CEngine
from derivo.run.compiler import INSTALL, compiled, find_compiler, machine
from derivo.run.engine import Engine
from derivo.run.numpy_engine import NumpyEngine
from derivo.train.loop import Plan
from derivo.train.step import StepDerivation, StepGraph

# Measured on two cores with float32 (benchmarks/step_time.py): a call of NumPy on small
# arrays, one element of an elementwise operation that the compiled loops save, and the
# compilation of a step.
SECONDS_PER_CALL = 1.2e-6
SECONDS_PER_ELEMENT = 0.3e-9
SECONDS_TO_COMPILE = 1.0
# Large registers are filled up with nothing where matrices have few columns.
LARGE_REGISTERS = 64
_C_TITLE = "Training steps in C: the same graph as the NumPy step."


def make_engine(
    wish: str, step: StepDerivation, x: Any, t: Any, plan: Plan
) -> tuple[Engine, str]:
    """Give the engine, and its name with the reason where it was chosen.

    Raises
    ------
    NotSupportedError
        C is asked for, and there is no compiler, or the step cannot be written in C;
        the message says why.
    """
    asked = {"numpy": _numpy, "c": _c}
    if wish in asked:
        return asked[wish](step, x, t, plan), wish
    if find_compiler() is None:
        return _numpy(step, x, t, plan), f"numpy (no C compiler: {INSTALL})"
    if not worth_compiling(step.graph, plan):
        return _numpy(step, x, t, plan), "numpy (too little work to compile for)"
    try:
        return _c(step, x, t, plan), "c"
    except NotSupportedError as error:
        return _numpy(step, x, t, plan), f"numpy (c cannot: {error})"


def _numpy(step: StepDerivation, x: Any, t: Any, plan: Plan) -> Engine:
    return NumpyEngine(step.module.step, x, t, plan.batch_size, plan.learning_rate)


def _c(step: StepDerivation, x: Any, t: Any, plan: Plan) -> Engine:
    library = compiled(c_source(step, x.dtype), begins=partial(_tell, plan.verbose))
    computation = c_computation(step)
    shapes = [_numbers(n.spec.shape) for n in step.graph.inputs[2:-2]]
    constants = [n.attrs["value"].array for n in computation.kept[len(shapes) :]]
    return CEngine(
        library, (x, t), shapes, plan.batch_size, plan.learning_rate, constants
    )


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
    return Computation(
        batches=graph.inputs[:2], kept=(*graph.inputs[2:-2], *constants),
        numbers=graph.inputs[-2:], results=graph.results, loss=graph.loss, outputs=(),
        names=step.names, rows="N",
    )  # fmt: skip


def c_source(step: StepDerivation, dtype: Any) -> str:
    """Give the C text of a step in float32 or float64, for this machine.

    Raises
    ------
    NotSupportedError
        An operation that has no form in C; the message says which.
    """
    computation = c_computation(step)
    single, largest = np.dtype(dtype) == np.float32, machine().register_bytes
    target = Target(single, largest)
    if largest == LARGE_REGISTERS and _widest(step.graph) < 3 * target.lanes:
        target = Target(single, largest // 2)
    return write_c(computation, target, _C_TITLE)


def _widest(graph: StepGraph) -> int:
    """Give the columns of the widest matrix in a step."""
    shapes = [n.spec.shape for n in order([graph.loss, *graph.results])]
    return max(
        (s[1] for s in shapes if len(s) == 2 and isinstance(s[1], int)), default=1
    )


def worth_compiling(graph: StepGraph, plan: Plan) -> bool:
    """Tell whether compiling is expected to save more time than it takes.

    What it saves in a step is a call of NumPy for each operation, and a pass through
    memory for each element of each elementwise operation; products of matrices take the
    same time in both.
    """
    sizes = {"N": min(plan.batch_size, plan.rows)}
    steps = plan.epochs * -(-plan.rows // plan.batch_size)
    saved = 0.0
    for node in order([graph.loss, *graph.results]):
        if node.inputs and node.spec.rank:
            saved += SECONDS_PER_CALL
            if not isinstance(node.op.element, Product):
                saved += SECONDS_PER_ELEMENT * _count(node.spec.shape, sizes)
    return steps * saved > SECONDS_TO_COMPILE


def _count(shape: Any, sizes: dict[str, int]) -> int:
    total = 1
    for d in shape:
        total *= evaluate(d, sizes)
    return total
