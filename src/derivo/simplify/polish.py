"""Polishing a backward pass: special operands, parts side by side, equal values.

These change no algebra: what is left is written as a person would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from derivo.differentiate.reverse import Differentiated
from derivo.graph.builder import Builder
from derivo.graph.dim import Dim, Shape
from derivo.graph.loop import within_loops
from derivo.graph.node import Frame, Graph, Line, Node, between, order
from derivo.graph.op import Op
from derivo.ops.arithmetic import add, div, mul, sub
from derivo.ops.assemble import assemble, is_in_parts, together
from derivo.ops.diagonal import from_diagonal, trace
from derivo.ops.elementwise import where
from derivo.ops.index import embed, scatter_add
from derivo.ops.infer import normal_axis
from derivo.ops.join import concatenate
from derivo.ops.leaf import arange, eye, one_hot
from derivo.ops.linalg import matmul
from derivo.ops.pick import add_along_axis
from derivo.ops.reduce import sum_
from derivo.ops.shape import (
    expand_dims,
    squeeze,
    transpose,
    with_one_new_axis,
    without_copies,
)
from derivo.ops.tidy import of_numbers
from derivo.trace.recorder import Recorder

# --- tidy -----------------------------------------------------------------------------
#
# Making values so that special operands never reach the text: ``x + 0``, ``--x``.


def not_taken_apart(graph: Graph, known: Collection[Node]) -> set[Node]:
    """Give the forward values that cost something, or that the user gave a name."""
    return {n for n in known if n in graph.names or "view" not in n.op.traits}


def is_zero(node: Node) -> bool:
    """Tell whether a value is the number 0, or a block of zeros."""
    value = node.attrs.get("value")
    return not node.inputs and isinstance(value, int | float) and value == 0


class Tidy(Recorder):
    """Makes nodes by the rules of their operations for special operands.

    What those rules are stands in the records (`Op.tidy`), and in `derivo.ops.tidy` and
    `derivo.ops.shape` for those that hold of every element-wise operation.

    Parameters
    ----------
    at_hand
        Values that are there in any case: they are not taken apart.
    """

    def __init__(self, builder: Builder, at_hand: Collection[Node] = ()) -> None:
        super().__init__(builder)
        self.at_hand = at_hand

    def make(
        self, op: Op, inputs: tuple[Node, ...], attrs: dict[str, Any] | None = None,
        line: Line | None = None, group: tuple[Frame, ...] = (),
    ) -> Node:  # fmt: skip
        """Give the node for `op` on `inputs`, or a shorter one of the same value."""
        return self.tidied(self.builder.make(op, inputs, attrs, line, group))

    def remake(self, node: Node, inputs: tuple[Node, ...]) -> Node:
        """Give a node on other operands, or a shorter one of the same value."""
        return self.tidied(self.builder.remake(node, inputs))

    def tidied(self, node: Node) -> Node:
        """Give the shortest node of the same value that the rules know."""
        found = self._shorter(node)
        while found is not None:
            node, found = found, self._shorter(found)
        return node

    def record(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record an operation; what a rule makes is tidied in its turn."""
        return self.wrap(self.tidied(super().record(op, args, attrs).node))

    def _shorter(self, node: Node) -> Node | None:
        """Apply the first rule that fits; one that changes the kind does not."""
        args = tuple(self.wrap(i) for i in node.inputs)
        attrs = dict(node.attrs)
        found = node.op.tidy(*args, **attrs) if node.op.tidy and args else None
        if found is None and "elementwise" in node.op.traits and args:
            found = of_numbers(node.op, args, attrs)
            if found is None:
                found = without_copies(node.op, args, attrs)
            if found is None:
                found = with_one_new_axis(node.op, args, attrs)
        if found is None:
            return None
        new = self.lift(found)
        return new if new.spec == node.spec and new is not node else None


# --- kept axes ------------------------------------------------------------------------
#
# One value is computed once, whether or not an axis of size 1 is kept in it.
#
# A forward pass with ``m = np.max(a)`` has ``np.exp(a - m)``; the derivative by way
# of a softmax wants ``np.exp(a - np.max(a, keepdims=True))``, which is the same
# array.

# What a value is but for its axes of size 1, and where the other axes stand in it.
Key = Any
Layout = tuple[int | None, ...]


