"""From nodes to sums of products, and back with common factors pulled out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from derivo.graph import dim as _dim
from derivo.graph.builder import Constant
from derivo.graph.dim import Dim, Shape
from derivo.graph.node import Node
from derivo.ops.arithmetic import neg
from derivo.ops.elementwise import sqrt
from derivo.ops.leaf import as_float
from derivo.ops.reduce import mean, sum_
from derivo.ops.shape import as_shape, broadcast_to, expand_dims, squeeze, transpose
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
    length,
    product,
    relabelled,
)
from derivo.simplify.patterns import Patterns, frame_order, frame_shape, sizes_of
from derivo.simplify.terms import NotAlgebraic, Terms, size_product
from derivo.trace.recorder import Recorder

MOST_TERMS = 40
# Sums inside sums: where each value is read twice, every line doubles the length.
MOST_VALUES = 120


def is_too_long(terms: Terms, most: tuple[int, int]) -> bool:
    """Tell whether a sum is of no more use: nobody would write it."""
    if len(terms.items) > most[0]:
        return True
    return sum(length(m) for m in terms.items) > most[1]


class Reader:
    """Reads nodes as sums of products.

    Parameters
    ----------
    is_atom
        Says of a node whether it stands for itself or is read through.
    renamed
        Nodes that stand for others: what they were simplified to.
    exps
        Whether exp and log are taken apart.
    identify
        Gives what a node that is not algebra equals, in terms of known values.
    most
        How many terms and values a sum may have that is still read through.
    """

    def __init__(
        self, is_atom: Callable[[Node], bool], renamed: dict[Node, Node] | None = None,
        *, exps: bool = False, identify: Callable[[Node], Terms | None] | None = None,
        most: tuple[int, int] = (MOST_TERMS, MOST_VALUES),
    ) -> None:  # fmt: skip
        self.most = most
        self.identify = identify
        self.is_atom = is_atom
        self.renamed = renamed or {}
        self.exps = exps
        self.known: dict[Node, Terms] = {}

    def __call__(self, node: Node) -> Terms:
        """Read a node."""
        if node not in self.known:
            # One after the other: a long chain would be too deep for a recursion.
            for n in self._below(node):
                self.known[n] = self._leaf(n) if self.is_atom(n) else self.through(n)
        return self.known[node]

    def _below(self, node: Node) -> list[Node]:
        """Give what has to be read for a node, operands first."""
        found: set[Node] = set()
        stack = [node]
        while stack:
            n = stack.pop()
            if n not in found and n not in self.known:
                found.add(n)
                if n.op.algebra is not None and not self.is_atom(n):
                    stack.extend(n.inputs)
        return sorted(found, key=lambda n: n.index)

    def through(self, node: Node) -> Terms:
        """Read a node by the meaning of its operation, whatever it is."""
        if node.op.algebra is not None:
            try:
                result = node.op.algebra(*(self(i) for i in node.inputs), **node.attrs)
            except NotAlgebraic:
                same = self.identify(node) if self.identify is not None else None
                return self._leaf(node) if same is None else same
            if isinstance(result, Terms) and not is_too_long(result, self.most):
                return result
        return self._leaf(node)

    def _leaf(self, node: Node) -> Terms:
        value = node.attrs.get("value")
        if "dim" in node.attrs:
            return Terms.size(node.attrs["dim"], exps=self.exps)
        is_number = not isinstance(value, bool | Constant) and value is not None
        if is_number and not node.inputs and node.spec.kind != "bool":
            try:
                terms = Terms.number(value, exps=self.exps)
            except NotAlgebraic:
                return Terms.of(node, exps=self.exps)
            return terms.broadcast_to(node.spec.shape)
        now = self.renamed.get(node, node)
        if now is not node and now.op is neg:  # the sign takes part in what reads it
            return -Terms.of(now.inputs[0], exps=self.exps)
        return Terms.of(now, exps=self.exps)


# --- layout ---------------------------------------------------------------------------
#
# Bringing the axes of a value to where a frame has them.


def aligned(value: Any, axes: tuple[Label, ...]) -> Any:
    """Bring the axes of a value to the places that their labels name.

    Parameters
    ----------
    value
        A traced value.
    axes
        The label of each of its axes: a place counted from the last axis of the frame,
        or None for an axis of size 1.
    """
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


# --- pull -----------------------------------------------------------------------------
#
# What the terms of a sum share, and is written in front of it.


def shared(
    items: Mapping[Product, Fraction], *, all_sizes: bool
) -> tuple[Product, Fraction, dict[Product, Fraction]]:
    """Pull out what all terms share, and no more than each of them has.

    With `all_sizes`, 1/N is pulled out even where that multiplies some terms by N.
    """
    powers = [dict(m) for m in items]
    common: list[tuple[Factor, Rational]] = []
    for f in {f for m in items for f, _ in m}:
        own = [q.get(f, 0) for q in powers]
        if (isinstance(f, Size) and all_sizes) or min(own) > 0:
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


def most_shared(items: Mapping[Product, Fraction]) -> tuple[Factor, Rational] | None:
    """Find the factor that most terms share, though not all do.

    Among equals one whose terms may cancel comes first: ``h (1 - s)`` is accurate where
    s is near 1, ``h - h s`` is not. Then the widest.
    """
    sharing: dict[tuple[Factor, Rational], list[Fraction]] = {}
    for m, c in items.items():
        for f, p in m:
            if not isinstance(f, Size):
                sharing.setdefault((f, p), []).append(c)

    def rank(k: tuple[Factor, Rational]) -> tuple[object, ...]:
        numbers = sharing[k]
        balanced = sum(numbers) == 0
        return -len(numbers), not balanced, -len(k[0].labels()), k[0].key, k[1]

    some = [k for k, n in sharing.items() if 2 <= len(n) < len(items)]
    return min(some, key=rank, default=None)


# --- scalars --------------------------------------------------------------------------
#
# The numbers in front of a product: decimals, fractions, and sizes as counts.

# Fractions such as x / 3 or x / 6 are written as quotients; 0.75 is written as itself.
PLAIN_DENOMINATORS = (1, 2, 3, 4, 6, 8)


def is_count(f: Factor, p: Rational) -> bool:
    """Tell whether a factor is a size to a whole power."""
    return isinstance(f, Size) and p.denominator == 1


def as_number(value: Any) -> Any:
    """Make numbers of a mask that is added: to NumPy, True + True is True."""
    is_mask = hasattr(value, "node") and value.node.spec.kind == "bool"
    return as_float(value) if is_mask else value


def scalars(recorder: Recorder, m: Product, c: Fraction) -> tuple[Any, Any]:
    """Give the number in front as a numerator and a denominator, with the sizes."""
    counts = [(f, int(p)) for f, p in m if isinstance(f, Size) and is_count(f, p)]
    over: Any = recorder.size(_power_product((f.dim, p) for f, p in counts if p > 0))
    under: Any = recorder.size(_power_product((f.dim, -p) for f, p in counts if p < 0))
    decimal = c.denominator not in PLAIN_DENOMINATORS and _is_decimal(c)
    if decimal or (c.denominator in (2, 4, 8) and abs(c.numerator) != 1):
        number: Any = float(c)
        number = int(number) if number.is_integer() else number
    else:
        number = c.numerator
        under = under * c.denominator if c.denominator != 1 else under
    return (over if number == 1 else number * over), under


def times(ups: list[Any], top: Any, bottom: Any) -> Any:
    """Multiply values by the number ``top / bottom``: ``2 / n * x``, ``x / n``."""
    negative = isinstance(top, int | float) and top == -1
    plain_top = isinstance(top, int) and abs(top) == 1
    plain_bottom = isinstance(bottom, int) and bottom == 1
    if negative:
        top = 1
    value: Any = None
    if not plain_top or not ups:
        value = top if plain_bottom else top / bottom
    for v in ups:
        value = v if value is None else value * v
    if negative:
        value = -as_number(value)
    return value / bottom if plain_top and ups and not plain_bottom else value


def _power_product(powers: Any) -> Dim:
    return _dim.product(d for d, p in powers for _ in range(p))


def _is_decimal(c: Fraction) -> bool:
    d = c.denominator
    for prime in (2, 5):
        while d % prime == 0:
            d //= prime
    return d == 1


# --- write ----------------------------------------------------------------------------

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
