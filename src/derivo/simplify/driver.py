"""Simplification: the forward graph first, then each gradient."""

from __future__ import annotations

from itertools import chain

from derivo.differentiate.reverse import Differentiated
from derivo.graph.builder import Builder, check
from derivo.graph.node import Graph, Node, order
from derivo.simplify.assume import Facts
from derivo.simplify.loops import recognise_loops, shorten_loops, without_unread
from derivo.simplify.model import Backward, Forward, Step
from derivo.simplify.polish import Polish, not_taken_apart, spread_rows
from derivo.simplify.recognise import Recogniser
from derivo.simplify.region import Region
from derivo.simplify.rewriting import Decision, Rewriting
from derivo.simplify.select import Select

__all__ = ["Backward", "Forward", "Step", "simplify_backward", "simplify_forward"]


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
        *recogniser.new.values(),
        *(i for n in recogniser.new.values() for i in n.inputs),
    }
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
    gradients = {k: select(polish(n)) for k, n in gradients.items()}
    adjoints = {v: select(polish(now[n])) for v, n in derived.adjoints.items()}
    whys = rewriting.renamed_keys(derived.why).items()
    why = {select(polish(n)): w for n, w in whys}
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
