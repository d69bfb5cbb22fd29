"""Regions: parts of a backward pass that are shortened by themselves.

A backward pass is cut where nothing can be gained by looking further: at operations
that are not algebra, at adjoints that are settled, and at forward values of which a
region sees the whole and no part. What is left is described on numbered places, so that
equal blocks of a network are equal regions: solved once, looked up after that.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from derivo.graph.builder import Constant
from derivo.graph.node import Node, Why
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import add
from derivo.simplify.model import SumsToOne
from derivo.simplify.select import Bounds

# A piece with more operations is cut again, at adjoints that several values share.
MOST_OPERATIONS = 60
# How many steps down a forward value is opened, if no part of it is seen by itself.
DEEPEST = 3


# --- what a region is -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """One value of a region.

    Attributes
    ----------
    op, attrs, inputs
        How it is computed from other places; without `op` it is given: an atom.
    spec
        Shape and kind.
    traits
        What is known of an atom.
    forward
        It is a value of the forward pass, which costs nothing.
    named
        The user gave it a name.
    kept
        The backward pass reads it in any case.
    choosable
        Only some of its elements may count, and the others need not be finite.
    target
        Axis along which an argument may be taken to sum to 1, and that assumption.
    """

    op: Op | None
    attrs: tuple[tuple[str, type, Any], ...]
    inputs: tuple[int, ...]
    spec: Spec
    traits: frozenset[str] = frozenset()
    forward: bool = False
    named: bool = False
    kept: bool = False
    choosable: bool = False
    target: tuple[int, SumsToOne] | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a backward pass, closed: equal regions have equal answers.

    Attributes
    ----------
    places
        Its values, operands before readers.
    roots
        Which values are wanted, in the order of computation.
    shared
        Adjoints that several of them are made of.
    """

    places: tuple[Place, ...]
    roots: tuple[int, ...]
    shared: frozenset[int]


