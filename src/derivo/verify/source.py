"""The emitted source against the node-by-node engine and the user's own function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from derivo.graph.nest import Record, parts_of
from derivo.ops.leaf import argument
from derivo.passes import Passes
from derivo.run.stored import Missing
from derivo.trace.arguments.specs import as_nest, is_setting
from derivo.trace.memory.owned import entirely_as_it_was
from derivo.verify.differences import Numeric, compare
from derivo.verify.draw import Inputs
from derivo.verify.evaluation import Evaluation
from derivo.verify.report import Row
from derivo.verify.tolerance import RELATIVE

METHOD = "same inputs"


def check_source(
    derivation: Passes, inputs: Inputs, evaluation: Evaluation,
    got: Mapping[str, Any], upstream: tuple[Any, ...],
) -> list[Row]:  # fmt: skip
    """Compare what is traced, recognised, emitted and run on the same inputs."""
    traced = [evaluation[n] for n in derivation.traced.outputs]
    recognised = [evaluation[n] for n in derivation.forward.graph.outputs]
    wanted = _backward(derivation, inputs, evaluation, upstream)
    emitted = "the emitted source is wrong"
    rows = [
        _function_itself(derivation, inputs, traced),
        _row("the forward pass with recognised parts", lambda: recognised, traced,
             "a rewrite of the forward pass is wrong"),
        _row("the emitted forward pass",
             lambda: _flat(derivation(**inputs.arrays)), traced, emitted),
    ]  # fmt: skip
    if wanted:  # a function of integers has no gradients
        rows.append(_row("the emitted backward pass", lambda: [got[k] for k in wanted],
                         list(wanted.values()), emitted))  # fmt: skip
    return rows


def _function_itself(derivation: Passes, inputs: Inputs, traced: list[Any]) -> Row:
    name = "the function itself, as NumPy runs it"
    if isinstance(derivation.function, Missing):
        cause = "the function was left out of the pickle that the derivation was in"
        return Row("source", name=name, verdict="skipped", cause=cause)
    cause = "the trace is not what the function computes"
    return _row(name, lambda: _flat(_call(derivation, inputs)), traced, cause)


def _call(derivation: Passes, inputs: Inputs) -> Any:
    arrays = {k: v.copy() for k, v in inputs.arrays.items()}
    with entirely_as_it_was(derivation.function):  # what it keeps is the user's
        return derivation.run_function(arrays)


def _flat(result: Any) -> list[Any]:
    """Lay results out in the order in which the trace does."""
    nest = as_nest(result)
    if nest is not None:
        is_object = isinstance(nest, Record)
        held = [v for _, v in parts_of(nest) if not (is_object and _is_no_array(v))]
        return [leaf for v in held for leaf in _flat(v)]
    if isinstance(result, tuple | list):
        return [leaf for v in result for leaf in _flat(v)]
    return [result]


def _is_no_array(value: Any) -> bool:
    return is_setting(value) or isinstance(value, str)


def _backward(
    derivation: Passes, inputs: Inputs, evaluation: Evaluation,
    upstream: tuple[Any, ...],
) -> dict[str, Any]:  # fmt: skip
    """Compute the backward graph node by node."""
    backward = derivation.backward
    seeds = [s for s in backward.seeds if s.op is argument]
    values = {n: evaluation[n] for n in derivation.traced.inputs}
    values |= dict(zip(seeds, upstream, strict=False))
    known = Evaluation([*backward.gradients.values(), *values], values, inputs.sizes)
    factor = 1.0 if seeds else float(upstream[0])
    return {name: factor * known[n] for name, n in backward.gradients.items()}


def _row(
    name: str, run: Callable[[], Iterable[Any]], expected: list[Any], cause: str
) -> Row:
    try:
        got = list(run())
    except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
        text = f"{type(error).__name__}: {error}"
        return Row("source", name=name, error=np.inf, verdict="wrong", cause=text)
    worst = None
    for a, b in zip(got, expected, strict=True):
        if np.shape(a) != np.shape(b):
            text = f"the shape is {np.shape(a)}, but should be {np.shape(b)}"
            return Row("source", name=name, error=np.inf, verdict="wrong", cause=text)
        values = np.asarray(b, dtype=np.float64)
        finite = np.where(np.isfinite(values), values, 0.0)
        result = compare(np.where(np.isfinite(values), a, 0.0),
                         Numeric(finite, np.zeros(values.shape), METHOD))  # fmt: skip
        if worst is None or result.error > worst.error:
            worst = result
    assert worst is not None  # noqa: S101  a function has at least one result
    return Row("source", name=name, error=worst.error, tolerance=RELATIVE[METHOD],
               element=worst.element, got=worst.got, expected=worst.expected,
               method=METHOD, verdict=worst.verdict,
               cause=cause if worst.verdict == "wrong" else "")  # fmt: skip


def check_dtype(derivation: Passes, inputs: Inputs, upstream: tuple[Any, ...]) -> Row:
    """Check that float32 in gives float32 out, in both passes."""
    narrow = {
        k: v.astype(np.float32) if np.asarray(v).dtype.kind == "f" else v
        for k, v in inputs.arrays.items()
    }
    try:
        given = tuple(u.astype(np.float32) for u in upstream)
        one = given if len(given) > 1 else given[0]
        output, nests = derivation.value_and_gradients(one, **narrow)
        gradients = derivation.by_path(nests)
    except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
        text = f"{type(error).__name__}: {error}"
        return Row("dtype", name="float32", verdict="wrong", cause=text)
    named = {f"result {i + 1}": a for i, a in enumerate(_flat(output))}
    named |= {f"the gradient of {k}": v for k, v in gradients.items()}
    wide = [k for k, v in named.items() if np.asarray(v).dtype == np.float64]
    cause = f"float64 comes out: {', '.join(wide)}" if wide else ""
    return Row(
        "dtype", name="float32", verdict="wrong" if wide else "right", cause=cause
    )