class KeptAxes:
    """Rebuilds values on equal ones that have been computed with other axes of size 1.

    Parameters
    ----------
    computed
        The values that are there already; they stay as they are.
    """

    def __init__(self, builder: Builder, computed: Iterable[Node]) -> None:
        self.tidy = Tidy(builder)
        self.done: dict[Node, Node] = {}
        self.seen: dict[Node, tuple[Key, Layout]] = {}
        self.first: dict[Key, Node] = {}
        self.numbers: dict[tuple[Any, ...], int] = {}
        for node in order(computed):
            self.done[node] = node
            self._note(node)

    def __call__(self, root: Node) -> Node:
        """Give the value, made of those that have been computed."""
        if root in self.done:
            return self.done[root]
        for node in between([root], self.done):
            self.done[node] = self._found(node)
        return self.done[root]

    def _found(self, node: Node) -> Node:
        inputs = tuple(self.done[i] for i in node.inputs)
        if inputs != node.inputs:
            node = self.tidy.make(
                node.op, inputs, dict(node.attrs), node.line, node.group
            )
        if node not in self.seen:
            for n in between([node], self.seen):
                self._note(n)
        key, layout = self.seen[node]
        other = self.first[key]
        if "view" in node.op.traits or other.spec.kind != node.spec.kind:
            return node
        return self._laid_out(other, layout)

    def _laid_out(self, node: Node, layout: Layout) -> Node:
        """Give a value with its axes of size 1 where `layout` has them."""
        _, own = self.seen[node]
        if own == layout:
            return node
        value = self.tidy.wrap(node)
        for axis in reversed([k for k, a in enumerate(own) if a is None]):
            value = squeeze(value, axis=axis)
        for axis in [k for k, a in enumerate(layout) if a is None]:
            value = expand_dims(value, axis=axis)
        made: Node = value.node
        for n in between([made], self.seen):
            self._note(n)
        return made

    def _note(self, node: Node) -> None:
        key, layout = self._read(node)
        if isinstance(key, tuple):
            # By number: written out, a key would be as long as all paths to the value.
            key = self.numbers.setdefault(key, len(self.numbers))
        self.seen[node] = key, layout
        self.first.setdefault(key, node)
        if "view" in self.first[key].op.traits and "view" not in node.op.traits:
            self.first[key] = node
        assert len(layout) == node.spec.rank  # noqa: S101

    def _read(self, node: Node) -> tuple[Key, Layout]:
        """Give what a value is, and where its axes stand."""
        if node.op in (expand_dims, squeeze):
            key, layout = self.seen[node.inputs[0]]
            rank = max(node.spec.rank, len(layout))
            axis = node.attrs["axis"] % rank
            if node.op is expand_dims:
                return key, (*layout[:axis], None, *layout[axis:])
            return key, (*layout[:axis], *layout[axis + 1 :])
        if "keepdims" in node.attrs and len(node.inputs) == 1:
            return self._reduced(node)
        plain = _numbered(node)
        if "elementwise" in node.op.traits and node.inputs:
            operands = tuple(self._in_frame(i, plain) for i in node.inputs)
            return (node.op.name, operands, _fixed(node)), plain
        return node, plain

    def _reduced(self, node: Node) -> tuple[Key, Layout]:
        key, layout = self.seen[node.inputs[0]]
        axes = normal_axis(node.attrs["axis"], len(layout))
        gone = frozenset(layout[a] for a in axes) - {None}
        left = [a for a in layout if a is not None and a not in gone]
        number = {a: k for k, a in enumerate(left)}
        placed = tuple(None if a is None or a in gone else number[a] for a in layout)
        if not node.attrs["keepdims"]:
            placed = tuple(a for k, a in enumerate(placed) if k not in axes)
        return (node.op.name, key, gone, _fixed(node)), placed

    def _in_frame(self, operand: Node, frame: Layout) -> tuple[Key, Layout]:
        """Give an operand, and the axes of the result that its own axes are."""
        key, layout = self.seen[operand]
        places = frame[len(frame) - len(layout) :]
        pairs = zip(places, layout, strict=True)
        return key, tuple(place for place, axis in pairs if axis is not None)


def _numbered(node: Node) -> Layout:
    """Give each axis a number, but for those of size 1."""
    wide = [k for k, d in enumerate(node.spec.shape) if d != 1]
    return tuple(wide.index(k) if k in wide else None for k in range(node.spec.rank))


def _fixed(node: Node) -> tuple[Any, ...]:
    """Give the attributes that do not tell where axes stand."""
    left = {k: v for k, v in node.attrs.items() if k not in ("axis", "keepdims")}
    return tuple((k, type(v), v) for k, v in left.items())


