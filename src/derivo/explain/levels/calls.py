"""Calls: each a step with what goes in and comes back; each function told once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from derivo.explain.calls import block_of, call_behind, call_of, calls_in, results_of
from derivo.explain.document import (
    Block,
    Code,
    CodeLine,
    Display,
    Link,
    Mono,
    Paragraph,
    Row,
    Section,
)
from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Mark
from derivo.explain.levels.tell import Telling, of_part
from derivo.explain.subject import Function, Subject
from derivo.explain.words import Words
from derivo.graph.node import Node

Tell = Callable[[Subject, Words], tuple[Section, ...]]


def is_call(node: Node) -> bool:
    """Tell whether a value is the result of a call."""
    return "function" in node.op.traits


# --- one call -------------------------------------------------------------------------


def call_sections(t: Telling) -> tuple[Section, ...]:
    """Tell each call as one step, the last one first, as gradients come to them."""
    return tuple(_call(node, t) for node in reversed(calls_in(t.subject.graph)))


def _call(node: Node, t: Telling) -> Section:
    name = block_of(node).graph.name
    results = results_of(node, t.subject.graph)
    lines = _lines(results, t)
    rows = [Row(t.shown(r), t.with_shapes(r)) for r in results]
    for f in _factors(results, t):
        rows += [through(f, t), *t.in_numbers_only(t.part(f))]
    target = t.words.text("calls.function", name=name)
    link = Link(target, f"#function-{name}")
    blocks: list[Block] = [Code(lines)] if lines else []
    said = t.words.runs("calls.step", name=Mono(name), link=link)
    blocks += [Display(tuple(rows)), Paragraph(said)]
    values = t.words.listed(t.shown(r) for r in results)
    title = t.words.runs("calls.title", name=name, values=values)
    anchor, about = f"call-{t.anchor(results[0])}", t.subject.ids[results[0]]
    return Section(anchor, title, tuple(blocks), "matrix", about)


def only_call(value: Node, t: Telling) -> Node | None:
    """Give the call that alone reads a value: what it hands back is told there."""
    readers = [f.reader for f in t.readers.get(value, ())]
    if t.looped(value) or t.given(value) or len(readers) != 1:
        return None
    return readers[0] if is_call(readers[0]) else None


def alone(section: Section) -> Section:
    """Give of a call what holds beside any other numbering: its lines."""
    lines = (x for b in section.blocks if isinstance(b, Code) for x in b.lines)
    code = Code(tuple(CodeLine(line.text) for line in lines))
    return replace(section, blocks=(code,), about="")


def _lines(results: tuple[Node, ...], t: Telling) -> tuple[CodeLine, ...]:
    """Give the lines of the source that call the function, forward and backward.

    A call in a loop over a list has the lines of the loop.
    """
    d, call = t.subject.derivation, call_of(results[0])
    ids, place = tuple(f.id for f in _factors(results, t)), t.subject.ids[results[0]]
    texts = d.source.splitlines()
    own, of_function = [], []
    for number, node in d.emitted.lines.items():
        found, is_back = call_of(node) or call_behind(node), call_of(node) is None
        if call is None or found is None or found[0] is not call[0]:
            continue
        text, factors = texts[number - 1].strip(), ids if is_back else ()
        of_function.append(CodeLine(text, factors, (place,), is_back))
        own += of_function[-1:] * (found == call)
    both = [line.backward for line in of_function] in ([False], [False, True])
    return tuple(own or of_function * both)


def through(factor: Factor, t: Telling) -> Row:
    """Write what a call hands back to one of its operands."""
    part = t.part(factor)
    assert part is not None  # noqa: S101  a call hands back what is wanted of it
    return Row(t.came_back(factor), Mark(formula_of(part, t.names), factor.id))


def _factors(results: tuple[Node, ...], t: Telling) -> list[Factor]:
    return [f for f in t.subject.factors if f.reader in results]


# --- the functions --------------------------------------------------------------------


def function_sections(
    subject: Subject, words: Words, levels: Iterable[Tell]
) -> tuple[Section, ...]:
    """Tell each function that is called once, with the sections of these levels."""
    levels = tuple(levels)
    found: list[Section] = []
    for function in subject.functions:
        found.append(_about(function, words))
        said = words.runs("calls.within", name=function.name)
        for tell in levels:
            told = tell(function.body, words)
            found += of_part(told, function.body.prefix, said)
    return tuple(found)


def _about(function: Function, words: Words) -> Section:
    name = Mono(function.name)
    values = words.listed(
        Telling(holder, words).shown(r)
        for holder, node in function.calls for r in results_of(node, holder.graph)
    )  # fmt: skip
    count = len(function.calls)
    key = "calls.about" if count > 1 else "calls.about_once"
    said = words.runs(key, name=name, count=str(count), values=values)
    if function.body.values and count > 1:
        said = (*said, " ", *words.runs("calls.numbers"))
    title = words.runs("calls.function", name=function.name)
    return Section(f"function-{function.name}", title, (Paragraph(said),), "matrix")
