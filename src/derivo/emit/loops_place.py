"""Where the elements of values lie in loops over their axes."""

from __future__ import annotations

from derivo.errors import NotSupportedError
from derivo.graph.dim import Shape, Size, names
from derivo.graph.element import (
    Contracted,
    Fold,
    Index,
    Placed,
    Product,
    Rearranged,
    Same,
    Scattered,
)
from derivo.graph.node import Node

VARIABLES = "ijkl"
# The size that is known only when a step begins: the rows of the batch.
BATCH = "N"


def place(shape: Shape) -> Index:
    """Give the place of an element in loops over the axes: ("i", "j"), ("i", "0")."""
    letters = iter(VARIABLES)
    return tuple("0" if d == 1 else next(letters) for d in shape)


def operand_place(shape: Shape, index: Index) -> Index:
    """Give the place in an operand that is broadcast to the result's shape."""
    own = index[len(index) - len(shape) :]
    return tuple("0" if d == 1 else i for d, i in zip(shape, own, strict=True))


def loops_of(shape: Shape) -> Shape:
    """Give the sizes of the loops over an array."""
    return tuple(d for d in shape if d != 1)


def is_number(node: Node) -> bool:
    """Tell whether a value is written as a number wherever it is read."""
    plain = not node.inputs and not node.spec.rank and node.op.name != "argument"
    return plain or isinstance(node.op.element, Same)


def is_view(node: Node) -> bool:
    """Tell whether a value is another one with its elements elsewhere."""
    return isinstance(node.op.element, Rearranged)


def source_place(node: Node, index: Index) -> Index:
    """Give the place in the operand of a view."""
    assert isinstance(node.op.element, Rearranged)  # noqa: S101
    (operand,) = node.inputs
    return node.op.element.source(
        index, node.attrs, operand.spec.shape, node.spec.shape
    )


def matrix_source(node: Node) -> tuple[Node, Index]:
    """Give the array that a matrix is a view of, and where its element (i, j) lies."""
    index: Index = ("i", "j")
    while is_view(node):
        index = source_place(node, index)
        node = node.inputs[0]
    return node, index


def domain_of(node: Node) -> Shape:
    """Give the loops around a statement: a reduction runs over its operand."""
    if isinstance(node.op.element, Product):
        return ()
    source = node.inputs[0] if isinstance(node.op.element, Fold) else node
    return loops_of(source.spec.shape)


def fold_place(node: Node, source: Index) -> Index:
    """Give the place of a reduction's result, from that of the operand's element."""
    fold, shape = node.op.element, node.inputs[0].spec.shape
    assert isinstance(fold, Fold)  # noqa: S101
    axes = fold.axes(node.attrs, shape)
    extra = len(shape) - node.spec.rank
    if len(axes) == extra:
        return tuple(i for a, i in enumerate(source) if a not in axes)
    return tuple("0" if a in axes else i for a, i in enumerate(source))[extra:]


def refuse_unknown(node: Node) -> None:
    """Refuse what has no form inside a loop.

    Raises
    ------
    NotSupportedError
        With the operation and the reason.
    """
    reason = ""
    element, spec = node.op.element, node.spec
    if (
        isinstance(element, Placed | Scattered | Contracted)
        or node.op.helpers
        or (node.inputs and element is None and "elementwise" not in node.op.traits)
    ):
        reason = "has no form inside a compiled loop"
    elif not node.inputs and not is_number(node) and node.op.name != "argument":
        reason = "(an array made from nothing) has no form inside a compiled loop"
    elif isinstance(element, Product) and any(i.spec.rank != 2 for i in node.inputs):
        reason = (
            f"of {' and '.join(str(i.spec) for i in node.inputs)} is not a product of "
            "two matrices"
        )
    elif isinstance(element, Product) and not all(map(_is_matrix, node.inputs)):
        reason = (
            "of an array that is copied along an axis has no form inside a compiled "
            "loop"
        )
    elif len(loops_of(spec.shape)) > len(VARIABLES):
        reason = f"has more than {len(VARIABLES)} axes"
    elif any(
        name != BATCH for d in spec.shape if isinstance(d, Size) for name in names(d)
    ):
        reason = "has a size that is not known when the step is compiled"
    if reason:
        message = f"`{node.op.name}` {reason}"
        raise NotSupportedError(message)


def _is_matrix(node: Node) -> bool:
    base, index = matrix_source(node)
    return not is_number(base) and sorted(index) == ["i", "j"]
