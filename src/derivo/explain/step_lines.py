"""Which lines of the emitted code are those of a loop, and what each of them does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from derivo.explain.subject import Steps
from derivo.graph.node import Node
from derivo.simplify.spelling import Lowering

HEAD = re.compile(r"    for \w+ in ")
TARGET = re.compile(r"(\w+)(\[\w+\])? (\+?)= ")


@dataclass(frozen=True)
class StepLine:
    """A line of a loop.

    Attributes
    ----------
    number
        In the source, from 1.
    kind
        "computed", "kept" for every step, "before" (the carry before the step),
        "chain", "added" (the two parts of an adjoint), "row" (of an array's gradient),
        "sum" (over the steps) or "handed" to the step before.
    value
        The value of the step that it computes, or whose adjoint; None if it is one
        that has no name.
    """

    number: int
    kind: str
    value: Node | None
    backward: bool


def lines_of(steps: Steps) -> list[StepLine]:
    """Give the lines of a loop; nothing for a loop within a loop."""
    if steps.outer.prefix:
        return []
    source = steps.outer.derivation.emitted
    texts = source.text.splitlines()
    forward, backward = _blocks(texts)
    loops = [n for n in steps.outer.graph.nodes() if "loop" in n.op.traits]
    active = [s.node for s in steps.outer.loops if s.body.raw.gradients]
    found: list[StepLine] = []
    place = loops.index(steps.node)
    if len(forward) == len(loops):
        found += _forward(steps, forward[place], texts)
    if len(backward) == len(active) and steps.node in active:
        place = len(active) - 1 - active.index(steps.node)
        found += _backward(steps, backward[place], texts)
    return found


def factors_of(steps: Steps) -> Mapping[int, tuple[str, ...]]:
    """Give the factors that each backward line multiplies by, by number of the line."""
    lines = {
        x.number: x.value
        for x in lines_of(steps)
        if x.backward and x.value is not None and x.kind != "before"
    }
    covered = steps.body.covered_factors(set(lines.values()))
    return {number: covered[value] for number, value in lines.items()}


def _blocks(texts: list[str]) -> tuple[list[range], list[range]]:
    """Give the lines of the outermost loops, of the forward and the backward pass."""
    found: tuple[list[range], list[range]] = ([], [])
    which, number = -1, 1
    while number <= len(texts):
        text = texts[number - 1]
        which += text.startswith("def ")
        if HEAD.match(text) and which in (0, 1):
            end = number
            while end < len(texts) and texts[end].startswith("        "):
                end += 1
            found[which].append(range(number, end + 1))
            number = end
        number += 1
    return found


def _named(steps: Steps) -> dict[Node, Node]:
    """Give for each value of the emitted forward step that of the step told."""
    d = steps.outer.derivation
    lowered = Lowering(d.forward.builder)
    found: dict[Node, Node] = {}
    for value, same in steps.inside.items():
        found[value] = found[lowered(value)] = same
    # What was rewritten against overflow is another node: the name tells which.
    names = list(steps.body.graph.names.values())
    by_name = {
        name: n
        for n, name in steps.body.graph.names.items()
        if n not in steps.arguments and names.count(name) == 1
    }
    for value, name in d.forward.graph.names.items():
        if name in by_name and "bound" not in value.op.traits:
            found.setdefault(value, by_name[name])
            found.setdefault(lowered(value), by_name[name])
    return found


def _forward(steps: Steps, block: range, texts: list[str]) -> Iterator[StepLine]:
    nodes = steps.outer.derivation.emitted.lines
    named = _named(steps)
    for number in block[1:]:
        match = TARGET.match(texts[number - 1].strip())
        if match is None:
            continue
        node = nodes.get(number)
        value = None if node is None else named.get(node)
        kind = "kept" if match[2] else "computed"
        yield StepLine(number, kind, value, backward=False)


def _backward(steps: Steps, block: range, texts: list[str]) -> Iterator[StepLine]:
    nodes = steps.outer.derivation.emitted.lines
    active = [c for c in steps.carries if steps.gradient(c) is not None]
    carry_of = dict(zip(_starts(block, texts, nodes), active, strict=False))
    adjoints = _adjoints(steps)
    rows = [s for s in steps.slices if steps.gradient(s) is not None]
    matches = {n: TARGET.match(texts[n - 1].strip()) for n in block[1:]}
    last = {m[1]: n for n, m in matches.items() if m and m[1] in carry_of}
    for number, match in matches.items():
        if match is None:
            continue  # a comment, or a line of a loop within the loop
        node = nodes.get(number)
        value = adjoints.get(node) if node is not None else None
        kind = "chain"
        if match[3]:
            kind = "sum"
        elif match[2]:
            kind, value = "row", rows[0] if len(rows) == 1 else None
        elif node is not None and "bound" in node.op.traits:
            kind, value = "before", _before(node, steps)
        elif last.get(match[1]) == number:
            kind, value = "handed", carry_of[match[1]]
        elif value in steps.following:
            kind = "added"
        yield StepLine(number, kind, value, backward=True)


def _adjoints(steps: Steps) -> dict[Node, Node]:
    """Give for each emitted adjoint the value of the step that it belongs to."""
    d = steps.outer.derivation
    lowered = Lowering(d.forward.builder)
    named = _named(steps)
    operands = {steps.operand(a): a for a in (*steps.slices, *steps.fixed)}
    found: dict[Node, Node] = {}
    # An adjoint passed on unchanged is that of the value nearest the result.
    nearest = sorted(d.backward.adjoints.items(), key=lambda pair: -pair[0].index)
    for value, adjoint in nearest:
        same = named.get(value) or operands.get(value)
        if same is not None:
            found.setdefault(lowered(adjoint), same)
    for part, why in d.backward.why.items():
        if why.kind == "steps" and why.node in operands:
            found.setdefault(lowered(part), operands[why.node])
    return found


def _before(node: Node, steps: Steps) -> Node | None:
    carries = steps.loop.carries
    return steps.carries[carries.index(node)] if node in carries else None


def _starts(block: range, texts: list[str], nodes: Mapping[int, Node]) -> list[str]:
    """Give the names that are carried, in order: their first values stand above."""
    found: list[str] = []
    number = block[0] - 1
    while number > 0 and not texts[number - 1].startswith("def "):
        match = TARGET.match(texts[number - 1].strip())
        node = nodes.get(number)
        if match and node is not None and "bound" in node.op.traits:
            found.insert(0, match[1])
        if HEAD.match(texts[number - 1]):
            break
        number -= 1
    return found
