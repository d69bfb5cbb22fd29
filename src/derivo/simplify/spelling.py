"""What the user spelled out gets its name; what NumPy has no word for is spelled out.

``1 / (1 + np.exp(-n))`` and ``np.exp(n) / (1 + np.exp(n))`` are the same quotient of
exponentials, and that has a name: sigmoid. ``np.log(p)`` of a softmax is
``z - logsumexp(z)``, which survives logits of +-1000.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np

from derivo.graph.builder import Builder
from derivo.graph.element import Rearranged
from derivo.graph.loop import Loop
from derivo.graph.node import Graph, Node, between
from derivo.ops.arithmetic import add, div, log, mul, power, square, sub
from derivo.ops.assemble import assemble, is_in_parts, narrowed, together
from derivo.ops.elementwise import cosh, where
from derivo.ops.index import gather, scatter_add
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import arange, as_float, eye, fill, made, one_hot
from derivo.ops.pick import take_along_axis
from derivo.ops.reduce import sum_
from derivo.ops.shape import expand_dims, squeeze
from derivo.simplify.patterns import has_exponentials, has_log, is_complete
from derivo.simplify.polish import Tidy
from derivo.simplify.rules import divides_in_vain
from derivo.simplify.terms import NotAlgebraic, Terms
from derivo.simplify.translate import Reader, Writer
from derivo.trace.recorder import Recorder

# --- order ----------------------------------------------------------------------------
#
# The order of factors in a forward product, where the backward pass has a wish.


def is_identity(node: Node) -> bool:
    """Tell whether a value is an identity matrix."""
    return node.op is eye and node.attrs["n"] == node.attrs["m"] and not node.attrs["k"]


def normalised_first(node: Node, readers: int, builder: Builder) -> Node:
    """Rewrite ``gamma * h / s`` as ``gamma * (h / s)``.

    Where `h` is the array and `gamma` and `s` are copied along its axes, the normalised
    ``h / s`` is what the gradients of all three are made of. It takes as many
    operations, and the same up to rounding.
    """
    product, s = node.inputs
    if product.op is not mul or readers != 1:
        return node
    shape = node.spec.shape
    whole = [i for i in product.inputs if i.spec.shape == shape]
    small = [i for i in product.inputs if i.spec.shape != shape]
    if len(whole) != 1 or len(small) != 1 or s.spec.shape == shape:
        return node
    if not s.inputs or not small[0].spec.rank or not s.spec.rank:
        return node
    normal = builder.make(node.op, (whole[0], s), {}, node.line, node.group)
    return builder.make(mul, (small[0], normal), {}, node.line, node.group)


# --- picked ---------------------------------------------------------------------------
#
# Picking after dividing: ``e[i, y] / s`` is ``(e / s)[i, y]``, perhaps a softmax.


def quotient(node: Node, builder: Builder) -> Node | None:
    """Give the quotient of whole arrays that a quotient of picked entries is part of.

    Parameters
    ----------
    node
        ``pick(e) / s``.

    Returns
    -------
    Node
        ``e / s`` with the rows of s along those of e; None where s varies with what is
        picked.
    """
    if node.op is not div:
        return None
    pick, below = node.inputs
    if "selects" not in pick.op.traits:
        return None
    whole = pick.inputs[0]
    if _goes_along(pick, below):
        return builder.make(div, (whole, below))
    if _is_one_of_each_row(pick) and below.spec.shape == whole.spec.shape[:1]:
        column = builder.make(expand_dims, (below,), {"axis": 1})
        return builder.make(div, (whole, column))
    return None


def _goes_along(pick: Node, below: Node) -> bool:
    """Tell whether a divisor is the same for all that may be picked."""
    if not below.spec.rank:
        return True
    whole = pick.inputs[0].spec
    if pick.op is not take_along_axis or below.spec.rank != whole.rank:
        return False
    return bool(below.spec.shape[pick.attrs["axis"]] == 1)


def _is_one_of_each_row(pick: Node) -> bool:
    """Tell ``x[np.arange(n), labels]`` from other ways to pick."""
    if pick.op is not gather or pick.attrs["axis"] or len(pick.inputs) != 3:
        return False
    whole, rows, labels = pick.inputs
    counts = rows.op is arange and rows.attrs["stop"] == whole.spec.shape[0]
    return counts and whole.spec.rank == 2 and labels.spec.shape == rows.spec.shape


# --- recognise ------------------------------------------------------------------------

# A function is spelled with no more terms and values than this.
SPELLED = (12, 40)


class Recogniser:
    """Rebuilds a forward graph with recognised operations.

    Attributes
    ----------
    new
        What became of each value of the traced graph.
    notes
        What to say about a value that was changed.
    gone
        Values that nothing needs any more, and that no gradient is to be made of.
    """

    def __init__(
        self, graph: Graph, builder: Builder, *, stabilize: bool,
        given: frozenset[Node] = frozenset(), same_text: bool = True,
    ) -> None:  # fmt: skip
        self.graph = graph
        self.builder = builder
        self.stabilize = stabilize
        # Without stabilizing, the user's own text is to be what runs; what is only
        # shown may be an equal one, as sigmoid(w x) is for 1 / (1 + exp((-w) x)).
        self.same_text = same_text and not stabilize
        self.new: dict[Node, Node] = {g: g for g in given}
        self.notes: dict[Node, str] = {}
        self.gone: set[Node] = set()
        self.rewritten: list[tuple[Node, Node]] = []
        self.named: set[Node] = set(given)
        self.shallow = Reader(
            lambda n: n in self.named or n.op.algebra is None, exps=True, most=SPELLED
        )
        # Like `shallow`, but logarithms that were rewritten are seen.
        self.visible = Reader(
            lambda n: (
                n.op.algebra is None or (n in self.named and not has_log(self.deep(n)))
            ),
            exps=True,
            most=SPELLED,
        )
        self.deep = Reader(lambda n: n.op.algebra is None, exps=True, most=SPELLED)
        self.readers = Counter(i for n in graph.nodes() for i in n.inputs)
        self.readers.update(graph.outputs)
        self.sums: dict[object, Node] = {}
        self.values: dict[object, Node] = {}
        self.exponential: set[Node] = set()
        self.writer = Writer(
            Recorder(builder), lambda _n: True, self.sums, careful=True
        )
        self.lowering = Lowering(builder)
        self.tidy = Tidy(builder)

    def run(self) -> Graph:
        """Give the graph with everything recognised."""
        for node in self.graph.nodes():
            self.new[node] = self._recognise(node)
        names: dict[Node, str] = {}
        self._name_rewritten(names)
        for node, name in self.graph.names.items():
            names.setdefault(self.new.get(node, node), name)
        outputs = tuple(self.new[n] for n in self.graph.outputs)
        return Graph(self.graph.name, self.graph.inputs, outputs, names)

    def _name_rewritten(self, names: dict[Node, str]) -> None:
        """Name a value that was rewritten, as ``log_p`` for ``np.log(p)``."""
        for old, new in self.rewritten:
            operand = self.graph.names.get(old.inputs[0])
            if old not in self.graph.names and len(old.inputs) == 1 and operand:
                names[new] = f"{old.op.name}_{operand}"

    def _recognise(self, node: Node) -> Node:
        inputs = tuple(self.new[i] for i in node.inputs)
        same = node
        if inputs != node.inputs:
            same = self.tidy.make(
                node.op, inputs, dict(node.attrs), node.line, node.group
            )
        elif "view" in node.op.traits:
            same = self._same_view(node)
        if same.op.lower is not None:
            self.named.add(same)
            return same
        if (
            same.op is where
            and same.inputs[1] is same.inputs[2]
            and same.inputs[1].spec == same.spec  # the mask may have more elements
        ):
            return same.inputs[1]  # two spellings of one value, each for its own range
        same = self._picked_labels(node, self._rewritten_first(node, same))
        return (
            self._named(node, same)
            or self._divided_first(same)
            or self._picked(node, same)
            or self._noted(same)
        )

    def _same_view(self, node: Node) -> Node:
        """Give another spelling of a view on the same value, as ``m[:, 0]``."""
        other = self.tidy.tidied(node)
        return other if other.inputs == node.inputs else node

    def _rewritten_first(self, node: Node, same: Node) -> Node:
        """Bring two spellings to the one that the backward pass can make use of."""
        if same.op is gather and same.attrs.get("axis", 0) == 0:
            table, *labels = same.inputs
            if is_identity(table) and len(labels) == 1 and not same.attrs.get("index"):
                classes = {"classes": table.attrs["m"]}
                return self.builder.make(one_hot, tuple(labels), classes, node.line)
        if same.op in (div, mul) and node.inputs[0] not in self.graph.names:
            return normalised_first(same, self.readers[node.inputs[0]], self.builder)
        return same

    def _picked_labels(self, node: Node, same: Node) -> Node:
        """Rewrite ``np.sum(np.eye(c)[y] * x, axis=1)`` as ``x[np.arange(n), y]``.

        No row of zeros is made then, and no number is multiplied by 0.
        """
        product = same.inputs[0] if same.op is sum_ else None
        if product is None or product.op is not mul or self.same_text:
            return same
        axes = normal_axis(same.attrs["axis"], product.spec.rank)
        for ones, x in (product.inputs, product.inputs[::-1]):
            is_whole = ones.spec == product.spec == x.spec
            if ones.op is not one_hot or not is_whole or ones.spec.rank - 1 not in axes:
                continue
            rows = [i for i in node.inputs[0].inputs if self.new[i] is ones]
            if all(self.readers[n] == 1 for n in (node.inputs[0], *rows)):
                self.gone |= {product, ones}
                return self._summed(picked_rows(self.tidy.wrap(x), ones), same)
        return same

    def _summed(self, picked: Any, node: Node) -> Node:
        """Add up what was picked from the last axis along the other axes of a sum."""
        rank = picked.ndim + 1
        axes = normal_axis(node.attrs["axis"], rank)
        kept = bool(node.attrs["keepdims"])
        rest = tuple(a for a in axes if a != rank - 1)
        if kept:
            picked = expand_dims(picked, axis=rank - 1)
        if rest:
            whole = None if len(rest) == picked.ndim and not kept else rest
            axis = rest[0] if whole and len(rest) == 1 else whole
            picked = sum_(picked, axis=axis, keepdims=kept)
        made_of_picked: Node = picked.node
        return made_of_picked

    def _named(self, node: Node, same: Node) -> Node | None:
        """Rewrite a quotient or a logarithm of exponentials by its name."""
        if not self._meets_exponentials(same):
            return None
        visible, patterns = self.visible.through(same), self.writer.patterns
        joined = patterns.log_sigmoid(patterns.split_softplus(visible.items))
        joined = patterns.log_cosh(joined, visible.shape)
        if self.stabilize and joined != visible.items:
            return self._rewrite(node, same, visible)
        terms = self._read(same)
        if terms is None or not has_exponentials(terms):
            return None
        wanted = self.stabilize or not has_log(terms)
        # 1 / cosh(x)**2 is 0 where the square overflows, and stays as it is.
        wanted = wanted and not _is_power_of_cosh(same)
        if wanted and is_complete(terms, patterns):
            return self._rewrite(node, same, terms)
        return None

    def _meets_exponentials(self, same: Node) -> bool:
        """Tell whether a value is made of exponentials or logarithms anywhere."""
        if self.exponential.isdisjoint(same.inputs):
            terms = self.deep(same)
            if not (has_exponentials(terms) or has_log(terms)):
                return False
        self.exponential.add(same)
        return True

    def _noted(self, same: Node) -> Node:
        """Note what a value is; give an equal one that was computed before."""
        for reader in (self.shallow, self.deep):
            terms = reader(same)
            if terms.items == Terms.of(same).items:
                continue
            if not terms.items or divides_in_vain(same, terms.items):
                continue  # it is not equal where it is made of what is infinite
            key = frozenset(terms.items.items())
            if reader is self.shallow:
                same = self.values.setdefault((key, same.spec), same)
            if key not in self.sums or self.sums[key].spec.rank > same.spec.rank:
                self.sums[key] = same
        return same

    def _divided_first(self, same: Node) -> Node | None:
        """Rewrite a quotient of picked entries as entries of a quotient with a name."""
        whole = None if self.same_text else quotient(same, self.builder)
        terms = None if whole is None else self._read(whole)
        if whole is None or terms is None or not has_exponentials(terms):
            return None
        if has_log(terms) or not is_complete(terms, self.writer.patterns):
            return None
        new = self._rewrite(whole, whole, terms)
        pick = same.inputs[0]
        made = self.builder.remake(pick, (new, *pick.inputs[1:]))
        return made if made.spec == same.spec else None

    def _picked(self, node: Node, same: Node) -> Node | None:
        """Rewrite the logarithm of picked probabilities as picked log-probabilities."""
        pick = same.inputs[0] if len(same.inputs) == 1 else None
        if (
            pick is None
            or "selects" not in pick.op.traits
            or "elementwise" not in same.op.traits
        ):
            return None
        whole = self.builder.make(
            same.op, pick.inputs[:1], dict(same.attrs), node.line, node.group
        )
        terms = self._read(whole)
        if terms is None or not self.stabilize:
            return None
        # log(exp(u)); a logarithm that stands for itself is none.
        is_itself = terms.items == Terms.of(whole).items
        undone = same.op is log and not has_exponentials(terms) and not is_itself
        if not (has_log(terms) or undone):
            return None
        if not is_complete(terms, self.writer.patterns):
            return None
        new = self._rewrite(whole, whole, terms)
        made = self.builder.make(
            pick.op, (new, *pick.inputs[1:]), dict(pick.attrs), node.line, node.group
        )
        self.notes[new] = "written so that nothing overflows"
        return made

    def _read(self, node: Node) -> Terms | None:
        """Read a node; the logarithm of something recognised is read to the ground."""
        if node.op.algebra is None:
            return None
        terms = self.shallow(node)
        if terms.items == Terms.of(node).items:
            try:
                terms = self.deep.through(node)
            except NotAlgebraic:
                return None
        return terms

    def _rewrite(self, node: Node, same: Node, terms: Terms) -> Node:
        new = self.writer(terms)
        if new is same or new.spec != same.spec:
            return same
        if self.same_text and self.lowering(new) is not self.lowering(same):
            return same  # it would be computed in another way
        self.named.add(new)
        # What a rewritten value is made of is not taken apart again.
        self.named.update(n for n in new.inputs if n.op.lower is not None)
        self.rewritten.append((node, new))
        if self.lowering(new) is not self.lowering(same):
            self.notes[new] = "written so that nothing overflows"
        return new


def _is_power_of_cosh(node: Node) -> bool:
    """Tell whether a value is a number divided by a power of a cosh, or that power."""
    if node.op is div and not node.inputs[0].inputs:
        node = node.inputs[1]
    while node.op in (power, square, mul):
        node = node.inputs[0]
    return node.op is cosh


class Lowering:
    """Rebuilds nodes so that each operation has NumPy text of its own.

    Attributes
    ----------
    in_place
        Rows of a single 1 are taken from what they are taken from, at the places of
        the ones: so a person writes a backward pass, and it holds no zeros.
    at_hand
        Values of the forward pass, as they are written: rows that it has made itself
        are subtracted as they are.
    """

    def __init__(self, builder: Builder) -> None:
        self.in_place = False
        self.at_hand: Collection[Node] = ()
        self.recorder = Recorder(builder)
        self.tidy = Tidy(builder)
        self.done: dict[Node, Node] = {}
        self.computed: set[Node] = set()

    def __call__(self, root: Node) -> Node:
        """Give the node that computes the same in operations NumPy has."""
        if root in self.done:
            return self.done[root]
        for node in between([root], self.done):
            self.done[node] = self._lower(node)
            self.computed.add(self.done[node])
        return self.done[root]

    def _lower(self, node: Node) -> Node:
        inputs = tuple(self.done[i] for i in node.inputs)
        if node.op.lower is not None:
            result = node.op.lower(
                *(self.recorder.wrap(i) for i in inputs), **node.attrs
            )
            return self(self.recorder.lift(result))
        attrs: dict[str, Any] | None = None
        if node.op.traits & {"loop", "item"}:
            attrs = {k: self._inside(v) for k, v in node.attrs.items()}
            attrs = None if attrs == node.attrs else attrs
        new = self.recorder.builder.remake(node, inputs, attrs)
        if self.in_place:
            new = self._at_labels(new) or self._less_parts(new) or new
            new = narrowed(new, self.recorder.builder)
        return self._without_detour(new)

    def _at_labels(self, node: Node) -> Node | None:
        """Write ``v[:, None] * np.eye(c)[labels]`` as zeros but for the v."""
        if node.op is not mul:
            return None
        for ones, value in (node.inputs, node.inputs[::-1]):
            if ones.op is one_hot and ones not in self.at_hand:
                (labels,) = ones.inputs
                column = (*labels.spec.shape, 1)
                if ones.spec.shape == node.spec.shape and value.spec.shape == column:
                    return self._scattered(labels, value, node)
        return None

    def _scattered(self, labels: Node, value: Node, whole: Node) -> Node:
        """Put a value for each label, or one for all, into its place in a row."""
        wrap = self.tidy.wrap
        v = wrap(value)
        if value.spec.rank == whole.spec.rank:
            v = squeeze(v, axis=-1)
        result: Node = scatter_add(
            v, *rows_of(wrap(labels)), wrap(labels), shape=whole.spec.shape, axis=0,
            distinct=True,
        ).node  # fmt: skip
        return result

    def _less_parts(self, node: Node) -> Node | None:
        """Write ``p - np.eye(c)[labels]`` as ``p[np.arange(n), labels] -= 1``.

        So it is with all that is zero but for a part: it is taken from there.
        """
        if node.op is not sub:
            return None
        whole, parts = node.inputs
        if whole.spec != node.spec or parts in self.at_hand or not whole.inputs:
            return None
        if parts.op is one_hot:
            minus_one = self.recorder.builder.make(
                fill, (), {"value": -1, "shape": parts.inputs[0].spec.shape,
                           "kind": "float"},
            )  # fmt: skip
            parts = self._scattered(parts.inputs[0], minus_one, node)
        elif is_in_parts(parts) and parts.op is not assemble:
            value, *places = parts.inputs
            minus = (-self.tidy.wrap(value)).node
            parts = self.recorder.builder.remake(parts, (minus, *places))
        else:
            return None
        found = together(parts, whole, lambda *pair: self.tidy.make(add, pair))
        return None if found is None else self.recorder.builder.make(assemble, *found)

    def _inside(self, value: Any) -> Any:
        """Lower the body of a loop, and a value that is read from it."""
        if isinstance(value, Loop):
            return value.replace(self)
        return self(value) if isinstance(value, Node) else value

    def _without_detour(self, node: Node) -> Node:
        """Write what a logsumexp is subtracted from, or adds to, by way of its shift m.

        ``(m + x) - m`` is x; ``z - (m + x)`` is ``(z - m) - x``, where ``z - m`` is
        computed anyway: sums with a large m would round away what is small.
        """
        if node.op is not sub:
            return node
        a, b = node.inputs
        rest = self._less(a, b)
        if rest is not None and rest.spec == node.spec:
            return rest
        for m in _addends(b):
            shifted = self.recorder.builder.known.get((sub.name, (a, m), ()))
            rest = self._less(b, m)
            # Many nodes have been made; only a few of them are computed.
            if shifted is not None and shifted in self.computed and rest is not None:
                return self.recorder.builder.make(
                    sub, (shifted, rest), {}, node.line, node.group
                )
        return node

    def _less(self, node: Node, m: Node) -> Node | None:
        """Give x for ``m + x`` and m, also where both are seen in the same way."""
        if node.op is add:
            left = [i for i in node.inputs if i is not m]
            return left[0] if len(left) == 1 else None
        if not isinstance(node.op.element, Rearranged):
            return None
        inner = None
        if node.op is m.op and node.attrs == m.attrs:
            (inner,) = m.inputs
        elif m.attrs.get("keepdims") is False and _drops_axis_of(node, m):
            attrs = {**m.attrs, "keepdims": True}
            inner = self.recorder.builder.remake(m, m.inputs, attrs)
        rest = None if inner is None else self._less(node.inputs[0], inner)
        return None if rest is None else self.recorder.builder.remake(node, (rest,))


def picked_rows(x: Any, ones: Node) -> Any:
    """Pick from the last axis of `x` the element where a row of ones has its 1."""
    labels = x.recorder.wrap(ones.inputs[0])
    if labels.ndim < 2:
        return gather(x, *rows_of(labels), labels, axis=0)
    picked = take_along_axis(x, expand_dims(labels, axis=-1), axis=labels.ndim)
    return squeeze(picked, axis=-1)


def rows_of(labels: Any) -> list[Any]:
    """Give the places that count up beside labels: ``np.arange(n)[:, None]``."""
    rows = []
    for a, n in enumerate(labels.node.spec.shape):
        row = made(arange, labels, stop=n)
        for _ in range(labels.ndim - 1 - a):
            row = expand_dims(row, axis=-1)
        rows.append(row)
    return rows


def _drops_axis_of(node: Node, reduced: Node) -> bool:
    """Tell whether a value drops the axis along which another one is reduced."""
    rank = node.inputs[0].spec.rank
    axes = [n.attrs.get("axis") for n in (node, reduced)]
    if node.spec.rank != rank - 1 or not all(isinstance(a, int) for a in axes):
        return False
    return normal_axis(axes[0], rank) == normal_axis(axes[1], rank)


def _addends(node: Node) -> list[Node]:
    """Give what is added up in a value."""
    return list(node.inputs) if node.op is add else []


# --- local ----------------------------------------------------------------------------
#
# The local derivative of an element-wise operation, as short as it gets.


def local_node(reader: Node, position: int, builder: Builder) -> Node | None:
    """Give the local derivative by one operand: the rule for an upstream adjoint of 1.

    Parameters
    ----------
    reader, position
        The operation, and which of its operands.
    builder
        Where new nodes may go.

    Returns
    -------
    Node
        None if the operation is not element-wise, or has no derivative there.
    """
    if "elementwise" not in reader.op.traits or reader.op.vjp is None:
        return None
    recorder = Recorder(builder)
    operands = [recorder.wrap(i) for i in reader.inputs]
    parts = reader.op.vjp(
        np.float64(1), recorder.wrap(reader), *operands, **reader.attrs
    )
    if parts[position] is None:
        return None
    node: Node = recorder.lift(parts[position])
    known = {reader, *reader.inputs}
    try:
        terms = Reader(lambda n: n in known)(node)
        lowering = Lowering(builder)
        lowering.done.update({n: n for n in known})
        node = lowering(Writer(recorder, lambda _n: True)(terms))
    except NotAlgebraic:
        pass  # it is written as the rule has it
    if node.op is as_float:  # a mask is as good as the numbers 0 and 1 to a reader
        (node,) = node.inputs
    return node
