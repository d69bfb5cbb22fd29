"""From arrays to numbers: the same computation, entry by entry, for small sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count, product
from typing import Any

import numpy as np

from derivo.errors import DerivoError
from derivo.explain.calls import block_of
from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import names_of
from derivo.explain.formula.tree import Entry, Formula, Number, Symbol
from derivo.explain.subject import Subject
from derivo.graph.block import inline
from derivo.graph.builder import Constant
from derivo.graph.dim import evaluate, names
from derivo.graph.node import Graph, Node, order
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import log
from derivo.ops.elementwise import exp
from derivo.ops.leaf import argument, constant
from derivo.run.reference import concrete
from derivo.trace.recorder import Recorder


def boxed(value: Any) -> Any:
    """Put one traced number into an array without axes; arrays are left alone."""
    if isinstance(value, np.ndarray):
        return value
    array = np.empty((), dtype=object)
    array[()] = value
    return array


class Cells:
    """Entries as `Op.algebra` takes them: with exp, log, and sums along axes."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def _each(self, op: Any) -> Cells:
        return Cells(np.frompyfunc(op, 1, 1)(self.array))

    def exp(self) -> Cells:
        """Raise e to every entry."""
        return self._each(exp)

    def log(self) -> Cells:
        """Take the logarithm of every entry."""
        return self._each(log)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Cells:
        """Add up along an axis."""
        total = np.sum(self.array, axis=axis, keepdims=keepdims)
        return Cells(boxed(total))

    def mean(self, axis: Any = None, keepdims: bool = False) -> Cells:
        """Add up along an axis, and divide by how many entries were added."""
        total = self.sum(axis, keepdims)
        count = self.array.size // max(total.array.size, 1)
        return total if count == 1 else Cells(boxed(total.array / count))

    def __truediv__(self, other: Cells) -> Cells:
        return Cells(self.array / other.array)


MOST_NODES = 120  # beyond that paths are too long to be read
LETTERS, MORE = "lmnpqruvgh", ("s", "c", "k", "i", "intermediate")


class NotExpandedError(Exception):
    """Says that a computation has too many entries, or an operation that has none."""


@dataclass
class Expanded:
    """A graph of numbers.

    Attributes
    ----------
    graph
        Every entry a node of its own.
    names
        How each is called: ``w₁₁``, or a letter of its own.
    entries
        The entries of every value of the graph that was expanded.
    factors
        Reader and position to the factor of the edge that they were expanded from.
    sizes
        What the named sizes were taken to be.
    """

    graph: Graph
    names: dict[Node, Formula] = field(default_factory=dict)
    entries: dict[Node, Any] = field(default_factory=dict)
    factors: dict[tuple[Node, int], Factor] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)


def expand(subject: Subject, sizes: Mapping[str, int]) -> Expanded:
    """Write a computation out entry by entry.

    Raises
    ------
    NotExpandedError
        Too many entries, or an operation that is not sums, products and functions of
        single entries.
    """
    return _Expansion(subject, sizes).run()


def small_sizes(subject: Subject) -> dict[str, int]:
    """Choose sizes to write out: one row, and at most 2 of everything else.

    Two rows where rows have to do with one another, as in batch normalisation.
    """
    found: dict[str, int] = {}
    for node in subject.graph.inputs:
        for k, d in enumerate(node.spec.shape):
            for name in () if isinstance(d, int) else names(d):
                # The rows of the data are told apart by the batch level: one will do.
                first = (
                    node is subject.graph.inputs[0] and k == 0 and node.spec.rank > 1
                ) and not _mixes(subject, name)
                given = subject.sizes.get(name, 2)
                found.setdefault(name, 1 if first else min(given, 2))
    # A number in the formula such as N - 1 must not become 0.
    dims = [n.attrs["dim"] for n in subject.graph.nodes() if "dim" in n.attrs]
    for d in dims:
        if found.keys() >= set(names(d)) and evaluate(d, found) < 1:
            found |= {name: min(subject.sizes.get(name, 2), 2) for name in names(d)}
    return found


def _mixes(subject: Subject, rows: str) -> bool:
    """Tell whether what was computed over all rows is used in every row again."""
    from_all: set[Node] = set()
    for node in subject.graph.nodes():
        has_rows = any(rows in names(d) for d in node.spec.shape)
        if has_rows and from_all & set(node.inputs):
            return True
        operands = [i for i in node.inputs if not has_rows]
        over_rows = [any(rows in names(d) for d in i.spec.shape) for i in operands]
        if any(over_rows) or from_all & set(operands):
            from_all.add(node)
    return False


