"""Files that belong to a page: styles, scripts and the font."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from importlib.resources import files

from derivo.explain import palette

# In this order: what stands in one may read what stands above it. A page that is only
# read has the first few and the last.
READ = ("factors", "reading")
WINDOW = (
    "numbers", "state", "loops", "cells", "links", "charts", "nudge", "path",
    "unrolled", "slopes", "mistakes", "train", "points", "plane", "render", "pictures",
    "code", "fit", "actions", "stories", "factors", "pointing", "address", "face",
)  # fmt: skip


@cache
def asset(name: str) -> str:
    """Give a file that belongs to a page."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def script(names: tuple[str, ...] = WINDOW, first: str = "") -> str:
    """Give all that moves on a page, as one function: nothing of it is global.

    What comes first may read the page, and change it, before the rest does.
    """
    texts = (asset(f"script/{name}.js") for name in ("elements", *names))
    elements, *others = texts
    return f'(() => {{\n"use strict";\n{elements}{first}{"".join(others)}}})();\n'


@cache
def style() -> str:
    """Give the style of any page: the font for formulas, the colours, what all share."""
    data = files(__package__).joinpath("font.woff2").read_bytes()
    font = (
        "@font-face{font-family:'derivo math';"
        f"src:url(data:font/woff2;base64,{b64encode(data).decode('ascii')}) "
        "format('woff2')}"
    )
    hues = (
        f"{where}{{{''.join(f'--c{k}:{hue};' for k, hue in enumerate(own))}}}"
        for where, own in (
            (":root", palette.LIGHT), ('[data-theme="dark"]', palette.DARK),
        )
    )  # fmt: skip
    marks = (f".c{k}{{color:var(--c{k})}}" for k in range(palette.COLOURS))
    rules = "\n".join([*hues, "".join(marks)])
    return f"{font}\n{rules}\n{asset('common.css')}"
