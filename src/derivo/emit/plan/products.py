"""Products brought to the forms that have loops of their own.

A matrix with one row or one column fills no block of a product. As a sum of products
element by element it goes the way of every reduction. A matrix of one number lies
nowhere in memory: a product with it is that number times a sum. A sum of products by
subscripts is a product of matrices, or of stacks of them, once its axes are in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from derivo.emit.plan.layout import is_turned, layout_of, origin
from derivo.graph.builder import Builder
from derivo.graph.dim import Dim, Shape, product
from derivo.graph.element import Contracted, Fold, Product
from derivo.graph.node import Node, order
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.leaf import fill


def with_plain_products(roots: Iterable[Node]) -> dict[Node, Node]:
    """Rewrite products and reductions.

    Returns
    -------
    dict
        What became of each node below `roots`.
    """
    nodes = order(roots)
    writer = _Writer(Builder(count=nodes[-1].index + 1))
    forms: dict[type, Callable[..., Node]] = {
        Product: writer.product, Contracted: writer.contracted, Fold: writer.fold,
    }  # fmt: skip
    new: dict[Node, Node] = {}
    for node in nodes:
        inputs = tuple(new[i] for i in node.inputs)
        form = forms.get(type(node.op.element))
        if "reshapes" in node.op.traits:
            form = writer.reshaped
        new[node] = form(node, *inputs) if form else writer.builder.remake(node, inputs)
    return new


class _Writer:
    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def make(self, name: str, *inputs: Node, **attrs: object) -> Node:
        return self.builder.make(CATALOGUE[name], inputs, attrs)

    def turn(self, node: Node) -> Node:
        """Give the transpose, of each matrix of a stack."""
        if is_turned(node):
            return node.inputs[0]
        *stack, i, j = range(node.spec.rank)
        return self.make("transpose", node, axes=(*stack, j, i))

    def shaped(self, node: Node, shape: Shape) -> Node:
        same = node.spec.shape == shape
        return node if same else self.make("reshape", node, shape=shape)

    def reshaped(self, node: Node, x: Node) -> Node:
        """Give a value under another shape; alike for shapes that lie alike."""
        shape = node.spec.shape
        rows = product(shape[:-1])
        if rows != 1 and layout_of(shape) != layout_of(x.spec.shape):
            x = self.shaped(x, (rows, shape[-1]))
        return self.shaped(x, shape)

    # --- reductions -------------------------------------------------------------------

    def fold(self, node: Node, x: Node) -> Node:
        """Keep the axis of rows that are reduced: a row has its number beside it."""
        fold = node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        last = x.spec.rank - 1
        is_row = fold.axes(node.attrs, x.spec.shape) == (last,)
        if last < 2 or not is_row or node.attrs.get("keepdims", True):
            return self.builder.remake(node, (x,))
        kept = self.builder.remake(node, (x,), {**node.attrs, "keepdims": True})
        return self.make("squeeze", kept, axis=last)

    # --- products ---------------------------------------------------------------------

    def product(self, node: Node, a: Node, b: Node) -> Node:
        """Give the product of `a` and `b`, which `node` is of its own operands."""
        if a.spec.rank == 1 and b.spec.rank > 0:
            row = self.make("expand_dims", a, axis=0)
            axis = -1 if b.spec.rank == 1 else -2
            return self.make("squeeze", self.product(node, row, b), axis=axis)
        if b.spec.rank == 1 and a.spec.rank > 0:
            column = self.make("expand_dims", b, axis=1)
            return self.make("squeeze", self.product(node, a, column), axis=-1)
        return self._of_matrices(a, b) or self._of_stacks(node, a, b)

    def _of_matrices(self, a: Node, b: Node) -> Node | None:
        rows, inner = a.spec.shape[-2:]
        if origin(a).op is fill or origin(b).op is fill:
            return self._with_one_number(a, b)
        if inner == 1:
            return self.make("mul", a, b)
        if b.spec.shape[-1] == 1:
            return self._matrix_vector(a, b)
        if rows == 1 and a.spec.rank == b.spec.rank == 2:
            return self.turn(self._matrix_vector(self.turn(b), self.turn(a)))
        return None

    def _of_stacks(self, node: Node, a: Node, b: Node) -> Node:
        """Copy an operand where it has some axes of the stack, but not all."""
        whole = node.op.infer(a.spec, b.spec).shape[:-2]
        return self.builder.remake(
            node, (self._for_stack(a, whole), self._for_stack(b, whole))
        )

    def _for_stack(self, operand: Node, whole: Shape) -> Node:
        stack, matrix = operand.spec.shape[:-2], operand.spec.shape[-2:]
        own = [d for d in stack if d != 1]
        if not own or own == [d for d in whole if d != 1]:
            return operand
        return self.make("broadcast_to", operand, shape=(*whole, *matrix))

    def _with_one_number(self, a: Node, b: Node) -> Node:
        """Multiply the sums of a matrix by what the other one holds all over."""
        filled = origin(a)
        if filled.op is fill:
            sums = self.make("sum", b, axis=-2, keepdims=True)
        else:
            filled, sums = origin(b), self.make("sum", a, axis=-1, keepdims=True)
        shape = CATALOGUE["matmul"].infer(a.spec, b.spec).shape
        whole = self.builder.make(fill, (), {**filled.attrs, "shape": shape})
        return self.make("mul", whole, sums)

    def _matrix_vector(self, a: Node, b: Node) -> Node:
        """Sum along the axis of `a` that runs along `b`, as `a` lies in memory."""
        if is_turned(a) and a.spec.rank == 2:
            terms = self.make("mul", a.inputs[0], b)
            return self.turn(self.make("sum", terms, axis=0, keepdims=True))
        terms = self.make("mul", a, self.turn(b))
        return self.make("sum", terms, axis=-1, keepdims=True)

    # --- sums of products by subscripts -----------------------------------------------

    def contracted(self, node: Node, *operands: Node) -> Node:
        """Give a sum of products of two arrays as a product of matrices."""
        assert node.op.contraction is not None  # noqa: S101
        subscripts = node.op.contraction(node.attrs, *(o.spec for o in operands))
        axes = _Subscripts.read(subscripts, [o.spec.shape for o in operands])
        if axes is None:
            return self.builder.remake(node, operands)
        a, b = operands
        left = self._in_order(a, axes, axes.left, axes.rows, axes.inner)
        right = self._in_order(b, axes, axes.right, axes.inner, axes.cols)
        found = self.product(self.make("matmul", left, right), left, right)
        given = (*axes.stack, *axes.rows, *axes.cols)
        found = self.shaped(found, axes.shape(given))
        return self._permuted(found, [given.index(c) for c in axes.out])

    def _in_order(
        self, node: Node, axes: _Subscripts, own: str, rows: str, cols: str
    ) -> Node:
        """Give an operand as (stack, rows, columns)."""
        stack = (axes.size(axes.stack),) if axes.stack else ()
        high, wide = axes.size(rows), axes.size(cols)
        if own == axes.stack + cols + rows:
            return self.turn(self.shaped(node, (*stack, wide, high)))
        wanted = axes.stack + rows + cols
        ordered = self._permuted(node, [own.index(c) for c in wanted])
        return self.shaped(ordered, (*stack, high, wide))

    def _permuted(self, node: Node, axes: list[int]) -> Node:
        if axes == sorted(axes):
            return node
        return self.make("transpose", node, axes=tuple(axes))


@dataclass(frozen=True)
class _Subscripts:
    """A sum of products of two arrays: what each letter is there for.

    Attributes
    ----------
    left, right, out
        The letters of the operands and of the result.
    stack, rows, inner, cols
        In both and the result; in the left one and the result; in both, summed over; in
        the right one and the result.
    sizes
        Of the letters.
    """

    left: str
    right: str
    out: str
    stack: str
    rows: str
    inner: str
    cols: str
    sizes: Mapping[str, Dim]

    @classmethod
    def read(cls, subscripts: str, shapes: list[Shape]) -> _Subscripts | None:
        """Read subscripts; None if they are no product of matrices."""
        given, out = subscripts.split("->")
        if given.count(",") != 1:
            return None
        left, right = given.split(",")
        sizes: dict[str, Dim] = {}
        for term, shape in zip((left, right), shapes, strict=True):
            for letter, size in zip(term, shape, strict=True):
                if sizes.setdefault(letter, size) != size:
                    return None
        stack = "".join(c for c in out if c in left and c in right)
        rows = "".join(c for c in left if c in out and c not in right)
        cols = "".join(c for c in right if c in out and c not in left)
        inner = "".join(c for c in left if c in right and c not in out)
        is_all = len(stack + rows + inner) == len(left) and (
            len(stack + inner + cols) == len(right)
        )
        if (
            not inner
            or not is_all
            or len(set(left)) + len(set(right)) < len(left + right)
        ):
            return None
        return cls(left, right, out, stack, rows, inner, cols, sizes)

    def shape(self, letters: Iterable[str]) -> Shape:
        """Give the sizes of some letters."""
        return tuple(self.sizes[c] for c in letters)

    def size(self, letters: str) -> Dim:
        """Give the number of places that some letters have together."""
        return product(self.shape(letters))
