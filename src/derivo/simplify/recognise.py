"""Recognising what the user spelled out, and rewriting what would overflow.

``1 / (1 + np.exp(-n))`` and ``np.exp(n) / (1 + np.exp(n))`` are the same quotient of
exponentials, and that has a name: sigmoid. ``np.log(p)`` of a softmax is
``z - logsumexp(z)``, which survives logits of +-1000.
"""

from __future__ import annotations

from collections import Counter

from derivo.graph.builder import Builder
from derivo.graph.node import Graph, Node
from derivo.ops.arithmetic import div, log, mul, power, square
from derivo.ops.elementwise import cosh, where
from derivo.ops.index import gather
from derivo.ops.leaf import arange, eye, one_hot
from derivo.ops.pick import take_along_axis
from derivo.ops.shape import expand_dims
from derivo.simplify.lower import Lowering
from derivo.simplify.patterns import has_exponentials, has_log, is_complete
from derivo.simplify.polish import Tidy
from derivo.simplify.read import Reader
from derivo.simplify.terms import NotAlgebraic, Terms
from derivo.simplify.write import Writer
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
        same = self._rewritten_first(node, same)
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
