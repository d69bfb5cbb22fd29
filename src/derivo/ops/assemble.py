"""An array put together from parts: what the adjoints of slices and picks add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from derivo.graph.dim import Dim
from derivo.graph.element import Placed
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register
from derivo.ops.index import (
    WHOLE,
    Entry,
    added_at,
    embed,
    embedded_element,
    gather,
    index_text,
    placed,
    scatter_add,
    slice_,
)
from derivo.ops.leaf import constant, fill
from derivo.ops.overlap import APART, relation
from derivo.ops.pick import add_along_axis, added_along, take_along_axis
from derivo.ops.put import put, writes_of
from derivo.ops.shape import broadcast_to

# What a part is, beside its index: put in its place; the whole array; or added at
# places that an integer array gives, whose number of operands and axis follow. APART
# are places of which no two are one.
PUT, ALL, AT, APART_AT, ALONG = "put", "all", "at", "apart at", "along"
Kind = tuple[Any, ...]


def _cut_axis(indices: tuple[tuple[Entry, ...], ...]) -> int | None:
    """Give the one axis along which the parts are taken, if there is one."""
    axes = {k for index in indices for k, entry in enumerate(index) if entry != WHOLE}
    return axes.pop() if len(axes) == 1 else None


def _as_slices(cuts: list[Entry], n: Dim) -> list[int] | None:
    """Give the order in which slices follow each other from 0 to `n`, or None."""
    order: list[int] = []
    reached: Dim = 0
    while len(order) < len(cuts):
        next_ones = [i for i, c in enumerate(cuts) if (c[1] or 0) == reached]
        if len(next_ones) != 1 or next_ones[0] in order:
            return None
        order.append(next_ones[0])
        stop = cuts[next_ones[0]][2]
        reached = n if stop is None else stop
        if isinstance(reached, int) and reached < 0:
            reached = n + reached
    return order if reached == n else None


def _as_items(cuts: list[Entry], n: Dim) -> list[int] | None:
    """Give the order in which single places go from 0 to `n` - 1, or None."""
    if not isinstance(n, int) or not all(isinstance(c[1], int) for c in cuts):
        return None
    places = [c[1] % n for c in cuts]
    return (
        [places.index(i) for i in range(n)] if sorted(places) == [*range(n)] else None
    )


def _joined(shape: Any, indices: Any, parts: Any) -> str | None:
    """Write parts that make up the whole as a `concatenate` or a `stack`."""
    axis = _cut_axis(indices)
    # What is known of a part, or the part itself: a number of Python's has no type.
    weak = (getattr(p, "is_weak", isinstance(p, int | float)) for p in parts)
    if axis is None or any(weak):
        return None
    cuts = [index[axis] for index in indices]
    if all(c[0] == "cut" and c[3] is None for c in cuts):
        word, order = "concatenate", _as_slices(cuts, shape[axis])
    elif all(c[0] == "at" for c in cuts):
        word, order = "stack", _as_items(cuts, shape[axis])
    else:
        return None
    rank = len(shape) - (word == "stack")
    if order is None or any(len(p.shape) != rank for p in parts):
        return None
    listed = ", ".join(f"{{{i}}}" for i in order)
    return f"np.{word}([{listed}]{f', axis={axis}' if axis else ''})"


def _kinds(attrs: Any) -> tuple[Kind, ...]:
    """Give what each part is: put in its place, if nothing else is said."""
    kinds: tuple[Kind, ...] = attrs["kinds"] or ((PUT, 1),) * len(attrs["indices"])
    return kinds


def _operands(attrs: Any, operands: Any) -> Iterator[tuple[Kind, Any, int, Any]]:
    """Give kind, index, place of the first operand and operands for every part."""
    first = 0
    for kind, index in zip(_kinds(attrs), attrs["indices"], strict=True):
        yield kind, index, first, operands[first : first + kind[1]]
        first += kind[1]


def _text(attrs: Any, *operands: Any) -> str:
    shape, indices = attrs["shape"], attrs["indices"]
    only_put = all(kind[0] == PUT for kind in _kinds(attrs))
    joined = _joined(shape, indices, operands) if only_put else None
    if joined:
        return joined
    parts = list(_operands(attrs, operands))
    lines = ["{out} = np.zeros({shape}, dtype={dtype})"]
    before: list[Any] = []  # indices of the parts so far; None where arrays say it
    for k, (kind, index, first, own) in enumerate(parts):
        if kind[0] == ALL:
            lines[0] = f"{{out}} = {{{first}}}.copy()"
        elif kind[0] == PUT:
            is_first = all(
                other is not None and relation(shape, index, other) == APART
                for other in before
            )
            sign = "=" if is_first else "+="
            place = index_text(index, f"index{k}")
            lines.append(f"{{out}}[{place}] {sign} {{{first}}}")
        elif kind[0] == AT:
            lines.append(added_at(kind[2], len(own) - 1, first))
        elif kind[0] == APART_AT:
            places = ", ".join([":"] * kind[2] + fields(first, len(own)))
            sign = "+=" if before else "="
            lines.append(f"{{out}}[{places}] {sign} {{{first}}}")
        else:
            lines.append(added_along(kind[2], len(shape), first))
        before.append(index if kind[0] == PUT else None)
    return "\n".join(lines)


def fields(first: int, count: int) -> list[str]:
    """Give the fields of the arrays that say where an operand goes."""
    return [f"{{{first + j}}}" for j in range(1, count)]


def _js(attrs: Any, *operands: Any) -> str:
    """Write the sum of the parts, each put into an array of zeros."""
    parts = []
    for k, (kind, _index, first, own) in enumerate(_operands(attrs, operands)):
        places = ", ".join(fields(first, len(own)))
        scattered = f"R.scatter({{{first}}}, [{places}], {{shape}}, {kind[-1]})"
        parts.append(
            {
                ALL: f"{{{first}}}",
                PUT: f"R.embed({{{first}}}, {{shape}}, {{indices_{k}}})",
                AT: scattered,
                APART_AT: scattered,
                ALONG: f"R.addAlong({{{first}}}, {places}, {{shape}}, {kind[-1]})",
            }[kind[0]]
        )
    return f"R.total([{', '.join(parts)}])"


def _vjp(
    g: Any, _y: Any, *operands: Any, indices: Any, kinds: Any, **_: Any
) -> tuple[Any, ...]:
    adjoints: list[Any] = []
    attrs = {"indices": indices, "kinds": kinds}
    for kind, index, _first, (_, *places) in _operands(attrs, operands):
        adjoints.append(
            g
            if kind[0] == ALL
            else slice_(g, index=index)
            if kind[0] == PUT
            else gather(g, *places, axis=kind[2])
            if kind[0] in (AT, APART_AT)
            else take_along_axis(g, *places, axis=kind[2])
        )
        adjoints += [None for _ in places]
    return tuple(adjoints)


def _formula(attrs: Any, *specs: Any) -> str:
    terms = []
    for kind, index, first, _ in _operands(attrs, specs or [None] * 99):
        if kind[0] == PUT:
            terms.append(placed(index, first))
        elif kind[0] == ALL:
            terms.append(f"{{{first}}}")
        else:
            word = r"\operatorname{{add}}"
            listed = ", ".join(fields(first, kind[1]))
            terms.append(rf"{word}_{{{{[{listed}]}}}}({{{first}}})")
    return " + ".join(terms)


def _assembled_element(index: Any, attrs: Any, specs: Any, result: Any) -> str:
    """Add up the parts of which an element is one; "" if a part is added at places."""
    terms = []
    for kind, entries, first, (part, *_) in _operands(attrs, specs):
        if kind[0] == ALL:
            terms.append(f"{{{first}}}[{', '.join(index)}]")
        elif kind[0] == PUT:
            terms.append(f"({embedded_element(index, entries, part, result, first)})")
        else:
            return ""
    return " + ".join(terms)


def _words(node: Any) -> list[tuple[str, tuple[Any, ...]]]:
    """Name an array that is changed at places after what it was.

    Less 1 at the places of the labels, probabilities are what they are wrong by.
    """
    kinds = node.attrs["kinds"]
    if kinds[:1] == ((ALL, 1),):
        is_less_one = kinds[1][0] == APART_AT and node.inputs[1].attrs == {"value": -1}
        return [("error", ())] if is_less_one and len(kinds) == 2 else [
            ("{0}", node.inputs[:1]), ("changed", ())]  # fmt: skip
    return [("pieces", ())]


# The sum of several `embed` and the like: parts that overlap are added up.
assemble = register(
    Op(
        "assemble", ("*parts",), lambda *_, shape, **__: Spec(shape, "float"), _text,
        vjp=_vjp, attrs={"shape": (), "indices": (), "kinds": ()},
        samples=lambda rng: ((rng.normal(size=(3, 3)), rng.normal(size=(3, 3))), {
            "shape": (3, 4), "indices": ((WHOLE, ("cut", None, -1, None)),
                                         (WHOLE, ("cut", 1, None, None)))}),
        latex=_formula, traits=frozenset({"analytic"}), called=_words,
        js=_js, element=Placed(_assembled_element),
    )
)  # fmt: skip


def together(
    a: Any, b: Any, add_up: Callable[[Any, Any], Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Give operands and attributes of the `assemble` that is the sum of two nodes.

    Parameters
    ----------
    a, b
        Nodes of the graph.
    add_up
        Makes the node that is the sum of two whole arrays.

    Returns
    -------
    operands, attrs
        None if neither holds parts put into their places.
    """
    shape = a.spec.shape
    if b.spec.shape != shape or any(n.spec.kind != "float" for n in (a, b)):
        return None
    # Adjoints come from the last reader to the first; turned round they stand in order.
    parts = [*_parts(b), *_parts(a)]
    wholes = [node for kind, _, (node, *_) in parts if kind[0] == ALL]
    parts = [p for p in parts if p[0][0] != ALL]
    if not parts:
        return None
    if wholes:
        whole = wholes[0] if len(wholes) == 1 else add_up(wholes[1], wholes[0])
        parts = [((ALL, 1), (), (whole,)), *parts]
    operands = tuple(node for _, _, own in parts for node in own)
    kinds = tuple(kind for kind, _, _ in parts)
    plain = all(kind == (PUT, 1) for kind in kinds)
    indices = tuple(index for _, index, _ in parts)
    return operands, {
        "shape": shape, "indices": indices, "kinds": () if plain else kinds,
    }  # fmt: skip


