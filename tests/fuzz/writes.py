"""Random programs that write: through aliases, views, masks, helpers and loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

ARGUMENTS = {"x": (3, 4), "v": (4,), "m": (3, 3)}
HELPERS = """
def scale(a, b):
    a *= b
    return a


def shift(a):
    a[0] += 0.5
    for row in a:
        row -= 0.1
"""
_NEW = (
    "{a} * 0.7", "np.tanh({a})", "{a} + {same}", "{a}.copy()", "np.zeros_like({a})",
    "np.zeros({shape})", "np.ones({shape})", "np.array({a})", "+{a}",
    "{a}.astype(float)", "np.where({a} > 0.1, {a}, 0.3)", "np.full({shape}, 0.2)",
    "np.sort({a}, axis=0)", "np.empty({shape}); {new}[...] = {value}", "{a}.flatten()",
)  # fmt: skip
_VIEWS = (
    "{a}", "{a}[1]", "{a}[-1]", "{a}[1:]", "{a}[::2]", "{a}[::-1]", "{a}[..., 0]",
    "{a}[..., 1:3]", "{a}.T", "{a}[:, None]", "{a}.reshape(-1)", "{a}.ravel()",
    "np.swapaxes({a}, 0, -1)", "{a}[None]", "np.flip({a}, axis=0)", "{a}[:]",
    "np.squeeze({a})", "{a}[..., ::-1]", "np.split({a}, {a}.shape[0])[1]",
)  # fmt: skip
_WRITES = (
    "{a} += {value}", "{a} *= {value}", "{a} -= {value}", "{a}[...] = {value}",
    "{a}[0] = {part0}", "{a}[-1] += {part0}", "{a}[1:] = {part1:}",
    "{a}[::2] *= 0.5", "{a}[..., 0] -= {value_last}", "{a}[..., 1] = {value_last}",
    "{a}[[0, -1]] += 0.25", "{a}[[1, 1]] = {part0}", "np.add.at({a}, [0, 0], {part0})",
    "{a}[{a} > 0.1] = 0.3", "{a}[{a} < 0] *= {scalar}", "{a}.fill({scalar})",
    "np.copyto({a}, {value})", "np.multiply({a}, {value}, out={a})",
    "np.tanh({a}, out={a})", "{a}.sort(axis=0)", "np.copyto({a}, 0.1, where={a} > 0.2)",
    "scale({a}, {value})", "shift({a})", "{a}[1:] += {a}[:-1]",
    "for row in {a}: row += 0.1", "{a}[0], {a}[1] = {a}[1], {a}[0] + 1",
    "np.subtract({value}, {a}, {a})",
    "for k in range({a}.shape[0]): {a}[k] = {a}[k - 1] * 0.5 + {part0}",
)  # fmt: skip


@dataclass
class Program:
    """Lines of a function of ``x``, ``v`` and ``m``, and what they have computed.

    Attributes
    ----------
    lines
        The statements so far.
    values
        What each name stands for, on values that were drawn.
    """

    rng: np.random.Generator
    lines: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The source of a module with the function ``program``."""
        body = "".join(f"    {line}\n" for line in self.lines)
        return f"{HELPERS}\n\ndef program({', '.join(ARGUMENTS)}):\n{body}"

    def function(self, file: str = "<written>") -> Callable[..., Any]:
        """The function itself."""
        scope: dict[str, Any] = {"np": np}
        exec(compile(self.text(), file, "exec"), scope)  # noqa: S102
        function: Callable[..., Any] = scope["program"]
        return function

    def try_line(self, line: str) -> bool:
        """Add a statement, if NumPy can do it and the values stay moderate."""
        scope: dict[str, Any] = {"np": np}
        exec(HELPERS, scope)  # noqa: S102
        arrays = drawn()
        try:
            with np.errstate(all="raise"):
                for old in [*self.lines, line]:
                    exec(old, scope, arrays)  # noqa: S102
        except (ValueError, IndexError, TypeError, FloatingPointError):
            return False
        values = {k: v for k, v in arrays.items() if isinstance(v, np.ndarray)}
        if any(not np.all(np.abs(v) < 20) or v.ndim > 3 for v in values.values()):
            return False
        self.lines.append(line)
        self.values = values
        return True

    def pick(self, among: Any) -> Any:
        """Draw one of several things."""
        among = list(among)
        return among[int(self.rng.integers(len(among)))]

    def value(self, shape: tuple[int, ...]) -> str:
        """Draw an expression that can be written into a place of a shape."""
        fits = [k for k, v in self.values.items() if _fits(v.shape, shape)]
        if not fits or self.rng.random() < 0.2:
            return str(round(float(self.rng.uniform(-0.9, 0.9)), 2))
        name = self.pick(fits)
        return str(self.pick([name, f"np.tanh({name})", f"({name} * 0.6)"]))


def _fits(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    pairs = zip(small[::-1], large[::-1], strict=False)
    return len(small) <= len(large) and all(d in (1, n) for d, n in pairs)


def drawn(seed: int = 0) -> dict[str, Any]:
    """Draw arguments."""
    rng = np.random.default_rng(seed)
    return {name: rng.uniform(-1, 1, shape) for name, shape in ARGUMENTS.items()}


def generate(seed: int) -> Program:
    """Draw a program; the same seed gives the same one."""
    program = Program(np.random.default_rng([seed, 77]))
    program.values = drawn()
    target = int(program.rng.integers(4, 14))
    for _ in range(12 * target):
        if len(program.lines) >= target:
            break
        kind = program.pick([_NEW, _VIEWS, _VIEWS, _WRITES, _WRITES, _WRITES])
        _add(program, program.pick(kind), is_write=kind is _WRITES)
    arrays = list(dict.fromkeys(program.values))[-5:]
    sums = [f"np.sum(np.tanh({k}) * {round(0.3 + 0.2 * i, 1)})"
            for i, k in enumerate(arrays)]  # fmt: skip
    program.try_line(f"total = {' + '.join(sums)} + np.sum(x ** 2)")
    program.lines.append("return total")
    return program


def _add(program: Program, template: str, *, is_write: bool) -> None:
    names = [k for k in program.values if not is_write or program.values[k].ndim]
    a = program.pick(names)
    shape = program.values[a].shape
    same = [k for k in names if program.values[k].shape == shape]
    new = f"a{len(program.lines)}"
    line = template
    for field_, text in {
        "{a}": a, "{same}": program.pick(same), "{shape}": str(shape), "{new}": new,
        "{value}": program.value(shape), "{part0}": program.value(shape[1:]),
        "{part1:}": program.value((shape[0] - 1, *shape[1:]) if shape else ()),
        "{value_last}": program.value(shape[:-1]),
        "{scalar}": str(round(float(program.rng.uniform(-0.9, 0.9)), 2)),
    }.items():  # fmt: skip
        line = line.replace(field_, text)
    program.try_line(line if is_write else f"{new} = {line}")
