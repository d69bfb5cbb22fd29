"""Pictures of formulas: nothing is lost, colours and places are right, files are safe."""

import re
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("ziamath", reason="pictures of formulas need the extra svg")
pytest.importorskip("resvg_py", reason="PNG needs the extra svg")

import derivo
from derivo.cli.main import main
from derivo.errors import UsageError
from derivo.explain import palette
from derivo.explain.formula import boxes
from derivo.explain.formula.boxes import LETTERS
from derivo.explain.formula.layout import layout
from derivo.explain.formula.mathml import mathml
from derivo.explain.formula.tree import Blank, Mark, Matrix, Number, Plus, Symbol, Words
from derivo.explain.writers import pictures, png
from derivo.explain.writers.shapes import Shapes
from tests.catalogue import CASES
from tests.explain.reading import formulas_of

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"


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


def drawn(body):
    return ElementTree.fromstring(
        f'<svg xmlns="{SVG[1:-1]}" xmlns:xlink="{LINK[1:-5]}">{body}</svg>'
    )


# --- what a picture holds -----------------------------------------------------------------


def test_all_is_the_graph_alone_and_levels_hold_their_formulas(d):
    alone = d.explain().render(".svg")
    assert alone == d.explain("graph").render(".svg")
    assert "<use" not in alone
    assert d.explain(("graph", "all")).render(".svg") == alone
    matrix = d.explain("matrix").render(".svg")
    assert 'class="graph"' not in matrix
    assert "∂E/∂w" in re.sub("[^ -~∂]", "w", matrix)
    both = d.explain(("graph", "matrix")).render(".svg")
    assert both.count('class="graph"') == 1
    assert both.count("<use") == matrix.count("<use")
    assert both.index('class="graph"') < both.index("aria-level", both.index("</svg>"))
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


def test_every_title_and_every_line_is_there(d):
    document = d.explain(("matrix", "batch"), **ARRAYS).document
    root = ElementTree.fromstring(pictures.svg(document))
    said = [g.get("aria-label", "") for g in root.iter(f"{SVG}g") if g.get("role")]
    heads = [g for g in root.iter(f"{SVG}g") if g.get("role") == "heading"]
    shown = [s for s in document.sections if any(hasattr(b, "rows") for b in s.blocks)]
    assert len(heads) >= len(shown) + 1
    rows = sum(
        len(b.rows) for s in shown for b in s.blocks if type(b).__name__ == "Display"
    )
    assert sum(bool(re.search(r"^\S* ?[=←≠≈]| [=←≠≈] ", t)) for t in said) == rows


# --- nothing is lost ----------------------------------------------------------------------


def assert_complete(shapes, inner):
    """Each sign of the MathML is one outline; roots have a sign, roots and bars a line."""
    root = ElementTree.fromstring(f"<math>{inner}</math>")
    tags = Counter(element.tag for element in root.iter())
    signs = sum(not c.isspace() and c != "\u2061" for c in "".join(root.itertext()))
    roots = tags["msqrt"] + tags["mroot"]
    blanks = sum(e.get("class") == "box" for e in root.iter())
    found = Counter(e.tag for e in drawn(shapes.shape(inner).body).iter())
    assert found[f"{SVG}use"] + found[f"{SVG}text"] == signs + roots, inner
    assert found[f"{SVG}rect"] == roots + tags["mfrac"] + blanks, inner


def kinds(box):
    yield type(box)
    for name in box.__slots__:
        part = getattr(box, name)
        parts = part if isinstance(part, tuple) else (part,)
        for inner in parts:
            for each in inner if isinstance(inner, tuple) else (inner,):
                if hasattr(each, "__slots__"):
                    yield from kinds(each)


@pytest.fixture(scope="module")
def sample():
    """Some formulas of every program, and all kinds of boxes many times."""
    chosen, seen = {}, Counter()
    for case in CASES.values():
        document = derivo.derive(case.function, **case.specs).explain().document
        few = 0
        for formula in formulas_of(document):
            inner = mathml(formula)
            found = set(kinds(layout(formula)))
            rare = any(seen[kind] < 12 for kind in found)
            if inner in chosen or len(inner) > 2500 or not (rare or few < 3):
                continue
            few += 1
            seen.update(found)
            chosen[inner] = formula
    return chosen, seen


