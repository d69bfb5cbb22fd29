"""From a forward graph to its backward pass, with each function done once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from operator import itemgetter

from derivo.differentiate.reverse import Differentiated, differentiate
from derivo.graph.block import Block
from derivo.graph.builder import Builder, check
from derivo.graph.loop import within_loops
from derivo.graph.node import Graph, Node, Why, between, order
from derivo.simplify.loops import recognise_loops, shorten_loops, without_unread
from derivo.simplify.model import (
    Backward,
    Derived,
    Facts,
    Forward,
    Step,
    SumsToOne,
    targets_of,
)
from derivo.simplify.polish import Polish, not_taken_apart, spread_rows
from derivo.simplify.region import (
    Cutting,
    Piece,
    Region,
    Surroundings,
    index,
    operations,
)
from derivo.simplify.select import Select
from derivo.simplify.solve import Found, Solution, solve
from derivo.simplify.spelling import Recogniser

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
            tuple(forward.graph.outputs),
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


def simplify_forward(
    graph: Graph, builder: Builder, facts: Facts, *, recognise: bool, stabilize: bool,
    same_text: bool = True,
) -> Forward:  # fmt: skip
    """Recognise what the user spelled out, and rewrite what overflows.

    With `same_text` off and nothing to stabilize, functions are recognised even where
    their own text would compute in another order: to be shown, not to be run.
    """
    graph = without_unread(graph, builder)
    if not recognise:
        return Forward(graph, graph.nodes(), builder, facts)
    done: list[Recogniser] = []

    def recognised(part: Graph, given: frozenset[Node] = frozenset()) -> Graph:
        part = recognise_loops(part, builder, recognised)
        done.append(Recogniser(
            part, builder, stabilize=stabilize, given=given, same_text=same_text
        ))  # fmt: skip
        return done[-1].run()

    result = recognised(graph)
    recogniser = done[-1]
    check(result)
    values = {
        *result.outputs,
        *({*recogniser.new.values()} - recogniser.gone),
    }
    values |= {i for n in values for i in n.inputs}
    steps = tuple(
        Step("rewrite", "recognised as " + new.op.name, new, before=old, about=old)
        for r in done
        for old, new in r.rewritten
    )
    notes = {n: note for r in done for n, note in r.notes.items()}
    return Forward(result, order(values), builder, facts, notes, steps)


def simplify_backward(
    derived: Differentiated, forward: Forward, *, enabled: bool,
    solved: dict[Region, Decision] | None = None,
) -> Backward:  # fmt: skip
    """Shorten every gradient, in the order in which they are computed.

    `solved` holds what is known of regions; the backward passes of one derivation, of
    the whole and of the functions that it calls, share it.
    """
    solved = {} if solved is None else solved
    independent = tuple(k for k, n in derived.gradients.items() if is_zero(n))
    steps = [*forward.steps, *_chain(derived)]
    if not enabled:
        return Backward(
            seeds=derived.seeds,
            gradients=derived.gradients,
            adjoints=derived.adjoints,
            why=derived.why,
            steps=tuple(steps),
            assumptions=(),
            independent=independent,
        )
    known = frozenset(forward.known)
    parts: list[Backward] = []

    def shorten(part: Differentiated, values: tuple[Node, ...]) -> Backward:
        graph = Forward(part.forward, values, forward.builder, Facts(nothing=True))
        parts.append(simplify_backward(part, graph, enabled=True, solved=solved))
        return parts[-1]

    derived = spread_rows(derived, forward.builder)
    derived = shorten_loops(derived, known, forward.builder, shorten)
    rewriting = Rewriting(derived, forward, solved)
    now = rewriting.now
    gradients = {k: now[n] for k, n in derived.gradients.items()}
    kept = not_taken_apart(forward.graph, known)
    polish = Polish(gradients.values(), forward.builder, known, kept)
    # The steps of loops have been through it, with what is known inside of them.
    inside = [(*p.gradients.values(), *p.adjoints.values(), *p.why) for p in parts]
    done = order(chain.from_iterable(inside))
    select = Select(forward.builder, {*known, *done})
    finished = {n for p in parts for n in (*p.adjoints.values(), *p.why)}

    def last(node: Node) -> Node:
        return node if node in finished else select(polish(node))

    gradients = {k: last(n) for k, n in gradients.items()}
    adjoints = {v: last(now[n]) for v, n in derived.adjoints.items()}
    why = {last(n): w for n, w in rewriting.renamed_keys(derived.why).items()}
    used = tuple(sorted(rewriting.assumptions, key=str))
    steps += [s for part in parts for s in part.steps] + rewriting.steps
    return Backward(
        seeds=derived.seeds,
        gradients=gradients,
        adjoints=adjoints,
        why=why,
        steps=tuple(steps),
        assumptions=used,
        independent=independent,
    )


def with_choices(
    gradients: Mapping[str, Node], known: Iterable[Node], builder: Builder
) -> dict[str, Node]:
    """Choose rather than multiply by a mask, in gradients that are not simplified.

    A gradient within another function is a part of its forward pass: where a mask
    switches a branch off, 0 times infinity would be the value of that function.
    """
    select = Select(builder, known)
    return {name: select(node) for name, node in gradients.items()}


def is_zero(node: Node) -> bool:
    """Tell whether a gradient is a block of zeros."""
    return node.op.name == "fill" and node.attrs["value"] == 0


def _chain(derived: Differentiated) -> list[Step]:
    """List the steps of the chain rule itself."""
    return [
        Step(
            w.kind, w.reader.op.name if w.reader else w.kind, n, w.upstream, "", w.node
        )
        for n, w in derived.why.items()
    ]


# What each distinct backward pass of a block is known by.
Key = tuple[Block, tuple[int, ...], tuple[int, ...]]


@dataclass
class Functions:
    """Derives the functions that a derivation calls, each once.

    Nothing is assumed of their arguments: what holds for one call need not hold for
    the next.

    Attributes
    ----------
    simplify, stabilize
        As `derivo.derive` has them.
    """

    builder: Builder
    simplify: bool = True
    stabilize: bool = True
    forwards: dict[Block, Forward] = field(default_factory=dict)
    known: dict[Key, Derived] = field(default_factory=dict)
    solved: dict[Region, Decision] = field(default_factory=dict)

    def forward(self, block: Block) -> Forward:
        """Give the forward pass of a block, its spellings recognised."""
        if block not in self.forwards:
            self.forwards[block] = simplify_forward(
                block.graph, self.builder, Facts(nothing=True),
                recognise=self.simplify, stabilize=self.stabilize,
            )  # fmt: skip
        return self.forwards[block]

    def derived(
        self, block: Block, wrt: tuple[int, ...], seeded: tuple[int, ...]
    ) -> Derived:
        """Give the backward pass of a block.

        Parameters
        ----------
        wrt
            Places of the arguments whose gradients are wanted.
        seeded
            Places of the results that have an adjoint.
        """
        key = block, wrt, seeded
        if key not in self.known:
            forward = self.forward(block)
            results = tuple(forward.graph.outputs[k] for k in seeded)
            graph = replace(forward.graph, outputs=results)
            names = tuple(graph.inputs[i].attrs["name"] for i in wrt)
            number = f"{block.function} {len(self.known)}"
            raw = differentiate(graph, names, self.builder, functions=self, of=number)
            backward = self.shortened(raw, replace(forward, graph=graph))
            self.known[key] = Derived(block, wrt, seeded, forward, backward)
        return self.known[key]

    def shortened(self, raw: Differentiated, forward: Forward) -> Backward:
        """Shorten a backward pass, with what is known of others of this derivation."""
        return simplify_backward(
            raw, forward, enabled=self.simplify, solved=self.solved
        )

    def operations(self, backward: Backward, forward: Forward) -> int:
        """Count the operations of a backward pass.

        Those of functions count at every call, those of the steps of a loop once.
        """
        known = {*forward.known, *within_loops(forward.known)}
        seen: set[Node] = set()
        stack = list(backward.gradients.values())
        count = 0
        while stack:
            node = stack.pop()
            if node in seen or node in known:
                continue
            seen.add(node)
            stack.extend(node.inputs)
            if "item" in node.op.traits:
                stack.append(node.attrs["of"])
            elif "loop" in node.op.traits:
                stack.extend(node.attrs["loop"].following)
            elif "back" in node.op.traits:
                derived: Derived = node.attrs["derived"]
                count += self.operations(derived.backward, derived.forward)
            elif node.inputs and not node.op.traits & {"view", "result"}:
                count += 1
        return count
