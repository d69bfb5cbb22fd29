"""The playground as one page: every network in it, the chosen one is shown."""

from __future__ import annotations

import tempfile
import webbrowser
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from derivo.emit.js.program import runtime
from derivo.explain.document import SHORT, Document
from derivo.explain.explanation import Explanation
from derivo.explain.formula.spoken import spoken
from derivo.explain.window.model import Window
from derivo.explain.words import Words, texts
from derivo.explain.writers.html import window as html
from derivo.explain.writers.html.assets import asset as shared
from derivo.explain.writers.html.assets import script
from derivo.explain.writers.html.page import whole
from derivo.play.networks import CHOICES, RULES, WIDTH, derived, rules

DATA = ("circle", "xor", "clouds", "spiral", "own")
WIDTHS = ("2", "3", "4", "6", "8")


def write(language: str = "en") -> str:
    """Write the playground: a page that opens from disk and asks nobody."""
    with spoken(language):
        return page_of(derived(language), language)


def page_of(networks: Mapping[str, Explanation], language: str) -> str:
    """Put networks into one page: each comes to life when it is chosen."""
    words, update = Words(language), rules()
    windows = {key: e.window for key, e in networks.items() if e.window is not None}
    templates = (
        f'<template data-network="{key}">'
        f"{_held(window, networks[key].document, words)}</template>"
        for key, window in windows.items()
    )
    body = (*templates, html.data("choices", _choices(words)), html.said(words))
    every = [*(w.script for w in windows.values()), *update.values()]
    texts = [f'"{key}": () => {{\n{html.program(w)}\n}}' for key, w in windows.items()]
    text = (
        f"{runtime(''.join(every))}\nconst PROGRAMS = {{{_listed(texts)}}};\n"
        f"const RULES = {{{_listed(f'{k}: {rule}' for k, rule in update.items())}}};\n"
        f"{script(first=asset('playground.js'))}"
    )
    css = f"{shared('window.css')}{asset('playground.css')}"
    return whole(words.text("play.title"), words, css, "\n".join(body), text)


def _held(window: Window, document: Document, words: Words) -> str:
    """Write what a page of a network holds."""
    short = tuple(s for s in document.sections if s.anchor == SHORT)
    told = replace(document, sections=short, code=None)
    return html.held(replace(window, name=words.text("play.heading")), told, words)


def _listed(texts: Iterable[str]) -> str:
    return ",\n".join(texts)


def open_page(language: str = "en") -> Path:
    """Show the playground in the browser; give the file that it was written to."""
    path = Path(tempfile.mkdtemp(prefix="derivo-")) / "playground.html"
    path.write_text(write(language), encoding="utf-8")
    webbrowser.open(path.as_uri())
    return path


@cache
def asset(name: str) -> str:
    """Give a file that belongs to the playground."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _choices(words: Words) -> dict[str, Any]:
    """Give what can be chosen, with its words: the first of each is usual."""
    offered: dict[str, tuple[str, ...]] = {
        "data": DATA, **CHOICES, "width": WIDTHS, "rule": tuple(RULES),
    }  # fmt: skip
    usual = {"layers": "1", "width": str(WIDTH), "data": "circle"}
    listed = {
        name: {
            "label": words.text(f"play.{name}"),
            "usual": usual.get(name, values[0]),
            "values": [[v, _said(v, words)] for v in values],
        }
        for name, values in offered.items()
    }
    return {**listed, "again": words.text("play.again")}


def _said(value: str, words: Words) -> str:
    return words.text(f"play.{value}") if value in texts("play") else value
