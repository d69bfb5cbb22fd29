"""Random programs of unlike shapes and types, derived once and run at three sizes.

The other programs of this folder combine matrices of a few shapes. These broadcast in
every position, mix floats with whole numbers and truth values, take slices with steps
and rows more than once, call helpers, give several results, and are tried where axes
have one element or none, and where elements are equal.

``python -m tests.fuzz.mixtures --count 2000 --seed 1`` tries as many as one likes.
"""

from __future__ import annotations

import argparse
import linecache
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

import derivo
from derivo.graph.spec import spec_of

Shape = tuple[str, ...]  # "N", "1", or the text of what an axis was made by
Sizes = dict[str, int]

FLOATS: dict[str, Shape] = {
    "x": ("N", "M"), "y": ("1", "M"), "u": ("N", "1"), "v": ("M",), "s": (),
    "w": ("K", "N", "M"), "t": ("M", "K"), "z": ("N", "M"),
}  # fmt: skip
# Whole numbers pick from the axis that the second entry names, or are operands.
WHOLE: dict[str, tuple[Shape, str]] = {
    "k": (("K",), "N"), "l": (("N",), "M"), "c": (("N", "M"), ""),
}  # fmt: skip
TRUTHS: dict[str, Shape] = {"b": ("M",), "q": ("N", "1")}

LARGE: Sizes = {"N": 4, "M": 3, "K": 2}
SECOND = [(1, 2, 1), (5, 1, 2), (1, 1, 3), (2, 3, 1)]
THIRD = [(0, 3, 2), (3, 0, 1), (4, 3, 0), (0, 0, 0), (3, 2, 5)]

SMOOTH = (
    "np.tanh({0})", "np.sin({0})", "{0} ** 2", "np.exp(0.3 * {0})", "-{0}",
    "1 / (1 + np.exp(-{0}))", "np.arctan({0})", "np.sqrt({0} * {0} + 1)", "{0} / 3",
    "2 - {0}", "np.log(1 + {0} ** 2)", "np.square({0})", "np.cos({0}) * 2",
    "{0}.copy()",
)  # fmt: skip
BENT = (
    "np.abs({0})", "np.maximum({0}, 0)", "np.clip({0}, -1, 1)", "np.sign({0}) * {0}",
    "np.where({0} > 0, {0}, 0.1 * {0})", "np.minimum(0, {0})", "np.fmax({0}, 0)",
    "{0} * ({0} > 0)",
)  # fmt: skip
PAIRS = (
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / (1 + {1} * {1})",
    "np.add({0}, 0.5 * {1})", "np.arctan2({0}, 1 + {1} * {1})", "{0} * {1} - {0}",
    "(1 + {0} ** 2) ** (0.3 * {1})", "np.hypot({0}, 2 + {1} ** 2)",
    "{0} * np.tanh({1})", "np.logaddexp({0}, {1})",
)  # fmt: skip
BENT_PAIRS = (
    "np.maximum({0}, {1})", "np.minimum({0}, {1})", "np.where({0} > {1}, {0}, {1})",
    "np.where({1} < {0}, {1}, {0})", "np.abs({0} - {1})", "np.fmin({0}, {1})",
)  # fmt: skip
CHOICES = (
    "np.where({mask}, {0}, {1})", "np.where({mask}, {0}, 0.5)", "{0} * {mask} + {1}",
    "np.where({mask} & ({mask} | True), {1}, {0})", "np.where(~{mask}, {0}, {1})",
)  # fmt: skip
MIXED = (
    "{0} + {whole}", "{whole} * {0}", "{0} / (1 + {whole} ** 2)", "{whole} - {0}",
    "{0} + {mask}", "np.where({whole} > 1, {0}, -{0})", "{0} ** ({whole} % 3)",
)  # fmt: skip
REDUCED = (
    "np.sum({0}{how})", "{0}.sum({how_only})", "np.mean({0}{how})",
    "np.prod(0.5 * {0}{how})", "np.var({0}{how})", "np.log(np.sum(np.exp({0}){how}))",
)  # fmt: skip
BENT_REDUCED = ("np.max({0}{how})", "{0}.min({how_only})", "np.amax({0}{how})")
STEPS = ("::2", "::-1", "1:", ":-1", "1::2", "::-2", ":2", "-1:", "::3")

