"""From arrays to numbers: the same computation, entry by entry, for small sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from itertools import accumulate
from math import prod
from operator import mul as times
from typing import Any

import numpy as np

from derivo.differentiate.reverse import differentiate
from derivo.errors import DerivoError
from derivo.explain.calls import block_of
from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import adjoint_symbol
from derivo.explain.formula.tree import Entry, Formula, Number, Symbol
from derivo.explain.levels.tell import Telling
from derivo.explain.rounding import run_rounded
from derivo.explain.subject import Subject
from derivo.graph.block import inline
from derivo.graph.builder import Constant
from derivo.graph.dim import Dim, evaluate, names
from derivo.graph.node import Graph, Node, between, order
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import add, mul
from derivo.ops.elementwise import exp, log
from derivo.ops.leaf import argument, constant
from derivo.ops.reduce import mean, sum_
from derivo.run.reference import concrete
from derivo.trace.recorder import Recorder

MOST_NODES = 120  # beyond that nobody reads on
LETTERS = "lmnpqruvghscki"


class NotExpandedError(Exception):
    """Says that a computation has too many entries, or an operation that has none."""


# --- a sum of products ----------------------------------------------------------------


def products(groups: Sequence[int], operands: Sequence[Any]) -> list[Sequence[Any]]:
    """Give the operands of each product of a sum."""
    ends = accumulate(groups)
    return [operands[end - n : end] for n, end in zip(groups, ends, strict=True)]


def _text(attrs: Mapping[str, Any], *operands: Any) -> str:
    fields = [f"{{{k}}}" for k in range(len(operands))]
    return " + ".join(map(" * ".join, products(attrs["groups"], fields)))


def _vjp(g: Any, _y: Any, *operands: Any, groups: Sequence[int]) -> tuple[Any, ...]:
    """Hand back to each number what it is multiplied by."""
    return tuple(
        reduce(times, (*part[:k], *part[k + 1 :]), g)
        for part in products(groups, operands) for k in range(len(part))
    )  # fmt: skip


# An entry of a layer as people write it, in one line: x₁ · w₁₁ + x₂ · w₂₁ + b₁.
total = Op(
    "total", ("*numbers",), lambda *_specs, **_attrs: Spec((), "float"), _text, _vjp,
    attrs={"groups": ()}, traits=frozenset({"elementwise", "analytic"}),
)  # fmt: skip


# --- a subject written out ------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Numbers(Subject):
    """A subject whose values are single numbers: the entries of those of another.

    Its sizes are those that it is written out for.

    Attributes
    ----------
    whole
        What was written out.
    entries
        The numbers that each value of the whole is made of, and each on the way.
    parts
        Reader and position to the factor of the whole that they are an entry of.
    """

    whole: Subject = field(kw_only=True)
    entries: Mapping[Node, Any] = field(default_factory=dict)
    parts: Mapping[tuple[Node, int], Factor] = field(default_factory=dict)

    @cached_property
    def factors(self) -> tuple[Factor, ...]:
        """The local derivatives, with the numbers and colours that the whole has."""
        plain, adjoints = Factor("", 0, 0, self.graph.outputs[0], 0), self.raw.adjoints
        return tuple(
            replace(self.parts.get((n, k), plain), reader=n, position=k)
            for n in reversed(self.graph.nodes()) if n in adjoints
            for k, i in enumerate(n.inputs) if i in adjoints
        )  # fmt: skip

    @cached_property
    def values(self) -> Mapping[Node, Any]:
        """Numbers of every value and adjoint, if this is all of the whole."""
        whole, known = self.whole, dict[Node, Any]()
        if not whole.values or self.sizes != whole.sizes:
            return {}
        for n in (*whole.graph.inputs, *whole.raw.seeds):
            array = self.entries[n]
            numbers = np.broadcast_to(whole.values[n], array.shape)
            known |= zip(array.flat, numbers.flat, strict=True)
        try:
            with np.errstate(all="ignore"):
                nodes = (*self.graph.outputs, *self.raw.adjoints.values())
                return run_rounded(nodes, known, {})
        except (AttributeError, TypeError):
            return {}  # text for arrays alone: it is told without numbers


def scalarise(about: Telling) -> Numbers:
    """Write a computation out entry by entry.

    With the sizes of the arrays that were given, if it is short enough then; else with
    small ones, and without numbers: they would be those of another computation.

    Raises
    ------
    NotExpandedError
        Too many entries, or an operation that is not sums, products and functions of
        single entries.
    """
    has_entries = all(map(np.size, about.subject.arrays.values()))
    if about.subject.has_numbers and has_entries:
        with suppress(NotExpandedError):
            return _scalarise(about, about.subject.sizes)
    return _scalarise(about, small_sizes(about.subject))


def _scalarise(about: Telling, sizes: Mapping[str, int]) -> Numbers:
    subject, known = about.subject, _symbols(about)
    written = _Expansion(subject, sizes)
    written.write_out(subject.ids)
    entries, whole = written.with_sums(known), subject.graph

    def flat(nodes: Iterable[Node]) -> tuple[Node, ...]:
        return tuple(e for n in nodes for e in entries[n].flat)

    graph = Graph(whole.name, flat(whole.inputs), flat(whole.outputs), {})
    if len(graph.nodes()) > MOST_NODES:
        raise NotExpandedError
    wanted = subject.derivation.wanted
    asked = flat(n for n in whole.inputs if n.attrs["name"] in wanted)
    wrt = tuple(e.attrs["name"] for e in asked)
    raw = differentiate(graph, wrt, about.builder, is_loss=subject.is_loss)
    symbols, adjoints = _names(known, entries, graph)
    seeds = iter(raw.seeds)
    for output, seed in zip(whole.outputs, subject.raw.seeds, strict=True):
        entries[seed] = each(lambda _: next(seeds), entries[output])
        if seed in about.names:
            symbols |= _named(about.names[seed], entries[seed])
    return Numbers(
        subject.derivation, graph, raw, {}, sizes, None, symbols=symbols, whole=subject,
        adjoint_symbols=adjoints, entries=entries, parts=written.parts,
    )  # fmt: skip


def small_sizes(subject: Subject) -> dict[str, int]:
    """Choose sizes to write out: one row, and 2 of everything else.

    Two rows where rows have to do with one another, as in batch normalisation. The
    others are told apart by the batch level.
    """
    specs = [n.spec for n in subject.graph.inputs]
    found = {name: 2 for s in specs for name in _names_in(s.shape)}
    first = specs[0].shape[:1] if specs and specs[0].rank > 1 else ()
    found |= {name: 1 for name in _names_in(first) if not _mixes(subject, name)}
    # A number in the formula such as N - 1 must not become 0.
    for dim in (n.attrs["dim"] for n in subject.graph.nodes() if "dim" in n.attrs):
        if evaluate(dim, found) < 1:
            found |= dict.fromkeys(names(dim), 2)
    return found


def _names_in(shape: tuple[Dim, ...]) -> Iterator[str]:
    for d in shape:
        yield from () if isinstance(d, int) else names(d)


def _mixes(subject: Subject, rows: str) -> bool:
    """Tell whether what was computed over all rows is used in every row again."""
    from_all: set[Node] = set()
    for node in subject.graph.nodes():
        over_rows = [rows in _names_in(i.spec.shape) for i in node.inputs]
        if rows not in _names_in(node.spec.shape):
            if any(over_rows) or not from_all.isdisjoint(node.inputs):
                from_all.add(node)
        elif not from_all.isdisjoint(node.inputs):
            return True
    return False


# --- names ----------------------------------------------------------------------------

Pair = tuple[Formula | None, Formula]  # a value, if it has a symbol, and its adjoint


def _symbols(about: Telling) -> dict[Node, Pair]:
    """Give the symbols of values, and of their adjoints.

    A value without a name is called as its gradient is in the code: `n` if that has a
    ``d_n``.
    """
    found: dict[Node, Pair] = {}
    taken: list[Formula] = []
    for node in reversed(about.subject.graph.nodes()):
        base, own = about.names.get(node), about.adjoint(node)
        if base is None and isinstance(own, Symbol) and own not in taken:
            found[node] = replace(own, adjoint=False) if own.adjoint else None, own
        elif base is not None:
            found[node] = base, own
        taken.append(own)
    # Numbers that several arrays hold, as a transpose does, go by one with a name.
    unnamed = {n: pair for n, pair in found.items() if n not in about.names}
    return {n: pair for n, pair in found.items() if n in about.names} | unnamed


def _named(base: Formula, array: Any) -> Iterator[tuple[Node, Formula]]:
    """Name the entries of an array; an axis of size 1 needs no index."""
    for at in np.ndindex(array.shape):
        kept = [Number(i + 1) for i, d in zip(at, array.shape, strict=True) if d > 1]
        yield array[at], Entry(base, tuple(kept)) if kept else base


def _names(
    known: Mapping[Node, Pair], entries: Mapping[Node, Any], graph: Graph
) -> tuple[dict[Node, Formula], dict[Node, Formula]]:
    """Give a symbol to each number and to its adjoint; what has none gets a letter."""
    taken = {base.name for base, _ in known.values() if isinstance(base, Symbol)}
    free = (*LETTERS, *(f"s{k}" for k in range(1, MOST_NODES)))
    letters = (c for c in free if c not in taken)
    left = {n for n in graph.nodes() if n.inputs or n.op is argument}
    symbols: dict[Node, Formula] = {}
    adjoints: dict[Node, Formula] = {}
    for node in (*known, *(n for n in entries if n not in known)):
        if left.isdisjoint(entries[node].flat):
            continue  # the numbers of another, in other places
        base, own = known.get(node, (None, None))
        base = base or Symbol(next(letters), node.spec.rank)
        symbols |= {e: f for e, f in _named(base, entries[node]) if e in left}
        own = own or adjoint_symbol(base)
        adjoints |= {e: f for e, f in _named(own, entries[node]) if e in left}
        left.difference_update(entries[node].flat)
    return symbols, adjoints


# --- entries --------------------------------------------------------------------------


def boxed(value: Any) -> Any:
    """Put one number into an array without axes; arrays are left alone."""
    if isinstance(value, np.ndarray):
        return value
    array = np.empty((), dtype=object)
    array[()] = value
    return array


def each(do: Callable[..., Any], *arrays: Any) -> Any:
    """Do something with every entry."""
    return boxed(np.frompyfunc(do, len(arrays), 1)(*arrays))


class _Meant:
    """A value as `Op.algebra` takes it: what is done with it is recorded."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def exp(self) -> _Meant:
        return _Meant(exp(self.value))

    def log(self) -> _Meant:
        return _Meant(log(self.value))

    def sum(self, axis: Any, keepdims: bool) -> _Meant:
        return _Meant(sum_(self.value, axis=axis, keepdims=keepdims))

    def __radd__(self, number: int) -> _Meant:
        return _Meant(number + self.value)

    def __truediv__(self, other: _Meant) -> _Meant:
        return _Meant(self.value / other.value)


