"""The page as a whole: style, font and script in one file that opens from disk."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from derivo.explain import document as doc
from derivo.explain.words import Words
from derivo.explain.writers.html.parts import Parts

LEVELS = ("graph", "scalar", "matrix", "batch", "code")
LATER = 8  # sections beyond this are laid out when they come into view


def write(document: doc.Document) -> str:
    """Write a document as one page."""
    words = Words(document.language)
    parts = Parts(words)
    title = escape(document.title)
    return (
        f'<!DOCTYPE html>\n<html lang="{document.language}" data-theme="light">\n'
        f'<head>\n<meta charset="utf-8">\n{_policy()}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{_font()}{asset('style.css')}</style>\n</head>\n"
        f'<body>\n<a class="skip" href="#main">{escape(words.text("page.skip"))}</a>\n'
        f'{_header(document, words)}\n<main id="main">\n{_stepper(document, parts)}\n'
        f"{_sections(document, parts)}\n</main>\n"
        f"<footer>{escape(words.text('page.made'))}</footer>\n"
        f"<script>{asset('script.js')}</script>\n</body>\n</html>\n"
    )


def embed(document: doc.Document) -> str:
    """Write a page within a page, as notebooks show it: it cannot reach what is around."""
    inner = escape(write(document), quote=True)
    title = escape(document.title, quote=True)
    return (
        f'<iframe title="{title}" sandbox="allow-scripts" srcdoc="{inner}" '
        'style="width:100%;height:720px;border:1px solid #ccc;border-radius:8px"></iframe>'
    )


@cache
def asset(name: str) -> str:
    """Give a file that belongs to the page."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _font() -> str:
    data = files(__package__).joinpath("font.woff2").read_bytes()
    text = b64encode(data).decode("ascii")
    return (
        "@font-face{font-family:'derivo math';"
        f"src:url(data:font/woff2;base64,{text}) format('woff2')}}"
    )


@cache
def _policy() -> str:
    digest = b64encode(sha256(asset("script.js").encode()).digest()).decode("ascii")
    rules = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; font-src data:; img-src data:"
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


def _stepper(document: doc.Document, parts: Parts) -> str:
    picture = ""
    if document.drawing is not None:
        picture = parts.picture(document.drawing, ())
    code = "" if document.code is None else parts.code(document.code, is_main=True)
    if not document.frames:
        return picture + code
    words = parts.words
    buttons = "".join(
        f'<button id="{name}"{pressed} title="{escape(words.text("page.key_" + name), quote=True)}">'
        f"{escape(words.text('page.' + name))}</button>"
        for name, pressed in (
            ("first", ""), ("back", ""), ("play", ' aria-pressed="false"'), ("next", ""),
            ("last", ""), ("predict", ' aria-pressed="false"'), ("reveal", " disabled"),
        )
    )  # fmt: skip
    frames = "".join(_frame(f, k, parts) for k, f in enumerate(document.frames))
    said = escape(words.text("page.steps"))
    return (
        f'{picture}<section id="stepper" aria-label="{escape(said, quote=True)}">'
        f'<div class="bar">{buttons}<span class="where" id="where"></span></div>'
        f'<div aria-live="polite">{frames}</div></section>{code}'
    )


def _frame(frame: doc.Frame, k: int, parts: Parts) -> str:
    hidden = " hidden" if k else ""
    edges = escape(" ".join(frame.edges), quote=True)
    lines = " ".join(map(str, frame.lines))
    place = escape(frame.place, quote=True)
    inner = parts.rows(frame.rows) if frame.rows else ""
    if frame.value is not None and not frame.rows:
        inner += parts.values(frame.name, frame.value, frame.factors)
    return (
        f'<div class="frame {frame.phase}"{hidden} data-place_id="{place}" '
        f'data-edges="{edges}" data-lines="{lines}">'
        f'<p class="title">{parts.runs(frame.title)}</p>'
        f'<div class="answer-part">{inner}</div></div>'
    )


def _sections(document: doc.Document, parts: Parts) -> str:
    found = []
    for k, section in enumerate(document.sections):
        later = ' class="later"' if k >= LATER else ""
        name = escape(section.anchor, quote=True)
        level = escape(section.level, quote=True)
        found.append(
            f'<section id="{name}" data-of="{level}"{later}>'
            f"<h2>{parts.runs(section.title)}</h2>{parts.blocks(section.blocks)}</section>"
        )
    return "\n".join(found)
