"""From a sum of products back to nodes, with common factors pulled out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from derivo.graph import dim as _dim
from derivo.graph.dim import Shape
from derivo.graph.node import Node
from derivo.ops.arithmetic import neg
from derivo.ops.elementwise import sqrt
from derivo.ops.leaf import as_float
from derivo.ops.reduce import mean, sum_
from derivo.ops.shape import as_shape, broadcast_to, squeeze
from derivo.ops.tidy import operands
from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Factor,
    Label,
    Log,
    Product,
    Rational,
    Size,
    Total,
    by,
    product,
    relabelled,
)
from derivo.simplify.frames import frame_order, frame_shape, sizes_of
from derivo.simplify.layout import aligned
from derivo.simplify.patterns import Patterns
from derivo.simplify.pull import most_shared, shared
from derivo.simplify.scalars import as_number, is_count, scalars, times
from derivo.simplify.sums import size_product
from derivo.simplify.terms import Terms
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
    careful
        Whether what is written for the user's spelling is not to warn where that does
        not. What is only shortened is seen to at the end: `derivo.simplify.select`.
    """

    def __init__(
        self,
        recorder: Recorder,
        is_forward: Callable[[Node], bool],
        sums: Mapping[Any, Node] | None = None,
        *,
        pull_sizes: bool = True,
        careful: bool = False,
    ) -> None:
        self.pull_sizes = pull_sizes
        self.careful = careful
        self.recorder = recorder
        self.is_forward = is_forward
        self.sums = {} if sums is None else sums
        self.patterns = Patterns(self)

    def __call__(self, terms: Terms) -> Node:
        """Write terms as a node of their shape."""
        value = self._variable(self.sum(terms.items, terms.shape))
        while value.ndim > len(terms.shape):
            value = squeeze(value, axis=0)  # a leading axis of size 1
        if as_shape(value.shape) != terms.shape:
            value = broadcast_to(value, shape=terms.shape)
        if value.node.spec.kind in ("bool", "int"):
            value = as_float(value)
        node: Node = value.node
        return node

    def _variable(self, value: Any) -> Any:
        """Make a variable of a bare number."""
        if hasattr(value, "node"):
            return value
        return self.recorder.wrap(self.recorder.lift(value))

    # --- sums ------------------------------------------------------------------------

    def sum(self, items: Items, shape: Shape) -> Any:  # noqa: PLR0911  in order of wish
        """Write a sum: what all terms share is pulled out."""
        items = self.patterns.logs(dict(items), shape)
        # The whole sum first: a part of it that is a value, too, would hide it.
        known = self._known(items, shape) if items else None
        if known is not None:
            return known
        items = self.absorbed(items, shape)
        if not items:
            return 0
        known = self._known(items, shape)
        if known is not None:
            return known
        if len(items) == 1:
            ((m, c),) = items.items()
            return self.product(m, c, shape)
        common, scale, rest = shared(items, all_sizes=self.pull_sizes)
        if not common and scale == -1:
            return self._grouped(items, shape)
        known = self._known(rest, shape)
        body = known if known is not None else self._grouped(rest, shape)
        if not common and scale == 1:
            return body
        return self.product(common, scale, shape, extra=body)

    def absorbed(self, items: Items, shape: Shape) -> Items:
        """Put a value that has been computed in the place of its terms."""
        for key, node in self.sums.items():
            if not 2 <= len(key) < len(items) or node.spec.rank > len(shape):
                continue
            for sign in (1, -1):
                if all(items.get(m) == c * sign for m, c in key):
                    taken = {m for m, _ in key}
                    rest = {m: c for m, c in items.items() if m not in taken}
                    (whole,) = Terms.of(node).items
                    rest[whole] = rest.get(whole, Fraction(0)) + sign
                    left = {m: c for m, c in rest.items() if c}
                    return self.absorbed(left, shape)
        return items

    def _known(self, items: Items, shape: Shape) -> Any:
        """Find a forward value that is this sum, or its negative."""
        if len(items) == 1:
            ((m, c),) = items.items()
            alone = len(m) == 1 and isinstance(m[0][0], Atom) and m[0][1] == 1
            if not m or (alone and abs(c) == 1):
                return None  # a bare value, perhaps negative
            signs = (1,) if alone else (1, -1)
        else:
            signs = (1, -1)
        for sign in signs:
            node = self.sums.get(frozenset((m, c * sign) for m, c in items.items()))
            if node is not None and node.spec.rank <= len(shape):
                value = self.recorder.wrap(node)
                return value if sign == 1 else -value
        return None

    def _grouped(self, items: Items, shape: Shape) -> Any:
        """Write terms that share nothing all together, but perhaps some of them do."""
        best = most_shared(items)
        if best is None:
            return self._added(items, shape)
        f, p = best
        inside = {m: c for m, c in items.items() if dict(m).get(f) == p}
        outside = {m: c for m, c in items.items() if m not in inside}
        grouped = as_number(self.sum(inside, shape))
        if len(outside) == 1:
            ((m, c),) = outside.items()
            other = as_number(self.product(m, abs(c), shape))
            return grouped - other if c < 0 else grouped + other
        return grouped + as_number(self.sum(outside, shape))

    def _added(self, items: Items, shape: Shape) -> Any:
        ordered = sorted(items.items(), key=lambda t: (t[1] < 0, self._rank(t[0])))
        (m, c), *rest = ordered
        value = as_number(self.product(m, c, shape))
        for m, c in rest:
            term = as_number(self.product(m, abs(c), shape))
            value = value - term if c < 0 else value + term
        return value

    def _rank(self, m: Product) -> Any:
        """Order terms: adjoints first, then as the values were computed."""
        adjoint = any(isinstance(f, Atom) and not self.is_forward(f.node) for f, _ in m)
        return (not adjoint, len(m), tuple((f.key, p) for f, p in m))

    # --- products --------------------------------------------------------------------

    def product(self, m: Product, c: Fraction, shape: Shape, extra: Any = None) -> Any:
        """Write a number times a product (times `extra`, which is written already)."""
        parts = list(self.patterns.probabilities(m, shape))
        used = {f for f, _ in parts}
        m, means = self._means(tuple((f, p) for f, p in m if f not in used), shape)
        above = [(f, p) for f, p in m if p > 0 and not is_count(f, p)]
        below = [(f, -p) for f, p in m if p < 0 and not is_count(f, p)]
        ups = [v for _, v in parts if v is not None] + means
        for k, v in enumerate(ups):
            for positive in operands(v, neg):  # the sign goes with the number
                ups[k], c = positive, -c
        ups += [
            self.power(f, p, shape) for f, p in sorted(above, key=self._factor_rank)
        ]
        ups += [extra] if extra is not None else []
        value = times(ups, *scalars(self.recorder, m, c))
        for f, p in sorted(below, key=self._factor_rank):
            value = value / self.power(f, p, shape)
        return value

    def _factor_rank(self, part: tuple[Factor, Rational]) -> Any:
        f, _ = part
        kind = 2 if isinstance(f, Base) else 1 if isinstance(f, Total) else 0
        adjoint = isinstance(f, Atom) and not self.is_forward(f.node)
        return (not adjoint, kind, f.key)

    def power(self, f: Factor, p: Rational, shape: Shape) -> Any:
        """Write a factor to a positive power."""
        value = self.factor(f, shape)
        if p == 1:
            return value
        if p == Fraction(1, 2):
            return sqrt(value)
        return value ** (int(p) if p.denominator == 1 else float(p))

    def factor(self, f: Any, shape: Shape) -> Any:
        """Write one factor, its axes where the frame has them."""
        return _FACTORS[type(f)](self, f, shape)

    def atom(self, f: Atom, shape: Shape) -> Any:
        """Write a value as it stands."""
        value = aligned(self.recorder.wrap(f.node), f.axes)
        while value.ndim > len(shape):
            value = squeeze(value, axis=0)  # a leading axis of size 1
        return value

    # --- totals ----------------------------------------------------------------------

    def _means(self, m: Product, shape: Shape) -> tuple[Product, list[Any]]:
        """Write totals divided by the number of their elements as means."""
        del shape
        values, rest = [], m
        for f, p in m:
            count = sizes_of(f) if isinstance(f, Total) and p == 1 else None
            if count is None:
                continue
            number, dims = size_product(_dim.product(count.values()))
            left = dict(rest)
            if number == 1 and dims and all(left.get(g, 0) <= -q for g, q in dims):
                rest = product([*rest, *dims, (f, -1)])
                values.append(self.total(f, mean))
        return rest, values

    def total(self, t: Any, reduce: Any = sum_) -> Any:
        """Write a total as a sum, or as a mean."""
        one = Fraction(1)
        return self.reduced(t, lambda m, dims: self.product(m, one, dims), reduce)

    def reduced(self, t: Total, write: Callable[..., Any], reduce: Any) -> Any:
        """Write the inside of a total, and reduce it along the axes that are bound."""
        order = frame_order(t)
        rank = len(order)
        inner = relabelled(t.inner, by({a: i - rank for i, a in enumerate(order)}))
        dims = frame_shape(inner, rank)
        value = self._variable(write(inner, dims))
        while value.ndim > rank:  # a total inside kept its outer axes, with size 1
            value = squeeze(value, axis=0)
        if as_shape(value.shape) != dims:
            value = broadcast_to(value, shape=dims)
        axes = tuple(i for i, a in enumerate(order) if a in t.bound)
        axis: Any = None if len(axes) == rank else axes[0] if len(axes) == 1 else axes
        labels: list[Label] = [None if a in t.bound else a for a in order]
        left = [a for a in labels if a is not None]
        in_place = all(a is None or a == i - rank for i, a in enumerate(labels))
        if left and in_place and left != [i - len(left) for i in range(len(left))]:
            return reduce(value, axis=axis, keepdims=True)
        return aligned(reduce(value, axis=axis, keepdims=False), tuple(left))


_FACTORS: dict[type[Factor], Callable[[Writer, Any, Shape], Any]] = {
    Atom: Writer.atom,
    Base: lambda w, f, shape: w.sum(dict(f.terms), shape),
    Size: lambda w, f, _shape: w.recorder.size(f.dim),
    Total: lambda w, f, _shape: w.total(f),
    Log: lambda w, f, shape: w.patterns.log(f, shape),
    Exp: lambda w, f, shape: w.patterns.exp(f, shape),
}