# --- peephole -------------------------------------------------------------------------
#
# Small rewrites of single nodes, at the very end.


class Polish:
    """Rebuilds a backward pass with products of matrices as they are usually written.

    Parameters
    ----------
    roots
        The gradients.
    known
        The values of the forward pass, which stay as they are.
    at_hand
        Those of them that are read as they are, too: all if left out.
    """

    def __init__(
        self, roots: Iterable[Node], builder: Builder, known: Iterable[Node] = (),
        at_hand: Iterable[Node] | None = None,
    ) -> None:  # fmt: skip
        roots = list(roots)
        self.done: dict[Node, Node] = {n: n for n in known}
        self.at_hand = set(self.done) if at_hand is None else set(at_hand)
        self.builder = Tidy(builder, self.at_hand)
        self.readers = Counter(i for n in order(roots) for i in n.inputs)

    def __call__(self, root: Node) -> Node:
        """Give what a node becomes."""
        if root in self.done:
            return self.done[root]
        for node in between([root], self.done):
            inputs = tuple(self.done[i] for i in node.inputs)
            made = self.builder.remake(node, inputs)
            made = self._choice(node, self._together(node, made))
            made = self._one_product(node, made)
            made = self._on_diagonal(made) or made
            self.done[node] = self._transposed_product(node, made)
            if self.readers[node] > 1:
                self.at_hand.add(self.done[node])
        return self.done[root]

    def _together(self, node: Node, made: Node) -> Node:
        """Put parts of an array that are added up into one array."""
        shared = any(self.readers[i] > 1 and is_in_parts(i) for i in node.inputs)
        if node.op is not add or made.op is not add or shared:
            return made
        a, b = made.inputs
        found = together(a, b, lambda *pair: self.builder.make(add, pair))
        return made if found is None else self.builder.make(assemble, *found)

    def _on_diagonal(self, made: Node) -> Node | None:
        """Write what is multiplied by the identity without its zeros.

        ``np.eye(n) / d[:, None]`` is ``np.diag(1 / d)``, and ``np.sum(np.eye(n) * x)``
        is ``np.trace(x)``.
        """
        wrap = self.builder.wrap
        if made.op is sum_ and made.attrs["axis"] is None and not made.spec.rank:
            (product,) = made.inputs
            rest = _times_identity(product) if product.op is mul else None
            if rest is None or rest.spec != product.spec:
                return None
            return trace(wrap(rest)).node  # type: ignore[no-any-return]
        v = _times_identity(made) if made.op in (mul, div) else None
        n = made.spec.shape[0] if v is not None else 0
        if v is None or v.spec.shape not in ((n,), (n, 1), (1, n)):
            return None
        row = wrap(v)
        if row.ndim > 1:
            row = squeeze(row, axis=1 if v.spec.shape == (n, 1) else 0)
        row = 1 / row if made.op is div else row
        return from_diagonal(row, shape=made.spec.shape).node  # type: ignore[no-any-return]

    def _one_product(self, node: Node, made: Node) -> Node:
        """Write ``a @ x + b @ x`` as ``(a + b) @ x``, if nothing else reads the two."""
        if made.op not in (add, sub) or any(self.readers[i] > 1 for i in node.inputs):
            return made
        first, second = made.inputs
        both = (first, second)
        if any(n.op is not matmul or n in self.at_hand for n in both):
            return made
        for k in (0, 1):
            common, others = first.inputs[k], tuple(n.inputs[1 - k] for n in both)
            if second.inputs[k] is common and others[0].spec == others[1].spec:
                total = self.builder.make(made.op, others)
                pair = (common, total) if k == 0 else (total, common)
                return self.builder.make(matmul, pair)
        return made

    def _choice(self, node: Node, made: Node) -> Node:
        """Bring factors into a choice, and two halves of a choice together.

        ``where(c, 0, g) * f`` is NaN where c holds and f overflows, as the other branch
        of a function may; ``where(c, 0, g * f)`` is 0 there. And ``where(c, a, 0) +
        where(c, 0, b)`` is ``where(c, a, b)``.
        """
        if any(self.readers[i] > 1 for i in node.inputs if i.op is where):
            return made
        if made.op in (mul, div):
            return self._into_choice(made)
        if made.op is add and all(i.op is where for i in made.inputs):
            (c, a, b), (d, e, f) = (i.inputs for i in made.inputs)
            joined = made
            if c is d and is_zero(b) and is_zero(e):
                joined = self.builder.make(where, (c, a, f))
            elif c is d and is_zero(a) and is_zero(f):
                joined = self.builder.make(where, (c, e, b))
            # A block of zeros may have more elements than what is left.
            return joined if joined.spec == made.spec else made
        return made

    def _into_choice(self, made: Node) -> Node:
        for k, choice in enumerate(made.inputs[: 2 if made.op is mul else 1]):
            if choice.op is not where or sum(map(is_zero, choice.inputs[1:])) != 1:
                continue
            other = made.inputs[1 - k]
            condition, *branches = choice.inputs
            for j, branch in enumerate(branches):
                if not is_zero(branch):
                    pair = (branch, other) if k == 0 else (other, branch)
                    branches[j] = self.builder.make(made.op, pair)
            return self.builder.make(where, (condition, *branches))
        return made

    def _transposed_product(self, node: Node, made: Node) -> Node:
        """Rewrite ``(a @ b).T`` as ``b.T @ a.T``, if nothing else reads ``a @ b``."""
        if made.op is not transpose or self.readers[node.inputs[0]] > 1:
            return made
        (inner,) = made.inputs
        ranks = {i.spec.rank for i in (*inner.inputs, made)}
        if inner.op is not matmul or len(ranks) > 1:
            return made
        axes = made.attrs["axes"]
        rank = len(axes)
        turn = {rank - 1: rank - 2, rank - 2: rank - 1}
        left = tuple(turn.get(a, a) for a in axes)  # once the product is turned round
        if _moved(left) >= _moved(axes):
            return made
        a, b = inner.inputs
        turned = self.builder.make(matmul, (self._flipped(b), self._flipped(a)))
        return self._transposed(turned, left)

    def _flipped(self, node: Node) -> Node:
        """Give a matrix, or a stack of matrices, transposed."""
        rank = node.spec.rank
        return self._transposed(node, (*range(rank - 2), rank - 1, rank - 2))

    def _transposed(self, node: Node, axes: tuple[int, ...]) -> Node:
        """Give a value with its axes in another order; two transposes are one."""
        if node.op is transpose:
            axes = tuple(node.attrs["axes"][a] for a in axes)
            (node,) = node.inputs
        if not _moved(axes):
            return node
        return self.builder.make(transpose, (node,), {"axes": axes})


