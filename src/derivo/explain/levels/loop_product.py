"""Why gradients vanish or explode in a loop: the product of Jacobians over steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.explain.document import (
    Block,
    Display,
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
    Size,
    Symbol,
    Times,
    Transposed,
)  # fmt: skip
from derivo.explain.levels.paths import Path, paths_between
from derivo.explain.levels.tell import Telling, no_spec
from derivo.explain.levels.vanishing import largest_slope
from derivo.explain.subject import Steps, Subject
from derivo.graph.node import Node
from derivo.graph.op import Op
from derivo.run.reference import run_graph

MOST_ROWS, MOST_PATHS, DIGITS = 9, 20, 4


# Signs, not operations of the catalogue.
PRODUCT = Op("product", ("low", "first", "high", "body"), no_spec,
             latex=r"\prod_{{{0}={1}}}^{{{2}}} ({3})")  # fmt: skip
DIAGONAL = Op("diag", ("x",), no_spec, latex=r"\operatorname{{diag}}({0})")


def sections(steps: Steps, t: Telling) -> list[Section]:
    """Tell what the gradient is multiplied by from step to step."""
    say = t.words.runs
    ways = _ways(steps, t)
    if not any(ways.values()):
        return []
    blocks: list[Block] = []
    only = [p for found in ways.values() for p in found]
    jacobian = _jacobian(only[0], t) if len(only) == 1 else None
    if jacobian is not None:
        blocks += _product(jacobian, only[0], steps, t)
    else:
        blocks += _of_many(steps, t)
    blocks += _straight(ways, steps, t)
    blocks.append(Paragraph(say("loops.shrinks")))
    if steps.has_numbers and len(steps.running) > 1:
        blocks += _bound(only, steps, t) if jacobian is not None else []
        blocks += _norms(steps, t)
    title = say("loops.product_title")
    about = steps.outer.ids[steps.node]
    return [
        Section(f"{t.subject.prefix}product", title, tuple(blocks), "matrix", about)
    ]


def _ways(steps: Steps, t: Telling) -> dict[tuple[int, int], list[Path]]:
    """Give the paths from each carry before a step to each after it."""
    nodes, active = t.subject.graph.nodes(), set(t.subject.raw.adjoints)
    found = {}
    for i, c in enumerate(steps.carries):
        for k, f in enumerate(steps.following):
            if c in active and f in active:
                found[i, k] = paths_between(c, f, nodes, active, MOST_PATHS)[0]
    return found


def _jacobian(path: Path, t: Telling) -> list[Formula] | None:
    """Give the factors of a path in the order in which a gradient (a row) meets them.

    None if they are no chain of slopes and of products with a matrix on the right.
    """
    factors: list[Formula] = []
    for f in path:
        known = t.subject.factor_of.get((f.reader, f.position))
        local = t.local(f)
        other = f.reader.inputs[1 - f.position] if len(f.reader.inputs) == 2 else None
        if local is not None:
            if local == Number(1):
                continue
            many = (
                f.reader.spec.rank > 0 and f.operand.spec.shape == f.reader.spec.shape
            )
            if f.reader.spec.rank and not many:
                return None
            shown: Formula = local
            if many and slope_rank(f, t):
                shown = Call(DIAGONAL, (local,))
        elif (
            f.reader.op.contraction is not None
            and f.position == 0
            and other is not None
            and other.spec.rank == 2
        ):
            shown = Transposed(t.shown(other))
        else:
            return None
        factors.append(shown if known is None else Mark(shown, known.id))
    return factors


def slope_rank(f: Factor, t: Telling) -> int:
    """Give the number of axes of a slope: that by a number is a number everywhere."""
    node = local_node(f, t.builder)
    return 0 if node is None else node.spec.rank


def _all(factors: list[Formula], steps: Steps) -> Formula:
    """Multiply the factors of a step."""
    if not factors:
        return Number(1)
    if len(factors) == 1:
        return factors[0]
    scalar = not steps.carries[0].spec.rank
    return Times(tuple(factors), "·") if scalar else MatrixProduct(tuple(factors))


def _product(
    factors: list[Formula], path: Path, steps: Steps, t: Telling
) -> list[Block]:
    """Write the product over the steps from a later step to an earlier one."""
    say = t.words.runs
    at = Index("k")
    now, before = steps.base(0, steps.time), steps.base(0, steps.shifted(-1))
    whole = _all(factors, steps)
    last: Formula = Size(steps.node.attrs["length"])
    first: Formula = Plus((at, Number(1)))
    if steps.loop.reverse:
        last, first = Number(1), Plus((at, Number(-1)))
    over = Call(PRODUCT, (steps.time, last, first, whole))
    rank = steps.carries[0].spec.rank
    rows = (
        Row(Partial(now, before), whole, say("loops.one_step")),
        Row(
            Partial(Symbol(steps.bases[0], rank, step=last),
                    Symbol(steps.bases[0], rank, step=at)),
            over, say("loops.all_steps"),
        ),
    )  # fmt: skip
    key = "loops.product" if rank else "loops.product_numbers"
    blocks: list[Block] = [Paragraph(say(key)), Display(rows)]
    for f in path:
        most = largest_slope(f)
        if most is not None and most <= 1:
            fields = {"value": t.shown(f.reader), "most": Number(most, DIGITS)}
            blocks.append(Note("reason", say("loops.slope", **fields)))
    return blocks


def _of_many(steps: Steps, t: Telling) -> list[Block]:
    """Tell of several carries, or several ways: the Jacobian of a whole step."""
    say = t.words.runs
    rows = []
    active = t.subject.raw.adjoints
    for c in steps.carries:
        gradient = steps.gradient(c)
        if c in active and gradient is not None:
            own = t.names.get(gradient, t.adjoint(c))
            right = t.with_shapes(gradient) if own == t.adjoint(c) else own
            rows.append(Row(t.adjoint(c), right, say("loops.ways", value=t.shown(c))))
    return [Paragraph(say("loops.many")), Display(tuple(rows))]


def _straight(
    ways: dict[tuple[int, int], list[Path]], steps: Steps, t: Telling
) -> list[Block]:
    """Tell of a carry that is multiplied by a gate alone: what makes an LSTM last."""
    found: list[Block] = []
    total = sum(len(p) for p in ways.values())
    known = [f for n, f in t.names.items() if n not in steps.fixed]
    for (i, k), paths in ways.items():
        for path in paths if i == k and total > 1 else ():
            slopes = [t.local(f) for f in path]
            parts = _jacobian(path, t)
            gates = all(s == Number(1) or s in known for s in slopes)
            if parts is None or not gates:
                continue
            after = steps.base(k, steps.time)
            before = steps.base(i, steps.shifted(-1))
            row = Row(Partial(after, before), _all(parts, steps),
                      t.words.runs("loops.this_way"))  # fmt: skip
            text = t.words.runs("loops.straight", value=after)
            found += [Paragraph(text), Display((row,))]
    return found


# --- numbers --------------------------------------------------------------------------


def _bound(only: list[Path], steps: Steps, t: Telling) -> list[Block]:
    """Write how far a step can stretch a gradient: largest slope times largest gain."""
    rows = []
    parts: list[Formula] = []
    product = 1.0
    for f in only[0]:
        size = _largest(f, steps, t)
        if size is None:
            return []
        if t.local(f) != Number(1):
            known = t.subject.factor_of.get((f.reader, f.position))
            shown: Formula = Number(size, DIGITS)
            parts.append(shown if known is None else Mark(shown, known.id))
        product *= size
    if not parts:
        return []
    if len(parts) > 1:
        rows.append(Row(None, Times(tuple(parts), "·"), (), "≤"))
    sign = "=" if rows else "≤"
    rows.append(Row(None, Number(product, DIGITS), (), sign))
    rank = steps.carries[0].spec.rank
    key = "loops.bound" if rank else "loops.bound_numbers"
    return [Paragraph(t.words.runs(key)), Display(tuple(rows))]


def _largest(f: Factor, steps: Steps, t: Telling) -> float | None:
    """Give the largest slope at any step, or the largest gain of a matrix."""
    node = local_node(f, t.builder)
    if node is None:
        other = f.reader.inputs[1 - f.position]
        matrices = [steps.at[k].values[other] for k in steps.running]
        if any(not np.isfinite(m).all() for m in matrices):
            return None
        return max(float(np.linalg.norm(m, 2)) for m in matrices)
    sizes = []
    for k in steps.running:
        value = evaluated(node, steps.at[k])
        sizes.append(float(np.max(np.abs(value), initial=0.0)))
    return max(sizes)


def evaluated(node: Node, step: Subject) -> Any:
    """Compute a value from those of a step."""
    return run_graph([node], step.values, step.sizes)[node]


def _norms(steps: Steps, t: Telling) -> list[Block]:
    """Give the norm of the adjoint at each step, and what is left of the last one."""
    say = t.words.runs
    chosen = [k for k, f in enumerate(steps.following) if f in t.subject.raw.adjoints]
    head: list[Runs] = [(steps.time,)]
    for k in chosen:
        symbol = steps.base(k, steps.time, adjoint=True)
        head += [say("loops.norm", value=symbol), say("loops.left", value=symbol)]
    rows: list[tuple[Runs, ...]] = [tuple(head)]
    back = tuple(reversed(steps.running))
    shown = set(back[:6]) | set(back[-3:]) if len(back) > MOST_ROWS else set(back)
    for place, s in enumerate(back):
        if s not in shown:
            if back[place - 1] in shown:
                rows.append(tuple((" … ",) for _ in head))
            continue
        cells: list[Runs] = [(Number(s + 1),)]
        for k in chosen:
            both = (steps.at[s], steps.from_the_end[s])
            cells += [(Number(norm(k, step, steps), DIGITS),) for step in both]
        rows.append(tuple(cells))
    return [Paragraph(say("loops.norms")), Table(tuple(rows))]


def norm(k: int, step: Subject, steps: Steps) -> float:
    """Give the norm of the adjoint of a carry after a step."""
    adjoint = steps.body.raw.adjoints[steps.following[k]]
    return float(np.linalg.norm(np.ravel(step.values[adjoint])))


__all__ = ["norm", "sections"]
