"""Which values share their loops, and which get an array. Inert data, no text.

A value is computed in the loops over its own elements. It joins loops that are there
already if all that it reads of them is the element at hand; what is read elsewhere, or
as a whole, has an array. A view lies where its operand lies, and an elementwise value
that is read once is written where it is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from derivo.emit.plan.computation import Computation
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import operand_place, place, true_places
from derivo.graph.builder import Constant
from derivo.graph.dim import Shape
from derivo.graph.element import (
    Extreme,
    Fold,
    Placed,
    Rearranged,
    Running,
    Scattered,
)
from derivo.graph.node import Node, order

_ALONE = (Running, Scattered)


@dataclass(eq=False)
class Nest:
    """Loops over all elements of a shape.

    Attributes
    ----------
    shape
        Its axes, without those of size 1; empty for numbers.
    members
        What is computed for each element, in order.
    stores
        Argument to the value that it takes.
    """

    shape: Shape
    members: list[Node] = field(default_factory=list)
    stores: dict[Node, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Nests:
    """The loops of a computation, in order.

    Attributes
    ----------
    every
        The loops.
    arrays
        The values that lie in memory.
    late
        Argument to the value that it takes when all else is done.
    """

    every: tuple[Nest, ...]
    arrays: frozenset[Node]
    late: dict[Node, Node]


def nests_of(computation: Computation) -> Nests:
    """Arrange a computation in loops."""
    return _Nesting(computation).arranged()


def true_shape(shape: Shape) -> Shape:
    """Give the axes that are longer than 1."""
    return tuple(d for d in shape if d != 1)


def is_given(node: Node) -> bool:
    """Tell whether a value is an argument, or an array that was closed over."""
    return node.op.name == "argument" or isinstance(node.attrs.get("value"), Constant)


def is_view(node: Node) -> bool:
    """Tell whether a value has the elements of its operand in other places."""
    return isinstance(node.op.element, Rearranged) or "reshapes" in node.op.traits


def _is_elementwise(node: Node) -> bool:
    kinds = (Fold, Placed, Extreme, *_ALONE)
    plain = "elementwise" in node.op.traits or is_view(node)
    return plain and not isinstance(node.op.element, kinds)


class _Nesting:
    def __init__(self, computation: Computation) -> None:
        self.computation = computation
        loss = computation.loss
        first = [] if loss is None else order([loss])
        nodes = dict.fromkeys([*first, *order(computation.roots)])
        self.nodes = [n for n in nodes if not is_literal(n) and not is_given(n)]
        self.roots = {n for n in computation.roots if not is_given(n)}
        self.readers = self._readers()
        self.computed = self._computed()
        self.every: list[Nest] = []
        self.number_of: dict[Node, int] = {}

    # --- what is computed -------------------------------------------------------------

    def _readers(self) -> dict[Node, list[Node]]:
        readers: dict[Node, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for operand in node.inputs:
                readers[operand].append(node)
        return readers

    def _computed(self) -> set[Node]:
        """Give the values that have a place in loops of their own."""
        computed: set[Node] = set()
        for node in self.nodes:
            if node in self.roots or not self._is_written_where_read(node):
                computed.add(node)
        # What is read in another order of its elements must lie in memory.
        for node in self.nodes:
            if "reshapes" in node.op.traits and node not in computed:
                (operand,) = node.inputs
                if not is_given(operand) and not is_literal(operand):
                    computed.add(operand)
        return computed

    def _is_written_where_read(self, node: Node) -> bool:
        if is_view(node):
            return True
        if not _is_elementwise(node) or not true_shape(node.spec.shape):
            return False
        readers = self.readers[node]
        if len(readers) != 1:
            return False
        (reader,) = readers
        is_fold = isinstance(reader.op.element, Fold)
        if is_fold or (_is_elementwise(reader) and not is_view(reader)):
            whole = reader.inputs[0].spec.shape if is_fold else reader.spec.shape
            return true_shape(whole) == true_shape(node.spec.shape)
        return False

    # --- loops ------------------------------------------------------------------------

    def arranged(self) -> Nests:
        loss = self.computation.loss
        targets: dict[Node, list[Node]] = defaultdict(list)
        for argument, result in zip(
            self.computation.kept, self.computation.results, strict=False
        ):
            if argument is not result:
                targets[result].append(argument)
        # Numbers made from numbers come first: they are needed in many loops.
        for node in sorted(self.nodes, key=self._has_arrays_below):
            if node in self.computed:
                least = 0
                if node in targets and loss in self.number_of:
                    least = self.number_of[loss] + 1
                self._place(node, least)
        late: dict[Node, Node] = {}
        for result, arguments in targets.items():
            for argument in arguments:
                if result in self.number_of and self._may_store(argument, result):
                    self.every[self.number_of[result]].stores[argument] = result
                else:
                    late[argument] = result
        return Nests(tuple(self.every), frozenset(self._arrays(late)), late)

    def _has_arrays_below(self, node: Node) -> bool:
        return any(true_shape(n.spec.shape) for n in order([node]))

    def _place(self, node: Node, least: int) -> None:
        """Put a value into the last loops that it needs anything of, or new ones."""
        shape = true_shape(node.spec.shape)
        needs = [
            (self.number_of[source], aligned)
            for source, aligned in self.reads(node) if source in self.number_of
        ]  # fmt: skip
        at = max([least, *(k for k, _ in needs)])
        fits = (
            at < len(self.every)
            and self.every[at].shape == shape
            and not isinstance(node.op.element, _ALONE)
            and not self._is_alone(self.every[at])
            and all(aligned for k, aligned in needs if k == at)
        )
        if not fits:
            at = len(self.every)
            self.every.append(Nest(shape))
        self.every[at].members.append(node)
        self.number_of[node] = at

    def _is_alone(self, nest: Nest) -> bool:
        return any(isinstance(n.op.element, _ALONE) for n in nest.members)

    def reads(self, node: Node) -> Iterator[tuple[Node, bool]]:
        """Give what a value reads, and whether only the element at its own place."""
        own = true_places(place(node.spec.shape), node.spec.shape)
        sizes = true_shape(node.spec.shape)

        def visit(
            value: Node, index: tuple[str, ...] | None
        ) -> Iterator[tuple[Node, bool]]:
            if is_literal(value):
                return
            if is_given(value) or value in self.computed:
                aligned = index is not None and (
                    true_places(index, value.spec.shape) == own
                    and true_shape(value.spec.shape) == sizes
                )
                yield value, aligned or not true_shape(value.spec.shape)
                return
            for operand in value.inputs:
                yield from visit(operand, _place_in(operand, value, index))

        index = place(node.spec.shape) if _is_elementwise(node) else None
        for operand in node.inputs:
            yield from visit(operand, _place_in(operand, node, index))

    def _may_store(self, argument: Node, result: Node) -> bool:
        """Tell whether nobody reads what an argument was once it is overwritten."""
        if true_shape(argument.spec.shape) != true_shape(result.spec.shape):
            return False
        at = self.number_of[result]
        for number, nest in enumerate(self.every[at:], start=at):
            for member in nest.members:
                for source, aligned in self.reads(member):
                    if source is argument and (number > at or not aligned):
                        return False
        return not self._is_alone(self.every[at])

    def _arrays(self, late: dict[Node, Node]) -> Iterator[Node]:
        yield from (n for n in self.computation.outputs if true_shape(n.spec.shape))
        yield from (n for n in late.values() if true_shape(n.spec.shape))
        for number, nest in enumerate(self.every):
            for member in nest.members:
                if isinstance(member.op.element, _ALONE):
                    yield member
                for source, _ in self.reads(member):
                    known = source in self.number_of and true_shape(source.spec.shape)
                    if known and self.number_of[source] != number:
                        yield source


def _place_in(
    operand: Node, node: Node, index: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """Give the place in an operand of an element; None if it is read elsewhere."""
    if index is None:
        return None
    element = node.op.element
    if isinstance(element, Rearranged):
        return element.source(index, node.attrs, operand.spec.shape, node.spec.shape)
    if "reshapes" in node.op.traits:
        return None
    return operand_place(operand.spec.shape, index)