def _times_identity(node: Node) -> Node | None:
    """Give what the identity matrix is multiplied with, or divided by."""
    for identity, other in (node.inputs, node.inputs[::-1]):
        is_left = identity is node.inputs[0] or node.op is mul
        attrs = identity.attrs
        if is_left and identity.op is eye and attrs["n"] == attrs["m"]:
            return other if not attrs["k"] else None
    return None


def _moved(axes: tuple[int, ...]) -> int:
    return sum(i != a for i, a in enumerate(axes))


# --- spread ---------------------------------------------------------------------------
#
# Adjoints of picked elements, as products with rows of zeros and a 1.
#
# ``logp[np.arange(n), labels]`` hands its adjoint to one element of each row. Written
# as ``g[:, None] * one_hot``, it can take part in algebra: that is how ``(p -
# one_hot) / n`` comes out for integer labels.


def spread_rows(derived: Differentiated, builder: Builder) -> Differentiated:
    """Rewrite what was picked from each row as a product with one-hot rows."""
    forward = set(derived.forward.nodes())
    recorder = Tidy(builder, not_taken_apart(derived.forward, forward))
    new: dict[Node, Node] = {}
    own = order(derived.gradients.values())
    # Adjoints within the steps of loops are rewritten with their step.
    steps = within_loops(own).keys() - set(own)
    outside = [a for a in derived.adjoints.values() if a not in steps]
    for node in order([*derived.gradients.values(), *outside]):
        inputs = tuple(new[i] for i in node.inputs)
        made = node
        if inputs != node.inputs:
            made = builder.make(
                node.op, inputs, dict(node.attrs), node.line, node.group
            )
        if node not in forward:
            shorter = recorder.tidied(made)
            # Arithmetic is read as sums of products, which come to the same.
            if made.op.algebra is None or is_zero(shorter):
                made = shorter
            made = _spread(made, recorder) or _side_by_side(made, recorder) or made
        new[node] = made
    return replace(
        derived,
        gradients={k: new[n] for k, n in derived.gradients.items()},
        adjoints={v: new.get(n, n) for v, n in derived.adjoints.items()},
        why={new.get(n, n): w for n, w in derived.why.items()},
    )


