"""The emitted source, each line tied to the factors that it multiplies by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from derivo.explain.calls import Call, call_behind, call_of
from derivo.explain.document import Code, CodeLine
from derivo.explain.factors import Factor
from derivo.explain.subject import Subject, unique_names
from derivo.graph.loop import Loop
from derivo.graph.node import Node
from derivo.simplify.loops import results_of


def code_of(subject: Subject) -> Code:
    """Give the source line by line.

    A line that computes the adjoint of a value stands for every factor on the way from
    that value to the next values whose adjoints have lines of their own.
    """
    emitted = subject.derivation.emitted
    tied: dict[int, CodeLine] = {}
    for part in (subject, *(f.body for f in subject.functions)):
        tied = Written(part).lines() | tied
    texts = enumerate(emitted.text.splitlines(), start=1)
    return Code(tuple(replace(tied.get(k, CodeLine("")), text=t) for k, t in texts))


class Written:
    """What the lines of the code compute of a subject.

    Attributes
    ----------
    values
        The value told for each node that is written, in steps of loops too.
    adjoints
        The values told whose adjoint each node of the backward pass is.
    """

    def __init__(self, subject: Subject) -> None:
        d, self.subject = subject.derivation, subject
        nodes, names = d.forward.graph.nodes(), unique_names(d.forward.graph)
        told = {name: n for n, name in subject.names.items()}
        self.values: dict[Node, Node] = {}
        # What was rewritten against overflow is another node, with the same name or as
        # the same result.
        pairs = zip(d.forward.graph.outputs, subject.graph.outputs, strict=False)
        results = dict(pairs)
        for value in (*nodes, *subject.graph.nodes()):
            same = told.get(names.get(value, ""), results.get(value))
            same = value if value in subject.ids else same
            if same is not None:
                self.values[self.of(value)] = same
        found_in_steps = _in_steps(nodes, subject, {}, d.forward.graph.names)
        steps = {(loop, n): same for loop, n, same in found_in_steps}
        self.values |= {
            self.of(n): same for (loop, n), same in steps.items()
            if n not in loop.attrs["loop"].fixed
        }  # fmt: skip
        self.adjoints: dict[Node, list[Node]] = {}
        found = [
            (self.values.get(self.of(v)), a) for v, a in d.backward.adjoints.items()
        ]
        found += [(told.get(name), g) for name, g in d.backward.gradients.items()]
        # A sum over the steps is what comes back to a value that every step reads.
        found += [
            (steps.get((why.reader, why.node)), part)
            for part, why in d.backward.why.items()
            if why.reader and why.kind == "steps" and "item" in part.op.traits
        ]
        for same, adjoint in found:
            if same is not None:
                self.adjoints.setdefault(self.of(adjoint), []).append(same)

    def of(self, node: Node) -> Node:
        """Give what is written for a node of the derivation."""
        return self.subject.derivation.emitted.written.get(node, node)

    def lines(self) -> dict[int, CodeLine]:
        """Give what lines are tied to, by number; their texts are left out.

        Those of a loop over time are tied to the loop, and to the factors of its step.
        """
        subject, emitted = self.subject, self.subject.derivation.emitted
        back = {k: n for k, n in emitted.lines.items() if n not in self.values}
        handed = {k: self._handed_back(n) for k, n in back.items()}
        calls: dict[Call | None, list[Factor]] = {}
        for f in subject.factors:
            calls.setdefault(call_of(self.of(f.reader)), []).append(f)
        calls.pop(None, None)
        covered: dict[Node, tuple[str, ...]] = {}
        loops: dict[Node, Node] = {}
        for part, loop in _parts(subject):
            own = {v for vs in handed.values() for v in vs if v in part.ids}
            covered |= part.covered_factors(own)
            loops |= {} if loop is None else dict.fromkeys(part.ids, loop)
        operand = {
            a: n for s in subject.loops
            for a, n in zip(s.arguments, s.node.inputs, strict=True)
        }  # fmt: skip
        within, found = self._within(), dict[int, CodeLine]()
        for k, node in emitted.lines.items():
            through = calls.get(call_behind(node), [])
            values = handed.get(k) or [f.operand for f in through]
            values = [self.values[node]] if k not in back else values
            # One adjoint may serve several values: the line stands at the one nearest
            # the result, and for the factors of all.
            values = [v for v in values if v in loops] or values
            if not values:
                continue
            used = {i for v in values if v in handed.get(k, ()) for i in covered[v]}
            used |= {f.id for f in through}
            place = max(values, key=lambda n: n.index)
            is_back = k in back or (place in loops and k in emitted.backward)
            place = loops.get(place, place)
            others = [operand[v] for v in values if k in back and v in operand]
            others = others if is_back else within.get(place, [])
            factors = tuple(f.id for f in subject.all_factors if f.id in used)
            places = tuple(subject.ids[n] for n in (place, *others))
            found[k] = CodeLine("", factors, places, is_back)
        return found

    def _handed_back(self, node: Node) -> list[Node]:
        """Give the values whose adjoint a line computes: of a call's operands, all."""
        call = call_behind(node)
        same = [a for a in self.adjoints if call_behind(a) == call] if call else [node]
        return [v for a in same for v in self.adjoints.get(a, ())]

    def _within(self) -> dict[Node, list[Node]]:
        """Give by each value with a line those without, which its line computes, too.

        What is read more than once is computed where it is read first; what a loop
        ends with, in the loop.
        """
        lines = self.subject.derivation.emitted.lines.values()
        with_lines = {self.values[n] for n in lines if n in self.values}
        holder: dict[Node, Node] = {}
        found: dict[Node, list[Node]] = {}
        for node in reversed(self.subject.graph.nodes()):
            if node in with_lines or node.op.traits & {"loop", "item"}:
                holder[node] = node
                if "item" in node.op.traits and node not in with_lines:
                    found.setdefault(node.inputs[0], []).append(node)
            elif node in holder:
                found.setdefault(holder[node], []).append(node)
            holder |= {i: holder[node] for i in node.inputs if node in holder}
        return found


def _parts(
    subject: Subject, loop: Node | None = None
) -> Iterator[tuple[Subject, Node | None]]:
    """Give a subject and the steps of its loops, each with the outermost loop."""
    yield subject, loop
    for steps in subject.loops:
        yield from _parts(steps.body, loop or steps.node)


def _in_steps(
    nodes: Sequence[Node], subject: Subject, known: Mapping[Node, Node],
    names: Mapping[Node, str],
) -> Iterator[tuple[Node, Node, Node]]:  # fmt: skip
    """Give what the values of steps are in the steps that are told: loop, value, same.

    What was rewritten against overflow is another node: the name tells which.
    """
    loops = [n for n in nodes if "loop" in n.op.traits]
    for node, steps in zip(loops, subject.loops, strict=False):
        loop: Loop = node.attrs["loop"]
        inside = loop.inside(results_of(node, nodes))
        told = {n: steps.told[m] for n, m in known.items() if m in steps.told}
        told = {**steps.told, **told}
        named = {
            name: n for n, name in steps.body.graph.names.items()
            if n not in steps.arguments
        }  # fmt: skip
        for n in (*loop.bound, *inside):
            same = told.get(n) or named.get(names.get(n, ""))
            if same is not None and same in steps.body.ids:
                yield node, n, same
        yield from _in_steps(inside, steps.body, told, names)