NORM = """def norm(a, eps=0.5):
    length = np.sqrt(np.sum(a * a, axis=-1, keepdims=True) + eps)
    return a / length
"""
HELPERS = {
    "gate": ("def gate(a, b):\n    c = np.tanh(a)\n    return c * b + a\n", 2),
    "centre": ("def centre(a):\n    m = np.sum(a) / 7\n    return a - m\n", 1),
    "norm": (NORM, 1),
    "both": ("def both(a, b):\n    return a * b, a - b\n", 2),
}  # fmt: skip


@dataclass(frozen=True)
class Value:
    """What a name stands for.

    Attributes
    ----------
    given
        It holds elements of one argument as they are: equal ones stay equal whatever
        the argument is moved by, so a maximum among them is no kink.
    """

    shape: Shape
    given: bool = False


@dataclass
class Mixture:
    """A program as text, and what is known of it.

    Attributes
    ----------
    tied
        Arguments are drawn from few numbers, so that there are equal ones and zeros.
    sizes
        Where it is tried.
    """

    rng: np.random.Generator
    tied: bool
    sizes: list[Sizes]
    seed: int
    values: dict[str, Value] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The source of a module with the function ``f``."""
        order = [*FLOATS, *WHOLE, *TRUTHS]
        names = ", ".join(n for n in order if n in self.used)
        body = "".join(f"    {line}\n" for line in self.lines)
        helpers = "".join(f"{HELPERS[h][0]}\n\n" for h in sorted(self.helpers))
        given = ", ".join(self.results) or "None"
        return f"{helpers}def f({names}):\n{body}    return {given}\n"

    def function(self) -> Callable[..., Any]:
        """The function itself, with lines that error messages can show."""
        text = self.text()
        file = f"<mixture {abs(hash(text))}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        scope: dict[str, Any] = {"np": np}
        exec(compile(text, file, "exec"), scope)  # noqa: S102  our own text
        function: Callable[..., Any] = scope["f"]
        return function

    def specs(self) -> dict[str, Any]:
        """Give the arguments' shapes by name, one derivation for every size."""
        kinds = {n: (s, "float") for n, s in FLOATS.items()}
        kinds |= {n: (s, "int") for n, (s, _) in WHOLE.items()}
        kinds |= {n: (s, "bool") for n, s in TRUTHS.items()}
        return {
            n: derivo.Spec(spec_of(" ".join(s)).shape, kind)
            for n, (s, kind) in kinds.items()
            if n in self.used
        }

    def draw(self, sizes: Sizes) -> dict[str, Any] | None:
        """Draw arguments; None if there is nothing that could be picked."""
        rng = np.random.default_rng([self.seed, *sizes.values()])
        found: dict[str, Any] = {}
        for name, shape in FLOATS.items():
            extent = _extent(shape, sizes)
            numbers = rng.integers(-4, 5, extent) / 4 if self.tied else None
            found[name] = rng.uniform(-1.5, 1.5, extent) if numbers is None else numbers
        for name, (shape, axis) in WHOLE.items():
            extent = _extent(shape, sizes)
            below = sizes[axis] if axis else 4
            if not below and np.prod(extent):
                if name in self.used:
                    return None
                below = 1
            found[name] = rng.integers(-below if axis else 0, below or 1, extent)
        for name, shape in TRUTHS.items():
            found[name] = rng.random(_extent(shape, sizes)) < 0.5
        return {n: v for n, v in found.items() if n in self.used}


def _extent(shape: Shape, sizes: Sizes) -> tuple[int, ...]:
    return tuple(sizes[d] if d in sizes else int(d) for d in shape)


# --- growing --------------------------------------------------------------------------


def generate(rng: np.random.Generator) -> Mixture:
    """Draw a program; the same generator state gives the same program."""
    while True:
        second, third = (
            dict(zip("NMK", options[int(rng.integers(len(options)))], strict=True))
            for options in (SECOND, THIRD)
        )
        made = Mixture(
            rng,
            tied=bool(rng.random() < 0.3),
            sizes=[LARGE, second, third],
            seed=int(rng.integers(2**31)),
        )
        target = int(rng.integers(3, 10))
        for _ in range(8 * target):
            if len(made.lines) >= target:
                break
            _grow(made)
        if _finish(made):
            return made