def narrowed(node: Any, builder: Any) -> Any:
    """Give an array of parts whose values NumPy copies to their places by itself.

    ``d[i] = np.ones(3)`` is ``d[i] = 1``. Only what is to be read is written so: to
    everything else a part has the shape of its place.
    """
    if node.op is put:
        firsts = {w.first for w in writes_of(node.attrs, node.inputs)}
    elif node.op is assemble:
        if _text(node.attrs, *(i.spec for i in node.inputs)).startswith("np."):
            return node
        parts = _operands(node.attrs, node.inputs)
        firsts = {first for kind, _, first, _ in parts if kind[0] != ALL}
    elif is_in_parts(node):
        firsts = {0}
    else:
        return node
    inputs = (
        _narrow(v, builder) if k in firsts else v for k, v in enumerate(node.inputs)
    )
    return builder.remake(node, tuple(inputs))


def _narrow(value: Any, builder: Any) -> Any:
    """Give the number that fills an array, or what was copied along axes."""
    if value.op is fill and value.spec.kind == "float":
        return builder.make(constant, (), {"value": value.attrs["value"]})
    while value.op is broadcast_to:
        (value,) = value.inputs
    return value


def changes_a_copy(node: Any) -> bool:
    """Tell what is a copy of its first operand, changed at places."""
    return node.op is put or node.attrs.get("kinds", ())[:1] == ((ALL, 1),)