def test_the_formulas_of_all_programs_lose_nothing(sample):
    chosen, seen = sample
    every = set(boxes.Box.__args__) - {boxes.Gap, boxes.Hat}  # worksheets, names below
    assert every <= set(seen)
    assert len(chosen) > 200
    shapes = Shapes()
    for inner in chosen:
        assert_complete(shapes, inner)


def test_what_programs_hardly_show():
    shapes = Shapes()
    for formula in (
        Blank(Number(3), 2), Symbol("alpha_hat", 1), Symbol("w_bar"), Symbol("v_vec"),
        Words("a-b & c \\ $ <d>"), Matrix(()), Words(""), Symbol("hidden", 2, adjoint=True),
        Plus((Number(-1), Number(2.5e-7), Symbol("max"))), Words("日本"),
    ):  # fmt: skip
        assert_complete(shapes, mathml(formula))
    assert_complete(shapes, "<mroot><mi>x</mi><mn>3</mn></mroot>")


def test_a_lost_sign_is_noticed(monkeypatch):
    whole = Shapes._letter

    def lossy(self, node, x, y):
        return "" if node.char == "+" else whole(self, node, x, y)

    monkeypatch.setattr(Shapes, "_letter", lossy)
    assert_complete(Shapes(), mathml(Symbol("x")))
    with pytest.raises(AssertionError):
        assert_complete(Shapes(), mathml(Plus((Symbol("x"), Symbol("y")))))


# --- colours and places -------------------------------------------------------------------


def test_a_factor_has_its_colour_and_its_number():
    shapes = Shapes()
    for colour, number in enumerate((1, 2, 6, 7, 12)):
        factor = f"f{LETTERS[colour]}{number}"
        formula = Plus((Symbol("a"), Mark(Words("big part"), factor), Symbol("c")))
        root = drawn(shapes.shape(mathml(formula)).body)
        (group,) = [g for g in root.iter(f"{SVG}g") if g.get("data-f") == factor]
        inside = list(group.iter(f"{SVG}use"))
        assert len(inside) == len("bigpart") + len(str(number))
        assert {u.get("fill") for u in inside} == {palette.LIGHT[colour]}
        others = [u for u in root.iter(f"{SVG}use") if u not in inside]
        assert {u.get("fill") for u in others} == {"#1a1a1a"}
        digits = {u.get(LINK) for u in inside[-len(str(number)) :]}
        plain = drawn(shapes.shape(f'<mtext class="n">{number}</mtext>').body)
        assert digits == {u.get(LINK) for u in plain.iter(f"{SVG}use")}


def test_equations_are_aligned_and_do_not_overlap(d):
    document = d.explain("matrix", **ARRAYS).document
    page = pictures._Page()
    placed = []
    page.place = lambda shape, x, y, said="": placed.append((shape, x, y))
    rows = next(b for s in document.sections for b in s.blocks if len(getattr(b, "rows", ())) > 3).rows  # fmt: skip
    page.rows(rows)
    lefts, signs, rights = placed[0::3], placed[1::3], placed[2::3]
    assert len(placed) == 3 * len(rows)
    assert len({x for _, x, _ in signs}) == 1
    assert len({round(x + s.width, 6) for s, x, _ in lefts}) == 1
    assert len({x for _, x, _ in rights}) == 1
    for line in zip(lefts, signs, rights, strict=True):
        assert len({y for _, _, y in line}) == 1
    bands = [
        (min(y - s.above for s, _, y in line), max(y + s.below for s, _, y in line))
        for line in zip(lefts, signs, rights, strict=True)
    ]
    for (_, low), (high, _) in pairwise(bands):
        assert low < high


def test_long_sums_are_broken_into_lines():
    terms = Plus(tuple(Words(f"term {k}") for k in range(60)))
    lines = list(pictures._wrapped(Shapes().pieces(mathml(terms))))
    assert len(lines) > 2
    assert all(line.width <= pictures.WIDEST for line in lines)
    total = sum(line.body.count("<use") for line in lines)
    assert total == 59 + sum(len(f"term{k}") for k in range(60))


