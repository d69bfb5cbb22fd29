"""Slips that people make in a backward pass, each tried on the derived graph.

A slip changes what comes back at one place of the graph. What that does to the
gradients is computed by plain reverse mode on arrays, and compared with what the
hand-written backward pass gives: the slip that explains all numbers is the one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from derivo.graph.node import Node
from derivo.run.reference import compute, concrete
from derivo.verify.mend import close
from derivo.verify.paths import Edge, Paths
from derivo.verify.rules import fit, is_floating

# Other values that are tried in the place of one, and elements up to which the diagonal
# of a Jacobian is computed.
OTHERS = 14
DIAGONAL = 60
# How often a term may be counted by mistake.
COUNTS = {
    0.0: "is missing",
    -1.0: "has the wrong sign",
    2.0: "is counted twice",
    0.5: "is halved",
}


@dataclass(frozen=True)
class Slip:
    """A slip at one place.

    Attributes
    ----------
    key
        Tells it apart: the same slip has the same key in every draw.
    node
        The value whose adjoint it changes.
    says
        What was done, in words.
    reader
        The operation it was done in.
    """

    key: tuple[Any, ...]
    node: Node
    says: str
    reader: Node | None = None


@dataclass(frozen=True)
class Change:
    """What a slip makes of a part of an adjoint.

    Attributes
    ----------
    kind, more
        What it is, and which of its kind.
    says
        In words.
    make
        Gives the part as the slip has it.
    """

    kind: str
    says: str
    make: Callable[[], Any]
    more: Any = ()


Tried = tuple[Slip, Callable[[], Any]]


@dataclass(frozen=True)
class Use:
    """A use of a value with everything that is known there.

    Attributes
    ----------
    edge
        The use.
    part, g
        What comes back through it, and the adjoint of the reader's result.
    own
        The reader's operands.
    """

    edge: Edge
    part: Any
    g: Any
    own: list[Any]

    @property
    def reader(self) -> Node:
        """The operation that reads the value."""
        return self.edge.reader


class Slips:
    """All slips of one step in a graph at actual values.

    Parameters
    ----------
    paths
        The graph, with adjoints of its results.
    name
        Gives the user's word for a value.
    """

    def __init__(self, paths: Paths, name: Callable[[Node], str]) -> None:
        self.paths = paths
        self.name = name
        self.right = paths.adjoints()
        self.values = [n for n in paths.evaluation.nodes if is_floating(n)]

    def all(self) -> Iterator[Tried]:
        """Give each slip, and a function for the change of its node's adjoint."""
        nodes = [n for n in self.paths.evaluation.nodes if n in self.paths.active]
        for reader in nodes:
            if reader not in self.right or reader.op.vjp is None:
                continue
            g = self.right[reader]
            own = [self.paths.evaluation[n] for n in reader.inputs]
            for edge, part in self.paths.parts(reader, g):
                yield from self._at_use(Use(edge, part, g, own))
        for node in nodes:
            if node in self.right:
                yield from self._at_value(node)

    # --- one use of a value -----------------------------------------------------------

    def _at_use(self, use: Use) -> Iterator[Tried]:
        edge, part = use.edge, use.part
        sources = (self._counted, self._upstream, self._slope, self._swapped,
                   self._other_values, self._turned, self._masked, self._spread,
                   self._repeated)  # fmt: skip
        for source in sources:
            for c in source(use):
                key = (c.kind, edge.reader.index, edge.position, c.more)
                slip = Slip(key, edge.node, c.says, edge.reader)
                yield slip, partial(_difference, c.make, part)

    def _again(self, use: Use, *, g: Any = None, y: Any = None, own: Any = None) -> Any:
        """Give the part that comes back if something in the rule is another value."""
        g = use.g if g is None else g
        return self.paths.local(use.reader, g, y, own)[use.edge.position]

    def _counted(self, use: Use) -> Iterator[Change]:
        through = f"`{use.reader.op.name}`"
        term = f"the term that reaches {self.name(use.edge.node)} through {through}"
        for count, says in COUNTS.items():
            yield Change(
                "scaled", f"{term} {says}", partial(_times, use.part, count), count
            )

    def _upstream(self, use: Use) -> Iterator[Change]:
        """Forget what comes back, or multiply it in twice."""
        name = self.name(use.reader)
        if use.reader in self.paths.outputs:
            once = "it is not multiplied by the upstream gradient"
            twice = "it is multiplied by the upstream gradient twice"
        else:
            once = f"what comes back from {name} is forgotten: taken for 1"
            twice = f"what comes back from {name} is multiplied in twice"
        ones = np.ones(np.shape(use.g))
        yield Change("upstream", once, partial(self._again, use, g=ones))
        yield Change(
            "upstream twice", twice, partial(self._again, use, g=use.g * use.g)
        )

    def _slope(self, use: Use) -> Iterator[Change]:
        """Forget the local derivative, multiply it in twice, or divide by it."""
        reader, i, shape = use.reader, use.edge.position, np.shape(use.part)
        if "elementwise" not in reader.op.traits and len(reader.inputs) != 2:
            return
        others = [self.name(n) for k, n in enumerate(reader.inputs) if k != i]
        if len(others) == 1:
            factor = f"the factor {others[0]} of {self.name(reader)}"
        else:
            factor = f"the slope of `{reader.op.name}`"
        bare = fit(use.g, shape)
        if np.shape(bare) == shape:
            yield Change("slope", f"{factor} is forgotten", lambda: bare)
        if "elementwise" in reader.op.traits:
            slope = self._local_slope(use)
            yield Change("slope twice", f"{factor} is multiplied in twice",
                         lambda: fit(use.g * slope * slope, shape))  # fmt: skip
            yield Change("divided", f"{factor} divides where it is to multiply",
                         lambda: fit(_over(use.g, slope), shape))  # fmt: skip

    def _local_slope(self, use: Use) -> Any:
        """Give the local derivative of an elementwise operation, for every element."""
        reader, paths = use.reader, self.paths
        shape = np.shape(paths.evaluation[reader])
        own = [np.broadcast_to(v, shape) for v in use.own]
        attrs = {
            k: concrete(v, paths.evaluation.sizes) for k, v in reader.attrs.items()
        }
        assert reader.op.vjp is not None  # noqa: S101  or nothing would come back
        y = np.asarray(paths.evaluation[reader])
        with np.errstate(all="ignore"):
            part = reader.op.vjp(np.ones(shape), y, *own, **attrs)[use.edge.position]
        return np.zeros(shape) if part is None else np.broadcast_to(part, shape)

    def _swapped(self, use: Use) -> Iterator[Change]:
        """Take the other operand's part."""
        says = f"the adjoints of the operands of {self.name(use.reader)} are swapped"
        for k, n in enumerate(use.reader.inputs):
            alike = np.shape(use.own[k]) == np.shape(use.part)
            if k != use.edge.position and alike and n in self.paths.active:
                other = partial(self.paths.local, use.reader, use.g)
                yield Change("swapped", says, partial(_entry, other, k), k)

    def _other_values(self, use: Use) -> Iterator[Change]:
        """Take the derivative at another value of the same shape."""
        reader, paths = use.reader, self.paths
        for k, n in enumerate(reader.inputs):
            for other in self._like(n) if is_floating(n) else ():
                own = _exchanged(use.own, k, paths.evaluation[other])
                says, more = self._stands(reader, other, n), (k, other.index)
                yield Change("value", says, partial(self._again, use, own=own), more)
                yield Change(
                    "value and result", says, partial(self._at, use, own), more
                )
        for other in self._like(reader):
            y = np.asarray(paths.evaluation[other])
            says = self._stands(reader, other, reader)
            yield Change("result", says, partial(self._again, use, y=y), other.index)

    def _stands(self, reader: Node, other: Node, belongs: Node) -> str:
        return (
            f"in the derivative of {self.name(reader)}, {self.name(other)} stands "
            f"where {self.name(belongs)} belongs"
        )

    def _at(self, use: Use, own: list[Any]) -> Any:
        return self._again(use, y=self._computed(use.reader, own), own=own)

    def _computed(self, reader: Node, operands: list[Any]) -> Any:
        sizes = self.paths.evaluation.sizes
        with np.errstate(all="ignore"):
            return np.asarray(compute(reader, operands, sizes, np.float64))

    def _like(self, node: Node) -> list[Node]:
        """Give other values of the same shape, those nearby first."""
        shape = np.shape(self.paths.evaluation[node])
        alike = [
            n for n in self.values
            if n is not node and np.shape(self.paths.evaluation[n]) == shape
            and "value" not in n.attrs
        ]  # fmt: skip
        return sorted(alike, key=lambda n: abs(n.index - node.index))[:OTHERS]

    def _turned(self, use: Use) -> Iterator[Change]:
        """Transpose where that fits, and reverse."""
        name, part = self.name(use.edge.node), use.part
        for k, n in enumerate(use.reader.inputs):
            if _is_square(use.own[k]) and k != use.edge.position:
                own = _exchanged(use.own, k, np.swapaxes(use.own[k], -1, -2))
                says = f"the transpose of {self.name(n)} is missing"
                make = partial(self._again, use, own=own)
                yield Change("operand transposed", says, make, k)
        if _is_square(use.g):
            g = np.swapaxes(use.g, -1, -2)
            yield Change("upstream transposed",
                         f"what comes back from {self.name(use.reader)} is transposed",
                         partial(self._again, use, g=g))  # fmt: skip
        if _is_square(part):
            yield Change("transposed", f"the adjoint of {name} is transposed",
                         partial(np.swapaxes, part, -1, -2))  # fmt: skip
        for axis in range(np.ndim(part)):
            if np.shape(part)[axis] > 1:
                says = f"the adjoint of {name} is reversed along axis {axis}"
                yield Change("reversed", says, partial(np.flip, part, axis), axis)

    def _masked(self, use: Use) -> Iterator[Change]:
        """Invert a mask, or forget it."""
        shape = np.shape(use.part)
        bare = fit(use.g, shape)
        for k, n in enumerate(use.reader.inputs):
            if n.spec.kind != "bool":
                continue
            own = _exchanged(use.own, k, ~np.asarray(use.own[k]))
            yield Change("inverted", f"the mask {self.name(n)} is inverted",
                         partial(self._again, use, own=own), k)  # fmt: skip
            if np.shape(bare) == shape:
                yield Change("unmasked", f"the mask {self.name(n)} is forgotten",
                             partial(np.copy, bare), k)  # fmt: skip

    def _spread(self, use: Use) -> Iterator[Change]:
        """Pass the adjoint of a reduction on to every element as it is."""
        axis = use.reader.attrs.get("axis", ())
        if np.size(use.g) >= np.size(use.part) or axis == ():
            return
        wide = _widened(use.g, axis, np.shape(use.part))
        if wide is None:
            return
        each = np.size(use.part) / np.size(use.g)
        if close(wide, use.part * each):
            says = (
                f"`{use.reader.op.name}` divides by the number of elements, and that "
            )
            yield Change("not averaged", f"{says}is forgotten", lambda: wide)
        else:
            says = (
                f"`{use.reader.op.name}` passes its adjoint on to every element, not "
            )
            yield Change("to all", f"{says}only to those it was made of", lambda: wide)

    def _repeated(self, use: Use) -> Iterator[Change]:
        """Write each adjoint to the place it was read from, over what stands there."""
        reader, i = use.reader, use.edge.position
        picks = "index" in reader.attrs or any(
            n.spec.kind == "int" for n in reader.inputs
        )
        size = np.size(use.own[i])
        if not picks or np.ndim(use.own[i]) == 0 or np.size(use.g) < 2:
            return
        numbers = np.arange(1.0, size + 1).reshape(np.shape(use.own[i]))
        read = self._computed(reader, _exchanged(use.own, i, numbers))
        places = np.rint(read).astype(int) - 1
        if places.shape != np.shape(use.g) or np.any((places < 0) | (places >= size)):
            return
        result = np.zeros(size)
        result[places.ravel()] = np.ravel(use.g)
        says = (
            "repeated indices are lost: `d[i] += g` keeps the last of them only; write "
        )
        yield Change("lost", f"{says}np.add.at(d, i, g)",
                     lambda: result.reshape(np.shape(use.own[i])))  # fmt: skip

    # --- a value as a whole -----------------------------------------------------------

    def _at_value(self, node: Node) -> Iterator[Tried]:
        total = np.asarray(self.right[node])
        reader = next((e.reader for e in self.paths.edges if e.node is node), None)
        for source in (self._whole, self._overwritten, self._skipped):
            for c in source(node):
                slip = Slip((c.kind, node.index, c.more), node, c.says, reader)
                yield slip, partial(_difference, c.make, total)

    def _whole(self, node: Node) -> Iterator[Change]:
        total, name = np.asarray(self.right[node]), self.name(node)
        for count, says in COUNTS.items():
            yield Change("whole", f"the adjoint of {name} {says}",
                         partial(_times, total, count), count)  # fmt: skip
        if _is_square(total):
            yield Change("whole transposed", f"the adjoint of {name} is transposed",
                         partial(np.swapaxes, total, -1, -2))  # fmt: skip
        for axis in range(total.ndim):
            if total.shape[axis] > 1:
                says = f"the adjoint of {name} is reversed along axis {axis}"
                yield Change(
                    "whole reversed", says, partial(np.flip, total, axis), axis
                )

    def _overwritten(self, node: Node) -> Iterator[Change]:
        """Keep one of several parts, as if the others were written over."""
        readers = dict.fromkeys(e.reader for e in self.paths.edges if e.node is node)
        parts = [
            (e, p)
            for reader in readers
            if reader in self.right and reader.op.vjp is not None
            for e, p in self.paths.parts(reader, self.right[reader])
            if e.node is node
        ]
        for k, (edge, part) in enumerate(parts if len(parts) > 1 else ()):
            says = (
                f"{self.name(node)} is read {len(parts)} times, but its adjoint is "
                "overwritten instead of added to: only the part through "
                f"`{edge.reader.op.name}` is left"
            )
            yield Change("overwritten", says, partial(np.copy, part), k)

    def _skipped(self, node: Node) -> Iterator[Change]:
        """Leave out what lies between two values, or all of it but the diagonal."""
        evaluation, shape = self.paths.evaluation, np.shape(self.paths.evaluation[node])
        later = [
            n for n in evaluation.readers([node])
            if n in self.right and np.shape(evaluation[n]) == shape
        ][:OTHERS]  # fmt: skip
        small = 1 < int(np.prod(shape)) <= DIAGONAL
        for other in later:
            between = f"between {self.name(node)} and {self.name(other)}"
            says = f"the derivative of what lies {between} is forgotten"
            g = self.right[other]
            yield Change("skipped", says, partial(np.copy, g), other.index)
            if small and self._mixes(node, other):
                says = (
                    f"only the diagonal of the Jacobian {between} is there: the sum "
                    "over all the other outputs (its off-diagonal part) is missing"
                )
                make = partial(self._diagonal_times, node, other)
                yield Change("diagonal", says, make, other.index)

    def _mixes(self, node: Node, other: Node) -> bool:
        """Tell whether elements depend on elements elsewhere."""
        readers = self.paths.evaluation.readers([node])
        between = [n for n in readers if n.index <= other.index]
        return any("elementwise" not in n.op.traits for n in between)

    def _diagonal_times(self, node: Node, other: Node) -> Any:
        shape = np.shape(self.paths.evaluation[node])
        found = np.zeros(int(np.prod(shape)))
        for k in range(found.size):
            one = np.zeros(found.size)
            one[k] = 1.0
            back = self.paths.down(other, one.reshape(shape), until=node)
            found[k] = np.ravel(back.get(node, np.zeros(shape)))[k]
        return found.reshape(shape) * self.right[other]


def _difference(make: Callable[[], Any], right: Any) -> Any:
    return np.asarray(make()) - right


def _times(part: Any, count: float) -> Any:
    return count * np.asarray(part)


def _entry(make: Callable[[], list[Any]], k: int) -> Any:
    return make()[k]


def _exchanged(values: list[Any], k: int, value: Any) -> list[Any]:
    return [*values[:k], value, *values[k + 1 :]]


def _is_square(value: Any) -> bool:
    shape = np.shape(value)
    return len(shape) > 1 and shape[-1] == shape[-2] > 1


def _over(a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):
        return a / b


def _widened(g: Any, axis: Any, shape: tuple[int, ...]) -> Any:
    """Spread the adjoint of a reduction over the axes that it took away."""
    g = np.asarray(g)
    try:
        if g.ndim < len(shape):
            axes = tuple(range(len(shape))) if axis is None else axis
            g = np.expand_dims(g, axes)
        return np.broadcast_to(g, shape)
    except (ValueError, TypeError):
        return None
