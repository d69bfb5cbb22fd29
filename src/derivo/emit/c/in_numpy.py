"""What NumPy computes between the loops: arrays go there and back row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator

from derivo.emit.c.layout import block, comment
from derivo.emit.c.outside import sides
from derivo.emit.c.place import size_name
from derivo.emit.c.writer import LeafText, Writer
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import Number, Panels, layout_of, origin
from derivo.emit.plan.leaf import InNumpy
from derivo.graph.node import Node
from derivo.graph.op import fields


def handed_over(leaf: InNumpy) -> Iterator[Node]:
    """Give the values that NumPy is given, each once, and last the one that it gives.

    What is written as a number wherever it is read is known there, too.
    """
    (node,) = leaf.nodes
    values = [origin(n) for n in node.inputs if not is_literal(origin(n))]
    yield from dict.fromkeys([*values, node])


class InNumpyWriter(Writer):
    """One value that NumPy computes."""

    leaf: InNumpy

    def write(self) -> LeafText:
        """Write the leaf."""
        (node,) = self.leaf.nodes
        name = self.module.arrays[node]
        title = self.module.names.fresh(f"compute_{name}")
        *given, _ = handed_over(self.leaf)
        operands = [n for n in node.inputs if not is_literal(origin(n))]
        places = ", ".join(self._place(origin(n)) for n in (*operands, node))
        number = self.module.in_numpy[node]
        rows = f"s->{size_name(self.module.rows)}" if self.module.rows else "0"
        lines = [
            *(line for n in given for line in self._copied(n, is_back=False)),
            f"void *arrays[] = {{{places}}};",
            f"if (s->ask_numpy({number}, arrays, {rows})) *s->is_lost = 1;",
            *self._copied(node, is_back=True),
        ]
        text = block(f"OWN void {title}(const struct step *s)", lines)
        note = f"In NumPy: {name} = {self._in_words(node)}."
        last = ""
        if isinstance(layout_of(node.spec.shape), Number):
            last = f"s->{name} = *s->{self.module.by_rows[name]};"
        text = "\n".join([*comment(note), text])
        return LeafText(text, f"{title}(s);", last)

    def _in_words(self, node: Node) -> str:
        """Write what NumPy computes: its text where that is one line."""
        operands = [
            self.module.arrays.get(origin(n)) or str(n.attrs.get("value", n.op.name))
            for n in node.inputs
        ]
        text = node.op.text(node.attrs, *(n.spec for n in node.inputs))
        called = any(f"{h.__name__}(" in text for h in node.op.helpers)
        if not text or "{out}" in text or called:
            return f"{node.op.name}({', '.join(operands)})"
        known = {
            **{name: repr(v) for name, v in fields(node.attrs).items()},
            **{str(k): name for k, name in enumerate(operands)},
            "*": ", ".join(operands),
            "dtype": "dtype",
        }
        return re.sub(r"\{(\w+|\*)\}", lambda found: known[found[1]], text)

    def _place(self, node: Node) -> str:
        """Give where NumPy finds a value: lines lie there row by row as they are."""
        name = self.module.arrays[node]
        return f"s->{self.module.by_rows.get(name, name)}"

    def _copied(self, node: Node, *, is_back: bool) -> list[str]:
        """Copy a value to where NumPy finds it, or back from there."""
        name, layout = self.module.arrays[node], layout_of(node.spec.shape)
        rows = self.module.by_rows.get(name)
        if isinstance(layout, Number):
            # Back it comes in each thread, for which it is a number of its own.
            return [] if is_back else [f"*s->{rows} = s->{name};"]
        if not isinstance(layout, Panels):
            return []
        size = sides(layout, self.module)
        if is_back:
            return [f"pack(s->{name}, s->{rows}, {size});"]
        return [f"unpack(s->{name}, s->{rows}, {size});"]
