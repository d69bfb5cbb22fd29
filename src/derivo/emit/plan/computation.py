"""What is to be scheduled: the graph of a step, and what its arguments are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from derivo.emit.plan.loops import with_short_loops
from derivo.emit.plan.products import with_plain_products
from derivo.graph.dim import names as size_names
from derivo.graph.loop import Loop
from derivo.graph.node import Node, order


@dataclass(frozen=True)
class Put:
    """A value that goes into an array: the part of a step, or one more term of a sum.

    Attributes
    ----------
    value
        What goes there.
    to
        A result of a loop.
    counter
        The name of the number of the step, if the value is that step's part.
    is_added
        Whether it is added to what is there.
    """

    value: Node
    to: Node
    counter: str = ""
    is_added: bool = False


@dataclass(frozen=True)
class Computation:
    """The graph of a step, or of a function alone.

    Attributes
    ----------
    batches
        Arguments of which a step sees some rows.
    kept
        Arguments that stay from step to step: parameters, states, arrays that were
        closed over.
    numbers
        Arguments that are Python numbers: the learning rate, the number of the step.
    results
        What becomes of `kept`, for the first of them; the others stay.
    loss
        The number that must be finite for a step to count; None if there is none.
    outputs
        Values that are handed out after a step.
    names
        Names that values should get.
    rows
        The name of the size that differs from step to step; "" if none does.
    has_mirrors
        Whether transposes of what is kept stay at hand from step to step.
    has_copies
        Whether transposes and parts of matrices are written out where they are read;
        else they are read where the matrix lies.
    puts
        Where else values go.
    """

    batches: tuple[Node, ...]
    kept: tuple[Node, ...]
    numbers: tuple[Node, ...]
    results: tuple[Node, ...]
    loss: Node | None
    outputs: tuple[Node, ...]
    names: Mapping[Node, str]
    rows: str = ""
    has_mirrors: bool = True
    has_copies: bool = True
    puts: tuple[Put, ...] = ()

    @property
    def sizes(self) -> tuple[str, ...]:
        """Names of all sizes, sorted."""
        nodes = [*with_insides(order(self.roots)), *self.batches, *self.kept]
        dims = {d for n in nodes for d in (*n.spec.shape, n.attrs.get("dim", 1))}
        return tuple(sorted({name for d in dims for name in size_names(d)}))

    @property
    def roots(self) -> tuple[Node, ...]:
        """All that must be computed."""
        loss = () if self.loss is None else (self.loss,)
        return (*loss, *self.results, *self.outputs, *(p.value for p in self.puts))

    def prepared(self) -> Computation:
        """Give the same computation, its products and loops as they are computed."""
        rewritten = self
        for rewrite in (with_short_loops, with_plain_products):
            rewritten = rewritten.replaced(rewrite(rewritten.roots))
        return rewritten

    def for_small_machines(self) -> Computation:
        """Give the same computation with less memory, which takes more time."""
        return replace(self, has_mirrors=False, has_copies=False).prepared()

    def replaced(self, new: Mapping[Node, Node]) -> Computation:
        """Give the same computation of other values."""
        names: dict[Node, str] = {}
        for node, name in self.names.items():
            names.setdefault(new.get(node, node), name)
        return replace(
            self,
            results=tuple(new[n] for n in self.results),
            loss=None if self.loss is None else new[self.loss],
            outputs=tuple(new[n] for n in self.outputs),
            names=names,
            puts=tuple(replace(p, value=new[p.value]) for p in self.puts),
        )


def with_insides(nodes: Iterable[Node]) -> Iterator[Node]:
    """Give nodes, and those inside the loops among them."""
    for node in nodes:
        yield node
        if "loop" in node.op.traits:
            loop: Loop = node.attrs["loop"]
            yield from with_insides(loop.inside())
        elif "item" in node.op.traits:
            loop = node.inputs[0].attrs["loop"]
            yield from with_insides(loop.inside([node.attrs["of"]]))
