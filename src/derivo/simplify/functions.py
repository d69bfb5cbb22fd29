"""Functions that are called: each is recognised, differentiated and shortened once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from derivo.differentiate.reverse import Differentiated, differentiate
from derivo.graph.block import Block
from derivo.graph.builder import Builder
from derivo.graph.loop import within_loops
from derivo.graph.node import Node
from derivo.simplify.assume import Facts
from derivo.simplify.driver import simplify_backward, simplify_forward
from derivo.simplify.model import Backward, Derived, Forward
from derivo.simplify.region import Region
from derivo.simplify.rewriting import Decision

# What each distinct backward pass of a block is known by.
Key = tuple[Block, tuple[int, ...], tuple[int, ...]]


@dataclass
class Functions:
    """Derives the functions that a derivation calls, each once.

    Nothing is assumed of their arguments: what holds for one call need not hold for
    the next.

    Attributes
    ----------
    simplify, stabilize
        As `derivo.derive` has them.
    """

    builder: Builder
    simplify: bool = True
    stabilize: bool = True
    forwards: dict[Block, Forward] = field(default_factory=dict)
    known: dict[Key, Derived] = field(default_factory=dict)
    solved: dict[Region, Decision] = field(default_factory=dict)

    def forward(self, block: Block) -> Forward:
        """Give the forward pass of a block, its spellings recognised."""
        if block not in self.forwards:
            self.forwards[block] = simplify_forward(
                block.graph, self.builder, Facts(nothing=True),
                recognise=self.simplify, stabilize=self.stabilize,
            )  # fmt: skip
        return self.forwards[block]

    def derived(
        self, block: Block, wrt: tuple[int, ...], seeded: tuple[int, ...]
    ) -> Derived:
        """Give the backward pass of a block.

        Parameters
        ----------
        wrt
            Places of the arguments whose gradients are wanted.
        seeded
            Places of the results that have an adjoint.
        """
        key = block, wrt, seeded
        if key not in self.known:
            forward = self.forward(block)
            results = tuple(forward.graph.outputs[k] for k in seeded)
            graph = replace(forward.graph, outputs=results)
            names = tuple(graph.inputs[i].attrs["name"] for i in wrt)
            number = f"{block.function} {len(self.known)}"
            raw = differentiate(graph, names, self.builder, functions=self, of=number)
            backward = self.shortened(raw, replace(forward, graph=graph))
            self.known[key] = Derived(block, wrt, seeded, forward, backward)
        return self.known[key]

    def shortened(self, raw: Differentiated, forward: Forward) -> Backward:
        """Shorten a backward pass, with what is known of others of this derivation."""
        return simplify_backward(
            raw, forward, enabled=self.simplify, solved=self.solved
        )

    def operations(self, backward: Backward, forward: Forward) -> int:
        """Count the operations of a backward pass.

        Those of functions count at every call, those of the steps of a loop once.
        """
        known = {*forward.known, *within_loops(forward.known)}
        seen: set[Node] = set()
        stack = list(backward.gradients.values())
        count = 0
        while stack:
            node = stack.pop()
            if node in seen or node in known:
                continue
            seen.add(node)
            stack.extend(node.inputs)
            if "item" in node.op.traits:
                stack.append(node.attrs["of"])
            elif "loop" in node.op.traits:
                stack.extend(node.attrs["loop"].following)
            elif "back" in node.op.traits:
                derived: Derived = node.attrs["derived"]
                count += self.operations(derived.backward, derived.forward)
            elif node.inputs and not node.op.traits & {"view", "result"}:
                count += 1
        return count
