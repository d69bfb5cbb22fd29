"""Formulas as outlines: ziamath lays out our MathML, and this writes it as SVG."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET
from zlib import crc32

from derivo.errors import UsageError
from derivo.explain.writers.prepared import is_fenced, ready, row_of

INK = "#1a1a1a"
SUM_SIGNS = {"+", "−"}
FALLBACK = (
    "'Noto Serif CJK JP','Noto Sans CJK JP','Hiragino Mincho ProN','Yu Mincho',serif"
)


def renderer() -> ModuleType:
    """Give the module that lays out formulas.

    Raises
    ------
    UsageError
        It is not installed.
    """
    try:
        import ziamath
    except ImportError:
        message = (
            "pictures of formulas need ziamath: pip install 'derivo[svg]'; "
            'or save as .html, or the graph alone: explain("graph")'
        )
        raise UsageError(message) from None
    return ziamath  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Shape:
    """A laid-out line: how far it reaches around its origin, and its SVG."""

    width: float
    above: float
    below: float
    body: str

    def at(self, x: float, y: float) -> str:
        """Write it with its origin, the start of its line, at this place."""
        if not x and not y:
            return self.body
        return f'<g transform="translate({x:.2f} {y:.2f})">{self.body}</g>'


NOTHING = Shape(0.0, 0.0, 0.0, "")


def beside(shapes: Sequence[Shape]) -> Shape:
    """Put shapes beside each other, on one line."""
    x, parts = 0.0, []
    for shape in shapes:
        parts.append(shape.at(x, 0.0))
        x += shape.width
    above = max((s.above for s in shapes), default=0.0)
    return Shape(x, above, max((s.below for s in shapes), default=0.0), "".join(parts))


@dataclass(slots=True)
class Shapes:
    """Lays out MathML; a letter's outline is kept once, however often it is used."""

    outlines: dict[str, str] = field(default_factory=dict)
    done: dict[tuple[str, float, str], tuple[Shape, ...]] = field(default_factory=dict)
    module: ModuleType = field(default_factory=renderer)

    def shape(self, inner: str, size: float = 20.0, colour: str = INK) -> Shape:
        """Lay out what stands within a ``<math>`` element, as one line."""
        return beside(self.pieces(inner, size, colour))

    def pieces(
        self, inner: str, size: float = 20.0, colour: str = INK
    ) -> tuple[Shape, ...]:
        """Lay out pieces, between which a line may end: before a sum's signs.

        Parameters
        ----------
        inner
            As `derivo.explain.formula.mathml` writes it.
        size
            Height of the letters in pixels.
        colour
            Of what has no colour of its own.
        """
        key = (inner, size, colour)
        if key not in self.done:
            self.done[key] = tuple(self._pieces(*key))
        return self.done[key]

    def _pieces(self, inner: str, size: float, colour: str) -> Iterator[Shape]:
        font = self.module.Math("<math><mi>x</mi></math>").font
        root = ET.fromstring(f"<math>{inner}</math>")  # noqa: S314  our own writer's
        row = row_of([ready(child, font) for child in root])
        if row.tag != "mrow" or is_fenced(row):
            yield self._piece([row], size, colour)
            return
        # Alone in its piece a sign would not know that it stands between two terms.
        runs: list[list[ET.Element]] = [[]]
        for k, part in enumerate(row):
            between = part.tag == "mo" and 0 < k < len(row) - 1
            if between and "form" not in part.attrib:
                part.set("form", "infix")
            if between and part.text in SUM_SIGNS and runs[-1]:
                runs.append([])
            runs[-1].append(part)
        for run in runs:
            yield self._piece(run, size, colour)

    def _piece(self, parts: list[ET.Element], size: float, colour: str) -> Shape:
        root = ET.Element("mrow")
        root.extend(parts)
        if len(parts) == 1:
            root = parts[0]
        root.attrib.setdefault("mathcolor", colour)
        node = self.module.Math(root, size=size).node
        if not node.nodes:
            return Shape(node.xadvance(), 0.0, 0.0, "")
        box, written = node.bbox, []  # type: tuple[Any, list[str]]
        start = -min(box.xmin, 0.0)
        self._draw(node, start, 0.0, written)
        width = start + max(node.xadvance(), box.xmax)
        return Shape(width, max(box.ymax, 0.0), max(-box.ymin, 0.0), "".join(written))

    @property
    def definitions(self) -> str:
        """The outlines that the shapes refer to."""
        paths = (f'<path id="{k}" d="{d}"/>' for k, d in self.outlines.items())
        return f"<defs>{''.join(paths)}</defs>"

    def _draw(self, node: Any, x: float, y: float, out: list[str]) -> None:
        """Write a node; ziamath's own writer mixes up the colours around spaces."""
        if hasattr(node, "glyph"):
            out.append(self._letter(node, x, y))
        elif not hasattr(node, "nodexy"):  # the bar of a fraction or of a root
            width, height = (
                getattr(node, "length", node.lw),
                getattr(node, "height", node.lw),
            )
            hue = node.style.mathcolor
            out.append(
                f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" '
                f'height="{height:.2f}" fill="{hue}"/>'
            )
        elif text := node.element.get("data-text"):
            hue, size = node.style.mathcolor, node.glyphsize
            out.append(
                f'<text x="{x:.2f}" y="{y:.2f}" style="font-family:{FALLBACK};'
                f'fill:{hue};font-size:{size:.2f}px;text-anchor:start">{escape(text)}</text>'
            )
        else:
            factor, kind = node.element.get("data-f"), node.element.get("class")
            if factor:
                name = escape(factor, quote=True)
                out.append(f'<g class="{escape(kind, quote=True)}" data-f="{name}">')
            if kind == "box":
                out.append(_frame(node, x, y))
            for (dx, dy), part in zip(node.nodexy, node.nodes, strict=True):
                self._draw(part, x + dx, y + dy, out)
            out.append("</g>" if factor else "")

    def _letter(self, node: Any, x: float, y: float) -> str:
        found = node.glyph.svgpath()
        if found is None:
            return ""
        # Long braces are put together from several outlines, in any length.
        lines = " ".join(path.get("d", "").strip() for path in found.iter("path"))
        name = f"g{node.glyph.index}"
        if found.tag != "path":
            name += f"-{crc32(lines.encode()):x}"
        self.outlines[name] = re.sub(r" ?([A-Z]) ?", r"\1", lines)
        scale = node.size / node.glyph.DFLT_SIZE_PT
        return (
            f'<use xlink:href="#{name}" fill="{node.style.mathcolor}" '
            f'transform="translate({x:.2f} {y:.2f}) scale({scale:.3f})"/>'
        )


def _frame(node: Any, x: float, y: float) -> str:
    """Draw the border of a place to write in."""
    box, wide = node.bbox, node.glyphsize / 4
    return (
        f'<rect x="{x + box.xmin - wide:.2f}" y="{y - box.ymax - wide:.2f}" '
        f'width="{box.xmax - box.xmin + 2 * wide:.2f}" '
        f'height="{box.ymax - box.ymin + 2 * wide:.2f}" rx="3" fill="none" '
        f'stroke="{node.style.mathcolor}"/>'
    )
