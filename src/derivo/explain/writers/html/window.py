"""A window as one page: graph, code and formula; what moves is in `script/`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np

from derivo.explain import document as doc
from derivo.explain.drawing.svg import svg
from derivo.explain.formula.boxes import factor_classes, factor_colour
from derivo.explain.formula.mathml import mathml
from derivo.explain.formula.unicode import inline
from derivo.explain.window.model import Link, Loop, Picture, Term, Value, Window
from derivo.explain.words import Words, texts
from derivo.explain.words.reasons import reasons_text
from derivo.explain.writers.html.assets import asset, script
from derivo.explain.writers.html.page import skip, whole
from derivo.explain.writers.html.parts import Parts

WIDEST = 70  # letters of a formula beside others
# Fields of sentences that the script fills in.
BLANK = {
    k: f"{{{k}}}"
    for k in ("name", "names", "reason", "rate", "count", "first", "last", "size")
}
LEVELS = "matrix", "batch", "scalar"  # of a story: what is told first


def write(window: Window, document: doc.Document) -> str:
    """Write a window, with the whole derivation in a drawer."""
    words = Words(document.language)
    text = f"{_program(window)}\n{script()}"
    body = f"{held(window, document, words)}\n{said(words)}"
    return whole(document.title, words, asset("window.css"), body, text)


def held(window: Window, document: doc.Document, words: Words) -> str:
    """Write what a page holds: what is seen, the drawer, what the script reads."""
    parts = Parts(words)
    return (
        f"{skip(words, 'card')}{app(window, document, parts)}\n"
        f"{drawer(document, parts)}\n{data('model', model(window))}"
    )


def _program(window: Window) -> str:
    """Give the script of the passes."""
    if not window.script:
        return "const PROGRAM = null;"
    return f"{window.runtime}\nconst PROGRAM = (() => {{\n{program(window)}\n}})();"


def program(window: Window) -> str:
    """Write the body of a function that gives both passes, over a runtime `R`."""
    curves = ", ".join(f'"{i}": {text}' for i, text in window.slopes.items())
    loops = ", ".join(f'"{x.place}": {_step(x)}' for x in window.loops if x.script)
    passing = ", ".join(
        f'"{i}": {{ from: "{up}", back: {text} }}'
        for i, (up, text) in window.passing.items()
    )
    return (
        f"{window.script}\nconst curves = {{{curves}}};\nconst loops = {{{loops}}};\n"
        f"const passing = {{{passing}}};\n"
        "return { forward, backward, R, curves, loops, passing };"
    )


def _step(loop: Loop) -> str:
    """Write the step of a loop as an object with both passes."""
    return f"(() => {{\n{loop.script}return {{ forward, backward }};\n}})()"


# --- what is seen --------------------------------------------------------------------


def app(window: Window, document: doc.Document, parts: Parts) -> str:
    """Write what is seen: the graph, the code, the formula and the bar below."""
    words = parts.words
    say = {k: escape(words.text(f"window.{k}", **BLANK)) for k in texts("window")}
    label = words.text("window.picture", name=window.name)
    pictures = "".join(
        _picture(
            p,
            label if k == 0 else words.text("page.explained", what=label, shown=p.name),
        )
        for k, p in enumerate(window.pictures)
    )
    still = ""
    if window.reasons:
        listed = reasons_text(words, window.reasons)
        why = words.text("window.still", reason=listed)
        still = f'<p class="still">{escape(why)}</p>'
    modes = "".join(
        f'<button data-mode="{m}" aria-pressed="false">{say[m]}</button>'
        for m in ("forward", "backward", "nudge", "train")
    )
    return (
        f'<main id="app" data-mode="forward"><header id="top"><h1>{escape(window.name)}</h1>'
        f'<div id="chain" tabindex="0">{_chains(window)}</div>'
        f'<div id="loss"></div>'
        f'<button id="open" aria-expanded="false">{say["drawer"]}</button>'
        f'<button id="theme" aria-label="{escape(words.text("page.theme"))}">◐</button></header>'
        f'<section id="picture"><nav id="path" aria-label="{say["pictures"]}"></nav>'
        f"{pictures}</section>"
        f'<section id="side"><div id="code" tabindex="0" aria-label="{say["code"]}">{_code(window.code, parts)}</div>'
        f'<div id="card" tabindex="-1">{still}{_moments(window, document, parts)}<div id="result"></div><div id="why"></div>'
        '<div id="panel" class="panel" hidden></div></div></section>'
        f'<footer id="bar"><div class="modes" role="group" aria-label="{say["modes"]}">{modes}</div>'
        f'<button id="back" class="round" aria-label="{say["back"]}">←</button>'
        f'<button id="play" class="round" aria-label="{say["play"]}" aria-pressed="false">▸</button>'
        f'<button id="next" class="round" aria-label="{say["next"]}">→</button>'
        f'<input id="scrub" type="range" min="0" max="{len(window.moments)}" value="0" aria-label="{say["scrub"]}">'
        f'<span id="where"></span><button id="predict" aria-pressed="false">{say["predict"]}</button>'
        f'<button id="reveal" disabled>{say["reveal"]}</button></footer>'
        '<div id="said" aria-live="polite"></div></main>'
    )


def _picture(picture: Picture, label: str) -> str:
    """Write a picture; all but the first are hidden until a step leads into them."""
    drawn = svg(picture.drawing, colours="css", label=label, opens=picture.opens)
    hidden = "" if not picture.within else " hidden"
    return f'<div class="view" data-picture="{picture.id}"{hidden}>{drawn}</div>'


def _chains(window: Window) -> str:
    """Write the gradient of each parameter in one line; one is shown at a time."""
    by_name = {v.name: v for v in window.values if v.is_argument}
    found = []
    for k, (name, formula) in enumerate(window.chains.items()):
        value = by_name[name]
        shown = f"{mathml(value.adjoint)}<mo>=</mo>{_without_numbers(mathml(formula))}"
        hidden = " hidden" if k else ""
        found.append(
            f'<span data-chain="{value.id}"{hidden}><math>{shown}</math></span>'
        )
    return "".join(found)


def _without_numbers(formula: str) -> str:
    """Leave out the numbers below factors: the colour is enough to follow one.

    Where no colour comes twice their textures are left out, too; where a mark does,
    because there are no others, only the numbers tell factors apart.
    """
    factors = set(re.findall(r'data-f="([^"]*)"', formula))
    if len({factor_classes(f) for f in factors}) < len(factors):
        return formula
    if len({factor_colour(f) for f in factors}) == len(factors):
        formula = re.sub(r'(class="f c\d+) t\d"', r'\1"', formula)
    opened = re.sub(
        r'<munder (class="f c\d+(?: t\d)?" data-f="[^"]*")>', r"<mrow \1>", formula
    )
    return re.sub(r'<mtext class="n">\d+</mtext></munder>', "</mrow>", opened)


def _code(code: doc.Code, parts: Parts) -> str:
    """Write the lines, each with the function that it belongs to: one is shown."""
    lines, block = [], 0
    for number, line in enumerate(code.lines, start=1):
        block += line.text.startswith("def ")
        # What stands between functions is read in the derivation.
        if line.text.startswith(("def ", " ", ")")):
            place = f' id="L{number}" data-block="{block}"'
            if line.places:
                side = "gradient" if line.backward else "value"
                place += f' data-of="{" ".join(line.places)}" data-side="{side}"'
            lines.append(parts.line(number, line, place))
    return f"<ol>{''.join(lines)}</ol>"


def _moments(window: Window, document: doc.Document, parts: Parts) -> str:
    given = escape(parts.words.text("window.given"))
    if window.is_drawn and window.script:
        given += " " + escape(parts.words.text("window.drawn"))
    found = [f'<div class="moment" data-k="0"><p class="title">{given}</p></div>']
    stories = _lines_of_values(document)
    for k, moment in enumerate(window.moments, start=1):
        rows, more = _without_repeats(moment.rows), ""
        if moment.phase == "backward" and moment.place in stories:
            said = escape(parts.words.text("window.more"))
            more = f'<button class="more" data-story="{stories[moment.place]}">{said}</button>'
        found.append(
            f'<div class="moment {moment.phase}" data-k="{k}" hidden>'
            f'<p class="title">{parts.runs(moment.title)}</p>{parts.rows(rows)}{more}</div>'
        )
    return "".join(found)


def _lines_of_values(document: doc.Document) -> dict[str, str]:
    """Give where the gradient of a value is told at length: the place that opens."""
    rows, found = short_rows(document), dict[str, str]()
    for k, story in stories_of(document).items():
        for i in rows[k].about if story else ():
            found.setdefault(i, f"story-{k}")
    return found


def _without_repeats(rows: tuple[doc.Row, ...]) -> tuple[doc.Row, ...]:
    """Leave out a row that says again what stands above it, and a further long one."""
    found: list[doc.Row] = []
    for row in rows:
        is_new = all(inline(row.right) != inline(r.right) for r in found)
        if not found or (is_new and len(inline(row.right)) <= WIDEST):
            found.append(row)
    return tuple(found)


def stories_of(document: doc.Document) -> dict[int, tuple[doc.Section, ...]]:
    """Give the sections that tell each line of the derivation in short, by its number.

    A section is told once, at the first line that it belongs to.
    """
    by_value: dict[str, list[doc.Section]] = {}
    for section in document.sections:
        if section.about:
            by_value.setdefault(section.about, []).append(section)
    found = {}
    for k, row in enumerate(short_rows(document)):
        story = [s for i in row.about for s in by_value.pop(i, ())]
        found[k] = tuple(sorted(story, key=lambda s: LEVELS.index(s.level)))
    return found


def short_rows(document: doc.Document) -> tuple[doc.Row, ...]:
    """Give the lines of the derivation in short."""
    found = [s for s in document.sections if s.anchor == doc.SHORT]
    return tuple(
        row for s in found for block in s.blocks
        if isinstance(block, doc.Display) for row in block.rows
    )  # fmt: skip


def _in_short(document: doc.Document, parts: Parts) -> str:
    """Write the lines of the derivation in short; each opens to its story."""
    stories, lines = stories_of(document), list[str]()
    for k, row in enumerate(short_rows(document)):
        cells, story = parts.cells(row), stories[k]
        if not story:
            lines.append(f"<tr><td></td>{cells}</tr>")
            continue
        of = "" if row.left is None else inline(row.left)
        said = escape(parts.words.text("window.story", name=of))
        lines.append(
            f'<tr class="told"><td><button class="unfold" aria-expanded="false" '
            f'aria-controls="story-{k}" aria-label="{said}"></button></td>{cells}</tr>'
            f'<tr class="story" id="story-{k}" hidden><td colspan="5">'
            f"{''.join(parts.section(s, 'h3') for s in story)}</td></tr>"
        )
    table = f'<table class="rows short" role="presentation">{"".join(lines)}</table>'
    said = escape(parts.words.text("window.stories")) if any(stories.values()) else ""
    return f'<p class="legend">{said}</p><div class="scroll">{table}</div>'


def drawer(document: doc.Document, parts: Parts) -> str:
    """Write the derivation in full: the sections of the document."""
    words = parts.words
    told = {s.anchor for story in stories_of(document).values() for s in story}
    sections = "".join(
        parts.section(s, inner=_in_short(document, parts) * (s.anchor == doc.SHORT))
        for s in document.sections if s.anchor not in told
    )  # fmt: skip
    if document.code is not None:
        said = escape(words.text("page.code"))
        sections += f"<section><h2>{said}</h2>{parts.code(document.code)}</section>"
    close = escape(words.text("window.close"))
    made = escape(words.text("page.made"))
    legend = parts.legend()
    return (
        f'<aside id="drawer" class="reading" hidden aria-label="{escape(words.text("window.drawer"))}">'
        f'<button class="close">{close}</button><p class="legend">{legend}</p>{sections}'
        f'<p class="note">{made}</p></aside>'
    )


# --- what the script reads -----------------------------------------------------------

READ = (
    "name", "values", "loops", "pictures", "links", "sizes", "outputs", "parameters",
    "factors", "plane", "batch", "is_loss",
)  # fmt: skip
WRITTEN = {"drawing", "script"}  # fields that stand elsewhere on the page


def data(name: str, value: Mapping[str, Any]) -> str:
    """Write data for the script, where nothing of it can end its element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{text}</script>'


