"""A forward pass as somebody may write it, and the fewest operations known for it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo import Spec

# All different, so that a transposed array cannot pass for the right one.
SIZES = {
    "N": 5, "L": 3, "M": 4, "C": 6, "T": 7, "S": 8, "D": 2, "H": 3, "V": 9, "K": 4,
    "B": 2, "E": 5,
}  # fmt: skip
# Views; the last two are what .T is for more than two axes.
FREE = ("reshape", "expand_dims", "squeeze", "transpose", "swapaxes")
# NumPy drops the imaginary part here, or does not take complex numbers.
NOT_ANALYTIC = ("abs(", "norm(", "var(", "std(", "logaddexp(")


@dataclass(frozen=True)
class Spelling:
    """One forward pass.

    Attributes
    ----------
    function, specs
        What `derive` is given.
    draws
        ``draw(rng, shape)`` for arguments that are not standard normal.
    wrt
        What to differentiate for; None for everything.
    most
        The operations of the published backward pass, if there is one: derivo may need
        no more. `source` says where it is published.
    """

    function: Callable[..., Any]
    specs: Mapping[str, Any]
    draws: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    wrt: str | tuple[str, ...] | None = None
    most: int | None = None
    source: str = ""

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def is_analytic(self) -> bool:
        """Whether complex numbers go through, so that complex step is exact."""
        text = inspect.getsource(self.function)
        return not any(word in text for word in NOT_ANALYTIC)

    @property
    def has_numbers(self) -> bool:
        """Whether a size is a number, so that not all sizes can be the same."""
        specs = [Spec(v) if isinstance(v, str) else v for v in self.specs.values()]
        return any(isinstance(d, int) for v in specs for d in v.shape)

    def arrays(self, seed: int = 0, size: int = 0) -> dict[str, Any]:
        """Draw the arguments, in float64; named sizes all of one size, if given."""
        rng = np.random.default_rng(seed)
        return {name: self._draw(name, rng, size) for name in self.specs}

    def _draw(self, name: str, rng: np.random.Generator, size: int) -> Any:
        spec = self.specs[name]
        shape = Spec(spec).shape if isinstance(spec, str) else spec.shape
        concrete = tuple(
            d if isinstance(d, int) else size or SIZES[str(d)] for d in shape
        )
        draw = self.draws.get(name)
        array = rng.normal(size=concrete) if draw is None else draw(rng, concrete)
        # Labels of as many classes as there are.
        return array % size if size and array.dtype == np.int64 else array


SPELLINGS: dict[str, Spelling] = {}


def spelling(
    *, draws: Mapping[str, Any] | None = None, wrt: Any = None,
    most: int | None = None, source: str = "", **specs: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # fmt: skip
    """Put a function into the table."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        assert function.__name__ not in SPELLINGS
        assert (most is None) == (not source), "a ceiling has a source"
        made = Spelling(function, specs, draws or {}, wrt, most, source)
        SPELLINGS[function.__name__] = made
        return function

    return add


def count_operations(source: str, name: str) -> int:
    """Count the operations of an emitted backward pass.

    One operation is one arithmetic operator, one comparison or one call; views, indices
    and constants are free. Of a loss, the gradient for an adjoint of 1 is counted.
    """
    found = {
        n.name: n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)
    }
    function = found.get(f"{name}_gradient") or found[f"{name}_backward"]
    indices = [n.slice for n in ast.walk(function) if isinstance(n, ast.Subscript)]
    free = {n for index in indices for n in ast.walk(index)}
    count = 0
    for n in ast.walk(function):
        if n in free:
            continue
        if isinstance(n, ast.UnaryOp):
            count += not isinstance(n.operand, ast.Constant)  # -1 is a constant
        elif isinstance(n, ast.BinOp | ast.AugAssign):
            count += 1
        elif isinstance(n, ast.Compare):
            count += len(n.ops)
        elif isinstance(n, ast.Call):
            called = n.func.attr if isinstance(n.func, ast.Attribute) else ""
            count += called not in FREE
    return count


def slope(function: Callable[[float], float]) -> float:
    """Differentiate at 0 by five points: the error is of the order of the fifth
    derivative times 1e-13, about as much as is lost by rounding."""
    h = 1e-3
    near, far = function(h) - function(-h), function(2 * h) - function(-2 * h)
    return float((8 * near - far) / (12 * h))


def one_hot(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    *rows, classes = shape
    return np.eye(classes)[rng.integers(0, classes, rows)]


def one_hot_columns(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return one_hot(rng, shape[::-1]).T


def soft_rows(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    p = rng.uniform(0.1, 1, shape)
    return p / p.sum(axis=-1, keepdims=True)


def zero_or_one(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.integers(0, 2, shape).astype(float)


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return 2.0 * rng.integers(0, 2, shape) - 1.0


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.5, 2.0, shape)


def between(low: float, high: float) -> Callable[..., Any]:
    return lambda rng, shape: rng.uniform(low, high, shape)


def below(limit: int) -> Callable[..., Any]:
    """Draw integers from 0 up to `limit`, which is not reached."""
    return lambda rng, shape: rng.integers(0, limit, shape)
