"""Values put where others are: carries of loops, and what their steps give."""

from __future__ import annotations

from derivo.emit.c.element import literal
from derivo.emit.c.place import CAST, Body
from derivo.emit.c.plain import PlainWriter
from derivo.emit.c.writer import LeafText
from derivo.emit.plan.layout import Number, layout_of, place
from derivo.emit.plan.leaf import Move
from derivo.emit.plan.scan import counter_text
from derivo.graph.dim import Shape


class MoveWriter(PlainWriter):
    """One value into an array, into a part of one, or on top of it."""

    leaf: Move

    def shape(self) -> Shape:
        """Give the shape of what is moved."""
        value = self.leaf.to if self.leaf.value is None else self.leaf.value
        return value.spec.shape

    def in_lanes(self, lane: str) -> LeafText:
        """Write the leaf, with registers along the axis of a letter, or none."""
        leaf, shape, name = self.leaf, self.shape(), self.module.arrays[self.leaf.to]
        if isinstance(layout_of(shape), Number):
            return LeafText("", self._number(name))
        self.begin((), lane)
        value = literal(0)
        if leaf.value is not None:
            value = self.reader.at(leaf.value, place(shape))
        index = place(shape)
        if leaf.counter:
            index = (counter_text(leaf.counter), *index)
        self.body.arrays[name] = None
        at, _ = self.reader.place(index, leaf.to.spec.shape)
        if lane:
            new, old = self.printer.vector(value).code, f"load({name} + {at})"
            new = f"{old} + {new}" if leaf.is_added else new
            text = f"store({name} + {at}, {new});"
        else:
            sign = "+=" if leaf.is_added else "="
            text = f"{name}[{at}] {sign} {self.printer.real(value).code};"
        title = self.module.names.fresh(f"{self._verb()}_{name}")
        return self.shared(title, self.body, [self.over_rows(shape, text)], "")

    def written(self) -> set[str]:
        """Give the arrays that the leaf writes to."""
        return {self.module.arrays[self.leaf.to]}

    def _verb(self) -> str:
        if self.leaf.counter:
            return "keep"
        return "add_to" if self.leaf.is_added else "begin"

    def _number(self, name: str) -> str:
        leaf = self.leaf
        body = Body(self.module, is_matrix=False, member="s->")
        value = literal(0) if leaf.value is None else body.read(leaf.value, "")
        sign = "+=" if leaf.is_added else "="
        if isinstance(layout_of(leaf.to.spec.shape), Number):
            return f"s->{name} {sign} {value.code};"
        return f"s->{name}[s->{leaf.counter}] {sign} (real){value.inside(CAST)};"
