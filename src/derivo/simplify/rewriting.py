"""Going through a backward pass: a region is solved where its first value is met."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from operator import itemgetter

from derivo.differentiate.reverse import Differentiated
from derivo.graph.node import Node, Why, between, order
from derivo.simplify.assume import SumsToOne, targets_of
from derivo.simplify.model import Forward, Step
from derivo.simplify.region import (
    Cutting,
    Piece,
    Region,
    Surroundings,
    index,
    operations,
)
from derivo.simplify.shorten import Found
from derivo.simplify.solve import Solution, solve

# A piece with fewer operations than the first is looked at as a whole alone, one with
# more than the second in parts alone, if it has any.
SHORTEST_CUT, MOST_WHOLE = 16, 32


@dataclass(frozen=True, slots=True)
class Decision:
    """How a region is shortened: as a whole, or one adjoint first.

    Attributes
    ----------
    whole
        The answer for all of it.
    cut
        The place of the adjoint that is settled first.
    cost
        Operations where it is cut.
    """

    whole: Solution | None
    cut: int = -1
    cost: int = 0

    @property
    def operations(self) -> int:
        """Number of operations."""
        return self.cost if self.whole is None else self.whole.cost[0]


class Rewriting:
    """Rebuilds a backward pass with every region shortened.

    Attributes
    ----------
    now
        What each derived node has become.
    steps
        The rewrites that changed something.
    assumptions
        What they take for granted.
    """

    def __init__(
        self, derived: Differentiated, forward: Forward, solved: dict[Region, Decision]
    ) -> None:
        self.derived = derived
        self.builder = forward.builder
        self.names = forward.graph.names
        self.known = frozenset(forward.known)
        self.solved = solved
        self.steps: list[Step] = []
        self.assumptions: set[SumsToOne] = set()
        self.value_of = {a: v for v, a in derived.adjoints.items()}
        self.around = Surroundings(
            self.known,
            derived.why,
            self.names,
            targets_of(forward.graph, forward.facts),
        )
        self.now: dict[Node, Node] = {n: n for n in self.known}
        self._run()

    def _run(self) -> None:
        gradients = frozenset(self.derived.gradients.values())
        nodes = [n for n in order(gradients) if n not in self.known]
        backward = [n for n in nodes if n.inputs]
        adjoints = frozenset(self.derived.adjoints.values())
        self.cutting = Cutting(backward, self.known, gradients, adjoints)
        pieces = self.cutting.pieces()
        first = {
            min({*p.inside} - self.cutting.fixed or p.inside, key=index): p
            for p in pieces
        }
        self.kept = {
            i for n in backward if n.op.algebra is None
            for i in n.inputs if i in self.known
        }  # fmt: skip
        answers: dict[Node, tuple[Found, Mapping[Node, Node]]] = {}
        for n in nodes:
            if n in first:
                answers |= self._solve(first[n])
            self.now[n] = (
                self._answer(n, *answers[n]) if n in answers else self.plain(n)
            )
        rest = [*self.derived.adjoints.values(), *self.derived.why]
        for n in between(rest, frozenset(self.now)):
            self.now[n] = self.plain(n)

    def plain(self, node: Node) -> Node:
        """Give a node as it was derived, on what its operands have become."""
        inputs = tuple(self.now[i] for i in node.inputs)
        return self.builder.remake(node, inputs)

    def _solve(self, piece: Piece) -> dict[Node, tuple[Found, Mapping[Node, Node]]]:
        """Give what a piece becomes, and where the values of the answers are here."""
        decision, values = self._decided(piece)
        solution = decision.whole
        if solution is None:
            parts = self.cutting.at(piece, values[decision.cut])
            return {n: a for part in parts for n, a in self._solve(part).items()}
        here = {n: values[k] for n, k in solution.given.items()}
        return {values[k]: (found, here) for k, found in solution.found.items()}

    def _decided(self, piece: Piece) -> tuple[Decision, list[Node]]:
        """Tell how a piece is shortened, and give its values by their places.

        As a whole; or in two parts, if that takes fewer operations: of two
        normalisations, one behind the other, nobody multiplies out both.
        """
        region, values = self.around.region(piece, self.now, self.kept)
        if region not in self.solved:
            waists = self._waists(piece, values)
            small = operations(piece.inside) <= MOST_WHOLE
            best = Decision(solve(region)) if small or not waists else None
            for k, parts in waists:
                cost = sum(self._decided(part)[0].operations for part in parts)
                if best is None or cost < best.operations:
                    best = Decision(None, k, cost)
            assert best is not None  # noqa: S101
            self.solved[region] = best
        return self.solved[region], values

    def _waists(
        self, piece: Piece, values: list[Node]
    ) -> list[tuple[int, list[Piece]]]:
        """Give adjoints that it may be worth while to settle first, and what is left.

        Those of values that are read more than once, and through which everything
        goes; of many the two that leave the most equal parts.
        """
        whole = operations(piece.inside)
        if whole < SHORTEST_CUT:
            return []
        inside = self.cutting.adjoints & {*piece.inside} - {*piece.roots}
        found = []
        for k, n in enumerate(values):
            reason = self.derived.why.get(n)
            if n in inside and reason is not None and reason.kind == "fan-out":
                parts = self.cutting.at(piece, n)
                largest = max(operations(part.inside) for part in parts)
                if largest < whole:
                    found.append((largest, k, parts))
        return [(k, parts) for _, k, parts in sorted(found, key=itemgetter(0, 1))[:2]]

    def _answer(self, node: Node, found: Found, here: Mapping[Node, Node]) -> Node:
        """Write the answer for a root, and note what was done."""
        plain = self.plain(node)
        if not found.changed:
            return plain
        given = {n: self.now.get(v, v) for n, v in here.items()}
        for n in operands_first(found.node, given):
            inputs = tuple(given[i] for i in n.inputs)
            given[n] = self.builder.make(n.op, inputs, dict(n.attrs))
        result = given[found.node]
        if result is not plain:
            self.assumptions |= found.assumptions
            rules = dict.fromkeys(self._said(r, here) for r in found.rules)
            rule = "; ".join(rules) or "collect like terms"
            assumption = "; ".join(sorted(str(a) for a in found.assumptions))
            about = self.value_of.get(node)
            self.steps.append(Step("rewrite", rule, result, plain, assumption, about))
        return result

    def _said(self, rule: str | Node, here: Mapping[Node, Node]) -> str:
        """Name a rule; where a forward value was made use of, that value."""
        if isinstance(rule, str):
            return rule
        value = here.get(rule)
        if value is None:  # a product that the backward pass computes for itself
            return f"use {rule.op.name} from the forward pass"
        return f"use {self.names.get(value, value.op.name)} from the forward pass"

    def renamed_keys(self, why: Mapping[Node, Why]) -> dict[Node, Why]:
        """Give the reasons for the nodes as they are now."""
        result: dict[Node, Why] = {}
        for node, reason in why.items():
            new = self.now[node]
            if new.op is node.op or reason.kind == "broadcast":
                result.setdefault(new, reason)
        return result


def operands_first(root: Node, given: Container[Node]) -> list[Node]:
    """Give what lies between a value and given ones, in an order of its own.

    The numbers of the nodes would do, but they depend on what was tried before.
    """
    found: dict[Node, None] = {}
    stack = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if node in given or node in found:
            continue
        if ready:
            found[node] = None
        else:
            stack.append((node, True))
            stack.extend((i, False) for i in reversed(node.inputs))
    return list(found)
