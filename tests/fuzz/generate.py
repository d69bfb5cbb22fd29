"""Random programs of 5 to 60 operations whose values stay moderate and off kinks."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tests.fuzz.program import Program, Shape, Step, pruned
from tests.fuzz.templates import TEMPLATES, Template

SIZES = {"N": 4, "L": 3, "M": 2}
INPUT_SHAPES: list[Shape] = [
    ("N", "L"), ("L", "M"), ("N", "M"), ("M",), ("L",), ("N",), (), ("N", "1"),
    ("1", "L"), ("N", "L", "M"), ("L", "L"),
]  # fmt: skip
LARGEST = 12.0  # above, a value goes through tanh before it is used
KINK_STEP = 4e-3

CROSS_ENTROPY = (
    "-np.mean(np.sum({1} * np.log(np.exp({0}) / "
    "np.sum(np.exp({0}), axis=1, keepdims=True)), axis=1))"
)

# More of what combines values, less of what ends in few elements.
WEIGHTS = {
    "same": 8, "broadcast": 9, "reduce": 4, "along": 5, "matmul": 5, "left": 2,
    "right": 2, "gram": 1, "transpose": 1, "first": 1, "expand": 1, "pairs": 1,
    "flat": 1, "shifted": 1,
}  # fmt: skip


def generate(rng: np.random.Generator, *, least: int = 5, most: int = 60) -> Program:
    """Draw a program; the same generator state gives the same program."""
    # As many of 5 to 17 operations as of 17 to 60: the time goes into the large ones.
    target = round(float(np.exp(rng.uniform(np.log(least), np.log(most)))))
    while True:
        program = _grow(rng, target)
        if least <= program.operations <= most + 10 and program.inputs:
            return program


def draw(program: Program) -> dict[str, Any]:
    """Draw values for the arguments: the same whatever other arguments there are."""
    return {
        name: _values(program.seed, name, shape, rows=name in program.rows)
        for name, shape in program.inputs.items()
    }


def extent(shape: Shape) -> tuple[int, ...]:
    """Give the sizes that a shape stands for."""
    return tuple(SIZES[d] if d in SIZES else int(d) for d in shape)


def _values(seed: int, name: str, shape: Shape, *, rows: bool) -> Any:
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if rows:
        weights = rng.uniform(0.1, 1, extent(shape))
        return weights / weights.sum(axis=-1, keepdims=True)
    values = rng.uniform(-1.5, 1.5, extent(shape))
    # Exact zeros, which a shortened gradient must not divide by.
    return np.where(rng.random(values.shape) < 0.1, 0.0, values)


def _grow(rng: np.random.Generator, target: int) -> Program:
    count = int(rng.integers(1, 5))
    picks = rng.choice(len(INPUT_SHAPES), size=count)
    inputs: dict[str, Shape] = {
        f"x{i}": INPUT_SHAPES[int(k)] for i, k in enumerate(picks)
    }
    seed = int(rng.integers(2**31))
    values = {k: _values(seed, k, s, rows=False) for k, s in inputs.items()}
    steps: dict[str, Step] = {}
    operations, kinds = 0, _kinds()
    for _ in range(6 * target):
        if operations >= target - 3:
            break
        template = kinds[int(rng.integers(len(kinds)))]
        options = [t for t in TEMPLATES if t.kind == template]
        step = _step(rng, options[int(rng.integers(len(options)))], inputs, steps)
        if step is None:
            continue
        name = f"h{len(steps)}"
        if _accept(step, name, values):
            steps[name] = step
            operations += step.weight
    return replace(_finish(rng, inputs, steps), seed=seed)


def _kinds() -> list[str]:
    return [kind for kind, n in WEIGHTS.items() for _ in range(n)]


def _step(
    rng: np.random.Generator, t: Template, inputs: Mapping[str, Shape],
    steps: Mapping[str, Step],
) -> Step | None:  # fmt: skip
    """Choose operands that fit a template; None if these do not."""
    shapes = {**inputs, **{k: s.shape for k, s in steps.items()}}
    names = list(shapes)
    recent = names[-6:] + names  # newer values twice as likely, so that chains form
    picked = [recent[int(rng.integers(len(recent)))] for _ in range(2)]
    a, b = (shapes[n] for n in picked)
    axis = int(rng.integers(len(a))) if a else 0
    keep = bool(rng.integers(2))
    shape = result_shape(t.kind, a, b, axis, keep)
    if t.kind == "expand" and len(a) == 1:
        shape = (a[0], "1") if ":," in t.text else ("1", a[0])
    if shape is None or len(shape) > 3:
        return None
    text = t.text
    if "{a}" in text:
        shown = axis - len(a) if rng.integers(2) else axis
        text = text.replace("{a}", str(shown)).replace("{k}", ", keepdims=True" * keep)
    reads = tuple(picked[: 2 if "{1}" in text else 1])
    return Step(text, reads, shape, t.smooth, t.weight)


def result_shape(kind: str, a: Shape, b: Shape, axis: int, keep: bool) -> Shape | None:
    """Give the shape of the result, None if the operands do not fit."""
    rules = {
        "same": lambda: a,
        "broadcast": lambda: _broadcast(a, b),
        "reduce": lambda: (
            (*a[:axis], *(("1",) * keep), *a[axis + 1 :])
            if a and a[axis] != "1"
            else None
        ),
        "along": lambda: a if a and a[axis] != "1" else None,
        "matmul": lambda: _matmul(a, b),
        "left": lambda: _matmul(a[::-1], b) if len(a) == 2 else None,
        "right": lambda: _matmul(a, b[::-1]) if len(b) == 2 else None,
        "gram": lambda: (a[0], a[0]) if len(a) == 2 else None,
        "transpose": lambda: a[::-1] if len(a) > 1 else None,
        "first": lambda: a[1:] if a else None,
        "expand": lambda: None,
        "pairs": lambda: (a[0], a[0]) if len(a) == 1 else None,
        "flat": lambda: () if a else None,
        "shifted": lambda: a if a and a[0] != "1" else None,
    }
    return rules[kind]()


def _broadcast(a: Shape, b: Shape) -> Shape | None:
    rank = max(len(a), len(b))
    wide = [("1",) * (rank - len(s)) + s for s in (a, b)]
    result = []
    for d, e in zip(*wide, strict=True):
        if d != e and "1" not in (d, e):
            return None
        result.append(e if d == "1" else d)
    return tuple(result)


def _matmul(a: Shape, b: Shape) -> Shape | None:
    if not a or not b or a[-1] != (b[-2] if len(b) > 1 else b[0]):
        return None
    if len(a) > 2 and len(b) > 2:
        stack = _broadcast(a[:-2], b[:-2])
        return None if stack is None else (*stack, a[-2], b[-1])
    stack = a[:-2] if len(a) > 2 else b[:-2]
    return (*stack, *(a[-2:-1] if len(a) > 1 else ()), *(b[-1:] if len(b) > 1 else ()))


def _accept(step: Step, name: str, values: dict[str, Any]) -> bool:
    """Compute the step; refuse it if it is large, not finite, or at a kink."""
    operands = [values[r] for r in step.reads]
    code = compile(
        step.text.format(*(f"_{i}" for i in range(len(operands)))), "", "eval"
    )

    def run(moved: list[Any]) -> Any:
        return eval(code, {"np": np} | {f"_{i}": v for i, v in enumerate(moved)})  # noqa: S307

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        here = run(operands)
        if not np.all(np.isfinite(here)) or np.max(np.abs(here)) > LARGEST:
            return False
        if not step.smooth and _is_bent(run, operands, here):
            return False
    assert np.shape(here) == extent(step.shape), (step, np.shape(here))
    values[name] = here
    return True


def _is_bent(run: Callable[..., Any], operands: list[Any], here: Any) -> bool:
    """Tell whether there is a kink nearby, in the values or in their slopes.

    Each element moves up or down by itself. Second differences show a jump of the
    slope; third differences one of the curvature, as of ``where(x > 0, x, exp(x) - 1)``
    at 0, where central differences lose their order.
    """
    rng = np.random.default_rng(0)
    for _ in range(4):
        steps = [KINK_STEP * rng.choice([-1.0, 1.0], np.shape(v)) for v in operands]

        def at(k: int, steps: list[Any] = steps) -> Any:
            return run([v + k * s for v, s in zip(operands, steps, strict=True)])

        second = at(1) - 2 * here + at(-1)
        third = at(2) - 2 * at(1) + 2 * at(-1) - at(-2)
        if np.any(np.abs(second) > 0.02 * KINK_STEP):
            return True
        if np.any(np.abs(third) > 0.1 * KINK_STEP**2):
            return True
    return False


def _finish(
    rng: np.random.Generator, inputs: dict[str, Shape], steps: dict[str, Step]
) -> Program:
    """Choose results, so that nothing is computed in vain."""
    read = {r for s in steps.values() for r in s.reads}
    ends = [n for n in steps if n not in read][-4:] or list(inputs)[:1]
    steps, rows = dict(steps), set()
    inline = frozenset(n for n in steps if rng.random() < 0.4)
    mode = int(rng.integers(4))
    if mode == 0:
        last = steps[ends[-1]].shape if ends[-1] in steps else ()
        if len(last) == 2 and "1" not in last:
            inputs = {**inputs, "t": last}
            rows.add("t")
            steps["loss"] = Step(CROSS_ENTROPY, (ends[-1], "t"), (), True, 9)
            ends = ["loss"]
    elif mode == 1:
        total = " + ".join(f"np.mean({{{i}}} ** 2)" for i in range(len(ends)))
        steps["loss"] = Step(total, tuple(ends), (), True, 3 * len(ends))
        ends = ["loss"]
    elif mode == 2:
        ends = ends[-1:]
    return pruned(Program(inputs, steps, tuple(ends), frozenset(rows), inline))
