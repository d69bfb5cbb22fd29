"""A closed sub-graph: a function of the user's that stays a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from derivo.graph.builder import Builder
from derivo.graph.loop import Loop, is_inline, remade, unchanging, within_loops
from derivo.graph.nest import parts_of, paths
from derivo.graph.node import Graph, Node, between


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """A computation by itself, over arguments of its own. Equal blocks are one object.

    Attributes
    ----------
    graph
        What it computes; its name is the one that the source gives it.
    structure
        How the results are handed back: a nest of places among the graph's outputs.
    function
        How the user knows it: ``block``, ``Class.method``.
    step_of
        If this is a step of a loop and is written inside it, the names that the user's
        loop binds: ``("w", "b")`` for ``for w, b in layers``; else None.
    """

    graph: Graph
    structure: Any
    function: str
    step_of: tuple[str, ...] | None = None

    def __repr__(self) -> str:
        """Show the name and the shapes."""
        taken = ", ".join(str(n.spec) for n in self.graph.inputs)
        return f"{self.graph.name}({taken})"


@dataclass(frozen=True, slots=True)
class Roll:
    """Calls of one step, one after the other, that can be written as a loop.

    Attributes
    ----------
    calls
        The calls, first step first.
    carried
        Place of an argument to the place of the result, of the step before, that it
        is. (That of the first step comes from before the loop.)
    lists
        Place of an argument to the list that it lies in, and the way to it from the
        element that belongs to the step: ``("blocks", ".w")``.
    rows
        Place of an argument to the array whose row of the step's number it is.
    singles
        Places of the arguments that are a value of its own at every step, all of which
        there are before the loop: ``for w in (w1, w2, w3)``.
    fixed
        Places of the arguments that are the same at every step.
    """

    calls: tuple[Node, ...]
    carried: Mapping[int, int]
    lists: Mapping[int, tuple[str, str]]
    rows: Mapping[int, Node]
    singles: tuple[int, ...]
    fixed: tuple[int, ...]


def rolls_among(
    nodes: Iterable[Node], arguments: Iterable[Node],
    signature: Iterable[tuple[str, Any]],
) -> dict[int, Roll | None]:  # fmt: skip
    """Give the loops among calls, by number; None for what is none.

    `arguments` are those of the function that the calls stand in, and `signature` how
    it is given them.
    """
    steps: dict[int, list[Node]] = {}
    for node in nodes:
        if "call" in node.op.traits and node.attrs.get("step") is not None:
            steps.setdefault(node.attrs["step"][0], []).append(node)
    in_lists = _in_lists(signature)
    elements = {n: in_lists.get(n.attrs["name"], ()) for n in arguments}
    return {
        number: _roll(sorted(calls, key=lambda n: n.attrs["step"]), elements)
        for number, calls in steps.items()
    }


def _roll(
    calls: list[Node], arguments: Mapping[Node, Iterable[Element]]
) -> Roll | None:
    """Find what each argument of a step is: handed on, of a list, or the same."""
    if len({n.attrs["block"] for n in calls}) > 1 or len(calls) < 2:
        return None
    numbers = [n.attrs["step"][1] for n in calls]
    if numbers != list(range(len(calls))):
        return None
    carried: dict[int, int] = {}
    lists: dict[int, tuple[str, str]] = {}
    rows: dict[int, Node] = {}
    singles: list[int] = []
    fixed: list[int] = []
    for place in range(len(calls[0].inputs)):
        values = [n.inputs[place] for n in calls]
        handed_on = {
            v.attrs["at"] if v.inputs[:1] == (before,) else None
            for v, before in zip(values[1:], calls, strict=False)
        }
        of_list = _list_of(values, arguments)
        if len(set(values)) == 1:
            fixed.append(place)
        elif len(handed_on) == 1 and (result := handed_on.pop()) is not None:
            carried[place] = result
        elif of_list is not None:
            lists[place] = of_list
        elif (whole := _rows_of(values)) is not None:
            rows[place] = whole
        elif all(_is_given(v) for v in values):
            singles.append(place)
        else:
            return None
    return Roll(tuple(calls), carried, lists, rows, tuple(singles), tuple(fixed))


def _is_given(value: Node) -> bool:
    """Tell an argument, or an array that is closed over, from what is computed."""
    return not value.inputs and not is_inline(value)


def _rows_of(values: list[Node]) -> Node | None:
    """Give the array whose first, second, ... row values are."""
    first = values[0]
    if first.op.picks is None or any(v.op is not first.op for v in values):
        return None
    if len({v.inputs for v in values}) > 1:
        return None
    (whole,) = first.inputs
    rest = [(1, k, 0) for k in range(whole.spec.rank - 1)]
    for number, v in enumerate(values):
        places = first.op.picks(v.attrs, whole.spec)
        if list(places) != [(0, None, number), *rest]:
            return None
        if v.spec.shape != whole.spec.shape[1:]:
            return None
    return whole


@dataclass(frozen=True)
class Element:
    """A place in a list among the parameters of a function.

    Attributes
    ----------
    root
        The way to the list.
    number, count
        Which element of the list it lies in, and how many there are.
    rest
        The way on from there: ``.w`` for ``layers.0.w``.
    """

    root: str
    number: int
    count: int
    rest: str


def _in_lists(signature: Iterable[tuple[str, Any]]) -> dict[str, list[Element]]:
    """Give, for the path of each argument, the lists that it lies in.

    Only lists and tuples: to loop over a dict is to loop over its keys.
    """
    found: dict[str, list[Element]] = {}

    def look(path: str, nest: Any) -> None:
        parts = parts_of(nest)
        if any("." in str(key) for key, _ in parts):
            return  # no way can be read off such a key
        for key, part in parts:
            below = f"{path}.{key}"
            if isinstance(nest, list | tuple):
                for way, _ in paths(part, below):
                    rest = way.removeprefix(below)
                    element = Element(path, key, len(parts), rest)
                    found.setdefault(way, []).append(element)
            look(below, part)

    for name, nest in signature:
        look(name, nest)
    return found


def _list_of(
    values: list[Node], arguments: Mapping[Node, Iterable[Element]]
) -> tuple[str, str] | None:
    """Give the list whose elements values lie in, element by element and all of it."""
    ways = [
        [(e.root, e.rest) for e in arguments.get(v, ()) if (e.number, e.count) == at]
        for v, at in ((v, (k, len(values))) for k, v in enumerate(values))
    ]
    return next((w for w in ways[0] if all(w in others for others in ways)), None)


def is_handle(node: Node) -> bool:
    """Tell what a function keeps for its backward pass: of a call, or of every step."""
    if "item" in node.op.traits:
        return is_handle(node.attrs["of"])
    return "call" in node.op.traits


def has_calls(nodes: Iterable[Node]) -> bool:
    """Tell whether functions are called among some nodes, or in steps of loops."""
    nodes = tuple(nodes)
    return any("call" in n.op.traits for n in (*nodes, *within_loops(nodes)))


def called_in(nodes: Iterable[Node], *, steps: bool) -> set[str]:
    """Give the functions that are called, at any depth: as the user knows them.

    With `steps`, only those that steps of loops call.
    """
    nodes = tuple(nodes)
    inside = within_loops(nodes)
    found: set[str] = set()
    for n in (*nodes, *inside):
        block: Block | None = n.attrs.get("block") if "call" in n.op.traits else None
        if block is None:
            continue
        if (n in inside or not steps) and block.step_of is None:
            found.add(block.function)
        found |= called_in(block.graph.nodes(), steps=steps)
    return found


Instead = Callable[[Node, Mapping[Node, Node]], "tuple[Node, ...] | None"]


def inline(
    roots: Iterable[Node], builder: Builder, given: Mapping[Node, Node] | None = None,
    *, instead: Instead | None = None,
    chosen: Callable[[Node], bool] = lambda _call: True,
) -> dict[Node, Node]:  # fmt: skip
    """Put the bodies of functions in the place of their calls, forward and backward.

    Calls in the steps of loops are written out in forward passes alone: what a step
    back reads of a function's own values is another loop's to gather.

    Parameters
    ----------
    roots
        The values wanted.
    builder
        Where new nodes go.
    given
        What stands in the place of what; nothing below the keys is looked at.
    instead
        Gives other results of a call, from what has become of its operands; None
        where its body is to be written out.
    chosen
        Tells of a call whether it is written out; all are if left out.

    Returns
    -------
    dict
        What became of each node; calls themselves become nothing.
    """
    new = dict(given or {})
    # Results of a call, once its body is written out.
    bodies: dict[Node, tuple[Node, ...]] = {}
    nodes = between(tuple(roots), frozenset(new))
    for node in nodes:
        if "call" in node.op.traits and chosen(node):
            made = None if instead is None else instead(node, new)
            bodies[node] = made or _written_out(node, new, builder, instead)
        elif "result" in node.op.traits and node.inputs[0] in bodies:
            new[node] = bodies[node.inputs[0]][node.attrs["at"]]
        elif "loop" in node.op.traits and has_calls(_of_loop(node, nodes)):
            new |= _loop(node, nodes, new, builder, instead, chosen)
        else:
            new |= remade(node, nodes, new, builder)
    return new


def _of_loop(node: Node, nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Give a loop with what it gives."""
    return (node, *(n for n in nodes if node in n.inputs))


