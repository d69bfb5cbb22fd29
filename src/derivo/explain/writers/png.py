"""A picture as a PNG image."""

from __future__ import annotations

import warnings
from html import escape
from math import sqrt
from pathlib import Path
from xml.etree import ElementTree as ET

from derivo.errors import UsageError

LARGEST = 60e6  # pixels: 240 MB while it is drawn
FAMILY = "STIX Two Math"
UNASSIGNED = "\U000f0000"  # drawn as the box that stands for a missing letter


def write(picture: str, *, zoom: float = 2) -> bytes:
    """Render a picture; `zoom` pixels for each of its own, less if it is very large.

    Parameters
    ----------
    picture
        As SVG.

    Raises
    ------
    UsageError
        The renderer is not installed, or no font has a letter of the picture.
    """
    try:
        import resvg_py

        with warnings.catch_warnings():  # its parts warn of each other on import
            warnings.simplefilter("ignore", DeprecationWarning)
            import ziamath
    except ImportError:
        message = 'PNG needs a renderer: pip install "derivo[svg]"; or save as .svg'
        raise UsageError(message) from None
    # Without a font that it is given, the renderer leaves all text out, silently.
    font = Path(ziamath.__file__).parent / "fonts" / "STIXTwoMath-Regular.ttf"

    def drawn(svg: str, scale: float) -> bytes:
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg, zoom=scale, background="#ffffff",
                font_files=[str(font)], serif_family=FAMILY,
            )
        )  # fmt: skip

    root = ET.fromstring(picture)  # noqa: S314  our own writer's
    texts = (node.text or "" for node in root.iter("{http://www.w3.org/2000/svg}text"))
    strange = sorted({c for text in texts for c in text if not c.isascii()})
    if strange:
        box = drawn(_letter(UNASSIGNED), 1)
        missing = [c for c in strange if drawn(_letter(c), 1) == box]
        if missing:
            shown = "".join(missing[:12]) + ("…" if missing[12:] else "")
            message = (
                f"no font on this machine has the letters {shown}: install one that "
                f"does (for Japanese, Noto Serif CJK), or save as .svg"
            )
            raise UsageError(message)
    width, height = float(root.get("width", 1)), float(root.get("height", 1))
    return drawn(picture, min(zoom, sqrt(LARGEST / max(width * height, 1))))


def _letter(letter: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30"><text x="3" '
        f'y="20" font-family="{FAMILY}">{escape(letter)}</text></svg>'
    )
