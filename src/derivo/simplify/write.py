"""From a sum of products back to nodes, with common factors pulled out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from derivo.graph import dim as _dim
from derivo.graph.dim import Dim, Shape
from derivo.graph.node import Node
from derivo.ops.elementwise import sqrt
from derivo.ops.leaf import as_float
from derivo.ops.reduce import mean, sum_
from derivo.ops.shape import as_shape, broadcast_to, expand_dims, squeeze, transpose
from derivo.simplify.factor import (
    Atom, Base, Exp, Factor, Label, Log, Product, Rational, Size, Total, labels_of,
    product, relabelled,
)  # fmt: skip
from derivo.simplify.patterns import Patterns
from derivo.simplify.terms import ONE, Terms, collect, size_product
from derivo.trace.recorder import Recorder

Items = Mapping[Product, Fraction]


class Writer:
    """Writes sums of products as nodes.

    Parameters
    ----------
    recorder
        Makes the nodes.
    is_forward
        Tells forward values, which are multiplied on after adjoints.
    sums
        Sums that have a name already: what the forward pass computed.
    pull_sizes
        Whether 1/N is pulled out of a sum; if not, totals over N stay means.
    """

    def __init__(
        self, recorder: Recorder, is_forward: Callable[[Node], bool],
        sums: Mapping[Any, Node] | None = None, *, pull_sizes: bool = True,
    ) -> None:  # fmt: skip
        self.pull_sizes = pull_sizes
        self.recorder = recorder
        self.is_forward = is_forward
        self.sums = {} if sums is None else sums
        self.patterns = Patterns(self)

    def __call__(self, terms: Terms) -> Node:
        """Write terms as a node of their shape."""
        value = self.sum(terms.items, terms.shape)
        value = self._number(value, terms.shape)
        while value.ndim > len(terms.shape):
            value = squeeze(value, axis=0)  # a leading axis of size 1
        if as_shape(value.shape) != terms.shape:
            value = broadcast_to(value, shape=terms.shape)
        if value.node.spec.kind in ("bool", "int"):
            value = as_float(value)
        node: Node = value.node
        return node

    def _number(self, value: Any, shape: Shape) -> Any:
        """Make a variable of a bare number."""
        if hasattr(value, "node"):
            return value
        node = self.recorder.lift(value)
        del shape
        return self.recorder.wrap(node)

    # --- sums -----------------------------------------------------------------------------

    def sum(self, items: Items, shape: Shape) -> Any:
        """Write a sum: what all terms share is pulled out."""
        items = self.absorbed(self.patterns.logs(dict(items)), shape)
        if not items:
            return 0
        known = self._known(items, shape)
        if known is not None:
            return known
        if len(items) == 1:
            ((m, c),) = items.items()
            return self.product(m, c, shape)
        common, scale, rest = shared(items, all_sizes=self.pull_sizes)
        known = self._known(rest, shape)
        body = known if known is not None else self._grouped(rest, shape)
        if not common:
            if scale == 1:
                return body
            if scale == -1 and known is None:
                return self._grouped({m: -c for m, c in rest.items()}, shape)
        if scale < 0 and known is None:
            flipped = {m: -c for m, c in rest.items()}
            scale, body = -scale, self._grouped(flipped, shape)
        return self.product(common, scale, shape, extra=body)

    def absorbed(self, items: Items, shape: Shape) -> Items:
        """Put a value that has been computed in the place of the terms it consists of."""
        for key, node in self.sums.items():
            if not 2 <= len(key) < len(items) or node.spec.rank > len(shape):
                continue
            for sign in (1, -1):
                if all(items.get(m) == c * sign for m, c in key):
                    taken = {m for m, _ in key}
                    rest = {m: c for m, c in items.items() if m not in taken}
                    (whole,) = Terms.of(node).items
                    rest[whole] = rest.get(whole, Fraction(0)) + sign
                    return self.absorbed({m: c for m, c in rest.items() if c}, shape)
        return items

    def _known(self, items: Items, shape: Shape) -> Any:
        if len(items) == 1 and len(next(iter(items))) < 2:  # noqa: PLR2004
            ((m, c),) = items.items()
            if not m or isinstance(m[0][0], Atom) and m[0][1] == 1 and abs(c) == 1:
                return None  # a bare value, perhaps negative
        for sign in (1, -1):
            key = frozenset((m, c * sign) for m, c in items.items())
            if key in self.sums:
                value = self.recorder.wrap(self.sums[key])
                if value.ndim > len(shape):
                    continue
                return value if sign == 1 else -value
        return None

    def _grouped(self, items: Items, shape: Shape) -> Any:
        """Write terms that share nothing all together, but perhaps some of them do."""
        best = max(self._shared(items), key=lambda t: t[0], default=None)
        if best is None:
            return self._added(items, shape)
        _, f, p = best
        inside = {m: c for m, c in items.items() if dict(m).get(f) == p}
        outside = {m: c for m, c in items.items() if m not in inside}
        grouped = self.sum(inside, shape)
        rest = [(self.sum(dict([t]), shape) if len(outside) == 1 else None) for t in outside.items()]
        if len(outside) == 1 and next(iter(outside.values())) < 0:
            ((m, c),) = outside.items()
            return _number(grouped) - _number(self.product(m, -c, shape))
        other = rest[0] if len(outside) == 1 else self.sum(outside, shape)
        return _number(grouped) + _number(other)

    def _shared(self, items: Items) -> list[tuple[tuple[int, int, Any], Factor, Fraction]]:
        counts: dict[tuple[Factor, Rational], int] = {}
        for m in items:
            for f, p in m:
                if not isinstance(f, Size):
                    counts[f, p] = counts.get((f, p), 0) + 1
        return [
            ((n, len(f.labels()), _negated(f.key)), f, p)
            for (f, p), n in counts.items()
            if 2 <= n < len(items)  # noqa: PLR2004
        ]

    def _added(self, items: Items, shape: Shape) -> Any:
        ordered = sorted(items.items(), key=lambda t: (t[1] < 0, self._rank(t[0])))
        value: Any = None
        for m, c in ordered:
            if value is None:
                value = _number(self.product(m, c, shape))
            elif c < 0:
                value = value - _number(self.product(m, -c, shape))
            else:
                value = value + _number(self.product(m, c, shape))
        return value

    def _rank(self, m: Product) -> Any:
        """Order terms: those with an adjoint first, then as the values were computed."""
        adjoint = any(isinstance(f, Atom) and not self.is_forward(f.node) for f, _ in m)
        return (not adjoint, len(m), tuple((f.key, p) for f, p in m))

    # --- products -------------------------------------------------------------------------

    def product(self, m: Product, c: Fraction, shape: Shape, extra: Any = None) -> Any:
        """Write a number times a product (times `extra`, which is written already)."""
        parts = list(self.patterns.probabilities(m, shape))
        m = product((f, p) for f, p in m if not any(f is g for g, _ in parts)) if parts else m
        values = [v for _, v in parts if v is not None]
        m, means = self._means(m, shape)
        above = [(f, p) for f, p in m if p > 0 and not _is_count(f, p)]
        below = [(f, -p) for f, p in m if p < 0 and not _is_count(f, p)]
        above.sort(key=self._factor_rank)
        below.sort(key=self._factor_rank)
        ups = [*values, *means, *(self.power(f, p, shape) for f, p in above)]
        ups += [extra] if extra is not None else []
        ups.sort(key=lambda v: 1 if not hasattr(v, "node") else 0)
        top, bottom = self._scalars(m, c)
        value = self._times(ups, top, bottom)
        for f, p in below:
            value = self._over(value, self.power(f, p, shape))
        return value

    def _factor_rank(self, part: tuple[Factor, Rational]) -> Any:
        f, _ = part
        kind = 2 if isinstance(f, Base) else 1 if isinstance(f, Total) else 0
        adjoint = isinstance(f, Atom) and not self.is_forward(f.node)
        return (not adjoint, kind, f.key)

    def _scalars(self, m: Product, c: Fraction) -> tuple[Any, Any]:
        """Give the number in front as a numerator and a denominator of sizes."""
        top = _dim.product(_whole(f, p) for f, p in m if _is_count(f, p) and p > 0)
        bottom = _dim.product(_whole(f, -p) for f, p in m if _is_count(f, p) and p < 0)
        over, under = self._size(top), self._size(bottom)
        decimal = c.denominator not in (1, 2, 3, 4, 6, 8) and _is_decimal(c)
        if decimal or (c.denominator in (2, 4, 8) and abs(c.numerator) != 1):
            number: Any = float(c)
            number = int(number) if number.is_integer() else number
        else:
            number = c.numerator
            under = under * c.denominator if c.denominator != 1 else under
        return (over if number == 1 else number * over), under

    def _size(self, dim: Dim) -> Any:
        return self.recorder.size(dim)

    def _times(self, ups: list[Any], top: Any, bottom: Any) -> Any:
        negative = isinstance(top, int | float) and top == -1
        if negative:
            top = -top
        plain_top = isinstance(top, int) and top == 1
        plain_bottom = isinstance(bottom, int) and bottom == 1
        value: Any = None
        if not plain_top or not ups:
            value = top if plain_bottom else self._over(top, bottom)
        for v in ups:
            value = v if value is None else value * v
        if negative:
            value = -_number(value)
        if plain_top and ups and not plain_bottom:
            value = self._over(value, bottom)
        return value

    def _over(self, a: Any, b: Any) -> Any:
        if not hasattr(a, "node") and not hasattr(b, "node"):
            return a / b
        return a / b

    def power(self, f: Factor, p: Rational, shape: Shape) -> Any:
        """Write a factor to a positive power."""
        value = self.factor(f, shape)
        if p == 1:
            return value
        if p == Fraction(1, 2):
            return sqrt(value)
        return value ** (int(p) if p.denominator == 1 else float(p))

    def factor(self, f: Factor, shape: Shape) -> Any:
        """Write one factor, its axes where the frame has them."""
        if isinstance(f, Atom):
            value = self._aligned(self.recorder.wrap(f.node), f.axes)
            while value.ndim > len(shape):
                value = squeeze(value, axis=0)  # a leading axis of size 1
            return value
        if isinstance(f, Base):
            return self.sum(dict(f.terms), shape)
        if isinstance(f, Size):
            return self._size(f.dim)
        if isinstance(f, Total):
            return self._total(f, shape, mean_of=False)
        if isinstance(f, Log):
            return self.patterns.log(f, shape)
        if isinstance(f, Exp):
            return self.patterns.exp(f, shape)
        raise AssertionError

    # --- totals ---------------------------------------------------------------------------

    def _means(self, m: Product, shape: Shape) -> tuple[Product, list[Any]]:
        """Write totals divided by the number of their elements as means."""
        values, rest = [], m
        for f, p in m:
            if isinstance(f, Total) and p == 1:
                count = sizes_of(f)
                if count is None:
                    continue
                number, dims = size_product(_dim.product(count.values()))
                if not dims or number != 1:
                    continue
                left = dict(rest)
                if all(left.get(g, 0) <= -q for g, q in dims):
                    rest = product([*rest, *dims, (f, -1)])
                    values.append(self._total(f, shape, mean_of=True))
        return rest, values

    def _total(self, t: Total, shape: Shape, *, mean_of: bool) -> Any:
        del shape
        one = Fraction(1)
        return self.reduced(
            t, lambda inner, dims: self.product(inner, one, dims), mean if mean_of else sum_
        )

    def reduced(self, t: Total, write: Callable[..., Any], reduce: Any) -> Any:
        """Write the inside of a total, and reduce it along the axes that are bound."""
        order = frame_order(t)
        rank = len(order)
        place = {a: i - rank for i, a in enumerate(order)}
        inner = relabelled(t.inner, lambda a: place.get(a, a))
        dims = _frame_shape(inner, rank)
        value = self._number(write(inner, dims), dims)
        if as_shape(value.shape) != dims:
            value = broadcast_to(value, shape=dims)
        axes = tuple(i for i, a in enumerate(order) if a in t.bound)
        axis: Any = None if len(axes) == rank else axes[0] if len(axes) == 1 else axes
        labels: list[Label] = [None if a in t.bound else a for a in order]
        left = [a for a in labels if a is not None]
        in_place = all(a is None or a == i - rank for i, a in enumerate(labels))
        if left and in_place and left != [i - len(left) for i in range(len(left))]:
            return reduce(value, axis=axis, keepdims=True)
        return self._aligned(reduce(value, axis=axis, keepdims=False), tuple(left))

    def _aligned(self, value: Any, axes: tuple[Label, ...]) -> Any:
        """Bring the axes of a value to the places that their labels name."""
        rank = len(axes)
        if all(a is None or a == i - rank for i, a in enumerate(axes)):
            return value
        for i in reversed([i for i, a in enumerate(axes) if a is None]):
            value = squeeze(value, axis=i)
        labels = [a for a in axes if a is not None]
        order = sorted(range(len(labels)), key=lambda i: labels[i])
        if order != list(range(len(labels))):
            value = transpose(value, axes=tuple(order))
        ordered = sorted(labels)
        for a in range(-1, ordered[0], -1):
            if a not in ordered:
                value = expand_dims(value, axis=value.ndim + 1 + a)
        return value


def _number(value: Any) -> Any:
    """Make numbers of a mask that is added: to NumPy, True + True is True."""
    is_mask = hasattr(value, "node") and value.node.spec.kind == "bool"
    return as_float(value) if is_mask else value


def frame_order(t: Total) -> list[int]:
    """Choose an order of axes for the inside of a total: that of its largest value."""
    everything = labels_of(t.inner)
    atoms = [f for f in _atoms(t.inner) if f.labels() <= everything]
    largest = max(atoms, key=lambda f: (len(f.labels()), -f.node.index), default=None)
    order = [a for a in largest.axes if a is not None] if largest is not None else []
    missing = sorted(everything - set(order))
    return [*missing, *order]


def _atoms(m: Product) -> list[Atom]:
    found: list[Atom] = []
    for f, _ in m:
        if isinstance(f, Atom):
            found.append(f)
        elif isinstance(f, Base):
            found += [a for n, _ in f.terms for a in _atoms(n)]
        elif isinstance(f, Total | Exp):
            found += _atoms(f.inner)
        elif isinstance(f, Log):
            found += _atoms(((f.inner, 1),))
    return found


def sizes_of(t: Total) -> dict[int, Dim] | None:
    """Give the size of each bound label of a total."""
    sizes = _label_sizes(t.inner)
    return {b: sizes[b] for b in t.bound} if set(t.bound) <= sizes.keys() else None


def _label_sizes(m: Product) -> dict[int, Dim]:
    sizes: dict[int, Dim] = {}
    for f in _atoms(m):
        for a, d in zip(f.axes, f.node.spec.shape, strict=True):
            if a is not None:
                sizes.setdefault(a, d)
    return sizes


def _frame_shape(m: Product, rank: int) -> Shape:
    sizes = _label_sizes(m)
    return tuple(sizes.get(i - rank, 1) for i in range(rank))


def _whole(f: Factor, p: Rational) -> Dim:
    assert isinstance(f, Size)  # noqa: S101
    return _dim.product([f.dim] * int(p))


def shared(
    items: Items, *, all_sizes: bool
) -> tuple[Product, Fraction, dict[Product, Fraction]]:
    """Pull out what all terms share, and no more than each of them has.

    With `all_sizes`, 1/N is pulled out even where some terms have to be multiplied by N.
    """
    powers = [dict(m) for m in items]
    common = []
    for f in {f for m in items for f, _ in m}:
        own = [q.get(f, 0) for q in powers]
        if isinstance(f, Size) and all_sizes:
            common.append((f, min(own)))
        elif min(own) > 0:
            common.append((f, min(own)))
        elif max(own) < 0:
            common.append((f, max(own)))
    scale = _shared_number(list(items.values()))
    inverse = [(f, -p) for f, p in common]
    rest = {product((*m, *inverse)): c / scale for m, c in items.items()}
    return product(common), scale, rest


def _shared_number(numbers: list[Fraction]) -> Fraction:
    """Choose the number to pull out of a sum, if that leaves fewer of them."""
    sign = -1 if all(n < 0 for n in numbers) else 1
    sizes = [abs(n) for n in numbers]
    left = {s: 1 + sum(t != s for t in sizes) for s in sizes if s != 1}
    best = min(left, key=lambda s: (left[s], s), default=Fraction(1))
    pays = left.get(best, len(sizes)) < sum(s != 1 for s in sizes)
    return sign * best if pays else Fraction(sign)


def _is_count(f: Factor, p: Rational) -> bool:
    return isinstance(f, Size) and p.denominator == 1


def _is_decimal(c: Fraction) -> bool:
    d = c.denominator
    while d % 2 == 0:
        d //= 2
    while d % 5 == 0:
        d //= 5
    return d == 1


def _negated(key: Any) -> Any:
    """Turn an ascending key round for use with `max`."""
    return tuple(_negated(k) for k in key) if isinstance(key, tuple) else -key if not isinstance(key, str) else 0


__all__ = ["ONE", "Writer", "collect"]
