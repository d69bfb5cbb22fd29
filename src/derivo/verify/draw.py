"""Drawing inputs at which a derivative can be checked."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from derivo.errors import ShapeError, UsageError
from derivo.graph.dim import Size, evaluate
from derivo.graph.node import Graph, Node
from derivo.graph.spec import Spec
from derivo.run.arguments import as_array, sizes_of
from derivo.verify.branches import Sides, has_infinite_slope, sides, together
from derivo.verify.evaluation import Evaluation
from derivo.verify.kinks import CLOSE, CLOSE_BEND, kinks
from derivo.verify.lengths import choices
from derivo.verify.tolerance import FLOOR

Draw = Callable[[np.random.Generator, tuple[int, ...]], Any]

TRIES = 60
PER_SIZES = 12
ATTEMPTS = 4  # at zeros that do no harm
# How much a result may move, as a part of it, when arguments move by a few units in the
# last place, of 1e-16: what changes more has lost ten digits on the way.
CHAOTIC = 1e-6
# Draws after which it is enough if all is well but that some side is never reached.
ENOUGH = 24


def _definite(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    if len(shape) < 2 or shape[-1] != shape[-2]:
        return rng.normal(size=shape)
    a = rng.normal(size=shape)
    return a @ np.swapaxes(a, -1, -2) / shape[-1] + np.eye(shape[-1])


DRAWS: dict[str, Draw] = {
    "standard normal": lambda rng, shape: rng.normal(size=shape),
    "uniform in 0.5 to 1.5": lambda rng, shape: rng.uniform(0.5, 1.5, shape),
    "uniform in 0.1 to 0.9": lambda rng, shape: rng.uniform(0.1, 0.9, shape),
    "normal, times 0.1": lambda rng, shape: 0.1 * rng.normal(size=shape),
    "symmetric positive definite where square": _definite,
    "uniform in 1.5 to 3": lambda rng, shape: rng.uniform(1.5, 3, shape),
}


@dataclass(frozen=True)
class Inputs:
    """Values for the arguments of a function.

    Attributes
    ----------
    arrays
        Argument to float64 array (or integers, or booleans).
    sizes
        What the named sizes are.
    drawn
        How the arrays were drawn, for the reader.
    kinks
        Operations that have a kink here all the same.
    sides
        The sides of kinks and masks that are taken.
    """

    arrays: Mapping[str, Any]
    sizes: Mapping[str, int]
    drawn: str
    kinks: tuple[Node, ...] = ()
    sides: Sides = field(default_factory=dict)


def draw_inputs(
    graph: Graph, rng: np.random.Generator, *, assumptions: tuple[Any, ...] = (),
    sizes: Mapping[str, int] | None = None, before: Sequence[Inputs] = (),
    vary: bool = False,
) -> Inputs:  # fmt: skip
    """Draw inputs that give finite values, away from kinks, for which assumptions hold.

    Of the sides of kinks and masks that draws `before` this one did not reach, as many
    as possible are reached now; if sizes `vary`, it has other ones than they had.

    Raises
    ------
    UsageError
        No draw gave finite results.
    """
    best: tuple[tuple[int, ...], Inputs] | None = None
    reached = together(i.sides for i in before)
    missed = {n for n, taken in reached.items() if len(taken) < 2}
    problem = "every result was infinite or not a number"
    possible = choices(graph, sizes or {}, [i.sizes for i in before])
    for number, (chosen, draws) in enumerate(
        _attempts(graph, rng, possible, len(before) if vary else 0)
    ):
        try:
            arrays = arrays_for(graph, chosen, draws, rng, assumptions)
            found, near, taken = judge(graph, arrays, chosen, rng)
        except (
            ArithmeticError,
            LookupError,
            ValueError,
            np.linalg.LinAlgError,
        ) as error:
            problem = str(error)
            continue
        if found is None:
            continue
        still = sum(taken.get(n, reached[n]) <= reached[n] for n in missed)
        singular, odd, bent = found
        score = (singular, still, odd, bent)
        if best is None or score < best[0]:
            drawn = _describe(draws, graph, assumptions, number + 1, near)
            best = score, Inputs(arrays, chosen, drawn, near, taken)
        singular, still, *rest = best[0]
        if not singular and not any(rest) and (not still or number >= ENOUGH):
            break
    if best is None:
        message = (
            f"no inputs were found at which {graph.name} can be checked ({problem}); "
            "pass some: check(arrays={'x': ..., ...})"
        )
        raise UsageError(message)
    return best[1]


def given_inputs(
    graph: Graph, arrays: Mapping[str, Any], rng: np.random.Generator
) -> Inputs:
    """Take the user's own inputs, in float64."""
    expected = {n.attrs["name"]: n.spec for n in graph.inputs}
    if set(arrays) != set(expected):
        message = f"arrays= needs exactly the arguments {', '.join(expected)}"
        raise UsageError(message)
    values = {}
    for name, spec in expected.items():
        array = as_array(arrays[name], f"arrays=: {name}")
        if array.dtype.kind not in "fiub":
            message = f"arrays=: {name} holds {array.dtype} values, not numbers"
            raise UsageError(message)
        values[name] = array.astype(np.float64) if spec.kind == "float" else array
    try:
        sizes = sizes_of(graph, values)
    except ShapeError as error:
        message = f"arrays=: {error}"
        raise UsageError(message) from None
    score, near, taken = judge(graph, values, sizes, rng)
    if score is None:
        message = f"{graph.name} is not finite at the given arrays"
        raise UsageError(message)
    return Inputs(values, sizes, "given" + _kink_text(near), near, taken)


