"""Every rule by itself: the adjoint of each operand against numerical derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.graph.node import Node
from derivo.run.reference import compute, concrete
from derivo.verify.diagnose import diagnose
from derivo.verify.differences import Comparison, Numeric, compare, derivative
from derivo.verify.evaluation import Evaluation
from derivo.verify.kinks import has_kink
from derivo.verify.report import Row
from derivo.verify.tolerance import CLEARANCE, RELATIVE

# Up to so many elements, each is moved by itself; beyond, all along random directions.
ELEMENTWISE = 100
DIRECTIONS = 3
JITTERS = 20


def check_rules(
    evaluation: Evaluation, nodes: Iterable[Node], active: set[Node],
    names: Mapping[Node, str], rng: np.random.Generator,
) -> list[Row]:  # fmt: skip
    """Check the rule of every operation of a graph, operand by operand.

    Parameters
    ----------
    evaluation
        The graph at actual values.
    nodes
        Which operations.
    active
        Values that depend on what is differentiated for: rules for others, as for the
        exponent in ``x ** 2``, are not used.
    names
        The user's names of values.
    rng
        Draws the adjoints of results.
    """
    rows: list[Row] = []
    nodes = tuple(nodes)
    for node in nodes:
        if node in active and "loop" in node.op.traits:
            rows += _check_step(evaluation[node], node, nodes, active, names, rng)
        if node.op.vjp is None:
            continue  # a loop, and its results: its steps have rules
        moved = [i for i, n in enumerate(node.inputs) if n in active and is_floating(n)]
        if moved and is_floating(node):
            operands = [evaluation[i] for i in node.inputs]
            rows += check_rule(node, operands, moved, evaluation.sizes, rng, names)
    return rows


def _check_step(
    values: Any, node: Node, nodes: tuple[Node, ...], active: set[Node],
    names: Mapping[Node, str], rng: np.random.Generator,
) -> list[Row]:  # fmt: skip
    """Check the rules inside a loop, at the values of its first step."""
    loop = node.attrs["loop"]
    results = [
        n.attrs["of"] for n in nodes if "item" in n.op.traits and node in n.inputs
    ]
    inside = loop.inside(results)
    reached = {b for b, i in zip(loop.bound, node.inputs, strict=True) if i in active}
    reached |= {c for c in loop.carries if is_floating(c)}
    for n in inside:
        if is_floating(n) and not reached.isdisjoint(n.inputs):
            reached.add(n)
    return check_rules(values, inside, reached, names, rng) if values.steps else []


def is_floating(node: Node) -> bool:
    """Tell whether a value can have an adjoint."""
    return node.spec.kind in ("float", "pyfloat")


def check_rule(
    node: Node, operands: list[Any], moved: list[int], sizes: Mapping[str, int],
    rng: np.random.Generator, names: Mapping[Node, str],
) -> list[Row]:  # fmt: skip
    """Check one rule at one place: an adjoint for each of the operands in `moved`."""
    about = Row("rule", node.op.name, node.line, names.get(node, ""), verdict="skipped")
    operands = _where_defined(node, operands, sizes)
    if not all(np.all(np.isfinite(operands[i])) for i in moved):
        return [replace(about, cause="an operand is infinite")]
    operands = _away_from_kinks(node, operands, moved, sizes, rng)
    if not operands:
        return [replace(about, cause="at a kink")]
    y = np.asarray(compute(node, operands, sizes, np.float64))
    if not np.all(np.isfinite(y)):
        return [replace(about, cause="its result is not finite")]
    g = rng.normal(size=y.shape)
    attrs = {k: concrete(v, sizes) for k, v in node.attrs.items()}
    assert node.op.vjp is not None  # noqa: S101  or there would be no gradient
    parts = node.op.vjp(g, y, *operands, **attrs)
    truth = {i: _adjoint(node, operands, i, g, sizes) for i in moved}
    values = {_operand(node, i, names): n.value for i, (n, _) in truth.items()}
    rows = []
    for i in moved:
        numeric, directions = truth[i]
        result = _compare(parts[i], operands[i], truth[i], g * y)
        name = _operand(node, i, names)
        others = {k: v for k, v in values.items() if k != name}
        rows.append(replace(
            about, operand=name, shape=np.shape(operands[i]), error=result.error,
            tolerance=RELATIVE[numeric.method], element=result.element,
            got=result.got, expected=result.expected, method=numeric.method,
            verdict=result.verdict,
            cause="" if directions else _cause(result, parts[i], numeric, others),
        ))  # fmt: skip
    return rows


def _where_defined(
    node: Node, operands: list[Any], sizes: Mapping[str, int]
) -> list[Any]:  # fmt: skip
    """Give operands at which an operation on elements is defined.

    Behind a mask it may be evaluated where it is not: the log of negative numbers in
    ``np.where(p > 0, np.log(p), 0)``. There neither rule nor numbers mean anything, so
    such elements take the values of others, at which it is defined.
    """
    if "elementwise" not in node.op.traits:
        return operands
    finite = np.isfinite(np.asarray(compute(node, operands, sizes, np.float64)))
    for operand in operands:
        if np.asarray(operand).dtype.kind == "f":
            finite = finite & np.isfinite(operand)
    if np.all(finite):
        return operands
    places = [_read_by(~finite, np.shape(operand)) for operand in operands]
    return [
        _filled(operand, undefined)
        for operand, undefined in zip(operands, places, strict=True)
    ]


def _read_by(results: Any, shape: tuple[int, ...]) -> Any:
    """Tell the elements of an operand that some of the results read."""
    extra = results.ndim - len(shape)
    read = np.any(results, axis=tuple(range(extra)))
    narrow = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.any(read, axis=narrow, keepdims=True)


def _filled(operand: Any, undefined: Any) -> Any:
    """Give elements the values of others of the same array, in turn."""
    usable = np.asarray(operand)[~undefined]
    if usable.dtype.kind == "b" or not usable.size or not np.any(undefined):
        return operand  # a mask stays: both of its sides are to be tried
    filled = np.array(operand)
    filled[undefined] = np.resize(usable, np.count_nonzero(undefined))
    return filled


def _cause(
    result: Comparison, part: Any, numeric: Numeric, others: Mapping[str, Any]
) -> str:
    if result.verdict == "unsure":
        return "the numerical derivative is not precise enough here"
    if result.verdict == "right":
        return ""
    expected = numeric.value
    return diagnose(fit(part, np.shape(expected)), expected, others)


def _operand(node: Node, i: int, names: Mapping[Node, str]) -> str:
    own = names.get(node.inputs[i], "")
    formal = node.op.inputs[min(i, len(node.op.inputs) - 1)].lstrip("*")
    if own:
        return own
    return formal if len(node.op.inputs) > i else f"{formal}[{i}]"


def _compare(
    part: Any, operand: Any, truth: tuple[Numeric, Any], values: Any
) -> Comparison:  # fmt: skip
    numeric, directions = truth
    shape = np.shape(operand)
    fitted = fit(part, shape)
    if np.shape(fitted) != shape:
        return Comparison(np.inf, (), np.nan, np.nan, "wrong")
    if directions is not None:
        fitted = np.array([np.vdot(v, fitted) for v in directions])
    return compare(fitted, numeric, float(np.max(np.abs(values), initial=0.0)))


def fit(part: Any, shape: tuple[int, ...]) -> Any:
    """Bring an adjoint to the shape of its operand, as the engine does for rules."""
    if part is None:
        return np.zeros(shape)
    part = np.asarray(part, dtype=np.float64)
    try:
        if np.broadcast_shapes(part.shape, shape) == shape:
            return np.broadcast_to(part, shape)
        extra = part.ndim - len(shape)
        part = part.sum(axis=tuple(range(extra))) if extra > 0 else part
        narrow = tuple(i for i, n in enumerate(shape) if n == 1 and part.shape[i] != 1)
        return part.sum(axis=narrow, keepdims=True)
    except (ValueError, IndexError):
        return part


def _adjoint(
    node: Node, operands: list[Any], i: int, g: Any, sizes: Mapping[str, int]
) -> tuple[Numeric, Any]:
    """Give the numerical adjoint of an operand: whole, or along random directions."""
    x = np.asarray(operands[i], dtype=np.float64)
    analytic = "analytic" in node.op.traits

    def output(moved: Any) -> Any:
        dtype = np.complex128 if np.iscomplexobj(moved) else np.float64
        return compute(node, [*operands[:i], moved, *operands[i + 1 :]], sizes, dtype)

    if "elementwise" in node.op.traits:
        # Each element of the result depends on one of the operand: move all at once.
        slope = derivative(output, x, np.ones(x.shape), analytic=analytic)
        value = fit(slope.value * g, x.shape)
        doubt = fit(np.abs(slope.uncertainty * g), x.shape)
        most = float(np.max(np.abs(g), initial=0))
        return Numeric(value, doubt, slope.method, lambda: slope.noise() * most), None
    directions = None
    if x.size > ELEMENTWISE:
        rng = np.random.default_rng(x.size)
        directions = [rng.choice([-1.0, 1.0], size=x.shape) for _ in range(DIRECTIONS)]
    each = directions or list(np.eye(x.size).reshape(x.size, *x.shape))
    slopes = [
        derivative(lambda m: np.vdot(g, output(m)), x, v, analytic=analytic)
        for v in each
    ]
    shape = (len(each),) if directions else x.shape
    value = np.reshape([s.value for s in slopes], shape)
    doubt = np.reshape([s.uncertainty for s in slopes], shape)
    method = slopes[0].method if slopes else "complex step"
    noise = lambda: max((s.noise() for s in slopes), default=0.0)
    return Numeric(value, doubt, method, noise), directions


def _away_from_kinks(
    node: Node, operands: list[Any], moved: list[int], sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> list[Any]:  # fmt: skip
    """Give operands away from kinks: the actual ones if possible, else nearby."""
    moved_operands = list(operands)
    for attempt in range(JITTERS):
        if not has_kink(node, moved_operands, moved, sizes, rng):
            return moved_operands
        for i in moved:
            noise = rng.normal(size=np.shape(operands[i]))
            moved_operands[i] = operands[i] + 50 * CLEARANCE * (attempt + 1) * noise
    return []