def index_operands(node: Any) -> frozenset[int]:
    """Give the places of the operands that say where something is read or written."""
    if node.op in (gather, scatter_add):
        return frozenset(range(1, len(node.inputs)))
    if node.op is put:
        writes = writes_of(node.attrs, node.inputs)
        return frozenset(w.first + j for w in writes for j in range(1, w.kind[0]))
    if node.op is assemble:
        parts = _operands(node.attrs, node.inputs)
        at = (part for part in parts if part[0][0] in (AT, APART_AT))
        return frozenset(k + j for kind, _, k, _ in at for j in range(1, kind[1]))
    return frozenset()


def is_in_parts(node: Any) -> bool:
    """Tell whether a value is zero but for parts put into their places."""
    return node.op in (embed, scatter_add, add_along_axis, assemble)


def _parts(node: Any) -> list[tuple[Kind, tuple[Entry, ...], tuple[Any, ...]]]:
    """Take a sum of parts apart; any other array is one part, the whole."""
    if node.op is embed:
        return [((PUT, 1), node.attrs["index"], node.inputs)]
    if node.op in (scatter_add, add_along_axis):
        at = APART_AT if node.attrs.get("distinct") else AT
        word = at if node.op is scatter_add else ALONG
        kind = (word, len(node.inputs), node.attrs["axis"])
        return [(kind, (), node.inputs)]
    if node.op is assemble:
        found = _operands(node.attrs, node.inputs)
        return [(kind, index, own) for kind, index, _, own in found]
    return [((ALL, 1), (), (node,))]