def _pick(made: Mixture) -> tuple[str, Value]:
    """Choose an argument or a value that was made, newer ones more often."""
    rng = made.rng
    own = list(made.values)
    if own and rng.random() < 0.7:
        name = own[-1 - int(min(rng.geometric(0.4) - 1, len(own) - 1))]
        return name, made.values[name]
    name = list(FLOATS)[int(rng.integers(len(FLOATS)))]
    return name, Value(FLOATS[name], given=True)


def _one_of(rng: np.random.Generator, texts: Any) -> Any:
    return texts[int(rng.integers(len(texts)))]


def _grow(made: Mixture) -> None:
    """Add a line, if it fits and NumPy's numbers stay moderate."""
    name = f"h{len(made.lines)}"
    found = _one_of(made.rng, GROWERS)(made)
    if found is None:
        return
    line, value, reads, helper = found
    line = f"{name} = {line}"
    trial = Mixture(
        made.rng, made.tied, made.sizes, made.seed, used=made.used | reads,
        helpers=made.helpers | {helper} - {""}, lines=[*made.lines, line],
        results=[name],
    )  # fmt: skip
    number = outcome_of(trial, LARGE)
    if number is None:
        return
    (found_value,) = number
    if (
        not np.all(np.isfinite(found_value))
        or np.max(np.abs(found_value), initial=0) > 9
    ):
        return
    made.used, made.helpers, made.lines = trial.used, trial.helpers, trial.lines
    made.values[name] = value


def outcome_of(made: Mixture, sizes: Sizes) -> tuple[Any, ...] | None:
    """Give the results of the plain function, None if NumPy cannot do it."""
    arrays = made.draw(sizes)
    if arrays is None:
        return None
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = made.function()(**arrays)
        except (ValueError, IndexError, ZeroDivisionError):
            return None
    return found if isinstance(found, tuple) else (found,)


Grown = tuple[str, Value, set[str], str]


def _bent_allowed(made: Mixture, *values: Value) -> bool:
    """Tell whether kinks stay where they are when tied arguments move."""
    return not made.tied or all(v.given for v in values)


def _by_element(made: Mixture) -> Grown | None:
    name, value = _pick(made)
    bent = made.rng.random() < 0.4
    if bent and not _bent_allowed(made, value):
        return None
    text = _one_of(made.rng, BENT if bent else SMOOTH)
    return text.format(name), Value(value.shape), {name}, ""


def _of_two(made: Mixture) -> Grown | None:
    (a, va), (b, vb) = _pick(made), _pick(made)
    shape = _broadcast(va.shape, vb.shape)
    bent = made.rng.random() < 0.3
    if shape is None or (bent and not _bent_allowed(made, va, vb)):
        return None
    text = _one_of(made.rng, BENT_PAIRS if bent else PAIRS)
    return text.format(a, b), Value(shape), {a, b}, ""


def _with_mask(made: Mixture) -> Grown | None:
    (a, va), (b, vb) = _pick(made), _pick(made)
    mask = _one_of(made.rng, list(TRUTHS))
    shape = _broadcast(va.shape, vb.shape, TRUTHS[mask])
    if shape is None:
        return None
    text = _one_of(made.rng, CHOICES)
    if "{1}" not in text:
        shape, b = _broadcast(va.shape, TRUTHS[mask]), a
    return text.format(a, b, mask=mask), Value(shape or ()), {a, b, mask}, ""


def _with_whole(made: Mixture) -> Grown | None:
    a, va = _pick(made)
    whole, mask = _one_of(made.rng, list(WHOLE)), _one_of(made.rng, list(TRUTHS))
    text = _one_of(made.rng, MIXED)
    other = WHOLE[whole][0] if "{whole" in text else TRUTHS[mask]
    shape = _broadcast(va.shape, other)
    if shape is None:
        return None
    reads = {a, whole if "{whole" in text else mask}
    return text.format(a, whole=whole, mask=mask), Value(shape), reads, ""


def _broadcast(*shapes: Shape) -> Shape | None:
    result: list[str] = ["1"] * max(map(len, shapes))
    for shape in shapes:
        for k, d in enumerate(shape, start=len(result) - len(shape)):
            if result[k] == "1":
                result[k] = d
            elif d not in ("1", result[k]):
                return None
    return tuple(result) if len(result) < 5 else None


