"""Files that belong to a page: styles, scripts and the font."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from importlib.resources import files


@cache
def asset(name: str) -> str:
    """Give a file that belongs to a page."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


# In this order: what stands in one may read what stands above it.
SCRIPT_TEXT = """
numbers state loops cells links charts nudge path unrolled slopes mistakes train points
plane render pictures code fit actions stories pointing address face
"""


@cache
def script() -> str:
    """Give all that moves in a window, as one function: nothing of it is global."""
    parts = (asset(f"script/{name}.js") for name in SCRIPT_TEXT.split())
    return f"(() => {{\n{''.join(parts)}}})();\n"


@cache
def font() -> str:
    """Give the style that declares the font for formulas, with the font in it."""
    data = files(__package__).joinpath("font.woff2").read_bytes()
    text = b64encode(data).decode("ascii")
    return (
        "@font-face{font-family:'derivo math';"
        f"src:url(data:font/woff2;base64,{text}) format('woff2')}}"
    )
