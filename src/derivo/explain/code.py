"""The emitted source, each line tied to the factors that it multiplies by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from derivo.explain.calls import Call, call_behind, call_of
from derivo.explain.document import Code, CodeLine
from derivo.explain.factors import Factor
from derivo.explain.subject import Subject, unique_names
from derivo.graph.loop import Loop
from derivo.graph.node import Node
from derivo.passes import Passes
from derivo.simplify.loops import results_of


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
    return Code(tuple(lines))


def _tied(subject: Subject) -> dict[int, CodeLine]:
    """Give what the lines of a function are tied to, by number of the line.

    Those of a loop over time are tied to the loop, and to the factors of its step.
    """
    forward, backward = values_of_lines(subject)
    through, within = _through_calls(subject), _within(subject)
    covered: dict[Node, tuple[str, ...]] = {}
    loops: dict[Node, Node] = {}
    for part, loop in _parts(subject):
        own = {v for found in backward.values() for v in found if v in part.ids}
        covered |= part.covered_factors(own)
        loops |= {} if loop is None else dict.fromkeys(part.ids, loop)
    operand = {
        a: n for s in subject.loops
        for a, n in zip(s.arguments, s.node.inputs, strict=True)
    }  # fmt: skip
    found = {}
    for number in forward.keys() | backward.keys() | through.keys():
        # One adjoint may serve several values: the line stands at the one nearest the
        # result, and for the factors of all.
        called = through.get(number, [])
        values = backward.get(number) or [forward.get(number) or called[0].operand]
        values = [v for v in values if v in loops] or values
        used = {i for v in values if number in backward for i in covered[v]}
        used |= {f.id for f in called}
        factors = tuple(f.id for f in subject.all_factors if f.id in used)
        place = max(values, key=lambda n: n.index)
        is_back = number in backward or number in through
        if place in loops:
            place = loops[place]
            is_back |= number in subject.derivation.emitted.backward
        handed = [operand[v] for v in values if number in backward and v in operand]
        places = handed if is_back else within.get(place, ())
        ids = tuple(subject.ids[n] for n in (place, *places))
        found[number] = CodeLine("", factors, ids, is_back)
    return found


def _parts(
    subject: Subject, loop: Node | None = None
) -> Iterator[tuple[Subject, Node | None]]:
    """Give a subject and the steps of its loops, each with the outermost loop."""
    yield subject, loop
    for steps in subject.loops:
        yield from _parts(steps.body, loop or steps.node)


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
    written = subject.derivation.emitted.written
    factors: dict[Call, list[Factor]] = {}
    for f in subject.factors:
        call = call_of(written.get(f.reader, f.reader))
        if call is not None:
            factors.setdefault(call, []).append(f)
    calls = {k: call_behind(n) for k, n in subject.derivation.emitted.lines.items()}
    return {k: factors[c] for k, c in calls.items() if c in factors}


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
    """Give for each node of an emitted line the value that is told, in steps too."""
    d = subject.derivation
    written = d.emitted.written
    by_name = {name: n for n, name in subject.names.items()}
    names = unique_names(d.forward.graph)
    found: dict[Node, Node] = {}
    for value in (*d.forward.graph.nodes(), *subject.graph.nodes()):
        same = value if value in subject.ids else by_name.get(names.get(value, ""))
        if same is not None:
            found[written.get(value, value)] = same
    for loop, value, same in _in_steps(d.forward.graph.nodes(), subject, {}, d):
        if value not in loop.attrs["loop"].fixed:
            found[written.get(value, value)] = same
    return found


def _in_steps(
    nodes: Sequence[Node], subject: Subject, known: Mapping[Node, Node], d: Passes
) -> Iterator[tuple[Node, Node, Node]]:
    """Give what the values of steps are in the steps that are told: loop, value, same.

    What was rewritten against overflow is another node: the name tells which.
    """
    loops = [n for n in nodes if "loop" in n.op.traits]
    for node, steps in zip(loops, subject.loops, strict=False):
        loop: Loop = node.attrs["loop"]
        inside = loop.inside(results_of(node, nodes))
        told = {n: steps.told[m] for n, m in known.items() if m in steps.told}
        told = {**steps.told, **told}
        called = {
            name: n for n, name in steps.body.graph.names.items()
            if n not in steps.arguments
        }  # fmt: skip
        for n in (*loop.bound, *inside):
            same = told.get(n) or called.get(d.forward.graph.names.get(n, ""))
            if same is not None and same in steps.body.ids:
                yield node, n, same
        yield from _in_steps(inside, steps.body, told, d)


def values_of_adjoints(subject: Subject) -> dict[Node, list[Node]]:
    """Give for each node of the code's backward pass the values whose adjoint it is."""
    d = subject.derivation
    written, shown = d.emitted.written, _shown(subject)
    by_name = {name: n for n, name in subject.names.items()}
    found: dict[Node, list[Node]] = {}
    for value, adjoint in d.backward.adjoints.items():
        same = shown.get(written.get(value, value))
        if same is not None:
            found.setdefault(written.get(adjoint, adjoint), []).append(same)
    for name, gradient in d.backward.gradients.items():
        if name in by_name:
            found.setdefault(written.get(gradient, gradient), []).append(by_name[name])
    # A sum over the steps is what comes back to a value that every step reads.
    steps = _in_steps(d.forward.graph.nodes(), subject, {}, d)
    read = {(loop, value): same for loop, value, same in steps}
    for part, why in d.backward.why.items():
        if why.kind == "steps" and "item" in part.op.traits:
            assert why.reader is not None  # noqa: S101
            same = read.get((why.reader, why.node))
            if same is not None:
                found.setdefault(written.get(part, part), []).append(same)
    return found