def _reduced(made: Mixture) -> Grown | None:
    rng = made.rng
    a, va = _pick(made)
    rank = len(va.shape)
    bent = rng.random() < 0.3
    if not rank or (bent and not _bent_allowed(made, va)):
        return None
    count = int(rng.integers(0, rank + 1))
    axes = sorted(int(k) for k in rng.choice(rank, count, replace=False))
    shown = [k - rank if rng.random() < 0.5 else k for k in axes]
    keep = bool(rng.random() < 0.4)
    how = [f"axis={shown[0] if count == 1 else tuple(shown)}"] if count else []
    how += ["keepdims=True"] if keep else []
    over = axes or range(rank)
    shape = tuple(
        "1" if k in over else d for k, d in enumerate(va.shape) if keep or k not in over
    )
    text = _one_of(rng, BENT_REDUCED if bent else REDUCED)
    options = "".join(f", {h}" for h in how)
    # The largest of elements as they were given is one of them.
    kept = Value(shape, given=bent and va.given)
    return text.format(a, how=options, how_only=", ".join(how)), kept, {a}, ""


def _along(made: Mixture) -> Grown | None:
    rng = made.rng
    a, va = _pick(made)
    if not va.shape:
        return None
    axis = int(rng.integers(len(va.shape)))
    n = va.shape[axis]
    text, length, given = _one_of(rng, ALONG)
    if "sort" in text and not _bent_allowed(made, va):
        return None
    shape = (*va.shape[:axis], length.format(n), *va.shape[axis + 1 :])
    shown = axis - len(shape) if rng.random() < 0.5 else axis
    return text.format(a, axis=shown), Value(shape, given and va.given), {a}, ""


ALONG = (
    ("np.cumsum({0}, axis={axis})", "{0}", False),
    ("np.flip({0}, axis={axis})", "{0}", True),
    ("np.sort({0}, axis={axis})", "{0}", True),
    ("np.roll({0}, 1, axis={axis})", "{0}", True),
    ("np.repeat({0}, 2, axis={axis})", "2 of each {0}", True),
    ("np.concatenate([{0}, {0}], axis={axis})", "{0} and {0}", True),
    ("np.concatenate([{0}, 2 * {0}], axis={axis})", "{0} and {0}", False),
    ("np.diff({0}, axis={axis})", "{0} but one", False),
    ("np.stack([{0}, -{0}], axis={axis}).sum(axis={axis})", "{0}", False),
)  # fmt: skip


def _cut(made: Mixture) -> Grown | None:
    rng = made.rng
    a, va = _pick(made)
    if not va.shape:
        return None
    axis = int(rng.integers(len(va.shape)))
    step = _one_of(rng, STEPS)
    fields = [":"] * axis + [step]
    shape = list(va.shape)
    shape[axis] = shape[axis] if step == "::-1" else f"{shape[axis]}[{step}]"
    if rng.random() < 0.3 and len(shape) < 4:
        fields.append("None")
        shape.insert(axis + 1, "1")
    elif rng.random() < 0.3 and axis == len(va.shape) - 1:
        fields = ["...", step]
    return f"{a}[{', '.join(fields)}]", Value(tuple(shape), va.given), {a}, ""


def _picked(made: Mixture) -> Grown | None:
    """Take rows by whole numbers, of which some may be equal."""
    rng = made.rng
    a, va = _pick(made)
    ways = []
    for index, (shape, axis) in WHOLE.items():
        if not axis:
            continue
        for k, d in enumerate(va.shape):
            if d == axis:
                found = (*va.shape[:k], *shape, *va.shape[k + 1 :])
                ways.append((f"np.take({a}, {index}, axis={k})", found, index))
                front = ":, " * k
                ways.append((f"{a}[{front}{index}]", found, index))
                if k == 0 and len(va.shape) > 1:
                    more = (*shape, "1", *va.shape[1:])
                    ways.append((f"{a}[{index}, None]", more, index))
    if va.shape[:2] == ("N", "M"):
        found = ("N", *va.shape[2:])
        ways.append((f"{a}[np.arange({a}.shape[0]), l]", found, "l"))
    if not ways:
        return None
    text, found, index = _one_of(rng, ways)
    return text, Value(found, va.given), {a, index}, ""


