"""MathML made ready for ziamath: what it lacks, or does otherwise than a page."""

from __future__ import annotations

import re
from typing import Any
from unicodedata import east_asian_width
from xml.etree import ElementTree as ET

from derivo.explain import palette
from derivo.explain.formula.mathml import APPLY

FAINT = "#666666"
TALL = {"munder", "munderover", "mtable"}
EM = 0.75  # what ziamath calls 1em is 4/3 of the size of the letters
# The writer of pages spells these so that no markup seems left over; outlines need not.
# Of hyphens, ziamath makes dashes.
SPELLED = str.maketrans({"⧵": "\\", "＄": "$", "＆": "&", "-": "\u2010"})
TABLES = {
    "grid": {"columnspacing": "0.7em", "rowspacing": "0.45em"},
    "cases": {"columnspacing": "0.9em", "rowspacing": "0.45em", "columnalign": "left"},
}


def ready(element: ET.Element, font: Any) -> ET.Element:
    """Give what ziamath is to lay out for an element of MathML.

    Parameters
    ----------
    element
        As `derivo.explain.formula.mathml` writes it.
    font
        Tells which letters it has: `glyphindex` is 0 for the others.
    """
    kind = (element.get("class") or "").split()
    if element.tag in {"mi", "mn", "mo", "mtext"}:
        return _leaf(element, font)
    children = [ready(child, font) for child in element]
    if element.tag == "mrow":
        row = row_of(children)
        if "blank" not in kind:
            return row
        children = [_spaced(row, 0.3)]  # room for its border
    if element.tag == "mtable" and not any(len(line) for line in element):
        return ET.Element("mspace")
    new = ET.Element(element.tag, element.attrib)
    new.extend(children)
    if element.tag == "mtable":
        new.attrib |= TABLES[kind[0]]
        return _spaced(new, 0.12)
    if element.tag == "munder" and element[1].get("class") == "under":
        return _spaced(new, 0.2)  # or the words below neighbouring braces would meet
    if element.tag == "mfrac":
        new[:] = [
            _off_the_bar(children[0], "munder"),
            _off_the_bar(children[1], "mover"),
        ]
    if "f" in kind:
        new.set("mathcolor", palette.LIGHT[int(kind[1][1:])])
    return new


def _off_the_bar(part: ET.Element, tag: str) -> ET.Element:
    """Keep tall parts of a fraction from touching its bar."""
    if not any(inner.tag in TALL for inner in part.iter()):
        return part
    new = ET.Element(tag)
    new.extend((part, ET.Element("mspace", {"height": f"{EM / 12}em"})))
    return new


def row_of(parts: list[ET.Element]) -> ET.Element:
    """Group elements; rows in rows are opened, for each doubles ziamath's work.

    Brackets grow with the row that they are in, so rows with brackets are kept.
    """
    flat: list[ET.Element] = []
    for k, part in enumerate(parts):
        if part.tag == "mo" and part.text == APPLY:
            # A bracket may follow at once; anything else after a little space.
            if len(flat) > 1 and flat[-2].tag != "mo":
                flat.insert(-1, ET.Element("mspace", {"width": f"{EM / 6}em"}))
            if k + 1 == len(parts) or not is_fenced(parts[k + 1]):
                flat.append(ET.Element("mspace", {"width": f"{EM / 6}em"}))
        elif part.tag == "mrow" and not part.get("class") and not is_fenced(part):
            flat += part
        else:
            flat.append(part)
    if len(flat) == 1:
        return flat[0]
    row = ET.Element("mrow" if flat else "mspace")
    row.extend(flat)
    return row


def _spaced(element: ET.Element, space: float) -> ET.Element:
    row = ET.Element("mrow")
    for part in (None, element, None):
        wide = {"width": f"{EM * space:.3f}em"}
        row.append(ET.Element("mspace", wide) if part is None else part)
    return row


def is_fenced(element: ET.Element) -> bool:
    """Tell whether brackets stand in a row itself: they grow with it."""
    return element.tag == "mrow" and any(part.get("fence") for part in element)


def _leaf(element: ET.Element, font: Any) -> ET.Element:
    text = element.text or ""
    if text == APPLY:
        return element
    kinds = {"n": {"mathvariant": "bold"}, "under": {"mathcolor": FAINT}}
    given = element.attrib | kinds.get(element.get("class") or "", {})
    tag = element.tag
    if tag == "mn":
        given["mathvariant"] = "normal"  # an e in a number is no letter
    if tag == "mi" and len(text) > 1:
        tag, given = "mtext", {}  # a word: ziamath takes some for operators
    if text == "∂":
        given |= {"lspace": "0", "rspace": "0"}
    text = text.translate(SPELLED) if tag == "mtext" else text
    parts: list[ET.Element] = []
    # What the font lacks is left to the fonts of whoever looks at the picture.
    for piece in re.findall(r"[\s\S]", text):
        known = piece.isspace() or font.glyphindex(piece)
        if known and parts and parts[-1].tag == tag:
            parts[-1].text = (parts[-1].text or "") + piece
        elif known:
            parts.append(ET.Element(tag, given))
            parts[-1].text = piece
        else:
            wide = 1.0 if east_asian_width(piece) in "WF" else 0.6
            size = {"width": f"{EM * wide}em", "height": f"{EM * 0.9}em"}
            size |= {"depth": f"{EM * 0.2}em", "data-text": piece}
            parts.append(ET.Element("mspace", size))
    if len(parts) == 1:
        return parts[0]
    row = ET.Element("mrow" if parts else "mspace")
    row.extend(parts)
    return row