class _Expansion:
    def __init__(self, subject: Subject, sizes: Mapping[str, int]) -> None:
        self.subject = subject
        self.sizes = dict(sizes)
        self.builder = subject.derivation.forward.builder
        self.recorder = Recorder(self.builder)
        self.known: dict[Node, Any] = {}
        self.found = Expanded(subject.graph, sizes=self.sizes)
        self.inputs: list[Node] = []

    def run(self) -> Expanded:
        nodes = self.subject.graph.nodes()
        total = sum(int(np.prod(self.shape(n.spec))) for n in nodes)
        if total > MOST_NODES:
            raise NotExpandedError
        for node in nodes:
            self.known[node] = self.value(node)
        outputs = [
            e for n in self.subject.graph.outputs for e in np.ravel(self.nodes(n))
        ]
        graph = Graph(self.subject.graph.name, tuple(self.inputs), tuple(outputs), {})
        if len(graph.nodes()) > MOST_NODES:
            raise NotExpandedError
        self.found.graph = graph
        self.found.entries = {n: self.nodes(n) for n in nodes}
        self.name(graph)
        return self.found

    def shape(self, spec: Spec) -> tuple[int, ...]:
        return tuple(
            d if isinstance(d, int) else evaluate(d, self.sizes) for d in spec.shape
        )

    def nodes(self, node: Node) -> Any:
        lift = np.frompyfunc(self.recorder.lift, 1, 1)
        return boxed(lift(boxed(self.known[node])))

    # --- values -----------------------------------------------------------------------

    def value(self, node: Node) -> Any:
        """Give the entries of a value as an array of traced numbers."""
        if node.op is argument:
            return self.argument(node)
        if "dim" in node.attrs:
            return self.full((), evaluate(node.attrs["dim"], self.sizes))
        if node.op is constant:
            value = node.attrs["value"]
            array = value.array if isinstance(value, Constant) else value
            entries = np.asarray(array, dtype=object)
            return boxed(np.frompyfunc(self.number, 1, 1)(entries))
        operands = [self.known[i] for i in node.inputs]
        try:
            result = self.operation(node, operands)
        except (
            DerivoError, TypeError, ValueError, AttributeError, LookupError,
            SyntaxError,
        ) as error:  # fmt: skip
            raise NotExpandedError from error
        array = boxed(result)
        if array.shape != self.shape(node.spec):
            raise NotExpandedError
        return array

    def argument(self, node: Node) -> Any:
        array = np.empty(self.shape(node.spec), dtype=object)
        for index in np.ndindex(array.shape):
            name = node.attrs["name"] + "".join(f"[{i}]" for i in index)
            spec = Spec((), node.spec.kind)
            made = self.builder.make(argument, (), {"name": name, "spec": spec})
            self.inputs.append(made)
            array[index] = self.recorder.wrap(made)
        return array

    def number(self, value: Any) -> Any:
        plain = value.item() if hasattr(value, "item") else value
        return self.recorder.wrap(self.builder.make(constant, (), {"value": plain}))

    def full(self, shape: tuple[int, ...], value: Any) -> Any:
        array = np.empty(shape, dtype=object)
        for index in np.ndindex(shape):
            array[index] = self.number(value)
        return array

    def operation(self, node: Node, operands: list[Any]) -> Any:
        if "function" in node.op.traits:
            return self.called(node, operands)
        if "elementwise" in node.op.traits:
            return self.elementwise(node, operands)
        if node.op.contraction is not None:
            return self.contracted(node, operands)
        if node.op.lower is not None:
            return self.lowered(node, operands)
        attrs = {k: concrete(v, self.sizes) for k, v in node.attrs.items()}
        if "floating" in node.op.traits and node.op.algebra is not None:
            # NumPy would divide by a count that is no traced number.
            return node.op.algebra(Cells(operands[0]), **attrs).array
        return node.op.compute(*operands, **attrs)

    def elementwise(self, node: Node, operands: list[Any]) -> Any:
        pairs = np.broadcast_arrays(*operands, subok=False)
        result = np.empty(pairs[0].shape, dtype=object)
        for index in np.ndindex(result.shape):
            made = self.builder.make(
                node.op, tuple(self.recorder.lift(p[index]) for p in pairs),
                dict(node.attrs), node.line, node.group,
            )  # fmt: skip
            for position in range(len(pairs)):
                self.trace_back(made, position, node, position)
            result[index] = self.recorder.wrap(made)
        return result

    def trace_back(self, made: Node, position: int, node: Node, at: int) -> None:
        factor = self.subject.factor_of.get((node, at))
        if factor is not None:
            self.found.factors.setdefault((made, position), factor)

    def contracted(self, node: Node, operands: list[Any]) -> Any:
        assert node.op.contraction is not None  # noqa: S101
        text = node.op.contraction(node.attrs, *(i.spec for i in node.inputs))
        left, arrow, result_letters = text.partition("->")
        parts = left.split(",")
        if (
            not arrow
            or len(parts) != 2
            or not text.replace("->", "").replace(",", "").isalpha()
        ):
            raise NotExpandedError
        size = {
            c: d for part, o in zip(parts, operands, strict=True)
            for c, d in zip(part, np.shape(o), strict=True)
        }  # fmt: skip
        summed = [c for c in size if c not in result_letters]
        result = np.empty([size[c] for c in result_letters], dtype=object)
        for index in np.ndindex(result.shape):
            at = dict(zip(result_letters, index, strict=True))
            total: Any = None
            for bound in product(*(range(size[c]) for c in summed)):
                at.update(zip(summed, bound, strict=True))
                pair = [
                    o[tuple(at[c] for c in p)]
                    for o, p in zip(operands, parts, strict=True)
                ]
                term = pair[0] * pair[1]
                made = self.recorder.lift(term)
                first = self.recorder.lift(pair[0])
                for position, operand in enumerate(made.inputs):
                    self.trace_back(made, position, node, 0 if operand is first else 1)
                total = term if total is None else total + term
            result[index] = total
        return result

    def lowered(self, node: Node, operands: list[Any]) -> Any:
        """Expand what an operation is made of: what it means, or how it is computed."""
        assert node.op.lower is not None  # noqa: S101
        if node.op.algebra is not None and len(operands) == 1:
            meaning = node.op.algebra(Cells(operands[0]), **node.attrs)
            return meaning.array
        stand_ins = [
            self.builder.make(argument, (), {"name": f"operand {k}", "spec": i.spec})
            for k, i in enumerate(node.inputs)
        ]
        inner = self.recorder.lift(
            node.op.lower(*(self.recorder.wrap(s) for s in stand_ins), **node.attrs)
        )
        return self.inside(inner, dict(zip(stand_ins, operands, strict=True)))

    def called(self, node: Node, operands: list[Any]) -> Any:
        """Expand the body of a function where it is called."""
        graph = block_of(node).graph
        result = graph.outputs[node.attrs["at"]]
        written = inline([result], self.builder)[result]
        return self.inside(written, dict(zip(graph.inputs, operands, strict=True)))

    def inside(self, result: Node, given: Mapping[Node, Any]) -> Any:
        """Expand what stands in the place of an operation; it is known there alone."""
        outside, self.known = self.known, {**self.known, **given}
        for part in order([result]):
            if part not in self.known:
                self.known[part] = self.value(part)
        found, self.known = self.known[result], outside
        return found

    # --- names ------------------------------------------------------------------------

    def name(self, graph: Graph) -> None:
        """Name the entries of named values, and give the other products letters."""
        names = self.found.names
        known = names_of(self.subject)
        for node, name in self.subject.names.items():
            entries = self.found.entries.get(node)
            if entries is None:
                continue
            for index in np.ndindex(entries.shape):
                kept = [i for i, d in zip(index, entries.shape, strict=True) if d > 1]
                own = known[node]
                base = Symbol(name, plain=isinstance(own, Symbol) and own.plain)
                shown = (
                    Entry(base, tuple(Number(i + 1) for i in kept)) if kept else base
                )
                names.setdefault(entries[index], shown)
        taken = set(self.subject.names.values())
        free = (Symbol(c) for c in LETTERS if c not in taken)
        letter = next(c for c in MORE if c not in taken)
        more = (Entry(Symbol(letter), (Number(k),)) for k in count(1))
        for node in graph.nodes():
            if node.inputs and node not in names:
                names[node] = next(free, None) or next(more)