def model(window: Window) -> dict[str, Any]:
    """Give what the script reads of a window."""
    found = {name: _plain(getattr(window, name)) for name in READ}
    found["arguments"] = _arrays(window.arguments)
    found["upstream"] = [_array(u) for u in window.upstream]
    found["known"] = {side: _arrays(known) for side, known in window.known.items()}
    found["names"] = {v.name: v.id for v in window.values if v.name}
    found["steps"] = [{"phase": m.phase, "id": m.place} for m in window.moments]
    return found


def _plain(value: Any) -> Any:
    """Give data as JSON has it, formulas as text."""
    match value:
        case str() | bool() | int() | None:
            return value
        case Mapping():
            return {k: _plain(v) for k, v in value.items()}
        case tuple() | list():
            return [_plain(v) for v in value]
        case Value() | Link() | Loop() | Picture():
            kept = (f.name for f in fields(value) if f.name not in WRITTEN)
            return {name: _plain(getattr(value, name)) for name in kept}
        case Term():
            return [value.side, value.id, value.index]
        case _:
            return inline(value)


def _arrays(values: Mapping[str, Any]) -> dict[str, Any]:
    return {i: _array(a) for i, a in values.items()}


def _array(value: Any) -> dict[str, Any]:
    """Give an array as the runtime has it; NaN and infinity as words."""
    a = np.asarray(value, dtype=float)
    listed = [v if np.isfinite(v) else str(v) for v in a.ravel().tolist()]
    return {"shape": a.shape, "data": listed}


def said(words: Words) -> str:
    """Write what the script says."""
    return data(
        "words", {k: words.text(f"window.{k}", **BLANK) for k in texts("window")}
    )