# --- cutting --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A region where it lies, before its values are numbered.

    Attributes
    ----------
    roots
        The values that something reads whole, in the order of computation.
    inside
        Every value that is computed here, the roots among them, in that order.
    shared
        Adjoints inside that several roots are made of.
    """

    roots: tuple[Node, ...]
    inside: tuple[Node, ...]
    shared: frozenset[Node]


@dataclass
class Cutting:
    """Cuts a backward pass into pieces.

    Parameters
    ----------
    nodes
        The values of the backward pass that are computed, operands before readers.
    known
        The values of the forward pass.
    gradients
        What is wanted in the end.
    adjoints
        The adjoints of forward values.
    """

    nodes: list[Node]
    known: frozenset[Node]
    gradients: frozenset[Node]
    adjoints: frozenset[Node]

    def __post_init__(self) -> None:
        # What is made of numbers alone links nothing: it is part of every piece.
        self.fixed: set[Node] = set()
        for n in self.nodes:
            if all(i in self.fixed or is_number(i) for i in n.inputs):
                self.fixed.add(n)

    def pieces(self) -> list[Piece]:
        """Give the pieces; those that are too large are cut again."""
        algebra = [n for n in self.nodes if n.op.algebra is not None]
        read = {i for n in self.nodes if n.op.algebra is None for i in n.inputs}
        roots = set(algebra) & (self.gradients | read)
        found = self._separate(algebra, roots)
        sums = self._without_sums
        for again in (sums, self._at_shared, sums, self._at_adjoints, sums):
            found = [p for piece in found for p in (
                again(piece) if operations(piece.inside) > MOST_OPERATIONS else [piece]
            )]  # fmt: skip
        return found

    def _without_sums(self, piece: Piece) -> list[Piece]:
        """Write sums as they stand, of what a parameter gets from separate places."""
        roots, added = {*piece.roots}, _sums(piece, self.gradients)
        terms = {
            g: {i for n in nodes for i in n.inputs if i not in nodes and i not in roots}
            for g, nodes in added.items()
        }
        for tried in (True, False):
            left = [n for n in piece.inside if not any(n in a for a in added.values())]
            ends = roots.union(*terms.values()) & set(left)
            found = self._separate(left, ends, linked=ends - roots if tried else set())
            at = {n: k for k, p in enumerate(found) for n in p.roots}
            if tried:
                added = {g: nodes for g, nodes in added.items()
                         if len({at.get(n) for n in terms[g]}) > 1}  # fmt: skip
                terms = {g: terms[g] for g in added}
        return found

    def at(self, piece: Piece, adjoint: Node) -> list[Piece]:
        """Settle one adjoint."""
        return self._separate(list(piece.inside), {*piece.roots, adjoint})

    def _at_shared(self, piece: Piece) -> list[Piece]:
        """Settle the adjoints that several values share."""
        return self._separate(list(piece.inside), {*piece.roots, *piece.shared})

    def _at_adjoints(self, piece: Piece) -> list[Piece]:
        """Settle every adjoint: nobody writes a product of a hundred factors."""
        adjoints = self.adjoints & {*piece.inside}
        return self._separate(list(piece.inside), adjoints.union(piece.roots))

    def _separate(
        self, nodes: list[Node], roots: AbstractSet[Node], linked: Collection[Node] = ()
    ) -> list[Piece]:
        """Separate nodes: two belong together if they are made of one backward value.

        Roots do not belong to what reads them, unless they are `linked`.
        """
        inside, group = set(nodes), Groups()
        above: dict[Node, frozenset[Node]] = {}  # the roots above, two at most
        for n in reversed(nodes):
            own = frozenset({n}) if n in roots else above.get(n, frozenset())
            above[n] = own
            for i in n.inputs:
                if i in self.known or i in self.fixed or is_number(i):
                    continue
                whole = i in roots or i not in inside
                group.join(n, ("read", i) if whole and i not in linked else i)
                if not whole:
                    above[i] = frozenset(sorted(above.get(i, own) | own, key=index)[:2])
        members: dict[Any, list[Node]] = {}
        for n in nodes:
            if above[n] and (n not in self.fixed or n in roots):
                members.setdefault(group.of(n), []).append(n)
        found = []
        for part in members.values():
            shared = {n for n in part if n in self.adjoints and len(above[n]) > 1}
            found.append(Piece(
                tuple(n for n in part if n in roots),
                tuple(sorted(self._numbers(part).union(part), key=index)),
                frozenset(shared - roots),
            ))  # fmt: skip
        return found

    def _numbers(self, nodes: Iterable[Node]) -> set[Node]:
        """Give what is computed from numbers alone, below some nodes."""
        found: set[Node] = set()
        stack = [i for n in nodes for i in n.inputs]
        while stack:
            n = stack.pop()
            if n in self.fixed and n not in found:
                found.add(n)
                stack.extend(n.inputs)
        return found


class Groups:
    """Tells which things were joined with each other, directly or not."""

    def __init__(self) -> None:
        self.above: dict[Any, Any] = {}

    def of(self, item: Any) -> Any:
        """Give the one that stands for all that were joined with it."""
        while (up := self.above.get(item, item)) is not item:
            self.above[item] = self.above.get(up, up)
            item = up
        return item

    def join(self, a: Any, b: Any) -> None:
        """Join two things."""
        self.above[self.of(b)] = self.of(a)


def operations(nodes: Iterable[Node]) -> int:
    """Count nodes, without views."""
    return sum("view" not in n.op.traits for n in nodes)


def index(node: Node) -> int:
    """Give the number of a node: operands come before their readers."""
    return node.index


def _sums(piece: Piece, gradients: Collection[Node]) -> dict[Node, set[Node]]:
    """Give the additions that each gradient in a piece consists of."""
    inside, roots = {*piece.inside} - piece.shared, {*piece.roots}
    found: dict[Node, set[Node]] = {}
    for root in piece.roots:
        stack = [root] if root in gradients and root.op is add else []
        while stack:
            n = stack.pop()
            found.setdefault(root, set()).add(n)
            stack += [i for i in n.inputs if i.op is add and i in inside - roots]
    return found


# --- the forward values that a region looks at ----------------------------------------


@dataclass
class Surroundings:
    """What is known around a piece.

    Parameters
    ----------
    known
        The values of the forward pass.
    why
        Why each node of the backward pass is there.
    names
        The user's names of forward values.
    targets
        Arguments that may be assumed to sum to 1: axis and assumption.
    outputs
        What the forward pass gives.
    """

    known: frozenset[Node]
    why: Mapping[Node, Why]
    names: Mapping[Node, str]
    targets: Mapping[Node, tuple[int, SumsToOne]]
    outputs: tuple[Node, ...]

    def __post_init__(self) -> None:
        self.choosable = _choosable(self.known, self.outputs)
        self.bounds = Bounds()
        # What can be made of values, under the last of them.
        self.made_of: dict[Node, list[Node]] = {}
        for n in sorted(self.known, key=index):
            if self._is_algebra(n) and (parts := operands(n)):
                self.made_of.setdefault(max(parts, key=index), []).append(n)

    def _is_algebra(self, node: Node) -> bool:
        return node.op.algebra is not None and bool(node.inputs) and node in self.known

    def seen(self, piece: Piece) -> tuple[set[Node], set[Node]]:
        """Give the forward values that a piece looks at, and which of them it opens.

        What it reads, and the operations whose derivatives are in it; what these are
        made of, as long as a part of a value is seen, too; and what is made of them in
        one step more, since that may be a shorter way to write something.
        """
        seen = {i for n in piece.inside for i in n.inputs if i in self.known}
        for n in piece.inside:
            reason = self.why.get(n)
            if reason is not None and reason.reader in self.known:
                seen.add(reason.reader)
        opened: set[Node] = set()
        steps = dict.fromkeys(seen, 0)
        self._open(steps, opened)
        made = {r for n in steps for r in self.made_of.get(n, ()) if r not in steps}
        steps |= {r: 0 for r in made if all(i in steps for i in operands(r))}
        self._open(steps, opened)
        return set(steps), opened

    def _open(self, steps: dict[Node, int], opened: set[Node]) -> None:
        """Open values until no part of a closed one is seen by itself.

        In ``x + f(x)`` nothing can cancel as long as neither x nor f(x) is in sight.
        What is made of one value, as ``x / 2``, is opened for a few steps in any case:
        `steps` counts them.
        """
        grown = True
        while grown:
            grown = False
            for n in sorted(steps.keys() - opened, key=index, reverse=True):
                parts = operands(n)
                if not self._is_algebra(n):
                    continue
                covered = any(self._covered(i, steps) for i in parts)
                if covered or (len(parts) < 2 and steps[n] < DEEPEST):
                    opened.add(n)
                    for i in n.inputs:
                        steps.setdefault(i, 0 if covered else steps[n] + 1)
                    grown = True

    def _covered(self, node: Node, seen: Container[Node], deep: int = DEEPEST) -> bool:
        """Tell whether a value is seen, or made of values that are."""
        if node in seen:
            return True
        if not deep or not self._is_algebra(node):
            return False
        return all(self._covered(i, seen, deep - 1) for i in operands(node))

    def region(
        self, piece: Piece, now: Mapping[Node, Node], kept: set[Node]
    ) -> tuple[Region, list[Node]]:
        """Describe a piece on numbered places.

        Parameters
        ----------
        piece
            Where the region lies.
        now
            What backward values from elsewhere have become, as far as that is known.
        kept
            Forward values that the backward pass reads in any case.

        Returns
        -------
        region, values
            The region, and the value at each place: for a value that is computed in it
            the one that was derived.
        """
        seen, opened = self.seen(piece)
        inside = set(piece.inside)
        at: dict[Node, int] = {}
        places: list[Place] = []
        values: list[Node] = []
        everything = seen | inside | {i for n in inside for i in n.inputs}
        for n in sorted(everything, key=index):
            value = n if n in inside else now.get(n, n)
            if value is not n and value in at:
                at[n] = at[value]
                continue
            at[n] = at[value] = len(places)
            if n in inside:
                numbers = tuple(at[i] for i in n.inputs)
                places.append(Place(n.op, _attributes(n), numbers, n.spec))
            else:
                places.append(self._forward(value, at, value in opened, kept))
            values.append(value)
        return Region(
            tuple(places),
            tuple(at[n] for n in piece.roots),
            frozenset(at[n] for n in piece.shared),
        ), values

    def _forward(
        self, node: Node, at: Mapping[Node, int], opened: bool, kept: set[Node]
    ) -> Place:
        """Describe a value that is computed elsewhere, or by the forward pass."""
        flags: dict[str, Any] = {
            "forward": node in self.known, "named": node in self.names,
            "kept": node in kept or not node.inputs,
            "choosable": node in self.choosable and not self.bounds(node).is_finite,
        }  # fmt: skip
        if is_number(node):
            return Place(node.op, _attributes(node), (), node.spec, **flags)
        traits = node.op.traits & SEEN
        attrs = _attributes(node) if "rows_sum_to_one" in traits else ()
        if opened and all(i in at for i in node.inputs):
            numbers = tuple(at[i] for i in node.inputs)
            return Place(node.op, _attributes(node), numbers, node.spec, **flags)
        target = self.targets.get(node)
        return Place(None, attrs, (), node.spec, traits, **flags, target=target)


# Operations that look away from some elements of what they are given.
CHOICES = frozenset({"chooses", "selects"})


def _choosable(known: frozenset[Node], outputs: Iterable[Node]) -> frozenset[Node]:
    """Give the values that some operation, directly or not, takes only a part of.

    ``sqrt(x)`` in ``np.where(x > 0, sqrt(x), x**3)`` is not a number where x is below
    0, and the function does not mind. Nor does it mind what is not read any more.
    """
    found: set[Node] = set()
    read = set(outputs)
    for n in sorted(known, key=index, reverse=True):
        if n not in read:
            found.add(n)
        if n in found or n.op.traits & CHOICES:
            found.update(n.inputs)
        read.update(n.inputs)
    return frozenset(found)


# Traits of a value that matter where what it was computed from does not.
SEEN = frozenset({"positive", "rows_sum_to_one"})


def is_number(node: Node) -> bool:
    """Tell whether a value is a number, a size, or copies of one."""
    if node.inputs:
        return False
    return "dim" in node.attrs or (
        "value" in node.attrs and not isinstance(node.attrs["value"], Constant)
    )


def operands(node: Node) -> list[Node]:
    """Give what a value is computed from, without numbers."""
    return [i for i in node.inputs if not is_number(i)]


def _attributes(node: Node) -> tuple[tuple[str, type, Any], ...]:
    return tuple((k, type(v), v) for k, v in node.attrs.items())
