"""A page to read: style, font and script in one file that opens from disk."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import escape

from derivo.explain import document as doc
from derivo.explain.words import Words
from derivo.explain.writers.html.assets import asset, font
from derivo.explain.writers.html.parts import Parts

LEVELS = ("graph", "scalar", "matrix", "batch", "code")
HASH = re.compile(r"'sha256-[^']+'")
MOST_OF_HEAD = 2_000  # characters of a page in which its policy stands
LATER = 8  # sections beyond this are laid out when they come into view


def write(document: doc.Document) -> str:
    """Write a document as one page."""
    words = Words(document.language)
    parts = Parts(words)
    title = escape(document.title)
    return (
        f'<!DOCTYPE html>\n<html lang="{document.language}" data-theme="light">\n'
        f'<head>\n<meta charset="utf-8">\n{_policy(document)}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{font()}{asset('style.css')}</style>\n</head>\n"
        f'<body>\n<a class="skip" href="#main">{escape(words.text("page.skip"))}</a>\n'
        f'{_header(document, words)}\n<main id="main">\n{_graph_and_code(document, parts)}\n'
        f"{_sections(document, parts)}\n</main>\n"
        f"<footer>{escape(words.text('page.made'))}</footer>\n"
        f"<script>{asset('script.js')}</script>\n</body>\n</html>\n"
    )


def _policy(document: doc.Document) -> str:
    digest = b64encode(sha256(asset("script.js").encode()).digest()).decode("ascii")
    # A page within this one has its own policy, and must keep to this one as well.
    live = {
        found
        for block in doc.blocks_of(document)
        if isinstance(block, doc.Picture)
        for found in HASH.findall(block.live[:MOST_OF_HEAD])
    }
    scripts = " ".join(sorted({f"'sha256-{digest}'", *live}))
    rules = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src {scripts}; font-src data:; img-src data:"
    )
    return f'<meta http-equiv="Content-Security-Policy" content="{rules}">'


def _header(document: doc.Document, words: Words) -> str:
    present = {s.level for s in document.sections if s.level}
    shown = [level for level in LEVELS if level in present]
    buttons = []
    for level in ("all", *shown) if len(shown) > 1 else ():
        pressed = "true" if level == "all" else "false"
        said = escape(words.text(f"page.level_{level}"))
        buttons.append(
            f'<button data-level="{level}" aria-pressed="{pressed}">{said}</button>'
        )
    buttons.append(f'<button id="theme">{escape(words.text("page.theme"))}</button>')
    legend = escape(words.text("page.legend")) if document.factors else ""
    bar = f'<nav class="bar" aria-label="{escape(words.text("page.levels"), quote=True)}">{"".join(buttons)}</nav>'
    return (
        f"<header><h1>{escape(document.title)}</h1>"
        f'<p class="legend">{legend}</p>{bar}</header>'
    )


def _graph_and_code(document: doc.Document, parts: Parts) -> str:
    picture = ""
    if document.drawing is not None:
        picture = parts.picture(document.drawing, ())
    code = "" if document.code is None else parts.code(document.code, is_main=True)
    return picture + code


def _sections(document: doc.Document, parts: Parts) -> str:
    found = []
    for k, section in enumerate(document.sections):
        later = ' class="later"' if k >= LATER else ""
        name = escape(section.anchor, quote=True)
        level = escape(section.level, quote=True)
        title = parts.runs(section.title)
        head = f"<h2>{title}</h2>" if title else ""
        found.append(
            f'<section id="{name}" data-of="{level}"{later}>'
            f"{head}{parts.blocks(section.blocks)}</section>"
        )
    return "\n".join(found)