def _loop(
    node: Node, nodes: Iterable[Node], new: Mapping[Node, Node], builder: Builder,
    instead: Instead | None, chosen: Callable[[Node], bool],
) -> dict[Node, Node]:  # fmt: skip
    """Write out the calls in the steps of a loop; give what became of its values."""
    loop: Loop = node.attrs["loop"]
    inputs = [new[i] for i in node.inputs]
    own = (*loop.carries, *loop.slices)
    inside = {**new, **{b: b for b in own}}
    inside |= zip(loop.fixed, inputs[len(own) :], strict=True)
    results = [n.attrs["of"] for n in _of_loop(node, nodes)[1:] if "of" in n.attrs]
    inside = inline(
        (*loop.following, *results), builder, inside, instead=instead, chosen=chosen
    )
    following = tuple(inside[n] for n in loop.following)
    # What calls keep for every step is kept no more: they become nothing.
    given = (inside[r] for r in results if r in inside)
    fixed = unchanging((*following, *given), frozenset(own))
    now = Loop(loop.carries, loop.slices, fixed, following, loop.reverse)
    operands = (*inputs[: len(own)], *fixed)
    return {**inside, node: builder.remake(node, operands, {**node.attrs, "loop": now})}


def _written_out(
    node: Node, new: Mapping[Node, Node], builder: Builder, instead: Instead | None
) -> tuple[Node, ...]:
    """Give the results of a call, computed where it stands."""
    if "back" in node.op.traits:
        call, *adjoints = node.inputs
        derived = node.attrs["derived"]
        graph, outputs = derived.forward.graph, derived.gradients
        given = dict(zip(derived.seeds, (new[a] for a in adjoints), strict=True))
    else:
        call, graph, given = node, node.attrs["block"].graph, {}
        outputs = graph.outputs
    operands = (new[i] for i in call.inputs)
    given |= dict(zip(graph.inputs, operands, strict=True))
    inside = inline(outputs, builder, given, instead=instead)
    return tuple(inside[o] for o in outputs)
