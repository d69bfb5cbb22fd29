"""Pictures of formulas: nothing is lost, colours are right, files are safe."""

import re
import sys
from collections import Counter
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("typst", reason="pictures of formulas need the extra svg")

import derivo
from derivo.cli.main import main
from derivo.errors import UsageError
from derivo.explain import palette
from derivo.explain.document import Display, Document, Row, Section, blocks_of
from derivo.explain.formula import boxes
from derivo.explain.formula.boxes import LETTERS
from derivo.explain.formula.layout import layout
from derivo.explain.formula.mathml import mathml
from derivo.explain.formula.spoken import spoken
from derivo.explain.formula.tree import (
    Blank,
    Mark,
    Matrix,
    Minus,
    Number,
    Plus,
    Symbol,
    Words,
)  # fmt: skip
from derivo.explain.formula.typst import typst
from derivo.explain.writers import pictures
from tests.catalogue import CASES
from tests.explain.reading import formulas_of

SVG = "{http://www.w3.org/2000/svg}"


def layer(x, w, b):
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y


ARRAYS = {
    "x": np.array([[1.0, 2.0], [0.5, -1.0]]),
    "w": np.array([[0.1, -0.2], [0.4, 0.3]]),
    "b": np.array([0.05, -0.1]),
}


@pytest.fixture(scope="module")
def d():
    return derivo.derive(layer, x="N L", w="L M", b="M")


def of(*formulas, title=""):
    """Give a document that holds these formulas and no more."""
    rows = tuple(Row(None, formula, sign="=") for formula in formulas)
    section = Section("s", (), (Display(rows),), "matrix")
    return Document(title, "en", (section,), asked=("matrix",))


def drawn(*formulas):
    return ElementTree.fromstring(pictures.svg(of(*formulas)))


def pages(formulas):
    """Draw each formula for itself."""
    text = pictures.STYLE + "#pagebreak()".join(map(typst, formulas))
    for made in pictures._compiled({"main.typ": text.encode()}, "svg", 72):
        yield ElementTree.fromstring(made)


def outlines(root):
    return list(root.iter(f"{SVG}use"))


# --- what a picture holds -----------------------------------------------------------------


def test_all_is_the_graph_alone_and_levels_hold_their_formulas(d):
    alone = d.explain().render(".svg")
    assert alone == d.explain("graph").render(".svg")
    assert 'class="graph"' in alone
    assert d.explain(("graph", "all")).render(".svg") == alone
    matrix = d.explain("matrix").render(".svg")
    assert "<image" not in matrix
    both = d.explain(("graph", "matrix")).render(".svg")
    assert both.count("<image") == 1
    assert both.count("<use") == matrix.count("<use")
    assert both.index("<image") < both.rindex("<use")
    with pytest.raises(UsageError, match="code: no graph and no formula"):
        d.explain("code").render(".svg")
    assert "digraph" in d.explain("graph").render(".dot")


