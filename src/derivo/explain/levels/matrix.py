"""Matrix level: every adjoint in matrices, why it has that form, and its numbers."""

from __future__ import annotations

from derivo.explain.document import (
    Block,
    Display,
    Link,
    Mono,
    Note,
    Paragraph,
    Row,
    Runs,
    Section,
    Table,
)  # fmt: skip
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import (
    Entry,
    Formula,
    Mark,
    Minus,
    Partial,
    Plus,
    Sum,
    Symbol,
    Times,
    Words,
)  # fmt: skip
from derivo.explain.levels.shorter import shorter
from derivo.explain.levels.tell import Telling, shape_of
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node
from derivo.ops.leaf import argument

MOST = 60  # sections; a larger network is told by its named values alone


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell the backward pass in matrices, from the result back to the arguments."""
    t = Telling(subject, words)
    adjoints = subject.raw.adjoints
    values = [
        n for n in reversed(subject.graph.nodes())
        if n in adjoints and not is_transparent(n) and not _is_passed(n, t)
    ]  # fmt: skip
    if len(values) > MOST:
        values = [n for n in values if n in subject.names]
    found = []
    seen: set[str] = set()
    for value in values:
        blocks = tuple(_blocks(value, t))
        anchor = f"matrix-{t.anchor(value)}"
        if blocks and anchor not in seen:
            seen.add(anchor)
            title = words.runs("matrix.title", adjoint=t.adjoint(value))
            found.append(Section(anchor, title, blocks, "matrix"))
    last = (_update(t),) if t.subject.derivation.wrt else ()
    return (*found, *_saved(t), *last)


def _is_passed(value: Node, t: Telling) -> bool:
    """Tell whether a value without a name has the very adjoint of its reader."""
    if value in t.subject.names:
        return False
    adjoints = t.subject.raw.adjoints
    return any(adjoints[f.reader] is adjoints[value] for f in t.readers.get(value, ()))


def _blocks(value: Node, t: Telling) -> list[Block]:
    """Tell where one adjoint comes from."""
    adjoint = t.subject.raw.adjoints[value]
    factors = t.readers.get(value, [])
    if not factors:
        return _outside(value, adjoint, t)
    blocks: list[Block] = []
    if len(factors) > 1:
        key = "matrix.branch"
        blocks.append(
            Paragraph(t.words.runs(key, value=t.shown(value), adjoint=t.adjoint(value)))
        )
    for factor in factors:
        blocks += _through(factor, t, alone=len(factors) == 1)
    if len(factors) > 1:
        rows = [
            Row(
                t.adjoint(value),
                formula_of(adjoint, t.names),
                t.words.runs("matrix.added"),
            )
        ]
        blocks.append(Display((*rows, *t.in_numbers(adjoint))))
    blocks += shorter(value, t)
    return blocks


def _outside(value: Node, adjoint: Node, t: Telling) -> list[Block]:
    """Tell of the adjoint that the chain begins with."""
    if adjoint.op is argument:
        text = t.words.runs(
            "matrix.given", adjoint=t.adjoint(value), value=t.shown(value)
        )
        number = t.number(adjoint)
        rows = () if number is None else (Display((Row(t.adjoint(value), number),)),)
        return [Paragraph(text), *rows]
    text = t.words.runs("matrix.one", value=t.shown(value))
    return [Paragraph(text)]


def _through(factor: Factor, t: Telling, *, alone: bool) -> list[Block]:
    """Tell what comes back through one operation."""
    part = t.part(factor)
    reader = factor.reader
    left = t.adjoint(factor.operand) if alone else Words("")
    marked = t.marked(factor)
    if marked is not None:
        return _elementwise(factor, part, marked, left if alone else None, t)
    if part is None:
        return []
    if reader.op.contraction is not None:
        return _product(factor, part, left if alone else None, t)
    return _other(factor, part, left if alone else None, t)


def _elementwise(
    factor: Factor, part: Node | None, marked: Formula, left: Formula | None, t: Telling
) -> list[Block]:
    """Tell of an operation entry by entry: upstream times derivative, copies added."""
    reader, operand = factor.reader, factor.operand
    upstream = t.adjoint(reader)
    ring = "⊙" if reader.spec.rank else "·"
    local = t.local(factor)
    assert isinstance(marked, Mark)  # noqa: S101
    key = "matrix.elementwise" if marked.body != local else "matrix.operand"
    one = getattr(local, "value", None) == 1
    key = "matrix.passed" if one else key
    fields = {"value": t.shown(reader), "operand": t.shown(operand)}
    blocks: list[Block] = [Paragraph(t.words.runs(key, **fields))]
    copied = part is not None and reader.spec.shape != operand.spec.shape
    rows = [] if copied else [Row(left, Times((upstream, marked), ring))]
    if not copied and local is not None and local != marked.body:
        mark = Mark(local, factor.id)
        reason = t.words.runs("matrix.written", value=t.shown(reader))
        rows.append(Row(None, Times((upstream, mark), ring), reason))
    if one and reader.spec.shape == operand.spec.shape:
        rows.append(Row(None, upstream))
    if part is not None and copied:
        reason = t.words.runs("matrix.copied", operand=t.shown(operand))
        summed = Mark(formula_of(part, t.names), factor.id)
        rows.append(Row(left or t.adjoint(operand), summed, reason))
    if part is not None:
        rows += t.in_numbers(part)
    blocks.append(Display(tuple(rows)))
    if _is_mask(factor, t):
        blocks.append(
            Note("reason", t.words.runs("matrix.mask", value=t.shown(reader)))
        )
    elif marked.body != local:
        blocks.append(
            Note("reason", t.words.runs("matrix.at", operand=t.shown(operand)))
        )
    if copied:
        link = (Link(t.words.text("matrix.see_batch"), f"#batch-{t.anchor(operand)}"),)
        blocks.append(Paragraph(link))
    return blocks


def _is_mask(factor: Factor, t: Telling) -> bool:
    from derivo.explain.formula.local import local_node

    node = local_node(factor, t.builder)
    return node is not None and node.spec.kind == "bool"


def _product(
    factor: Factor, part: Node, left: Formula | None, t: Telling
) -> list[Block]:
    """Tell of a matrix product: from entries and their sums to transposes."""
    reader, operand = factor.reader, factor.operand
    e = t.entries
    whole, forward = e.equation(reader)
    fields = {"value": t.shown(operand), "product": t.shown(reader)}
    rows = [Row(whole, forward, t.words.runs("matrix.entry"))]
    e.names = {**t.names}
    own, backward = e.equation(part, through={part: part})
    own = (
        Entry(t.adjoint(operand), own.indices)
        if isinstance(own, Entry)
        else t.adjoint(operand)
    )
    slope = _slope(backward, t.adjoint(reader))
    blocks: list[Block] = [Paragraph(t.words.runs("matrix.product", **fields))]
    if slope is not None and isinstance(own, Entry):
        by = Entry(t.shown(operand), own.indices)
        rows.append(
            Row(
                Partial(whole, by), Mark(slope, factor.id), t.words.runs("matrix.slope")
            )
        )
        chain = _over_paths(
            backward,
            Times(
                (
                    Mark(Partial(whole, by), factor.id),
                    _upstream(backward, t.adjoint(reader)),
                ),
                "",
            ),
        )
        rows.append(Row(own, chain, t.words.runs("matrix.paths", value=by)))
        rows.append(Row(None, backward, t.words.runs("matrix.inserted")))
    else:
        rows.append(Row(own, backward, t.words.runs("matrix.chain")))
    blocks.append(Display(tuple(rows)))
    matrix = t.with_shapes(part)
    reason: Runs = ()
    turned = _turned(part, t)
    if turned is not None and isinstance(backward, Sum):
        blocks.append(
            Note(
                "reason",
                t.words.runs(
                    "matrix.transpose",
                    index=backward.index,
                    matrix=turned,
                    value=t.shown(operand),
                ),
            )
        )
        reason = t.words.runs("matrix.shapes", shape=shape_of(operand.spec))
    rows = [Row(left or t.adjoint(operand), matrix, reason), *t.in_numbers(part)]
    blocks.append(Display(tuple(rows)))
    wrong = _unfitting(part)
    if wrong is not None:
        blocks.append(
            Paragraph(t.words.runs("matrix.unfitting", first=wrong[0], second=wrong[1]))
        )
    elif turned is not None:
        blocks.append(Paragraph(t.words.runs("matrix.square")))
    return blocks


def _slope(backward: Formula, upstream: Formula) -> Formula | None:
    """Take the upstream entry out of a product: the local derivative is left."""
    body = backward.body if isinstance(backward, Sum) else backward
    if not isinstance(body, Times):
        return None
    rest = [f for f in body.factors if not _is_entry(f, upstream)]
    if len(rest) != len(body.factors) - 1:
        return None
    return rest[0] if len(rest) == 1 else Times(tuple(rest), body.sign)


def _upstream(backward: Formula, upstream: Formula) -> Formula:
    body = backward.body if isinstance(backward, Sum) else backward
    assert isinstance(body, Times)  # noqa: S101
    return next(f for f in body.factors if _is_entry(f, upstream))


def _is_entry(f: Formula, of: Formula) -> bool:
    return f == of or (isinstance(f, Entry) and f.base == of)


def _over_paths(backward: Formula, body: Formula) -> Formula:
    if isinstance(backward, Sum):
        return Sum(backward.index, backward.size, body)
    return body


def _turned(part: Node, t: Telling) -> Formula | None:
    """Give the matrix that is transposed in a product, if one is."""
    for operand in part.inputs:
        if "axes" in operand.attrs and operand.inputs and operand.spec.rank == 2:
            return t.shown(operand.inputs[0])
    return None


def _unfitting(part: Node) -> tuple[str, str] | None:
    """Give the shapes that would not fit without the transpose; None if they would."""
    if len(part.inputs) != 2:
        return None
    shapes = []
    for operand in part.inputs:
        turned = "axes" in operand.attrs and operand.inputs
        shapes.append((operand.inputs[0] if turned else operand).spec)
    a, b = shapes
    if a.rank != 2 or b.rank != 2 or a.shape[1] == b.shape[0]:
        return None
    return shape_of(a), shape_of(b)


def _other(factor: Factor, part: Node, left: Formula | None, t: Telling) -> list[Block]:
    """Tell of an operation that mixes entries in another way."""
    whole, forward = t.entries.equation(factor.reader)
    own, backward = t.entries.equation(part)
    own = (
        Entry(t.adjoint(factor.operand), own.indices)
        if isinstance(own, Entry)
        else t.adjoint(factor.operand)
    )
    fields = {"value": t.shown(factor.reader), "operand": t.shown(factor.operand)}
    rows = [
        Row(whole, forward, t.words.runs("matrix.entry")),
        Row(own, Mark(backward, factor.id), t.words.runs("matrix.chain")),
    ]
    matrix = [
        Row(
            left or t.adjoint(factor.operand),
            Mark(formula_of(part, t.names), factor.id),
        )
    ]
    return [
        Paragraph(t.words.runs("matrix.mixed", **fields)), Display(tuple(rows)),
        Display((*matrix, *t.in_numbers(part))),
    ]  # fmt: skip


def _saved(t: Telling) -> tuple[Section, ...]:
    """Tell which values the forward pass keeps, and which gradients need them."""
    d = t.subject.derivation
    if not d.saved:
        return ()
    rows: list[tuple[Runs, ...]] = [
        (t.words.runs("matrix.saved_name"), t.words.runs("matrix.saved_for"))
    ]
    by_name = {name: n for n, name in d.forward.graph.names.items()}
    needs: dict[str, list[str]] = {}
    for value, adjoint in d.backward.adjoints.items():
        name = d.forward.graph.names.get(value)
        if name is None:
            continue
        stop = {n for v, n in d.backward.adjoints.items() if v is not value}
        for kept in d.saved:
            if kept in by_name and _reads(adjoint, by_name[kept], stop):
                needs.setdefault(kept, []).append(name)
    for kept in d.saved:
        users: list[Formula | str] = []
        for name in dict.fromkeys(needs.get(kept, ())):
            users += [", "] if users else []
            users.append(Symbol(name, by_name[name].spec.rank, adjoint=True))
        rows.append(((Mono(kept),), tuple(users) or ("",)))
    blocks = (Paragraph(t.words.runs("matrix.saved")), Table(tuple(rows)))
    return (Section("saved", t.words.runs("matrix.saved_title"), blocks, "matrix"),)


def _reads(root: Node, wanted: Node, stop: set[Node]) -> bool:
    todo, seen = [root], {root}
    while todo:
        for operand in todo.pop().inputs:
            if operand is wanted:
                return True
            if operand not in seen and operand not in stop:
                seen.add(operand)
                todo.append(operand)
    return False


def _update(t: Telling) -> Section:
    """Tell where the derivative ends and the update begins."""
    wrt = set(t.subject.derivation.wrt)
    wanted = [n for n in t.subject.graph.inputs if n.attrs["name"] in wrt]
    # A weight rather than the data or a bias: what people think of as being trained.
    value = max(wanted[1:] or wanted, key=lambda n: n.spec.rank)
    w = t.shown(value)
    step = Plus((w, Minus(Times((Symbol("eta"), t.adjoint(value)), "·"))))
    blocks = (
        Paragraph(t.words.runs("matrix.update")), Display((Row(w, step, (), "←"),)),
    )  # fmt: skip
    return Section("update", t.words.runs("matrix.update_title"), blocks, "matrix")
