"""The forward pass in matrices: what each name stands for."""

from __future__ import annotations

from derivo.explain.document import Paragraph, Row, Section
from derivo.explain.formula.of_node import formula_of
from derivo.explain.levels.sums import folded
from derivo.explain.levels.tell import Telling

MOST = 12  # rows; further ones are behind a fold


def values(t: Telling) -> tuple[Section, ...]:
    """List the values that have names, the user's own or those of the emitted code."""
    rows = [
        Row(t.names[n], formula_of(n, t.names))
        for n in t.subject.graph.nodes()
        if n.inputs and n in t.names and not n.op.traits & {"loop", "item"}
    ]
    rows = [row for row in rows if row.left != row.right]
    if not rows:
        return ()
    blocks = (
        Paragraph(t.words.runs("matrix.values")), *folded(t.words, rows, MOST),
    )  # fmt: skip
    title = t.words.runs("matrix.values_title")
    return (Section("values", title, blocks, "matrix"),)
