"""A page: style, font and script in one file that opens from disk and asks nobody."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape

from derivo.explain import document as doc
from derivo.explain.words import Words
from derivo.explain.writers.html.assets import READ, asset, script, style
from derivo.explain.writers.html.parts import Parts

HASH = re.compile(r"'sha256-[^']+'")
MOST_OF_HEAD = 2_000  # characters of a page in which its policy stands


def write(document: doc.Document) -> str:
    """Write a document as a page to read: a worksheet, an article."""
    words = Words(document.language)
    parts = Parts(words)
    legend = parts.legend() if document.factors else ""
    drawn, code = document.drawing, document.code
    shown = (
        "" if drawn is None else parts.picture(drawn, ()),
        "" if code is None else parts.code(code),
        *(parts.section(s) for s in document.sections),
    )
    body = (
        f'{skip(words, "main")}<div class="reading"><header><h1>{escape(document.title)}</h1>'
        f'<button id="theme" aria-label="{escape(words.text("page.theme"))}">◐</button>'
        f'<p class="legend">{legend}</p></header>\n<main id="main">\n'
        f"{''.join(shown)}\n</main>\n"
        f"<footer>{escape(words.text('page.made'))}</footer></div>\n"
    )
    # A page within this one has its own policy, and must keep to this one as well.
    live = (
        found
        for block in doc.blocks_of(document)
        if isinstance(block, doc.Picture)
        for found in HASH.findall(block.live[:MOST_OF_HEAD])
    )
    return whole(
        document.title, words, asset("page.css"), body, script(READ), live=live
    )


def whole(
    title: str, words: Words, css: str, body: str, script: str, *,
    live: Iterable[str] = (),
) -> str:  # fmt: skip
    """Put a page together: this script alone may run, nothing comes from anywhere else.

    Parameters
    ----------
    css
        Style of its own.
    live
        Digests of scripts of pages within this one.
    """
    # Nothing of it can end the element that it stands in.
    text = closely(script).replace("</", "<\\/")
    digest = b64encode(sha256(text.encode()).digest()).decode("ascii")
    scripts = " ".join(sorted({f"'sha256-{digest}'", *live}))
    rules = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src {scripts}; font-src data:; img-src data:"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{words.language}" data-theme="light">\n'
        '<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{rules}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{style()}{css}</style>\n</head>\n"
        f"<body>\n{body}\n<script>{text}</script>\n</body>\n</html>\n"
    )


def skip(words: Words, place: str) -> str:
    """Lead who has no pointer past what stands above."""
    return f'<a class="skip" href="#{place}">{escape(words.text("page.skip"))}</a>\n'


def closely(script: str) -> str:
    """Leave out what only a reader of the file needs: indentation, lines of comment."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))