def test_the_command_line_writes_the_same(d, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text(
        "import numpy as np\n\n\ndef layer(x, w, b):\n    n = x @ w + b\n"
        "    y = 1 / (1 + np.exp(-n))\n    return y\n"
    )
    shapes = ["-s", "x=N L", "-s", "w=L M", "-s", "b=M"]
    code = main(["explain", "m.py:layer", *shapes, "--level", "matrix", "-o", "a.svg"])
    assert code == 0
    assert (tmp_path / "a.svg").read_text() == d.explain("matrix").render(".svg")


def test_every_title_and_every_line_is_heard(d):
    document = d.explain(("matrix", "batch"), **ARRAYS).document
    said = unescape(
        re.search("<desc>(.*?)</desc>", pictures.svg(document), re.DOTALL)[1]
    )
    rows = sum(len(b.rows) for b in blocks_of(document) if isinstance(b, Display))
    signs = re.findall(r"^(?:\S.*? )?[=←≠≈] .", said, re.MULTILINE)
    assert len(signs) == rows
    shown = [s for s in document.sections if any(hasattr(b, "rows") for b in s.blocks)]
    assert len(said.splitlines()) >= rows + len(shown)


# --- nothing is lost ----------------------------------------------------------------------


def signs_of(inner):
    """Count the signs of a formula by its MathML: roots have one, too."""
    root = ElementTree.fromstring(f"<math>{inner}</math>")
    tags = Counter(element.tag for element in root.iter())
    signs = sum(not c.isspace() and c != "\u2061" for c in "".join(root.itertext()))
    return signs + tags["msqrt"] + tags["mroot"]


def kinds(box):
    yield type(box)
    for name in box.__slots__:
        part = getattr(box, name)
        parts = part if isinstance(part, tuple) else (part,)
        for inner in parts:
            for each in inner if isinstance(inner, tuple) else (inner,):
                if hasattr(each, "__slots__"):
                    yield from kinds(each)


def sample():
    """Some formulas of every program, and all kinds of boxes many times."""
    chosen, seen = {}, Counter()
    for case in list(CASES.values())[::5]:
        document = derivo.derive(case.function, **case.specs).explain().document
        few = 0
        for formula in formulas_of(document):
            inner = mathml(formula)
            found = set(kinds(layout(formula)))
            rare = any(seen[kind] < 12 for kind in found)
            if inner in chosen or len(inner) > 2500 or not (rare or few < 2):
                continue
            few += 1
            seen.update(found)
            chosen[inner] = formula
    return chosen, seen


def test_the_formulas_of_all_programs_lose_nothing():
    chosen, seen = sample()
    every = set(boxes.Box.__args__) - {boxes.Gap, boxes.Hat}  # worksheets, names below
    assert every <= set(seen)
    assert len(chosen) > 60
    for inner, page in zip(chosen, pages(chosen.values()), strict=True):
        # A tall bracket or a long brace may be put together from several outlines.
        assert len(outlines(page)) >= signs_of(inner), inner


def test_what_programs_hardly_show():
    formulas = (
        Blank(Number(3), 2), Symbol("alpha_hat", 1), Symbol("w_bar"), Symbol("v_vec"),
        Symbol("v_dot"), Symbol("hidden", 2, adjoint=True), Words('a-b & c \\ $ <d> #"x'),
        Plus((Number(-1), Number(2.5e-7), Symbol("max"))), Symbol("x#", 1), Symbol("Λ"),
        Matrix(((Number(1),),)), Words("_*/[("), Words("日本"), Matrix(()), Words(""),
    )  # fmt: skip
    for formula, page in zip(formulas, pages(formulas), strict=True):
        assert len(outlines(page)) == signs_of(mathml(formula)), formula


# --- colours and places -------------------------------------------------------------------


def test_a_factor_has_its_colour_and_its_number():
    for colour, number in enumerate((1, 2, 6, 7, 12)):
        mark = Mark(Words("big part"), f"f{LETTERS[colour]}{number}")
        root = drawn(Plus((Symbol("a"), mark, Symbol("c"))))
        hue = palette.LIGHT[colour].lower()
        inside = [u for u in outlines(root) if u.get("fill") == hue]
        assert len(inside) == len("bigpart") + len(str(number))
        others = [u for u in outlines(root) if u not in inside]
        assert {u.get("fill") for u in others} == {"#1a1a1a"}


def test_a_decimal_comma_and_a_word_take_no_more_room_than_they_need():
    def width(formula):
        (page,) = pages([formula])
        return float(page.get("viewBox").split()[2])

    point = width(Number(-0.5))
    with spoken("fr"):
        assert width(Number(-0.5)) == pytest.approx(point, abs=0.5)
    one, three = (width(Symbol(name)) for name in ("std", "stdstdstd"))
    whole = width(Minus(Symbol("std")))
    assert whole - one == pytest.approx(width(Minus(Symbol("stdstdstd"))) - three)
    assert whole - one < (three - one) / 2


def test_long_sums_are_broken_into_lines():
    terms = Plus(tuple(Words(f"term {k}") for k in range(60)))
    one = drawn(Plus(terms.terms[:4]))
    root = drawn(terms)
    assert float(root.get("height").strip("pt")) > 2 * float(
        one.get("height").strip("pt")
    )
    assert float(root.get("width").strip("pt")) < 1200
    assert len(outlines(root)) == 1 + signs_of(mathml(terms))


# --- safe, whole files --------------------------------------------------------------------


def test_the_file_is_safe_and_its_references_lead_somewhere(d):
    text = d.explain(("graph", "scalar", "matrix", "batch"), **ARRAYS).render(".svg")
    root = ElementTree.fromstring(text)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    plain = "svg|g|defs|symbol|path|use|rect|image|desc"
    assert all(re.fullmatch(plain, e.tag.removeprefix(SVG)) for e in root.iter())
    links = [
        u.get("{http://www.w3.org/1999/xlink}href") for u in root.iter(f"{SVG}use")
    ]
    assert len(links) > 500
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert not re.search(r"\son\w+=|url\(|<script|@import", text)
    addresses = re.findall(r"https?://[^\"' ]+", text)
    assert all(a.startswith("http://www.w3.org/") for a in addresses)


def test_names_that_are_hostile_stay_text(d):
    title = '<script>"&amp;\x00\u2028</script>#panic("x")$'
    document = replace(d.explain("matrix").document, title=title)
    root = ElementTree.fromstring(pictures.svg(document))
    assert not list(root.iter(f"{SVG}script"))
    assert root.get("aria-label").endswith('</script>#panic("x")$')


def test_letters_that_no_font_has_are_named():
    old = "𓀀𐀀𒀀𐠀"  # scripts that nobody writes any longer
    with pytest.raises(
        UsageError, match=f"no font on this machine has the letters [{old}]"
    ):
        pictures.png(of(Words(f"é{old}")))


# --- PNG ----------------------------------------------------------------------------------


def test_png_shows_what_svg_shows(d):
    graph = d.explain().render(".png")
    formulas = d.explain("matrix").render(".png")
    assert graph[:4] == formulas[:4] == b"\x89PNG"
    assert pictures.png(of(Words("é λ"))) != pictures.png(of(Words("")))


def test_png_is_not_larger_than_is_good(d, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST", 10_000)
    data = d.explain("matrix", **ARRAYS).render(".png")
    width, height = (int.from_bytes(data[k : k + 4], "big") for k in (16, 20))
    assert 5_000 < width * height < 11_000


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_what_is_missing_is_named(d, monkeypatch, ending):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(UsageError, match=re.escape("derivo[svg]")):
        d.explain("matrix").render(ending)
    assert d.explain().render(".svg").startswith("<svg")