def _turned(made: Mixture) -> Grown | None:
    rng = made.rng
    a, va = _pick(made)
    rank, shape = len(va.shape), va.shape
    ways: list[tuple[str, Shape]] = [
        ("{0}.T", shape[::-1]),
        ("{0}[None]", ("1", *shape)),
    ]
    ways.append(("np.expand_dims({0}, -1)", (*shape, "1")))
    if rank > 1:
        swapped = (*shape[:-2], shape[-1], shape[-2])
        ways.append(("np.swapaxes({0}, -1, -2)", swapped))
        ways.append(("{0}.reshape(-1)", ("*".join(shape),)))
        ways.append(("np.ravel({0})", ("*".join(shape),)))
    if rank and "1" in shape:
        k = shape.index("1")
        ways.append((f"np.squeeze({{0}}, axis={k})", (*shape[:k], *shape[k + 1 :])))
    text, found = _one_of(rng, ways)
    return (text.format(a), Value(found, va.given), {a}, "") if len(found) < 5 else None


def _product(made: Mixture) -> Grown | None:
    (a, va), (b, vb) = _pick(made), _pick(made)
    if not va.shape or not vb.shape:
        return None
    inner = vb.shape[-2] if len(vb.shape) > 1 else vb.shape[0]
    if va.shape[-1] != inner:
        return None
    stack = _broadcast(va.shape[:-2] or ("1",), vb.shape[:-2] or ("1",))
    if stack is None:
        return None
    deep = len(va.shape) > 2 or len(vb.shape) > 2
    shape = (
        *(stack if deep else ()), *(va.shape[-2:-1] if len(va.shape) > 1 else ()),
        *(vb.shape[-1:] if len(vb.shape) > 1 else ()),
    )  # fmt: skip
    return f"{a} @ {b}", Value(shape), {a, b}, ""


def _called(made: Mixture) -> Grown | None:
    rng = made.rng
    helper = _one_of(rng, list(HELPERS))
    (a, va), (b, vb) = _pick(made), _pick(made)
    if HELPERS[helper][1] == 1:
        shape: Shape | None = va.shape if va.shape or helper == "centre" else None
        text, reads = f"{helper}({a})", {a}
    else:
        shape, reads = _broadcast(va.shape, vb.shape), {a, b}
        text = f"{helper}({a}, {b})" + (
            f"[{rng.integers(2)}]" if helper == "both" else ""
        )
    return None if shape is None else (text, Value(shape), reads, helper)


GROWERS: tuple[Callable[[Mixture], Grown | None], ...] = (
    _by_element, _by_element, _of_two, _of_two, _of_two, _with_mask, _with_whole,
    _reduced, _reduced, _along, _cut, _cut, _picked, _picked, _turned, _product,
    _called, _called,
)  # fmt: skip


def _finish(made: Mixture) -> bool:
    """Choose results; tell whether there is a derivative to look at."""
    own = list(made.values)
    if not own or not any(n in FLOATS for n in made.used):
        return False
    count = int(made.rng.integers(1, 4))
    made.results = list(dict.fromkeys([own[-1], *own[::-2]]))[:count]
    if made.rng.random() < 0.2:
        made.results = [f"np.sum({made.results[0]} * 1.5)", *made.results[1:]]
    return True


# --- comparing ------------------------------------------------------------------------

STEP = 1e-3
TOLERANCE = 1e-6


@dataclass
class Compared:
    """What was compared, so that a test sees that it was.

    Attributes
    ----------
    directions
        Along which slopes were compared, and those with a kink too close.
    """

    sizes: int = 0
    empty: int = 0
    directions: int = 0
    bent: int = 0


def disagreement(made: Mixture, seen: Compared) -> str:
    """Say how value or gradients differ from numbers; empty if they do not."""
    function = made.function()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = derivo.derive(function, shapes=made.specs(), verify=False)
    for sizes in made.sizes:
        results = outcome_of(made, sizes)
        if results is None or not all(np.all(np.isfinite(r)) for r in results):
            continue  # NumPy has no number there
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = _at(made, d, function, sizes, results, seen)
        if found:
            return f"at {sizes}: {found}"
        seen.sizes += 1
        seen.empty += 0 in sizes.values()
    return ""


