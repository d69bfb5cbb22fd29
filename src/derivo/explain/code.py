"""The emitted source, each line tied to the factors that it multiplies by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derivo.explain.calls import Call, call_behind, call_of
from derivo.explain.document import Code, CodeLine
from derivo.explain.factors import Factor
from derivo.explain.step_lines import factors_of, lines_of
from derivo.explain.subject import Subject, unique_names
from derivo.graph.node import Node
from derivo.simplify.spelling import Lowering


def code_of(subject: Subject) -> Code:
    """Give the source line by line.

    A line that computes the adjoint of a value stands for every factor on the way from
    that value to the next values whose adjoints have lines of their own.
    """
    told = [_tied(part) for part in (subject, *(f.body for f in subject.functions))]
    lines = []
    for number, text in enumerate(subject.derivation.emitted.text.splitlines(), 1):
        tied = next((t[number] for t in told if number in t), CodeLine(text))
        lines.append(replace(tied, text=text))
    return Code(with_loops(lines, subject))


def _tied(subject: Subject) -> dict[int, CodeLine]:
    """Give what the lines of a function are tied to, by number of the line."""
    forward, backward = values_of_lines(subject)
    covered = subject.covered_factors({v for found in backward.values() for v in found})
    through, within = _through_calls(subject), _within(subject)
    found = {}
    for number in forward.keys() | backward.keys() | through.keys():
        # One adjoint may serve several values: the line stands at the one nearest the
        # result, and for the factors of all.
        called = through.get(number, [])
        values = backward.get(number) or [forward.get(number) or called[0].operand]
        used = {i for v in values if number in backward for i in covered[v]}
        used |= {f.id for f in called}
        factors = tuple(f.id for f in subject.factors if f.id in used)
        place = max(values, key=lambda n: n.index)
        is_back = number in backward or number in through
        places = () if is_back else within.get(place, ())
        ids = tuple(subject.ids[n] for n in (place, *places))
        found[number] = CodeLine("", factors, ids, is_back)
    return found


def _within(subject: Subject) -> dict[Node, list[Node]]:
    """Give by each value with a line those without, which its line computes, too."""
    with_lines = set(values_of_lines(subject)[0].values())
    holder: dict[Node, Node] = {}
    found: dict[Node, list[Node]] = {}
    for node in reversed(subject.graph.nodes()):
        if node in with_lines or node.op.traits & {"loop", "item"}:
            holder[node] = node
        elif node in holder:
            found.setdefault(holder[node], []).append(node)
        # What is read more than once is computed where it is read first.
        holder |= {i: holder[node] for i in node.inputs if node in holder}
    return found


def _through_calls(subject: Subject) -> dict[int, list[Factor]]:
    """Give the factors of each line that hands back what a call does."""
    lowered = Lowering(subject.derivation.forward.builder)
    factors: dict[Call, list[Factor]] = {}
    for f in subject.factors:
        call = call_of(lowered(f.reader))
        if call is not None:
            factors.setdefault(call, []).append(f)
    calls = {k: call_behind(n) for k, n in subject.derivation.emitted.lines.items()}
    return {k: factors[c] for k, c in calls.items() if c in factors}


def with_loops(lines: list[CodeLine], subject: Subject) -> tuple[CodeLine, ...]:
    """Tie the lines of loops over time to the loop, and to the factors of its step."""
    for steps in subject.loops:
        factors, within = factors_of(steps), _within(subject).get(steps.node, ())
        found = dict(zip(steps.arguments, steps.node.inputs, strict=True))
        for line in lines_of(steps):
            old = lines[line.number - 1]
            nodes, ids = [steps.node], factors.get(line.number, ())
            if not line.backward:
                nodes += within
            elif line.kind in {"row", "sum", "handed"} and line.value in found:
                nodes.append(found[line.value])
            places = tuple(subject.ids[n] for n in nodes)
            lines[line.number - 1] = CodeLine(old.text, ids, places, line.backward)
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
            backward[number] = [v for a in alike(node, adjoints) for v in adjoints[a]]
    return forward, backward


def alike(node: Node, nodes: Iterable[Node]) -> list[Node]:
    """Give what one line computes: a call hands back all its gradients at once."""
    call = call_behind(node)
    return [node] if call is None else [n for n in nodes if call_behind(n) == call]


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
