"""The playground as one page: every network in it, the chosen one is shown."""

from __future__ import annotations

import json
import tempfile
import webbrowser
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from derivo.emit.js.program import runtime
from derivo.explain.document import SHORT
from derivo.explain.formula.spoken import spoken
from derivo.explain.window.model import Window
from derivo.explain.words import Words, texts
from derivo.explain.writers.html import window as html
from derivo.explain.writers.html.assets import asset as shared
from derivo.explain.writers.html.assets import script
from derivo.explain.writers.html.page import whole
from derivo.explain.writers.html.parts import Parts
from derivo.play.networks import CHOICES, WIDTH, Network, Rule, derived, rules

DATA = ("circle", "xor", "clouds", "spiral", "own")
WIDTHS = ("2", "3", "4", "6", "8")


def write(language: str = "en") -> str:
    """Write the playground: a page that opens from disk and asks nobody."""
    with spoken(language):
        return page_of(tuple(derived(language)), language)


def page_of(networks: tuple[Network, ...], language: str) -> str:
    """Put networks into one page."""
    words = Words(language)
    body = "\n".join(
        (*(_template(n, words) for n in networks),
         f'<script type="application/json" id="choices">{_choices(words)}</script>')
    )  # fmt: skip
    text = f"{_programs(networks, rules())}\n{script(first=asset('playground.js'))}"
    css = f"{shared('window.css')}{asset('playground.css')}"
    return whole(words.text("play.title"), words, css, body, text)


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


def window_of(network: Network) -> Window:
    """Give the window of a network: there is one, for it computes."""
    window = network.explanation.window
    assert window is not None  # noqa: S101
    return window


def _template(network: Network, words: Words) -> str:
    """Write what a page of the network holds; it comes to life when it is chosen."""
    window, document = window_of(network), network.explanation.document
    short = tuple(s for s in document.sections if s.anchor == SHORT)
    parts, told = Parts(words), replace(document, sections=short, code=None)
    return (
        f'<template data-network="{network.key}">'
        f"{html.app(replace(window, name=words.text('play.heading')), told, parts)}"
        f"{html.drawer(told, parts)}"
        f'<script type="application/json" id="model">{_model(window, words)}'
        "</script></template>"
    )


def _model(window: Window, words: Words) -> str:
    """Write what the script reads, without the words that all networks share."""
    found = json.loads(html.model(window, words))
    del found["words"]
    return json.dumps(found, ensure_ascii=False).replace("<", "\\u003c")


def _programs(networks: Iterable[Network], known: dict[str, Rule]) -> str:
    """Give the scripts of all networks and rules, over one runtime."""
    windows = {n.key: window_of(n) for n in networks}
    every = [*(w.script for w in windows.values()), *(r.text for r in known.values())]
    programs = ",\n".join(
        f'"{key}": () => {{\n{html.program(w)}\n}}' for key, w in windows.items()
    )
    written = ",\n".join(f'"{name}": {_rule(r)}' for name, r in known.items())
    return (
        f"{runtime(''.join(every))}\nconst PROGRAMS = {{{programs}}};\n"
        f"const RULES = {{{written}}};"
    )


def _rule(rule: Rule) -> str:
    states, results = json.dumps(rule.states), json.dumps(rule.results)
    return (
        f"(() => {{\n{rule.text}\nreturn {{ forward, states: {states}, "
        f"results: {results}, rate: {rule.rate} }};\n}})()"
    )


def _choices(words: Words) -> str:
    """Give what can be chosen, with its words: the first of each is usual."""
    offered: dict[str, tuple[str, ...]] = {
        "data": DATA, **CHOICES, "width": WIDTHS, "rule": tuple(rules()),
    }  # fmt: skip
    usual = {"layers": "1", "width": str(WIDTH), "data": "circle"}
    listed: dict[str, Any] = {
        name: {
            "label": words.text(f"play.{name}"),
            "usual": usual.get(name, values[0]),
            "values": [[v, _said(v, words)] for v in values],
        }
        for name, values in offered.items()
    }
    listed |= {"again": words.text("play.again"), "words": html.said(words)}
    return json.dumps(listed, ensure_ascii=False).replace("<", "\\u003c")


def _said(value: str, words: Words) -> str:
    return words.text(f"play.{value}") if value in texts("play") else value
