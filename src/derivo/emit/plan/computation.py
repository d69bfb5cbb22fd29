"""What is to be scheduled: the graph of a step, and what its arguments are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from derivo.emit.plan.products import with_plain_products
from derivo.graph.dim import names as size_names
from derivo.graph.node import Node, order


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
    """

    batches: tuple[Node, ...]
    kept: tuple[Node, ...]
    numbers: tuple[Node, ...]
    results: tuple[Node, ...]
    loss: Node | None
    outputs: tuple[Node, ...]
    names: Mapping[Node, str]
    rows: str = ""

    @property
    def sizes(self) -> tuple[str, ...]:
        """Names of all sizes, sorted."""
        nodes = (*order(self.roots), *self.batches, *self.kept)
        dims = {d for n in nodes for d in (*n.spec.shape, n.attrs.get("dim", 1))}
        return tuple(sorted({name for d in dims for name in size_names(d)}))

    @property
    def roots(self) -> tuple[Node, ...]:
        """All that must be computed."""
        loss = () if self.loss is None else (self.loss,)
        return (*loss, *self.results, *self.outputs)

    def prepared(self) -> Computation:
        """Give the same computation, its products as loops compute them."""
        new = with_plain_products(self.roots)
        names: dict[Node, str] = {}
        for node, name in self.names.items():
            if node in new:
                names.setdefault(new[node], name)
        return replace(
            self,
            results=tuple(new[n] for n in self.results),
            loss=None if self.loss is None else new[self.loss],
            outputs=tuple(new[n] for n in self.outputs),
            names=names,
        )