def _side_by_side(node: Node, recorder: Recorder) -> Node | None:
    """Rewrite a sum of parts that fill an axis as one array of the parts.

    The adjoints of ``gates[:, :h]`` and ``gates[:, h:]`` are zero outside of their
    columns; together they are ``np.concatenate([d_i, d_f], axis=1)``.
    """
    if node.op is not add:
        return None
    parts: list[Node] = []
    stack = [node]
    while stack:
        n = stack.pop()
        if n.op is add and n.spec.shape == node.spec.shape:
            stack.extend(n.inputs)
        elif n.op is not embed or n.spec.shape != node.spec.shape:
            return None
        else:
            parts.append(n)
    cut_axes = {
        axis for n in parts for axis, e in enumerate(n.attrs["index"])
        if e != ("cut", None, None, None)
    }  # fmt: skip
    if len(cut_axes) != 1:
        return None
    (axis,) = cut_axes
    placed = _in_a_row(parts, axis, node.spec.shape[axis])
    if placed is None:
        return None
    values = tuple(recorder.wrap(n.inputs[0]) for n in placed)
    joined: Node = recorder.record(concatenate, values, {"axis": axis}).node
    return joined


def _in_a_row(parts: list[Node], axis: int, size: Dim) -> list[Node] | None:
    """Sort parts so that each begins where the last one ends, if they fill the axis."""
    at: dict[Dim, Node] = {}
    for n in parts:
        kind, *place = n.attrs["index"][axis]
        start = 0 if not place or place[0] is None else place[0]
        whole = kind == "cut" and place[2] in (None, 1)
        if not whole or start in at or (isinstance(start, int) and start < 0):
            return None
        at[start] = n
    row: list[Node] = []
    end: Dim = 0
    while end in at:
        row.append(at.pop(end))
        end = end + row[-1].inputs[0].spec.shape[axis]
    return row if not at and end == size else None


def _spread(node: Node, recorder: Recorder) -> Node | None:
    """Give a scattered value as the value times one-hot rows, if it is of that kind."""
    rule = _ROWS.get(node.op)
    shape = node.attrs.get("shape", ())
    if rule is None or not shape:
        return None
    hot = rule(node, shape, recorder)
    if hot is None:
        return None
    g = recorder.wrap(node.inputs[0])
    among_rows = 0 < g.ndim < len(shape)
    made: Node = ((expand_dims(g, axis=g.ndim) if among_rows else g) * hot).node
    return made


def _picked_rows(node: Node, shape: Shape, recorder: Recorder) -> Any:
    """Give the one-hot rows of ``x[np.arange(n), labels]``, or the row of ``x[k]``."""
    _, *index = node.inputs
    *counted, labels = index
    if len(index) != len(shape) or labels.spec.shape != shape[:-1]:
        return None
    rank = len(counted)
    if not all(_counts(i, shape[a], rank - 1 - a) for a, i in enumerate(counted)):
        return None
    return recorder.record(one_hot, (recorder.wrap(labels),), {"classes": shape[-1]})


def _counts(index: Node, size: Dim, new_axes: int) -> bool:
    """Tell ``np.arange(n)[:, None]``, with as many new axes behind it."""
    for _ in range(new_axes):
        if index.op is not expand_dims or index.attrs["axis"] != index.spec.rank - 1:
            return False
        (index,) = index.inputs
    return index.op is arange and index.attrs["stop"] == size


def _along_rows(node: Node, shape: Shape, recorder: Recorder) -> Any:
    """Give those of ``np.take_along_axis(x, labels[:, None], axis=1)``."""
    labels, columns = node.inputs[1], shape[-1]
    is_last = node.attrs["axis"] in (len(shape) - 1, -1)
    if len(shape) < 2 or not is_last or labels.spec.shape != (*shape[:-1], 1):
        return None
    flat = squeeze(recorder.wrap(labels), axis=len(shape) - 1)
    return recorder.record(one_hot, (flat,), {"classes": columns})


def _diagonal(node: Node, shape: Shape, recorder: Recorder) -> Any:
    """Give the identity that ``np.diag(x)`` is a multiple of."""
    if len(shape) != 2:
        return None
    rows, columns = shape
    if rows != columns or node.attrs["offset"] or node.inputs[0].spec.shape != (rows,):
        return None
    identity = recorder.builder.make(eye, (), {"n": rows, "m": rows, "k": 0})
    return recorder.wrap(identity)


_ROWS: dict[Op, Callable[..., Any]] = {
    scatter_add: _picked_rows,
    add_along_axis: _along_rows,
    from_diagonal: _diagonal,
}
