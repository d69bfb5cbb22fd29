"""From a graph to a picture: which nodes are seen, what stands on them, what folds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from derivo.explain.drawing.folding import folded
from derivo.explain.drawing.layered import place
from derivo.explain.drawing.model import Drawing, Edge, Spot
from derivo.explain.factors import Factor
from derivo.explain.formula.local import short_local
from derivo.explain.formula.manner import as_written
from derivo.explain.formula.of_node import (
    TRANSPARENT,
    formula_of,
    leaf,
    names_of,
)  # fmt: skip
from derivo.explain.formula.tree import Call, Formula, Prime, Words
from derivo.explain.formula.unicode import inline
from derivo.explain.subject import Subject
from derivo.explain.words import Words as Sentences
from derivo.explain.writers.numbers import short
from derivo.graph.element import Fold, Placed, Rearranged
from derivo.graph.node import Node

HOLE = "\u25a1"
LONGEST, LABEL = 12, 14  # letters of a sign, and on a line
MEAN = "{acc} / {count}"  # how a fold ends that divides by the number of its entries
MASK = re.compile(r"\{([01]) if (.*); [01] else")


def draw(subject: Subject, words: Sentences) -> Drawing:
    """Draw the forward graph; gradients ride on its nodes, factors on its edges."""
    names = names_of(subject)
    seen = _seen(subject)
    called = loops_called(subject, words)
    spots = tuple(_spot(n, subject, names, called.get(n, "")) for n in seen)
    edges = tuple(
        _edge(node, position, subject, names)
        for node in seen for position, operand in enumerate(node.inputs)
        if _source(operand) in seen
    )  # fmt: skip
    whole = place(Drawing(subject.graph.name, spots, edges))
    return replace(whole, folded=folded(whole))


def loops_called(subject: Subject, words: Sentences) -> dict[Node, str]:
    """Call each loop after what counts its steps: "loop over t"."""
    return {s.node: words.text("loops.called", name=s.counter) for s in subject.loops}


def is_transparent(node: Node) -> bool:
    """Tell whether formulas and pictures pass over a node."""
    if len(node.inputs) != 1:
        return False
    specs = tuple(i.spec for i in node.inputs)
    return node.op.formula(node.attrs, *specs) == TRANSPARENT


def _seen(subject: Subject) -> dict[Node, None]:
    """Give the nodes that are drawn: no constants, no changes of shape alone."""
    nodes = subject.graph.nodes()
    results = set(subject.graph.outputs)
    return {
        n: None
        for n in nodes
        if (n.inputs and (not is_transparent(n) or n in results))
        or (not n.inputs and "name" in n.attrs)
    }


def _source(operand: Node) -> Node:
    """Give the drawn node that an operand comes from."""
    while is_transparent(operand):
        (operand,) = operand.inputs
    return operand


def _edge(
    node: Node, position: int, subject: Subject, names: Mapping[Node, Formula]
) -> Edge:
    source, target = subject.ids[_source(node.inputs[position])], subject.ids[node]
    edge = Edge(f"e-{source}-{target}-{position}", source, target)
    factor = subject.factor_of.get((node, position))
    if factor is None:
        return edge
    return replace(edge, factor=factor.id, label=label_of(factor, subject, names))


def label_of(factor: Factor, subject: Subject, names: Mapping[Node, Formula]) -> str:
    """Give what a line bears: what is multiplied by on the way back, as short as it is.

    A value that was copied to fit another gathers what comes back to its copies: ``Σ``.
    """
    reader, operand = factor.reader, factor.operand
    builder = subject.derivation.forward.builder
    shown = short_local(factor, names, builder=builder)
    text = beside(factor, names) if shown is None else inline(shown)
    if isinstance(shown, Prime) and len(text) > LABEL:
        text = text.partition("(")[0]
    text = shortened(text or _entry_by_entry(factor, subject) or _whole(factor, names))
    if shown is not None and reader.spec.shape != operand.spec.shape:
        text = {"1": "Σ", "−1": "−Σ"}.get(text, f"Σ {text}")
    return text


def _whole(factor: Factor, names: Mapping[Node, Formula]) -> str:
    """Give the sign of a derivative that has no short form: ``∂p/∂n``, ``softmax′``."""
    whole = "/".join(
        f"∂{inline(names[n])}" for n in (factor.reader, factor.operand) if n in names
    )
    if whole.count("∂") == 2 and len(whole) <= LABEL:
        return whole
    sign = sign_of(factor.reader)
    return f"{sign}′" if sign.isalpha() else "∂"


def _entry_by_entry(factor: Factor, subject: Subject) -> str:
    """Give the derivative of entries that are moved, added, averaged: ``1/N``."""
    reader, fold = factor.reader, factor.reader.op.element
    if isinstance(fold, Fold):
        shape = factor.operand.spec.shape
        count = " ".join(str(shape[a]) for a in fold.axes(reader.attrs, shape))
        count = f"({count})" if " " in count else count
        is_sum = fold.step == "{acc} + {0}"
        return {"{acc}": "1", MEAN: f"1/{count}"}.get(fold.finish, "") * is_sum
    place = reader, factor.position
    back = (n for n, w in subject.raw.why.items() if (w.reader, w.position) == place)
    return "1" if any(map(_moves, (reader, *back))) else ""


def _moves(node: Node) -> bool:
    """Tell whether an operation puts entries elsewhere, as they are."""
    is_view = bool(node.op.traits & {"view", "selects"})
    return is_view or isinstance(node.op.element, Rearranged | Placed)


def shortened(text: str) -> str:
    """Leave out what stands in brackets, the longest first, till a formula is short."""
    text = MASK.sub(r"\1 if \2", text)  # where a mask is 1, or else where it is 0
    while len(text) > LABEL:
        inner = max(_in_brackets(text), key=len, default="")
        if len(inner) < 2:
            return f"{text[: LABEL - 1].rstrip()}…"
        text = text.replace(f"({inner})", "(…)")
    return text


def _in_brackets(text: str) -> Iterator[str]:
    """Give what stands in the outermost round brackets of a formula."""
    depth, start = 0, 0
    for k, letter in enumerate(text):
        if letter == "(":
            depth += 1
            start = k + 1 if depth == 1 else start
        elif letter == ")":
            depth -= 1
            if depth == 0:
                yield text[start:k]


def beside(factor: Factor, names: Mapping[Node, Formula]) -> str:
    """Give what stands beside the upstream gradient in a product: ``· wᵀ``."""
    reader = factor.reader
    if sign_of(reader) != "@" or len(reader.inputs) != 2:
        return ""
    other = reader.inputs[1 - factor.position]
    text = inline(names.get(other) or formula_of(other, names))
    if other.spec.rank < 2:
        return text
    if text.endswith("ᵀ"):
        turned = text.removesuffix("ᵀ")
    else:
        turned = f"{text}ᵀ" if other in names or not other.inputs else f"({text})ᵀ"
    return f"{turned} ·" if factor.position else f"· {turned}"


def _spot(
    node: Node, subject: Subject, names: Mapping[Node, Formula], called: str
) -> Spot:
    values = subject.values
    adjoint = subject.raw.adjoints.get(node)
    is_argument = not node.inputs
    name = names.get(node)
    return Spot(
        id=subject.ids[node],
        kind="argument" if is_argument else "operation",
        symbol=inline(name or leaf(node)) if is_argument else called or sign_of(node),
        name=None if is_argument else name,
        shape=" × ".join(str(d) for d in node.spec.shape),
        value=""
        if node not in values or "loop" in node.op.traits
        else short(values[node]),
        gradient=""
        if adjoint is None or adjoint not in values
        else short(values[adjoint]),
        group=node.group,
        line=f"{node.line.number}: {node.line.text}" if node.line else "",
        is_result=node in subject.graph.outputs,
        is_parameter=is_argument and _is_parameter(node, subject),
    )


def _is_parameter(node: Node, subject: Subject) -> bool:
    """Tell whether an argument is a weight: the first one is data, others are not."""
    return node is not subject.graph.inputs[0] and node in subject.raw.adjoints


def sign_of(node: Node) -> str:
    """Give what stands in the circle: the operation's formula without its operands."""
    if node.op.traits & {"loop", "item"}:
        return node.op.name  # a loop over time, and what it gives
    if "function" in node.op.traits:
        return str(node.attrs["of"].graph.name)
    args: list[Formula] = []
    constants = 0
    for operand in node.inputs:
        drawn = bool(operand.inputs) or "name" in operand.attrs
        constants += not drawn
        args.append(Words(HOLE) if drawn else leaf_or_size(operand))
    specs = tuple(i.spec for i in node.inputs)
    text = inline(as_written(Call(node.op, tuple(args), dict(node.attrs), specs)))
    text = re.sub(r"\((\w+)\)", r"\1", text)
    if not any(a == Words(HOLE) for a in args):
        return text if re.fullmatch(r"[√\w]+", text) else node.op.name
    if constants and len(node.inputs) > 1:
        text = text.replace(f"({HOLE})", HOLE).replace(HOLE, "·")
        return text if len(text) <= LONGEST else node.op.name
    # Of axes the shapes say as much.
    text = re.sub(r"_(\w+|\([^)]*\))|[₀-₉ₐ-ₜᵢ]+", "", text)
    text = text.replace(f"({HOLE})", "").replace(HOLE, "").strip().replace("  ", " ")
    plain = not set(text) & set(",()[]") and not text.endswith("^")
    text = {"": "@", "·": "×", "ᵀ": "transpose"}.get(text, text)
    return text if plain and len(text) <= LONGEST else node.op.name


def leaf_or_size(node: Node) -> Formula:
    """Write a constant or a size."""
    return Words(str(node.attrs["dim"])) if "dim" in node.attrs else leaf(node)
