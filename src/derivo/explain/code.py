"""The emitted source, each line tied to the factors that it multiplies by."""

from __future__ import annotations

from derivo.explain.document import Code, CodeLine
from derivo.explain.step_lines import factors_of, lines_of
from derivo.explain.subject import Subject, unique_names
from derivo.graph.node import Node
from derivo.simplify.spelling import Lowering


def code_of(subject: Subject) -> Code:
    """Give the source line by line.

    A line that computes the adjoint of a value stands for every factor on the way from
    that value to the next values whose adjoints have lines of their own.
    """
    emitted = subject.derivation.emitted
    forward, backward = values_of_lines(subject)
    covered = subject.covered_factors({v for found in backward.values() for v in found})
    lines = []
    for number, text in enumerate(emitted.text.splitlines(), start=1):
        # One adjoint may serve several values: the line stands at the one nearest the
        # result, and for the factors of all.
        values = backward.get(number) or [n for n in [forward.get(number)] if n]
        ids = {i for v in values if number in backward for i in covered[v]}
        factors = tuple(f.id for f in subject.factors if f.id in ids)
        place = subject.ids[max(values, key=lambda n: n.index)] if values else ""
        lines.append(CodeLine(text, factors, place, backward=number in backward))
    return Code(with_loops(lines, subject))


def with_loops(lines: list[CodeLine], subject: Subject) -> tuple[CodeLine, ...]:
    """Tie the lines of loops over time to the loop, and to the factors of its step."""
    for steps in subject.loops:
        factors = factors_of(steps)
        for line in lines_of(steps):
            old = lines[line.number - 1]
            place, ids = subject.ids[steps.node], factors.get(line.number, ())
            lines[line.number - 1] = CodeLine(old.text, ids, place, line.backward)
    return tuple(lines)


def values_of_lines(
    subject: Subject,
) -> tuple[dict[int, Node], dict[int, list[Node]]]:
    """Give the value that each line computes, and those whose adjoint it computes."""
    shown, adjoints = _shown(subject), values_of_adjoints(subject)
    forward: dict[int, Node] = {}
    backward: dict[int, list[Node]] = {}
    for number, node in subject.derivation.emitted.lines.items():
        if node in shown:
            forward[number] = shown[node]
        elif node in adjoints:
            backward[number] = adjoints[node]
    return forward, backward


def _shown(subject: Subject) -> dict[Node, Node]:
    """Give for each node of an emitted line the value in the graph that is told."""
    d = subject.derivation
    lowered = Lowering(d.forward.builder)
    by_name = {name: n for n, name in subject.names.items()}
    names = unique_names(d.forward.graph)
    found: dict[Node, Node] = {}
    for value in (*d.forward.graph.nodes(), *subject.graph.nodes()):
        same = value if value in subject.ids else by_name.get(names.get(value, ""))
        if same is not None:
            found[lowered(value)] = same
    return found


def values_of_adjoints(subject: Subject) -> dict[Node, list[Node]]:
    """Give for each node of the code's backward pass the values whose adjoint it is."""
    d = subject.derivation
    lowered, shown = Lowering(d.forward.builder), _shown(subject)
    by_name = {name: n for n, name in subject.names.items()}
    found: dict[Node, list[Node]] = {}
    for value, adjoint in d.backward.adjoints.items():
        same = shown.get(lowered(value))
        if same is not None:
            found.setdefault(lowered(adjoint), []).append(same)
    for name, gradient in d.backward.gradients.items():
        if name in by_name:
            found.setdefault(lowered(gradient), []).append(by_name[name])
    return found
