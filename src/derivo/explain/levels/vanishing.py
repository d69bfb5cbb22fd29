"""Why gradients vanish or explode: factors multiplied on a path, over depth or time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from derivo.explain.document import (
    Block,
    Display,
    Mono,
    Note,
    Paragraph,
    Row,
    Runs,
    Section,
    Table,
)  # fmt: skip
from derivo.explain.factors import Factor
from derivo.explain.formula.local import local_node
from derivo.explain.formula.tree import (
    Call,
    Formula,
    Index,
    Mark,
    MatrixProduct,
    Number,
    Partial,
    Plus,
    Times,
    Transposed,
)  # fmt: skip
from derivo.explain.levels.paths import Path, paths_between
from derivo.explain.levels.tell import Telling, no_spec
from derivo.explain.subject import Steps, Subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Node
from derivo.graph.op import Op
from derivo.run.reference import run_graph

GRID = np.linspace(-40.0, 40.0, 80_001)
LEAST = 2  # slopes on a path that are worth a word
LONGEST_BAR = 24  # characters
MOST_ROWS, MOST_PATHS, DIGITS = 9, 20, 4
# Signs, not operations of the catalogue.
PRODUCT = Op("product", ("low", "first", "high", "body"), no_spec,
             latex=r"\prod_{{{0}={1}}}^{{{2}}} ({3})")  # fmt: skip
DIAGONAL = Op("diag", ("x",), no_spec, latex=r"\operatorname{{diag}}({0})")


# --- over depth -----------------------------------------------------------------------


def sections(subject: Subject, words: Sentences) -> tuple[Section, ...]:
    """Tell of the path with the most functions whose slope stays below 1."""
    whole, subject = subject, subject.written_out
    t = Telling(subject, words)
    flat = {f.reader: f for f in subject.factors if (steepest(f) or 1) < 1}
    path = longest(subject, flat)
    if len(path) < LEAST:
        return ()

    def marked(formula: Formula, factor: Factor) -> Formula:
        # Factors within functions have numbers of their own: here they are but numbers.
        return Mark(formula, factor.id) if subject is whole else formula

    def product(sizes: list[float]) -> tuple[Formula, Formula]:
        pairs = zip(sizes, path, strict=True)
        parts = (marked(Number(x, DIGITS), f) for x, f in pairs)
        return Times(tuple(parts), "·"), Number(float(np.prod(sizes)), DIGITS)

    slopes = (marked(p.body, f) for f in path if isinstance(p := t.marked(f), Mark))
    most, bound = product([steepest(f) or 1 for f in path])
    rows = [
        Row(Times(tuple(slopes), "·"), most, words.runs("vanishing.most"), "≤"),
        Row(None, bound),
    ]
    here = [largest(f, t, [subject]) for f in path] if subject.values else []
    if here:
        parts, left = product([x or 0.0 for x in here])
        rows.append(Row(None, parts, words.runs("vanishing.here"), "→"))
        rows.append(Row(None, left))
    blocks = (
        Paragraph(words.runs("vanishing.about", count=str(len(path)))),
        Display(tuple(rows)), *_over_depth(path, t),
        Paragraph(words.runs("vanishing.then")),
    )  # fmt: skip
    return (Section("vanishing", words.runs("vanishing.title"), blocks, "matrix"),)


def longest(subject: Subject, flat: dict[Node, Factor]) -> Path:
    """Give the path with the most of these functions, from the result backwards."""
    best: dict[Node, Path] = {}
    active = subject.raw.adjoints
    for node in subject.graph.nodes():
        before = [best[i] for i in node.inputs if i in best and i in active]
        path = max(before, key=len, default=[])
        best[node] = [flat[node], *path] if node in flat else path
    return max((best[n] for n in subject.graph.outputs), key=len, default=[])


def _over_depth(path: Path, t: Telling) -> list[Block]:
    """Draw how large the gradient still is before each function on the path."""
    adjoints, values = t.subject.raw.adjoints, t.subject.values
    if not values:
        return []
    nodes = [path[0].reader, *(f.operand for f in path)]
    sizes = [float(np.mean(np.abs(values[adjoints[n]]))) for n in nodes]
    if not np.isfinite(sizes).all() or not any(sizes):
        return []
    head = (t.words.runs("vanishing.value"), t.words.runs("vanishing.size"))
    rows = [((t.adjoint(n),), [x]) for n, x in zip(nodes, sizes, strict=True)]
    return [Paragraph(t.words.runs("vanishing.sizes")), _table(head, rows)]


# --- over time ------------------------------------------------------------------------


def through_time(steps: Steps, t: Telling) -> list[Section]:
    """Tell what the gradient is multiplied by from step to step."""
    say = t.words.runs
    ways = _ways(steps, t)
    paths = [path for found in ways.values() for path in found]
    if not paths:
        return []
    factors = _factors(paths[0], t) if len(paths) == 1 else None
    if factors is None:
        blocks: list[Block] = [Paragraph(say("loops.many"))]
    else:
        blocks = [Paragraph(say("loops.product")), _product(factors, steps, t)]
        blocks += _slopes(paths[0], t)
    blocks += _straight(ways, steps, t)
    blocks.append(Paragraph(say("loops.shrinks")))
    if steps.has_numbers and len(steps.running) > 1:
        blocks += [] if factors is None else _bound(paths[0], steps, t)
        blocks += _norms(steps, t)
    title, about = say("loops.product_title"), steps.outer.ids[steps.node]
    anchor = f"{t.subject.prefix}product"
    return [Section(anchor, title, tuple(blocks), "matrix", about)]


def _ways(steps: Steps, t: Telling) -> dict[tuple[int, int], list[Path]]:
    """Give the paths from each carry before a step to each after it."""
    active = t.subject.raw.adjoints
    return {
        (i, k): paths_between(c, f, t.subject.factors, MOST_PATHS)[0]
        for i, c in enumerate(steps.carries) if c in active
        for k, f in enumerate(steps.following) if f in active
    }  # fmt: skip


def _factors(path: Path, t: Telling) -> list[Formula] | None:
    """Give the factors of a path in the order in which a gradient (a row) meets them.

    None if they are no chain of slopes and of products with a matrix on the right.
    """
    factors: list[Formula] = []
    for f in path:
        shown = _factor(f, t)
        if shown is None:
            return None
        if shown != Number(1):
            known = t.subject.factor_of.get((f.reader, f.position))
            factors.append(shown if known is None else Mark(shown, known.id))
    return factors


def _factor(f: Factor, t: Telling) -> Formula | None:
    """Write a slope, that of an array as a diagonal matrix; or a matrix, transposed."""
    reader, local = f.reader, t.local(f)
    if local == Number(1):
        return local
    if local is not None:
        if reader.spec.rank and f.operand.spec.shape != reader.spec.shape:
            return None
        node = local_node(f, t.builder)
        # The slope of a product with a number is a number everywhere.
        is_array = reader.spec.rank and node is not None and node.spec.rank
        return Call(DIAGONAL, (local,)) if is_array else local
    if reader.op.contraction is None or f.position or len(reader.inputs) != 2:
        return None
    other = reader.inputs[1]
    return Transposed(t.shown(other)) if other.spec.rank == 2 else None


def _all(factors: list[Formula], steps: Steps) -> Formula:
    """Multiply the factors of a step."""
    if len(factors) < 2:
        return factors[0] if factors else Number(1)
    scalar = not steps.carries[0].spec.rank
    return Times(tuple(factors), "·") if scalar else MatrixProduct(tuple(factors))


def _product(factors: list[Formula], steps: Steps, t: Telling) -> Display:
    """Write the product over the steps from a later step to an earlier one."""
    say, at, last = t.words.runs, Index("k"), steps.number_of(-1)
    now, before = steps.base(0, steps.time), steps.base(0, steps.shifted(-1))
    first = Plus((at, Number(-1 if steps.loop.reverse else 1)))
    whole = _all(factors, steps)
    over = Call(PRODUCT, (steps.time, last, first, whole))
    far = Partial(steps.base(0, last), steps.base(0, at))
    one = Row(Partial(now, before), whole, say("loops.one_step"))
    return Display((one, Row(far, over, say("loops.all_steps"))))


def _slopes(path: Path, t: Telling) -> Iterator[Block]:
    """Say how steep each function is at most."""
    for f in path:
        most = steepest(f)
        if most is not None and most <= 1:
            fields = {"value": t.shown(f.reader), "most": Number(most, DIGITS)}
            yield Note("reason", t.words.runs("loops.slope", **fields))


def _straight(
    ways: dict[tuple[int, int], list[Path]], steps: Steps, t: Telling
) -> Iterator[Block]:
    """Tell of a carry that is multiplied by a gate alone: what makes an LSTM last."""
    known = [f for n, f in t.names.items() if n not in steps.fixed]
    if sum(len(p) for p in ways.values()) < 2:
        return
    for path, k in [(p, k) for (i, k), paths in ways.items() if i == k for p in paths]:
        slopes, parts = [t.local(f) for f in path], _factors(path, t)
        if parts is not None and all(s == Number(1) or s in known for s in slopes):
            after, before = (steps.base(k, steps.shifted(by)) for by in (0, -1))
            yield Paragraph(t.words.runs("loops.straight", value=after))
            said = t.words.runs("loops.this_way")
            yield Display((Row(Partial(after, before), _all(parts, steps), said),))


def _bound(path: Path, steps: Steps, t: Telling) -> list[Block]:
    """Write how far a step can stretch a gradient: the factors at their largest."""
    sizes = [largest(f, t, steps.at.values()) for f in path]
    if None in sizes:
        return []
    parts = [
        Mark(Number(x, DIGITS), t.subject.factor_of[f.reader, f.position].id)
        for f, x in zip(path, sizes, strict=True)
        if x is not None and t.local(f) != Number(1)
    ]
    whole = Number(float(np.prod([x for x in sizes if x is not None])), DIGITS)
    rows = [Row(None, Times(tuple(parts), "·"), (), "≤")] if len(parts) > 1 else []
    rows += [Row(None, whole, (), "=" if rows else "≤")] if parts else []
    return (
        [Paragraph(t.words.runs("loops.bound")), Display(tuple(rows))] if rows else []
    )


def _norms(steps: Steps, t: Telling) -> list[Block]:
    """Give the norm of the adjoint at each step, and what is left of the last one."""
    say, adjoints = t.words.runs, t.subject.raw.adjoints
    chosen = [k for k, f in enumerate(steps.following) if f in adjoints]
    head: list[Runs] = [(steps.time,)]
    for k in chosen:
        symbol = steps.base(k, steps.time, adjoint=True)
        head += [say("loops.norm", value=symbol), say("loops.left", value=symbol)]
    held = [adjoints[steps.following[k]] for k in chosen]
    rows = [
        ((Number(s + 1),), [
            float(np.linalg.norm(np.ravel(step.values[a])))
            for a in held for step in (steps.at[s], steps.from_the_end[s])
        ])
        for s in reversed(steps.running)
    ]  # fmt: skip
    return [Paragraph(say("loops.norms")), _table(head, rows)]


# --- numbers --------------------------------------------------------------------------


def _table(head: Iterable[Runs], rows: Sequence[tuple[Runs, list[float]]]) -> Table:
    """List sizes, the last of each row as a bar too; of many rows those at the ends."""
    most = max(sizes[-1] for _, sizes in rows)
    found: list[tuple[Runs, ...]] = [(*head, ("",))]
    for place, (first, sizes) in enumerate(rows):
        if len(rows) > MOST_ROWS and 6 <= place < len(rows) - 3:
            found += [((" … ",),) * len(found[0])] if place == 6 else []
            continue
        share = sizes[-1] / most if np.isfinite(most) and most else 0.0
        bar = Mono("█" * round(LONGEST_BAR * share) or "▏")
        found.append((first, *((Number(x, DIGITS),) for x in sizes), (bar,)))
    return Table(tuple(found))


def steepest(factor: Factor) -> float | None:
    """Give the largest slope of a smooth function of one value, if it is finite.

    It is looked for on a grid from -40 to 40 in steps of 0.001, which holds the place
    where the slope of every activation in use is largest.
    """
    reader = factor.reader
    smooth = {"elementwise", "analytic"} <= reader.op.traits
    if not smooth or len(reader.inputs) != 1 or reader.op.vjp is None:
        return None
    with np.errstate(all="ignore"):
        y = reader.op.compute(GRID, **reader.attrs)
        slopes = reader.op.vjp(np.ones_like(GRID), y, GRID, **reader.attrs)[0]
    most = np.max(np.abs(np.broadcast_to(slopes, GRID.shape)))
    return float(most) if np.isfinite(most) else None


def largest(f: Factor, t: Telling, at: Iterable[Subject]) -> float | None:
    """Give the largest slope among numbers, or the largest gain of a matrix."""
    node, sizes = local_node(f, t.builder), [0.0]
    for subject in at:
        if node is None:
            matrix = subject.values[f.reader.inputs[1 - f.position]]
            if not np.isfinite(matrix).all():
                return None
            sizes.append(float(np.linalg.norm(matrix, 2)))
        else:
            with np.errstate(all="ignore"):
                value = run_graph([node], subject.values, subject.sizes)[node]
            sizes.append(float(np.max(np.abs(value), initial=0.0)))
    return max(sizes)