class _Expansion:
    """Writes values out.

    Attributes
    ----------
    known
        Each value with the numbers that it is made of, in their order.
    parts
        As those of `Numbers`.
    """

    def __init__(self, subject: Subject, sizes: Mapping[str, int]) -> None:
        self.subject, self.sizes = subject, sizes
        self.builder = subject.derivation.forward.builder
        self.recorder = Recorder(self.builder)
        self.known: dict[Node, Any] = {}
        self.parts: dict[tuple[Node, int], Factor] = {}

    def write_out(self, nodes: Iterable[Node]) -> None:
        """Find the entries of values."""
        for node in nodes:
            shape = concrete(node.spec.shape, self.sizes)
            written = sum(a.size for a in self.known.values())
            if written + prod(shape) > 2 * MOST_NODES:
                raise NotExpandedError
            try:
                found = self.known.get(node)
                found = self._value(node, shape) if found is None else found
            except (
                DerivoError, TypeError, ValueError, AttributeError, LookupError,
                SyntaxError,
            ) as error:  # fmt: skip
                raise NotExpandedError from error
            if found.shape != shape:
                raise NotExpandedError
            self.known[node] = found
            self._trace_back(node)

    def _value(self, node: Node, shape: tuple[int, ...]) -> Any:
        make, operands = self.builder.make, [self.known[i] for i in node.inputs]
        attrs = {k: concrete(v, self.sizes) for k, v in node.attrs.items()}
        if node.op is argument:
            spec, made = Spec((), node.spec.kind), list[Node]()
            for at in np.ndindex(shape):
                name = attrs["name"] + (str(list(at)) if at else "")
                made.append(make(argument, (), {"name": name, "spec": spec}))
            return np.array(made, dtype=object).reshape(shape)
        if node.op is constant or "dim" in attrs:
            value = attrs.get("dim", attrs.get("value"))
            array = value.array if isinstance(value, Constant) else value
            plain = np.asarray(array).astype(object)
            return each(lambda x: make(constant, (), {"value": x}), plain)
        if "elementwise" in node.op.traits or not any(map(np.ndim, operands)):
            return each(lambda *i: self.builder.remake(node, i), *operands)
        meant = self._meaning(node, shape)
        if meant is not None:
            self.write_out(order([meant]))
            return self.known[meant]
        traced = [each(self.recorder.wrap, a) for a in operands]
        return each(self.recorder.lift, boxed(node.op.compute(*traced, **attrs)))

    def _meaning(self, node: Node, shape: tuple[int, ...]) -> Any:
        """Give what an operation means where that is not how it is computed."""
        if "function" in node.op.traits:
            graph = block_of(node).graph
            result = graph.outputs[node.attrs["at"]]
            given = dict(zip(graph.inputs, node.inputs, strict=True))
            return inline([result], self.builder, given)[result]
        if node.op is mean:
            total = sum_(self.recorder.wrap(node.inputs[0]), **node.attrs)
            many = self.known[node.inputs[0]].size // prod(shape)
            return (total / many if many > 1 else total).node
        if node.op.lower is not None and node.op.algebra is not None:
            x = _Meant(self.recorder.wrap(node.inputs[0]))
            return node.op.algebra(x, **node.attrs).value.node
        return None

    def _trace_back(self, node: Node) -> None:
        """Note of which factor each reading of an operand's entry is a part."""
        operands = [set(self.known[i].flat) for i in node.inputs]
        for reader in between(self.known[node].flat, set().union(*operands)):
            for position, entry in enumerate(reader.inputs):
                places = [k for k, own in enumerate(operands) if entry in own]
                at = position if position in places else min(places, default=-1)
                factor = self.subject.factor_of.get((node, at))
                if factor is not None:
                    self.parts.setdefault((reader, position), factor)

    # --- sums -------------------------------------------------------------------------

    def with_sums(self, named: Iterable[Node]) -> dict[Node, Any]:
        """Give the arrays, with sums of products in the place of single additions.

        What is added, or multiplied, only to be added to more needs no name of its own.
        """

        def numbers(nodes: Iterable[Node]) -> Iterator[Node]:
            return (e for n in nodes for e in self.known[n].flat)

        shown = order(numbers(self.subject.graph.outputs))
        readers = Counter(i for n in shown for i in n.inputs)
        inner = {n for n, many in readers.items() if many == 1} - {*numbers(named)}
        new: dict[Node, Node] = {}
        for node in order(numbers(self.known)):
            parts = list(_products(node, inner)) if node.op is add else []
            places = [place for part in parts for place in part]
            if all(reader is node for reader, _ in places):  # nothing goes further
                places = [(node, k) for k in range(len(node.inputs))]
                made = self.builder.remake(node, tuple(new[i] for i in node.inputs))
            else:
                operands = tuple(new[reader.inputs[k]] for reader, k in places)
                attrs = {"groups": tuple(map(len, parts))}
                made = self.builder.make(total, operands, attrs)
            new[node] = made
            for k, place in enumerate(places):
                if place in self.parts:
                    self.parts.setdefault((made, k), self.parts[place])
        return {n: each(new.get, a) for n, a in self.known.items()}


def _products(node: Node, inner: set[Node]) -> Iterator[list[tuple[Node, int]]]:
    """Give the products that a value is the sum of: where each factor is read."""
    for k, operand in enumerate(node.inputs):
        if operand.op is add and operand in inner:
            yield from _products(operand, inner)
        elif operand.op is mul and operand in inner:
            yield [(operand, 0), (operand, 1)]
        elif operand.attrs.get("value") != 0:
            yield [(node, k)]
