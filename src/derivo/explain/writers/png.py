"""The graph as a PNG image."""

from __future__ import annotations

from derivo.errors import UsageError
from derivo.explain.drawing.model import Drawing
from derivo.explain.drawing.svg import svg


def write(drawing: Drawing, *, zoom: int = 2) -> bytes:
    """Render a picture; `zoom` pixels for each of its own.

    Raises
    ------
    UsageError
        The renderer is not installed.
    """
    try:
        import resvg_py
    except ImportError:
        message = 'PNG needs a renderer: pip install "derivo[svg]"; or save as .svg'
        raise UsageError(message) from None
    return bytes(resvg_py.svg_to_bytes(svg_string=svg(drawing), zoom=zoom))