def test_long_braces_of_different_lengths_keep_their_own_outlines():
    shapes = Shapes()
    for count in (40, 60):
        inner = f"<munder><mtext>{'m' * count}</mtext><mo stretchy='true'>\u23df</mo></munder>"
        shapes.shape(inner)
    assert len([name for name in shapes.outlines if "-" in name]) == 2


# --- safe, whole files --------------------------------------------------------------------


def test_the_file_is_safe_and_its_references_lead_somewhere(d):
    text = d.explain(("graph", "scalar", "matrix", "batch"), **ARRAYS).render(".svg")
    root = ElementTree.fromstring(text)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    plain = "svg|g|defs|path|use|rect|text|title|style|circle|polygon"
    assert all(re.fullmatch(plain, e.tag.removeprefix(SVG)) for e in root.iter())
    links = [e.get(LINK) for e in root.iter(f"{SVG}use")]
    assert len(links) > 500
    assert {link.removeprefix("#") for link in links} == set(ids)
    assert not re.search(r"\son\w+=|url\(|<script|@import", text)
    addresses = set(re.findall(r"https?://[^\"' ]+", text))
    assert addresses == {SVG[1:-1], LINK[1:-5]}


def test_names_that_are_hostile_stay_text(d):
    document = replace(
        d.explain("matrix").document, title='<script>"&amp;\x00\u2028\ud7ff</script>'
    )
    root = ElementTree.fromstring(pictures.svg(document))
    assert not list(root.iter(f"{SVG}script"))


def test_letters_that_the_font_lacks_stay_in_the_file(d, tmp_path):
    text = d.explain("matrix", language="ja").render(".svg")
    root = ElementTree.fromstring(text)
    letters = "".join(e.text for e in root.iter(f"{SVG}text"))
    title = d.explain("matrix", language="ja").document.title
    assert "".join(c for c in title if ord(c) > 0x3000) in letters
    french = d.explain("matrix", language="fr").render(".svg")
    assert not list(ElementTree.fromstring(french).iter(f"{SVG}text"))


# --- PNG ----------------------------------------------------------------------------------


def picture(text):
    return f'<svg xmlns="{SVG[1:-1]}" width="60" height="40"><text x="5" y="25">{text}</text></svg>'


def test_png_shows_text_and_says_when_it_cannot():
    assert png.write(picture("abc")).startswith(b"\x89PNG")
    assert png.write(picture("abc")) != png.write(picture(""))
    assert png.write(picture("é λ")) != png.write(picture(""))
    with pytest.raises(UsageError, match="no font on this machine has"):
        png.write(picture("\U000fabcd"))


def test_png_of_formulas_is_white_and_not_larger_than_is_good(d, monkeypatch):
    image = pytest.importorskip("PIL.Image", reason="reading PNG needs pillow")
    from io import BytesIO

    data = d.explain("matrix", **ARRAYS).render(".png")
    shown = image.open(BytesIO(data)).convert("RGBA")
    assert shown.getpixel((2, 2)) == (255, 255, 255, 255)
    colours = {c for _, c in shown.getcolors(10**7)}
    for hue in (palette.LIGHT[0], palette.LIGHT[2], palette.LIGHT[4]):
        assert (*bytes.fromhex(hue[1:]), 255) in colours
    monkeypatch.setattr(png, "LARGEST", 10_000)
    small = image.open(BytesIO(d.explain("matrix", **ARRAYS).render(".png")))
    assert small.size[0] * small.size[1] < 11_000


@pytest.mark.parametrize(
    ("module", "ending"), [("ziamath", ".svg"), ("ziamath", ".png"), ("resvg_py", ".png")]
)  # fmt: skip
def test_what_is_missing_is_named(d, monkeypatch, module, ending):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=re.escape("derivo[svg]")):
        d.explain("matrix").render(ending)
    assert d.explain().render(".svg").startswith("<svg")