def _at(
    made: Mixture, d: Any, function: Callable[..., Any], sizes: Sizes,
    results: tuple[Any, ...], seen: Compared,
) -> str:  # fmt: skip
    arrays = made.draw(sizes)
    assert arrays is not None
    rng = np.random.default_rng([made.seed, 1, *sizes.values()])
    up = tuple(rng.uniform(0.5, 1.5, np.shape(r)) for r in results)
    value, gradients = d.value_and_gradients(up if len(up) > 1 else up[0], **arrays)
    got = value if isinstance(value, tuple) else (value,)
    for a, b in zip(got, results, strict=True):
        if np.shape(a) != np.shape(b) or not np.allclose(a, b, rtol=1e-9, atol=1e-11):
            return f"the forward pass differs: {np.shape(a)} for {np.shape(b)}"
    floats = [n for n in arrays if n in FLOATS]
    if sorted(gradients) != sorted(floats):
        return f"gradients of {sorted(gradients)}, not of {sorted(floats)}"
    for name in floats:
        if np.shape(gradients[name]) != np.shape(arrays[name]):
            return f"the gradient of {name} has the shape {np.shape(gradients[name])}"

    def total(moved: dict[str, Any]) -> float:
        given = function(**{**arrays, **moved})
        given = given if isinstance(given, tuple) else (given,)
        return float(sum(np.sum(u * r) for u, r in zip(up, given, strict=True)))

    for _ in range(1 if made.tied else 2):
        along = {n: _direction(made, rng, arrays[n]) for n in floats}
        got_slope = float(sum(np.sum(gradients[n] * along[n]) for n in floats))
        scale = 1e-3 + sum(float(np.sum(np.abs(gradients[n]))) for n in floats)
        slopes = [_slope(total, arrays, along, h) for h in (STEP, STEP / 64)]
        if any(abs(got_slope - s) <= TOLERANCE * scale + 5 * e for s, e in slopes):
            seen.directions += 1
        elif abs(slopes[1][0] - slopes[0][0]) > 1e-4 * scale:
            seen.bent += 1  # a kink lies between
        else:
            number = f"{slopes[0][0]:.12g}"
            return f"along a direction: {got_slope:.12g}, by differences {number}"
    return ""


def _direction(made: Mixture, rng: np.random.Generator, x: Any) -> Any:
    """Give a direction; for tied arguments one that leaves equal elements equal.

    It is 0 at whole numbers, so that what is at a kink there stays at it.
    """
    return np.sin(np.pi * x) if made.tied else rng.normal(size=np.shape(x))


def _slope(
    total: Callable[[dict[str, Any]], float], arrays: dict[str, Any],
    along: dict[str, Any], h: float,
) -> tuple[float, float]:  # fmt: skip
    """Extrapolate central differences; give the slope, and how far it is in doubt."""
    slopes = []
    for step in (h, h / 2, h / 4):
        ahead, behind = (
            total({n: arrays[n] + s * v for n, v in along.items()})
            for s in (step, -step)
        )
        slopes.append((ahead - behind) / (2 * step))
    first = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
    number = (16 * first[1] - first[0]) / 15
    return number, abs(number - first[1]) + 1e-12 / h


# --- many -----------------------------------------------------------------------------


def mixtures(count: int, seed: int) -> Iterator[tuple[int, Mixture]]:
    """Give numbered programs; program number k does not depend on the others."""
    for number in range(count):
        yield number, generate(np.random.default_rng([seed, number, 2]))


def failure(made: Mixture, seen: Compared) -> str:
    """Try one program; give the program and what is wrong with it, or nothing."""
    try:
        found = disagreement(made, seen)
    except Exception as error:  # noqa: BLE001  each is a finding
        found = f"{type(error).__name__}: {error}"
    if not found:
        return ""
    shown = ", ".join(f"{n}={s}" for n, s in made.specs().items())
    return f"{found}\n{made.text()}# {shown}{', tied' * made.tied}"


def main() -> int:
    """Run, print every failure, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop-after", type=int, default=20)
    options = parser.parse_args()
    start, failures, seen = time.perf_counter(), 0, Compared()
    number = 0
    for number, made in mixtures(options.count, options.seed):
        found = failure(made, seen)
        if found:
            failures += 1
            print(f"program {number}: {found}", end="\n\n", flush=True)  # noqa: T201
        if failures >= options.stop_after:
            break
    seconds = time.perf_counter() - start
    print(f"{number + 1} programs, {failures} failures, {seconds:.0f} s; {seen}")  # noqa: T201
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
