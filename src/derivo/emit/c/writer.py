"""The functions of a C text, one for each leaf: what they have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from derivo.emit.c.layout import block, comment
from derivo.emit.c.place import Body, Module, count_uses, size_name
from derivo.emit.plan.layout import layout_of, letters
from derivo.emit.plan.leaf import Leaf
from derivo.graph.node import Node


@dataclass(frozen=True)
class LeafText:
    """What is written for a leaf.

    Attributes
    ----------
    functions
        Text of its functions; empty if it needs none.
    call
        The statements that run it; ``{share}`` stands for the rows of a part.
    last
        Statements for the end of the phase: new values of numbers, whose old ones
        others may still read.
    is_cheap_in_parts
        Whether many parts cost no more than one: not where each goes through all that
        is given.
    """

    functions: str
    call: str
    last: str = ""
    is_cheap_in_parts: bool = True


class Writer(ABC):
    """Writes the functions of one leaf.

    Parameters
    ----------
    leaf
        What is computed.
    module
        What all functions share.
    """

    def __init__(self, leaf: Leaf, module: Module) -> None:
        self.leaf = leaf
        self.module = module
        self.target = module.target

    @abstractmethod
    def write(self) -> LeafText:
        """Write the leaf."""

    # --- names ------------------------------------------------------------------------

    def title(self) -> str:
        """Give the name of the function: what it is there for."""
        arrays = self.module.arrays
        if self.leaf.stores:
            return self.module.names.fresh(
                f"update_{arrays[next(iter(self.leaf.stores))]}"
            )
        kept = [n for n in self.leaf.nodes if n in self.leaf.kept]
        named = [n for n in kept if n in self.module.wishes] or kept
        return self.module.names.fresh(f"compute_{arrays[named[-1]]}")

    def results(self) -> str:
        """Give what the leaf computes, for a comment."""
        names = [self.module.arrays[n] for n in self.leaf.nodes if n in self.leaf.kept]
        return ", ".join([*names, *(self.module.arrays[a] for a in self.leaf.stores)])

    def written(self) -> set[str]:
        """Give the arrays that the leaf writes to."""
        values = [*self.leaf.nodes, *self.leaf.stores]
        return {self.module.arrays[n] for n in values if n in self.module.arrays}

    # --- layout -----------------------------------------------------------------------

    def declarations(self, body: Body) -> list[str]:
        """Declare what a body reads of the step."""
        written = self.written()
        return [
            *(f"const long {n} = s->{n};" for n in map(size_name, body.sizes)),
            *(
                f"{'' if n in written else 'const '}real *restrict {n} = s->{n};"
                for n in body.arrays
            ),
            *(f"const double {n} = s->{n};" for n in body.numbers),
        ]

    def shared(
        self, title: str, body: Body, lines: Iterable[str], note: str
    ) -> LeafText:
        """Write a function that is done in parts."""
        head = f"OWN void {title}(const struct step *s, long begin, long end)"
        text = block(head, [*self.declarations(body), *lines])
        text = "\n".join([*(comment(note) if note else []), text])
        return LeafText(text, f"{title}(s, {{share}});")

    # --- elements ---------------------------------------------------------------------

    def compute(self, body: Body, nodes: Iterable[Node], kind: str = "vec") -> None:
        """Write statements for values, each with a variable or where it is read."""
        counts = count_uses(self.leaf.nodes)
        held = self.leaf.kept | set(self.leaf.stores.values())
        for node in nodes:
            body.define(node, kind, alone=counts.get(node, 0) <= 1 and node not in held)

    def finish(self, body: Body, nodes: Iterable[Node]) -> None:
        """Write what is kept, and the new values of arguments, into their arrays."""
        among = set(nodes)
        for node in self.leaf.nodes:
            if node in among and node in self.leaf.kept:
                body.keep(self.module.arrays[node], body.locals[node])
        for argument, node in self.leaf.stores.items():
            if node in among:
                text = body.read(node, letters(layout_of(node.spec.shape)))
                body.keep(self.module.arrays[argument], text)


def registers(parts: int, body: Body, at: str) -> str:
    """Write the loop over the registers of a row in a panel."""
    places = [f"const long at = {at};"]
    if reads_columns(body.lines):
        places.append("const long col = j + q * LANES;")
    return block(f"for (int q = 0; q < {parts}; ++q)", [*places, *body.lines])


def reads_columns(lines: Iterable[str]) -> bool:
    """Tell whether a line is read at the column."""
    return any("+ col)" in line for line in lines)
