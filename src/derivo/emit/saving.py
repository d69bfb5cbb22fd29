"""What the forward pass keeps for the backward pass: what that reads, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from derivo.emit.program import Program
from derivo.emit.scope import Scope
from derivo.graph.block import Block, is_handle, rolls_among
from derivo.graph.builder import Constant
from derivo.graph.dim import Size, name_of
from derivo.graph.node import Node, order
from derivo.graph.spec import Spec

# Arrays with more elements than this are given to the function, not written into it.
LONGEST_LITERAL = 100


@dataclass(frozen=True)
class Saved:
    """What is kept.

    Attributes
    ----------
    values
        Arrays and numbers, in order of computation.
    shapes
        Arrays of which the shape alone is kept.
    """

    values: tuple[Node, ...]
    shapes: tuple[Node, ...]


def to_save(program: Program) -> Saved:
    """Find the forward values that the backward pass reads."""
    saved: set[Node] = set()
    seen: set[Node] = set()
    stack = list(program.gradients.values())
    while stack:
        n = stack.pop()
        if n in seen or n in program.seeds:
            continue
        seen.add(n)
        if _is_forward(n, program) and (
            (n in program.names and n.inputs) or not is_free(n)
        ):
            saved.add(n)
        else:
            stack.extend(n.inputs)
    saved = _instead(saved, program) | _gathered_in_loops(saved, program)
    again = _one_step_away(saved, program)
    return _with_sizes(program, saved - again, (seen - saved) | again)


def _gathered_in_loops(saved: set[Node], program: Program) -> set[Node]:
    """Give the arguments whose gradients a loop puts together of what calls give.

    What each call keeps holds them anyway, and `np.zeros_like(w)` is short.
    """
    if not any(is_handle(n) and "item" in n.op.traits for n in saved):
        return set()
    of_path = {n.attrs["name"]: n for n in program.inputs}
    held = {n.spec for n in (*saved, *program.seeds) if not is_handle(n)}
    added: dict[Spec, Node] = {}
    for path, n in program.gradients.items():
        is_gathered = _shown(n).op.traits & {"stack", "total"} and path in of_path
        if is_gathered and of_path[path].spec not in {*held, *added}:
            added[of_path[path].spec] = of_path[path]
    return set(added.values())


def _shown(n: Node) -> Node:
    """Give what a view is a view of."""
    while "view" in n.op.traits:
        (n, *_) = n.inputs
    return n


def _one_step_away(saved: set[Node], program: Program) -> set[Node]:
    """Give what is made again in one step, by a number, of what is kept: ``1 - z``.

    What the user gave a name is kept as it is, for a reader to look at.
    """
    again: set[Node] = set()
    for n in sorted(saved, key=lambda n: n.index):
        if _is_one_step(n, program) and _arrays(n) <= saved - again:
            again.add(n)
    return again


def _instead(saved: set[Node], program: Program) -> set[Node]:
    """Keep what a value is one step from, if the forward pass has no use for it."""
    used = set(order(program.outputs))
    found: set[Node] = set()
    for n in saved:
        found |= {n} if n in used or not _is_one_step(n, program) else _arrays(n)
    return found


def _is_one_step(n: Node, program: Program) -> bool:
    """Tell whether a value without a name is a number in one step with an array."""
    if "quick" not in n.op.traits or n in program.names or n in program.outputs:
        return False
    return len(_arrays(n)) == 1 and len(n.inputs) <= 1 + sum(map(_is_number, n.inputs))


def _arrays(n: Node) -> set[Node]:
    return {i for i in n.inputs if not _is_number(i)}


def _is_number(n: Node) -> bool:
    return not n.inputs and n.op.name != "argument"


def _is_forward(n: Node, program: Program) -> bool:
    of_loop = "item" in n.op.traits and n.inputs[0] in program.forward
    return n in program.forward or of_loop


def _with_sizes(program: Program, kept: set[Node], computed: set[Node]) -> Saved:
    """Add what sizes and the floating type can be read from, where that is missing."""
    values = [n for n in (*kept, *program.seeds) if not is_handle(n)]
    scope = Scope([("s", n.spec) for n in values])
    everything = (*program.inputs, *order(program.outputs))
    sources = [n for n in everything if n.spec.rank and "loop" not in n.op.traits]
    dims = {d for n in sources for d in n.spec.shape}
    alone = {name_of(d) for d in dims}
    shapes: list[Node] = []
    for d in sorted({d for n in computed for d in _dims(n)}, key=str):
        while not scope.has(d, alone):
            new = [n for n in sources if n not in shapes and set(n.spec.shape) - {1}]
            n = next(n for n in new if not scope.has_all(n.spec.shape, alone))
            shapes.append(n)
            scope.shapes.append(("s", n.spec.shape))
    if any(_needs_dtype(n) for n in computed) and not scope.has_float():
        n = next(n for n in everything if n.spec.kind == "float")
        shapes = [s for s in shapes if s is not n]
        kept = {*kept, n}
    return Saved(tuple(sorted(kept, key=lambda n: n.index)), tuple(shapes))


def is_long(node: Node) -> bool:
    """Tell an array that the user closed over and that is too long to be read."""
    value = node.attrs.get("value")
    return isinstance(value, Constant) and value.array.size > LONGEST_LITERAL


def saved_by(programs: Iterable[Program]) -> Saved:
    """Find what the backward passes of one function read, all together."""
    each = [to_save(p) for p in programs]
    values = {n for s in each for n in s.values}
    shapes = dict.fromkeys(n for s in each for n in s.shapes if n not in values)
    return Saved(tuple(sorted(values, key=lambda n: n.index)), tuple(shapes))


def with_fixed(saved: Saved, program: Program, steps: Mapping[Block, Any]) -> Saved:
    """Add what every step of a loop reads on the way back: it is kept once.

    `steps` gives what belongs to a block that is a step: see `derivo.emit.writing`.
    """
    values = set(saved.values)
    calls = [n for n in saved.values if block_of(n) in steps]
    rolls = rolls_among(order(program.outputs), program.inputs, program.signature)
    for call in calls:
        step, roll = steps[call.attrs["block"]], rolls[call.attrs["step"][0]]
        for place in roll.fixed if roll is not None else ():
            if step.forward.inputs[place] in step.saved.values:
                values.add(call.inputs[place])
    return Saved(tuple(sorted(values, key=lambda n: n.index)), saved.shapes)


def block_of(node: Node) -> Block | None:
    """Give the block that a forward call calls."""
    return node.attrs.get("block") if "call" in node.op.traits else None


def is_free(node: Node) -> bool:
    """Tell whether a forward value is better made again than kept."""
    if not node.inputs:
        return node.op.name != "argument" and not is_long(node)
    return "view" in node.op.traits


def _dims(node: Node) -> Iterable[Size]:
    """Give the named sizes that computing a node needs."""
    if "loop" in node.op.traits:
        for n in node.attrs["loop"].inside():
            yield from _dims(n)
    if "item" in node.op.traits:
        yield from _sizes(node.spec.shape)
        for n in node.inputs[0].attrs["loop"].inside([node.attrs["of"]]):
            yield from _dims(n)
    for value in node.attrs.values():
        yield from _sizes(value)


def _sizes(value: Any) -> Iterable[Size]:
    if isinstance(value, Size):
        yield value
    elif isinstance(value, tuple):
        for v in value:
            yield from _sizes(v)


def _needs_dtype(node: Node) -> bool:
    return "{dtype}" in node.op.text(node.attrs, *(i.spec for i in node.inputs))