def _attempts(
    graph: Graph, rng: np.random.Generator, possible: list[dict[str, int]], first: int
) -> Iterator[tuple[dict[str, int], dict[str, str]]]:
    """Give sizes and kinds of draws to try: the plainest first."""
    floats = [n.attrs["name"] for n in graph.inputs if n.spec.kind == "float"]
    kinds = list(DRAWS)
    for number in range(TRIES):
        chosen = possible[(number // PER_SIZES + first) % len(possible)]
        if number >= TRIES - len(possible):
            chosen = possible[number - TRIES]
        turn = number % PER_SIZES
        if turn < len(kinds):
            draws = dict.fromkeys(floats, kinds[turn])
        else:
            draws = {name: kinds[int(rng.integers(len(kinds)))] for name in floats}
        yield chosen, draws


def arrays_for(
    graph: Graph, sizes: Mapping[str, int], draws: Mapping[str, str],
    rng: np.random.Generator, assumptions: tuple[Any, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    """Draw an array for each argument, of given sizes, each by its kind of `DRAWS`."""
    shapes = [d for n in graph.inputs for d in n.spec.shape]
    extents = [evaluate(d, sizes) if isinstance(d, Size) else d for d in shapes]
    limit = min((n for n in extents if n > 1), default=2)
    arrays = {}
    for node in graph.inputs:
        name, spec = node.attrs["name"], node.spec
        shape = tuple(evaluate(d, sizes) for d in spec.shape)
        arrays[name] = _draw(spec, shape, draws.get(name, ""), limit, rng)
    for fact in assumptions:
        arrays[fact.name] = _normalised(arrays[fact.name], fact.axis, rng)
    return arrays


def _draw(
    spec: Spec, shape: tuple[int, ...], kind: str, limit: int, rng: np.random.Generator
) -> Any:
    if spec.kind == "bool":
        return rng.random(shape) < 0.5
    if spec.kind == "int":
        return rng.integers(0, limit, shape)
    return np.asarray(DRAWS[kind](rng, shape), dtype=np.float64)


def _normalised(array: Any, axis: int, rng: np.random.Generator) -> Any:
    """Give positive numbers that sum to 1 along an axis."""
    weights = rng.uniform(0.1, 1, np.shape(array))
    return weights / weights.sum(axis=axis, keepdims=True)


def judge(
    graph: Graph, arrays: Mapping[str, Any], sizes: Mapping[str, int],
    rng: np.random.Generator,
) -> tuple[tuple[int, int, int] | None, tuple[Node, ...], Sides]:  # fmt: skip
    """Say how good inputs are for a check.

    Returns
    -------
    score
        Counts operations with infinite slopes (or 1 where rounding alone decides what
        comes out), values that are not finite, and kinks; None if a result is not
        finite.
    near, sides
        The operations with a kink here, and the sides that are taken.

    Raises
    ------
    ValueError
        A value has another shape than it was derived for: a slice of ten elements, of
        an array that has five.
    """
    values = {n: arrays[n.attrs["name"]] for n in graph.inputs}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # as of the mean of nothing
        evaluation = Evaluation([*graph.outputs, *graph.inputs], values, sizes)
    _check_shapes(evaluation)
    if not all(np.all(np.isfinite(evaluation[n])) for n in graph.outputs):
        return None, (), {}
    odd = sum(not np.all(np.isfinite(evaluation[n])) for n in evaluation.nodes)
    moved = tuple(n for n in graph.inputs if n.spec.kind == "float")
    near = kinks(evaluation, moved, rng)
    singular = sum(has_infinite_slope(evaluation, n) for n in evaluation.nodes)
    singular = singular or int(_is_chaotic(graph, evaluation))
    return (singular, odd, len(near)), near, sides(evaluation)


def _is_chaotic(graph: Graph, evaluation: Evaluation) -> bool:
    """Tell whether the last digits of the arguments decide the first of the results.

    Many steps of a pendulum that swings over do that: no two programs that round in
    different places agree there, and no derivative can be compared.
    """
    rng = np.random.default_rng(0)
    moved = {
        n: x + 4 * np.spacing(np.abs(x)) * rng.choice([-1, 1], np.shape(x))
        for n in graph.inputs
        if n.spec.kind == "float"
        for x in (np.asarray(evaluation[n], dtype=np.float64),)
    }
    again = evaluation.again(moved)
    # What comes out as 0 has no size of its own.
    least = FLOOR * max((float(np.max(np.abs(x), initial=0)) for x in moved.values()),
                        default=0.0)  # fmt: skip
    for n in graph.outputs:
        y = np.asarray(evaluation[n], dtype=np.float64)
        change = np.max(np.abs(np.asarray(again[n]) - y), initial=0.0)
        if not change <= CHAOTIC * max(np.max(np.abs(y), initial=0.0), least):
            return True
    return False


def _check_shapes(evaluation: Evaluation) -> None:
    for node in evaluation.nodes:
        if "loop" in node.op.traits:
            continue
        shape = tuple(evaluate(d, evaluation.sizes) for d in node.spec.shape)
        actual = np.shape(evaluation[node])
        if actual != shape:
            place = f" in {node.line.text}" if node.line is not None else ""
            message = f"{node.op.name}{place} gives {actual}, derived was {shape}"
            raise ValueError(message)


def _describe(
    draws: Mapping[str, str], graph: Graph, assumptions: tuple[Any, ...], count: int,
    near: tuple[Node, ...],
) -> str:  # fmt: skip
    special = {a.name: str(a) for a in assumptions}
    whole = [n.attrs["name"] for n in graph.inputs if n.spec.kind == "int"]
    kinds: dict[str, list[str]] = {}
    for name, kind in draws.items():
        kinds.setdefault(special.get(name, kind), []).append(name)
    if len(kinds) == 1 and not whole:
        text = next(iter(kinds))
    else:
        text = "; ".join(f"{', '.join(v)}: {k}" for k, v in kinds.items())
    if whole:
        text += "; " if text else ""
        text += f"{', '.join(whole)}: integers that fit as indices"
    again = f" (attempt {count})" if count > 1 else ""
    return text + again + _kink_text(near)


def _kink_text(near: tuple[Node, ...]) -> str:
    if not near:
        return ""
    listed = ", ".join(dict.fromkeys(n.op.name for n in near))
    return f"; close to a kink of {listed}, for want of better"


def _has_kink_there(
    graph: Graph, arrays: Mapping[str, Any], sizes: Mapping[str, int]
) -> bool:
    """Tell whether the values lie at a kink, however flat: both are 0 in a minimum."""
    values = {n: arrays[n.attrs["name"]] for n in graph.inputs}
    evaluation = Evaluation([*graph.outputs, *graph.inputs], values, sizes)
    moved = tuple(n for n in graph.inputs if n.spec.kind == "float")
    rng = np.random.default_rng(0)
    return bool(kinks(evaluation, moved, rng, distance=CLOSE, bend=CLOSE_BEND))


def with_zeros(
    graph: Graph, inputs: Inputs, fixed: set[str], rng: np.random.Generator
) -> Iterator[tuple[str, Inputs]]:
    """Set some elements of one argument after the other to 0.

    Only where the function is finite and smooth all the same: ``y * g / x`` for the
    gradient of ``x * w`` is right everywhere but there.

    Parameters
    ----------
    graph
        The traced forward pass.
    inputs
        What to start from.
    fixed
        Arguments that something is assumed of.
    rng
        Chooses the elements.
    """
    floats = [n.attrs["name"] for n in graph.inputs if n.spec.kind == "float"]
    for name in floats:
        for _ in range(0 if name in fixed else ATTEMPTS):
            array = np.array(inputs.arrays[name])
            chosen = np.atleast_1d(rng.random(array.shape) < 0.3)
            chosen.flat[rng.integers(chosen.size)] = True
            array[chosen.reshape(array.shape)] = 0.0
            arrays = {**inputs.arrays, name: array}
            try:
                score, *_ = judge(graph, arrays, inputs.sizes, rng)
            except (ArithmeticError, LookupError, ValueError, np.linalg.LinAlgError):
                continue  # a matrix that is not definite any more
            if score == (0, 0, 0) and not _has_kink_there(graph, arrays, inputs.sizes):
                yield name, replace(inputs, arrays=arrays)
                break
