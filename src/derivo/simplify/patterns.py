"""Quotients and logarithms of exponentials that have a name and a stable form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from derivo.graph.dim import Dim, Shape
from derivo.graph.op import Op
from derivo.ops.arithmetic import log, neg
from derivo.ops.composite import (
    log_cosh,
    logsumexp,
    quiet_softmax,
    relu,
    sigmoid,
    softmax,
    softplus,
)
from derivo.ops.elementwise import abs_, exp, logaddexp, maximum, tanh
from derivo.ops.tidy import operands
from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Factor,
    Label,
    Log,
    Product,
    Size,
    Total,
    base,
    by,
    labels_of,
    product,
    relabelled,
    unify_products,
)
from derivo.simplify.terms import (
    ONE,
    Terms,
    known_number,
    of_exponentials,
    one_minus,
    one_plus,
    one_plus_total,
    two_exponentials,
)

# --- frames ---------------------------------------------------------------------------
#
# Axes for the inside of a total: their order, and their sizes.


def frame_order(t: Total) -> list[int]:
    """Choose an order of axes for the inside of a total: that of its largest value."""
    everything = labels_of(t.inner)
    atoms = [f for f in atoms_in(t.inner) if f.labels() <= everything]
    largest = max(atoms, key=lambda f: (len(f.labels()), -f.node.index), default=None)
    order = [a for a in largest.axes if a is not None] if largest is not None else []
    missing = sorted(everything - set(order))
    return [*missing, *order]


def atoms_in(m: Product) -> list[Atom]:
    """Give the values that a product is made of, inside its sums as well."""
    found: list[Atom] = []
    for f, _ in m:
        if isinstance(f, Atom):
            found.append(f)
        elif isinstance(f, Base):
            found += [a for n, _ in f.terms for a in atoms_in(n)]
        elif isinstance(f, Total | Exp):
            found += atoms_in(f.inner)
        elif isinstance(f, Log):
            found += atoms_in(((f.inner, 1),))
    return found


def sizes_of(t: Total) -> dict[int, Dim] | None:
    """Give the size of each bound label of a total."""
    sizes = _label_sizes(t.inner)
    return {b: sizes[b] for b in t.bound} if set(t.bound) <= sizes.keys() else None


def _label_sizes(m: Product) -> dict[int, Dim]:
    sizes: dict[int, Dim] = {}
    for f in atoms_in(m):
        for a, d in zip(f.axes, f.node.spec.shape, strict=True):
            if a is not None:
                sizes.setdefault(a, d)
    return sizes


def frame_shape(m: Product, rank: int) -> Shape:
    """Give the sizes of a frame's axes; 1 where nothing depends on an axis."""
    sizes = _label_sizes(m)
    return tuple(sizes.get(i - rank, 1) for i in range(rank))


# --- patterns -------------------------------------------------------------------------

Items = Mapping[Product, Fraction]
Consumed = list[tuple[Factor, Any]]
# log(2), as it is read, and as np.log(2) is known while tracing.
_LOG_OF_TWO: Product = ((Log(base([(ONE, Fraction(2))])), 1),)
_LOG_OF_TWO_AS_A_NUMBER = Fraction(str(math.log(2)))


