"""Which backward functions are written: one for several sets of gradients, if near.

A function is derived once for each set of gradients that its calls want. Where a text
for more of them does hardly more work, that one is called, and what nobody reads is
dropped: ``_, d_w, d_b = layer_backward(saved, d_out)``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from derivo.graph.block import Block
from derivo.graph.loop import within_loops
from derivo.graph.node import order
from derivo.simplify.driver import Functions
from derivo.simplify.model import Derived

# So large a part of a call may be in vain: of its products of matrices, which take the
# time, and of its operations in all.
SMALL_PART = 1 / 3


@dataclass(frozen=True)
class Work:
    """What a backward pass computes, its own calls included."""

    products: int
    operations: int

    def is_near(self, larger: Work) -> bool:
        """Tell whether a larger backward pass takes hardly more."""
        products = larger.products - self.products
        operations = larger.operations - self.operations
        return (
            products <= SMALL_PART * larger.products
            and operations <= SMALL_PART * larger.operations
        )


def work_of(derived: Derived) -> Work:
    """Count what a backward pass computes; the steps of a loop once."""
    forward = order(derived.forward.known)
    own = order(derived.gradients)
    known = {*forward, *within_loops(forward)}
    products = operations = 0
    for n in (*own, *within_loops(own)):
        if n in known:
            continue
        if "back" in n.op.traits:
            inner = work_of(n.attrs["derived"])
            products += inner.products
            operations += inner.operations
        elif n.inputs and not n.op.traits & {"view", "result", "item", "loop", "call"}:
            operations += 1
            products += n.op.contraction is not None
    return Work(products, operations)


def written_for(
    block: Block, wanted: Iterable[Derived], functions: Functions
) -> dict[Derived, Derived]:
    """Give, for each backward pass that calls want, the one that is written for it.

    A step of a loop is written where it stands, each as it is.
    """
    wanted = tuple(wanted)
    found = {d: d for d in wanted}
    if block.step_of is not None:
        return found
    for seeded in dict.fromkeys(d.seeded for d in wanted):
        alike = [d for d in wanted if d.seeded == seeded]
        if len(alike) < 2:
            continue
        every = tuple(sorted({k for d in alike for k in d.wrt}))
        largest = max(alike, key=lambda d: len(d.wrt))
        work = {d: work_of(d) for d in alike}
        whole = functions.derived(block, every, seeded)
        if all(w.is_near(work_of(whole)) for w in work.values()):
            found |= dict.fromkeys(alike, whole)
            continue
        for d in alike:
            if {*d.wrt} <= {*largest.wrt} and work[d].is_near(work[largest]):
                found[d] = largest
    return found
