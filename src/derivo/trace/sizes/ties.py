"""Named sizes that must be equal, or large enough, for an operation to be possible.

``np.concatenate([x, e], axis=1) @ w`` has an inner size D + E on one side and F on the
other: NumPy would only compute it if they are the same, so F is D + E from then on. The
function is traced once more with that, and each call is tried on it.

Two sizes that the user gave two plain names are no such case: that is a mistake in the
specs, or a transpose that is missing. So is a name that meets a number, unless the
number is the size of an array that an object holds, or of the initial value of a
parameter: then the name stands for it.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Mapping
from typing import Any

from derivo.errors import ShapeError
from derivo.graph.dim import (
    Dim,
    Excess,
    Quotient,
    Size,
    divide,
    is_at_least,
    least_of,
    name_of,
    names,
    product,
    substituted,
    symbol,
)
from derivo.graph.node import Line, Requirement, Tie
from derivo.graph.op import Op
from derivo.graph.sizes import inverse, unknown_of
from derivo.graph.spec import Spec

Tying = Mapping[str, Dim]
# How many pairs of sizes of one operation may have to be equal at once.
AT_ONCE = 2


class TracedAgain(BaseException):
    """Sizes are others than they were taken for, say: trace from the start.

    No `Exception`, so that the user's code does not take it for an error.

    Parameters
    ----------
    tying
        What stands in the place of names.
    line
        The user's line that needs it.
    opens
        Whether traced values are to pick parts of arrays that the function finds.
    """

    def __init__(self, tying: Tying, line: Line | None, *, opens: bool = False) -> None:
        super().__init__(tying)
        self.tying, self.line, self.opens = tying, line, opens

    @property
    def ties(self) -> tuple[Tie, ...]:
        """Give the names that are other sizes."""
        return tuple(
            Tie(name, dim, self.line)
            for name, dim in self.tying.items() if name_of(dim) != name
        )  # fmt: skip

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """Give what the names are at least that stay."""
        return tuple(
            Requirement(symbol(name) - least, self.line)
            for name, dim in self.tying.items()
            if name_of(dim) == name and (least := least_of(dim)) > 1
        )


def tying_for(
    op: Op, specs: tuple[Spec, ...], attrs: Mapping[str, Any],
    numbers: Container[int] = (),
) -> Tying:  # fmt: skip
    """Find what sizes must be for an operation to be possible that is not otherwise.

    Parameters
    ----------
    op
        An operation that refuses these operands.
    specs, attrs
        Its operands and attributes.
    numbers
        What a name may turn out to be: sizes that the user did not write.

    Returns
    -------
    Tying
        What is to stand in the place of names; empty if nothing helps.
    """
    dims = [*(d for s in specs for d in s.shape), *_dims(attrs)]
    enough = _large_enough(dims)
    candidates = [*_equal(specs, attrs, numbers), *_whole(dims)]
    tries: list[Tying] = [enough] if enough else []
    for count in range(1, AT_ONCE + 1):
        for several in itertools.combinations(candidates, count):
            together = {name: dim for one in several for name, dim in one.items()}
            if len(together) == count:
                tries += [together, {**enough, **together}] if enough else [together]
    return next((t for t in tries if _fits(op, specs, attrs, t)), {})


def tying_of(a: Dim, b: Dim, numbers: Container[int] = ()) -> Tying:
    """Give what makes two sizes equal; empty if they are none that may be."""
    found = _solved(a, b, numbers)
    return {} if found is None else dict([found])


def _fits(
    op: Op, specs: tuple[Spec, ...], attrs: Mapping[str, Any], tying: Tying
) -> bool:
    tied = tuple(in_spec(s, tying) for s in specs)
    before = [d for s in specs for d in s.shape]
    after = [d for s in tied for d in s.shape]
    if any(new == 1 != old for old, new in zip(before, after, strict=True)):
        return False  # that would be copied, and fits everything
    try:
        op.infer(*tied, **_in_attrs(attrs, tying))
    except ShapeError:
        return False
    return True


def in_spec(spec: Spec, tying: Tying) -> Spec:
    """Write what stands in the place of names into a spec."""
    return Spec(tuple(substituted(d, tying) for d in spec.shape), spec.kind)


def _in_attrs(value: Any, tying: Tying) -> Any:
    if isinstance(value, Mapping):
        return {k: _in_attrs(v, tying) for k, v in value.items()}
    if isinstance(value, tuple):
        return tuple(_in_attrs(v, tying) for v in value)
    return substituted(value, tying) if isinstance(value, Size) else value


def _dims(value: Any) -> Iterator[Size]:
    if isinstance(value, Size):
        yield value
    elif isinstance(value, tuple | Mapping):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _dims(part)


def _large_enough(dims: list[Dim]) -> dict[str, Dim]:
    """Give names so large that no ``max(N - 2, 0)`` among sizes is cut off at 0."""
    least: dict[str, int] = {}
    for d in dims:
        for over in _excesses(d):
            (name, *more) = names(over)
            by, rest = (0, 0) if more else inverse(over, name)
            if isinstance(by, int) and isinstance(rest, int) and by > 0:
                least[name] = max(least.get(name, 1), -(rest // by))
    return {name: symbol(name, n) for name, n in least.items()}


def _excesses(dim: Dim) -> Iterator[Dim]:
    for factors, _ in dim.terms if isinstance(dim, Size) else ():
        for f in factors:
            if isinstance(f, Excess):
                yield f.of
                yield from _excesses(f.of)


def _whole(dims: list[Dim]) -> Iterator[Tying]:
    """Give names as multiples, so that a floor division of them comes out even."""
    seen: set[str] = set()
    for num, den in (q for d in dims for q in _quotients(d)):
        name = name_of(num)
        if name is None or name in seen or name in names(den):
            continue
        seen.add(name)
        part = f"{name}_{den}" if f"{name}_{den}".isidentifier() else f"part_of_{name}"
        yield {name: symbol(part) * den}


def _quotients(dim: Dim) -> Iterator[tuple[Dim, Dim]]:
    for factors, _ in dim.terms if isinstance(dim, Size) else ():
        for f in factors:
            if isinstance(f, Quotient):
                yield f.num, f.den
                yield from (*_quotients(f.num), *_quotients(f.den))
            elif isinstance(f, Excess):
                yield from _quotients(f.of)


def _equal(
    specs: tuple[Spec, ...], attrs: Mapping[str, Any], numbers: Container[int]
) -> Iterator[Tying]:
    """Give what makes a size of one operand equal to one of another."""
    shapes = [s.shape for s in specs]
    if isinstance(attrs.get("shape"), tuple):  # of as many elements
        shapes = [(*s, product(s)) for s in (*shapes, attrs["shape"])]
    seen: set[tuple[str, Dim]] = set()
    for one, other in itertools.combinations(shapes, 2):
        for a, b in itertools.product(dict.fromkeys(one), dict.fromkeys(other)):
            found = _solved(a, b, numbers)
            if found is not None and found not in seen:
                seen.add(found)
                yield dict([found])


def _solved(a: Dim, b: Dim, numbers: Container[int]) -> tuple[str, Dim] | None:
    """Solve ``a == b`` for a name, the one that stands alone if there is one."""
    apart = a - b
    alone = [n for n in (name_of(a), name_of(b)) if n is not None]
    if len(alone) == 2 or 1 in (a, b) or isinstance(apart, int):
        return None
    number = next((d for d in (a, b) if isinstance(d, int)), None)
    if alone and number is not None:
        return (alone[0], number) if number in numbers else None
    for name in dict.fromkeys([*alone, *names(apart)]):
        if unknown_of(apart, set(names(apart)) - {name}) is None:
            continue  # squared, or inside a floor division
        by, rest = inverse(apart, name)
        value = divide(rest * -1, by)
        is_one = value * by == rest * -1 and is_at_least(value, 1)
        if is_one and name_of(value) is None:
            return name, value
    return None