class Patterns:
    """Writes what exponentials make: sigmoid, softmax, softplus, logsumexp."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def probabilities(self, m: Product, shape: Shape) -> Consumed:
        """Find ``E/(1 + E)`` and ``exp(z)/total(exp(z))`` in a product.

        Returns the factors that are used up; one of them carries what they make.
        """
        used: Consumed = []
        for f, p in m:
            whole = one_plus_total(f)
            if p < 0 and one_plus(f) is not None and self._tanh_of(m, f) is not None:
                used += self._tanh(m, f, shape)
            elif p == -1 and one_plus(f) is not None:
                used += self._sigmoid(m, f, shape)
            elif p == -2 and one_plus(f) is not None:
                used += self._slope_of_sigmoid(m, f, shape)
            elif p == -1 and isinstance(f, Total) and of_exponentials(f):
                used += self._softmax(m, f, f, shape)
            elif p == -1 and whole is not None:
                used += self._softmax(m, f, whole, shape) or self._rest(f, whole, shape)
        return used

    def _tanh_of(self, m: Product, f: Factor) -> Factor | None:
        """Find ``1 - E`` beside the divisor ``1 + E``, to the same power."""
        powers = dict(m)
        wanted = one_plus(f)
        return next(
            (g for g, q in m if one_minus(g) == wanted and q == -powers[f]), None
        )

    def _tanh(self, m: Product, f: Factor, shape: Shape) -> Consumed:
        # (1 - E) / (1 + E) with E = exp(u) is tanh(-u/2).
        e, above = one_plus(f), self._tanh_of(m, f)
        assert e is not None  # noqa: S101
        assert above is not None  # noqa: S101
        half = product((g, -q * Fraction(1, 2)) for g, q in e)
        power, is_turned = int(dict(m)[above]), half[0][1] < 0
        if is_turned:  # tanh(x) rather than -tanh(-x)
            half = product((g, -q) for g, q in half)
        value = tanh(self._exponent(half, shape))
        value = value if power == 1 else value**power
        return [(f, -value if is_turned and power % 2 else value), (above, None)]

    def _slope_of_sigmoid(self, m: Product, f: Factor, shape: Shape) -> Consumed:
        e, powers = one_plus(f), dict(m)
        assert e is not None  # noqa: S101
        if any(powers.get(g) != q for g, q in e):
            return []
        turned = product((g, -q) for g, q in e)
        both = [sigmoid(self._exponent(u, shape)) for u in (e, turned)]
        return [(f, both[0] * both[1]), *((g, None) for g, _ in e)]

    def _rest(self, f: Factor, t: Total, shape: Shape) -> Consumed:
        """Write ``1/(1 + total(exp(z)))``: what a softmax leaves for a logit of 0."""
        return [(f, sigmoid(-self._logsumexp(t, shape)))]

    def _logsumexp(self, t: Total, shape: Shape) -> Any:
        del shape
        return self.writer.reduced(t, self._exponent, logsumexp)

    def _sigmoid(self, m: Product, f: Factor, shape: Shape) -> Consumed:
        e = one_plus(f)
        assert e is not None  # noqa: S101
        powers = dict(m)
        if all(powers.get(g) == q for g, q in e):
            u = self._exponent(e, shape)
            return [(f, self._as_careful(u)), *((g, None) for g, _ in e)]
        turned = product((g, -q) for g, q in e)
        return [(f, self._as_careful(self._exponent(turned, shape)))]

    def _as_careful(self, u: Any) -> Any:
        """Write a sigmoid that warns of an overflow only if the spelling does, too."""
        if not self.writer.careful:
            return sigmoid(u)
        builder = self.writer.recorder.builder
        turned = {(-u).node, *(v.node for v in operands(u, neg)), u.node}
        spelled = any((exp.name, (n,), ()) in builder.known for n in turned)
        return sigmoid(u) if spelled else sigmoid(u, careful=True)

    def _softmax(self, m: Product, f: Factor, t: Total, shape: Shape) -> Consumed:
        """Write what a total divides; `f` is the total, or 1 + the total."""
        above = tuple(
            (g, q) for g, q in m if isinstance(g, Exp) and g not in dict(t.inner)
        )
        fixed: dict[int, Label] = {a: a for a in t.labels()}
        for labels in unify_products(t.inner, above, fixed):
            places = {labels.get(b) or 0 for b in t.bound}
            if max(places) < 0 and len(places) == len(t.bound):
                z = self._written_by_the_user(above, places, shape)
                z = self._exponent(above, shape) if z is None else z
                axes = tuple(sorted(z.ndim + a for a in places))
                if axes[0] >= 0:
                    axis = axes if len(axes) > 1 else axes[0]
                    named = (softmax if f is t else quiet_softmax)(z, axis=axis)
                    return [(f, named), *((g, None) for g, _ in above)]
        return []

    def _written_by_the_user(self, e: Product, places: set[int], shape: Shape) -> Any:
        """Find a sum that has been computed and is the exponent but for a shift.

        A mask of -1e9 is not to become one of +1e9 on the other entries, although both
        give one softmax: what is added to the logits would round them away.
        """
        items = self._items(e)
        if len(items) < 2 or frozenset(items.items()) in self.writer.sums:
            return None  # the exponent itself has been computed
        for key, node in sorted(self.writer.sums.items(), key=lambda t: t[1].index):
            if node.spec.shape != shape or len(key) <= len(items):
                continue
            left = {m: c for m, c in key if items.get(m) != c}
            is_whole = len(left) == len(key) - len(items)
            if is_whole and not any(places & f.labels() for m in left for f, _ in m):
                return self.writer.recorder.wrap(node)
        return None

    def _exponent(self, e: Product, shape: Shape) -> Any:
        return self.writer.sum(self._items(e), shape)

    def _items(self, e: Product) -> dict[Product, Fraction]:
        """Give the sum in the exponent of a product of exponentials."""
        items: dict[Product, Fraction] = {}
        for g, q in e:
            assert isinstance(g, Exp)  # noqa: S101
            items[g.inner] = items.get(g.inner, Fraction(0)) + q
        return items

    def log(self, f: Log, shape: Shape) -> Any:
        """Write the logarithm of a sum of exponentials, or of a number."""
        number, pair = known_number(f.inner), two_exponentials(f.inner)
        whole = one_plus_total(f.inner)
        if number is not None:
            return self._log_of_number(*number)
        if pair is not None:
            a, b = (self._exponent(e, shape) if e else 0 for e in pair)
            return softplus(b) if not pair[0] else logaddexp(a, b)
        if whole is not None:
            return softplus(self._logsumexp(whole, shape))
        assert isinstance(f.inner, Total)  # noqa: S101
        return self._logsumexp(f.inner, shape)

    def _log_of_number(self, sizes: Product, c: Fraction) -> Any:
        recorder = self.writer.recorder
        if not sizes:
            return recorder.wrap(recorder.lift(math.log(c)))
        ((size, _),) = sizes
        assert isinstance(size, Size)  # noqa: S101
        return log(recorder.size(size.dim))

    def exp(self, f: Exp, shape: Shape) -> Any:
        """Write an exponential as it stands."""
        return exp(self.writer.sum({f.inner: Fraction(1)}, shape))

    def logs(
        self, items: dict[Product, Fraction], shape: Shape
    ) -> dict[Product, Fraction]:
        """Rewrite sums in which logarithms of sums of exponentials take part."""
        items = self.log_sigmoid(self.split_softplus(self.with_numbers(items)))
        return self.log_cosh(items, shape)

    def log_cosh(
        self, items: dict[Product, Fraction], shape: Shape
    ) -> dict[Product, Fraction]:
        """Rewrite ``log(exp(u) + exp(-u)) - log(2)`` by its name."""
        half, plain = _LOG_OF_TWO, _LOG_OF_TWO_AS_A_NUMBER
        for m, c in list(items.items()):
            f = m[0][0] if len(m) == 1 and isinstance(m[0][0], Log) else None
            pair = two_exponentials(f.inner) if f is not None else None
            if pair is None or product((*pair[0], *pair[1])):
                continue
            if items.get(ONE) == -c * plain:
                half = ONE
            elif items.get(half) != -c:
                continue
            u = max(pair, key=lambda e: [q for _, q in e])  # x rather than -x
            named = log_cosh(self._exponent(u, shape)).node
            (atom,) = Terms.of(named).items
            rest = {n: d for n, d in items.items() if n not in (m, half)}
            return self.log_cosh({**rest, atom: c}, shape)
        return items

    def with_numbers(self, items: dict[Product, Fraction]) -> dict[Product, Fraction]:
        """Take the logarithm of a sum of exponentials of what the user computes.

        In ``s - 1e9 * (1 - mask)`` a number may be drawn out of the sum, and what is
        left would be rounded away: ``log(sum(exp(s + 1e9 * mask))) - 1e9``.
        """
        for m, c in list(items.items()):
            f = m[0][0] if len(m) == 1 and m[0][1] == 1 else None
            t = f.inner if isinstance(f, Log) else None
            if not isinstance(t, Total) or not of_exponentials(t):
                continue
            order = frame_order(t)
            names = {a: i - len(order) for i, a in enumerate(order)}
            exponent = self._items(relabelled(t.inner, by(names)))
            for key, node in self.writer.sums.items():
                left = {n: k for n, k in key if exponent.get(n) != k}
                if set(left) != {ONE} or len(key) != len(exponent) + 1:
                    continue
                axes = tuple(i for i, a in enumerate(order) if a in t.bound)
                axis: Any = axes if len(axes) > 1 else axes[0]
                whole = self.writer.recorder.wrap(node)
                if whole.ndim != len(order):
                    continue
                known = logsumexp(whole, axis=axis, keepdims=True).node
                labels = tuple(None if a in t.bound else a for a in order)
                rest = {n: k for n, k in items.items() if n != m}
                rest[((Atom(known, labels), 1),)] = c
                rest[ONE] = rest.get(ONE, Fraction(0)) - c * left[ONE]
                return {n: k for n, k in rest.items() if k}
        return items

    def split_softplus(self, items: dict[Product, Fraction]) -> dict[Product, Fraction]:
        """Rewrite ``max(u, 0) + log(1 + exp(-|u|))`` as ``log(1 + exp(u))``."""
        for m, c in list(items.items()):
            e = (
                one_plus(m[0][0].inner)
                if len(m) == 1 and isinstance(m[0][0], Log)
                else None
            )
            inner = e[0][0].inner if e and isinstance(e[0][0], Exp) else ONE
            u = _inside_of(inner, (abs_,))
            # log(1 + exp(-|u|)) is read as log(1 + exp(|u|)) - |u|.
            if e is None or len(e) != 1 or u is None or items.get(inner) != -c:
                continue
            for n, d in items.items():
                if d == c and _inside_of(n, (maximum, relu)) == u:
                    rest = {k: v for k, v in items.items() if k not in (m, n, inner)}
                    grown = base(
                        [(ONE, Fraction(1)), (((Exp(((u, 1),)), 1),), Fraction(1))]
                    )
                    return rest | {((Log(grown), 1),): c}
        return items

    def log_sigmoid(self, items: dict[Product, Fraction]) -> dict[Product, Fraction]:
        """Rewrite ``u - log(exp(v) + exp(u))`` as ``-log(1 + exp(v - u))``.

        With v = 0, that is the logarithm of a sigmoid; nothing cancels.
        """
        for m, c in list(items.items()):
            f = m[0][0] if len(m) == 1 and isinstance(m[0][0], Log) else None
            pair = two_exponentials(f.inner) if f is not None else None
            for e, other in () if pair is None else (pair[::-1], pair):
                inner = {g.inner: q for g, q in e if isinstance(g, Exp)}
                if e and all(items.get(n) == -c * q for n, q in inner.items()):
                    rest = {n: d for n, d in items.items() if n not in inner and n != m}
                    less = product((*other, *((g, -q) for g, q in e)))
                    turned = base([(ONE, Fraction(1)), (less, Fraction(1))])
                    return rest | {((Log(turned), 1),): c}
        return items


def _inside_of(m: Product, ops: tuple[Op, ...]) -> Atom | None:
    """Give u if a product is one of these operations on u (and perhaps 0)."""
    f = m[0][0] if len(m) == 1 and m[0][1] == 1 else None
    if not isinstance(f, Atom) or f.node.op not in ops:
        return None
    values = [i for i in f.node.inputs if i.attrs.get("value", 1) != 0]
    if len(values) != 1 or values[0].spec.shape != f.node.spec.shape:
        return None
    return Atom(values[0], f.axes)


def has_exponentials(terms: Terms) -> bool:
    """Tell whether there is anything to recognise."""
    return any(
        isinstance(f, Exp | Log) or _inside(f) for m in terms.items for f, _ in m
    )


def _inside(f: Factor) -> bool:
    if isinstance(f, Total):
        return any(isinstance(g, Exp | Log) or _inside(g) for g, _ in f.inner)
    if isinstance(f, Base):
        return any(
            isinstance(g, Exp | Log) or _inside(g) for m, _ in f.terms for g, _ in m
        )
    return False


def is_other_side(terms: Terms) -> bool:
    """Tell whether terms are ``1 / (1 + E)``, which is 1 minus a sigmoid."""
    m = next(iter(terms.items), ONE)
    single = len(terms.items) == 1 and len(m) == 1 and terms.items[m] == 1
    return single and m[0][1] == -1 and one_plus(m[0][0]) is not None


def has_log(terms: Terms) -> bool:
    """Tell whether a logarithm is among the factors."""
    return any(isinstance(f, Log) for m in terms.items for f, _ in m)


def is_complete(terms: Terms, patterns: Patterns) -> bool:
    """Tell whether every exponential is part of something that has a name."""
    for m in terms.items:
        used = {f for f, _ in patterns.probabilities(m, terms.shape)}
        for f, p in m:
            if f in used:
                continue
            if isinstance(f, Log):
                is_known = of_exponentials(f.inner) or known_number(f.inner) is not None
                if p != 1 or not is_known:
                    return False
            elif isinstance(f, Exp) or _inside(f):
                return False
    return True


__all__ = ["Patterns", "has_exponentials", "has_log", "is_complete", "relabelled"]
