"""Checking a backward pass that the user wrote by hand."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.graph.node import Node
from derivo.passes import Passes
from derivo.verify.check import active
from derivo.verify.diagnose import simple_number
from derivo.verify.draw import Inputs, draw_inputs
from derivo.verify.gradients import check_gradients, draw_upstream, forward_at
from derivo.verify.paths import Finding, Paths, explain
from derivo.verify.report import Report, Row, worst_of

SAVED = ("saved", "cache", "ctx", "context", "tape", "state")


def check_backward(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    *,
    wrt: str | Iterable[str] | None = None,
    trials: int = 3,
    seed: int = 0,
    **specs: Any,
) -> Report:
    """Check a hand-written backward pass, and say which term of it is wrong.

    Parameters
    ----------
    forward
        A forward pass in plain NumPy. It returns its result, or the result and what
        `backward` needs of it: ``return y, cache``.
    backward
        Either ``backward(d_y, x, w, b)``: the adjoint of the result (any name), then
        any of the arguments of `forward` by their own names; for a loss the adjoint
        may be left out. Or ``backward(d_y, cache)`` or ``backward(saved, d_y)``, if
        `forward` returns a cache (called saved, cache, ctx, context, tape or state).
        It returns the gradients in the order of `wrt`, one array if there is one, or a
        dict with names such as ``x``, ``dx``, ``d_x``.
    wrt
        Names of the arguments that it gives gradients of; all floating ones if left
        out.
    trials, seed
        As for `Derivation.check`.
    **specs
        Shapes of the arguments of `forward`, as for `derive`.

    Returns
    -------
    Report
        One row per gradient; `cause` names the term and the line of `forward` that it
        belongs to.

    Raises
    ------
    UsageError
        The arguments or results of `backward` cannot be matched with `forward`.
    """
    names = list(inspect.signature(forward).parameters)
    parameters = list(inspect.signature(backward).parameters)
    has_cache = any(p in SAVED for p in parameters)
    plain = _result_only(forward) if has_cache else forward
    derivation = Passes.of(plain, specs, wrt=wrt, simplify=False)
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    found: Inputs | None = None
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(trials):
            inputs = draw_inputs(derivation.traced, rng)
            found = found or inputs
            evaluation = forward_at(derivation, inputs)
            upstream = draw_upstream(derivation, evaluation, rng)
            if not set(parameters) - set(names):
                upstream = (np.ones(()),)
            result = _run(forward, backward, inputs, upstream)
            got = _named(result, derivation.wrt)
            rows += _compare(derivation, evaluation, got, upstream, rng)
    assert found is not None, "trials must be at least 1"  # noqa: S101
    shapes = {k: np.shape(v) for k, v in found.arrays.items()}
    title = getattr(backward, "__name__", "backward")
    return Report(title, worst_of(rows), found.drawn, shapes, trials, seed)


def _result_only(forward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(forward)
    def result(*args: Any, **options: Any) -> Any:
        return forward(*args, **options)[0]

    return result


def _run(
    forward: Callable[..., Any], backward: Callable[..., Any], inputs: Inputs,
    upstream: tuple[Any, ...],
) -> Any:  # fmt: skip
    given = upstream if len(upstream) > 1 else upstream[0][()]
    values: dict[str, Any] = {k: np.copy(v) for k, v in inputs.arrays.items()}
    parameters = list(inspect.signature(backward).parameters)
    arguments = []
    for p in parameters:
        if p in values:
            arguments.append(values[p])
        elif p in SAVED:
            arguments.append(forward(**values)[1])
        elif (
            inspect.signature(backward).parameters[p].default is inspect.Parameter.empty
        ):
            arguments.append(given)
    if sum(p not in values and p not in SAVED for p in parameters) > 1:
        listed = ", ".join(parameters)
        message = (
            f"the arguments of the backward pass ({listed}) are not understood: one is "
            "the adjoint of the result, the others are arguments of the forward pass "
            f"by name ({', '.join(values)}) or one of {', '.join(SAVED)}"
        )
        raise UsageError(message)
    return backward(*arguments)


def _named(result: Any, wrt: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(result, Mapping):
        known = {}
        for key, value in result.items():
            short = key.removeprefix("d_").removeprefix("grad_")
            short = short if short in wrt else short.removeprefix("d")
            known[short] = value
        missing = [name for name in wrt if name not in known]
        if missing:
            message = f"the backward pass gives no gradient of {', '.join(missing)}"
            raise UsageError(message)
        return {name: np.asarray(known[name], dtype=float) for name in wrt}
    parts = result if isinstance(result, tuple | list) else (result,)
    if len(parts) != len(wrt):
        message = (
            f"the backward pass returns {len(parts)} gradients, but there are "
            f"{len(wrt)} floating arguments: {', '.join(wrt)}; say which with wrt="
        )
        raise UsageError(message)
    return {k: np.asarray(v, dtype=float) for k, v in zip(wrt, parts, strict=True)}


def _compare(
    derivation: Passes, evaluation: Any, got: Mapping[str, Any],
    upstream: tuple[Any, ...], rng: np.random.Generator,
) -> list[Row]:  # fmt: skip
    rows = check_gradients(derivation, evaluation, got, upstream, rng)
    wrong = {r.name for r in rows if r.verdict == "wrong"}
    shaped = all(np.shape(got[r.name]) == r.shape for r in rows)
    # Terms are told apart use by use; inside a loop there is one use for every step.
    if not wrong or any("loop" in n.op.traits for n in evaluation.nodes):
        return rows
    graph = derivation.traced
    paths = Paths(evaluation, graph.outputs, upstream, active(derivation, evaluation))
    arguments = {n.attrs["name"]: n for n in graph.inputs if n.attrs["name"] in got}
    together = explain(paths, arguments, got) if shaped else []
    return [
        _with_term(row, together, paths, arguments, got, graph.names)
        if row.name in wrong else row
        for row in rows
    ]  # fmt: skip


def _with_term(
    row: Row, together: list[Finding], paths: Paths, arguments: Mapping[str, Node],
    got: Mapping[str, Any], names: Mapping[Node, str],
) -> Row:  # fmt: skip
    """Add to a wrong gradient the term that is wrong in it, if it is a single one."""
    if row.cause:
        return row  # the gradient as a whole is scaled, transposed or not summed
    findings = together
    if not findings and np.shape(got[row.name]) == row.shape:
        alone = {row.name: arguments[row.name]}
        findings = explain(paths, alone, {row.name: got[row.name]})
    if not findings:
        return replace(row, cause="more than one term is wrong")
    # Of several that explain it equally, the one nearest to the argument.
    finding = findings[0]
    reader = finding.edge.reader
    value = names.get(finding.edge.node, finding.edge.node.op.name)
    term = f"the term that reaches {value} through `{reader.op.name}`"
    cause = f"{term} {_how(finding.factor)}"
    return replace(row, cause=cause, line=reader.line, operation=reader.op.name)


def _how(factor: float) -> str:
    if abs(factor) < 1e-6:
        return "is missing"
    if abs(factor + 1) < 1e-6:
        return "has the wrong sign"
    return f"is {simple_number(factor)} times what it should be"
