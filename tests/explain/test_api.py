"""What users call: explain, save, worksheets, words; and input that is not nice."""

import re
import warnings
from urllib.parse import unquote

import numpy as np
import pytest

import derivo
from derivo.errors import DerivoError, IndependentWarning, UsageError
from derivo.explain.assemble import LEVELS
from derivo.explain.document import blocks_of
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.explanation import ENDINGS
from derivo.explain.formula.tree import Blank, walk
from derivo.explain.words import LANGUAGES
from derivo.layers import Dense
from tests.catalogue import CASES
from tests.explain import loop_programs
from tests.explain.reading import assert_links_lead_somewhere, derived, explained


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


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("arrays", [{}, ARRAYS], ids=["letters", "numbers"])
def test_every_ending_is_written(d, tmp_path, ending, arrays):
    if ending == ".png":
        pytest.importorskip("typst", reason="PNG needs the extra svg")
    path = d.explain(**arrays).save(tmp_path / f"layer{ending}")
    assert path.stat().st_size > 200
    beside = ["layer-1.svg"] if ending == ".md" else []
    assert sorted(p.name for p in tmp_path.iterdir()) == [*beside, path.name]


def test_mistakes_are_named(d, tmp_path):
    with pytest.raises(UsageError, match="choose of all, graph"):
        d.explain("matrices")
    with pytest.raises(UsageError, match="choose one of en, fr, ja"):
        d.explain(language="de")
    with pytest.raises(UsageError, match="choose one of the endings"):
        d.explain().save(tmp_path / "layer.docx")
    with pytest.raises(UsageError, match="no folder"):
        d.explain().save(tmp_path / "none" / "layer.html")
    with pytest.raises(DerivoError):
        d.explain(x=ARRAYS["x"])
    with pytest.raises(DerivoError):
        d.explain(**{**ARRAYS, "b": np.zeros(5)})
    with pytest.raises(UsageError, match="upstream"):
        d.explain(upstream=1.0)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_format_is_named_with_a_dot_or_without(d, ending):
    if ending == ".png":
        pytest.importorskip("typst", reason="PNG needs the extra svg")
    e = d.explain()
    assert e.render(ending) == e.render(ending[1:]) == e.render(ending.upper())


@pytest.mark.parametrize("ending", ["docx", ".htm", "", ".", "htmls", "..html"])
def test_a_format_that_nobody_writes_is_an_error(d, ending):
    with pytest.raises(UsageError, match=r"choose one of the endings \.html"):
        d.explain().render(ending)


def test_html_is_a_page(d):
    assert d.explain().render("html").startswith("<!DOCTYPE html>")


def test_an_argument_may_be_called_like_an_option():
    def scaled(level, language):
        return level * language

    d = derivo.derive(scaled, level="", language="")
    e = d.explain(arrays={"level": 2.0, "language": 3.0})
    assert "6" in e.text


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_alone(d, level):
    document = d.explain(level, **ARRAYS).document
    assert {s.level for s in document.sections} <= {level}
    assert (document.drawing is not None) == (level == "graph")
    assert (document.code is not None) == (level == "code")


def test_a_notebook_shows_the_page(d):
    html = d.explain()._repr_html_()
    assert html.startswith("<iframe")
    assert "sandbox" in html


def test_the_page_of_a_small_network_is_small(tmp_path):
    net = derivo.Network(Dense(3, "tanh"), Dense(2), loss="cross_entropy")
    net.build(4)
    assert net.explain().save(tmp_path / "net.html").stat().st_size < 500_000


def test_a_network_explains_itself(tmp_path):
    x, t = derivo.data.digits()
    net = derivo.Network(Dense(4, "relu"), Dense(10), loss="cross_entropy")
    net.build(64)
    assert net.explain(x=x, t=t).save(tmp_path / "net.html").stat().st_size < 1_000_000
    assert "matrix-w1" in {s.anchor for s in net.explain("matrix").document.sections}


# --- links --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_ids_lead_somewhere_and_factors_are_in_the_code(case):
    e = derived(case).explain()
    document, window = e.written_out, e.window
    spots = {s.id for s in document.drawing.spots}
    known = {f.id for f in document.factors}
    for moment in window.moments:
        assert moment.place in spots or moment.value is None
    in_code = {f for line in document.code.lines for f in line.factors}
    assert in_code <= known
    anchors = [s.anchor for s in document.sections]
    assert len(set(anchors)) == len(anchors)


def test_nearly_every_factor_is_on_a_line_of_code():
    covered = total = 0
    for case in CASES.values():
        document = explained(case)
        in_code = {f for line in document.code.lines for f in line.factors}
        covered += len(in_code)
        total += len(document.factors)
    assert covered / total > 0.85, f"{covered} of {total}"


def test_lines_of_the_articles_layer(d):
    lines = {
        line.text.strip().split(" = ")[0]: line.factors
        for line in d.explain("code").document.code.lines
        if line.backward
    }
    factors = {
        (f.operand.index, f.position): f.id for f in d.explain("code").document.factors
    }
    assert len(factors) == 5
    # 1: sigmoid by n, 2 and 3: the sum by x @ w and by b, 4 and 5: the product by x and
    # w. A letter goes with each colour, which are five here.
    assert lines == {
        "d_n": ("fa1", "fb2"),
        "d_b": ("fc3",),
        "d_x": ("fd4",),
        "d_w": ("fe5",),
    }


def test_links_within_a_document_lead_to_sections(d):
    assert_links_lead_somewhere(d.explain(**ARRAYS).document)


# --- worksheets ---------------------------------------------------------------------------


def test_a_worksheet_has_blanks_and_its_key_the_numbers(d):
    sheet = d.explain().worksheet(seed=4)
    blanks = [
        p
        for b in blocks_of(sheet.sheet.document)
        if hasattr(b, "rows")
        for r in b.rows
        for p in walk(r.right)
        if isinstance(p, Blank)
    ]
    assert [b.number for b in blanks] == list(range(1, len(blanks) + 1))
    assert not [
        p
        for b in blocks_of(sheet.key.document)
        if hasattr(b, "rows")
        for r in b.rows
        for p in walk(r.right)
        if isinstance(p, Blank)
    ]
    again = d.explain().worksheet(seed=4)
    assert again.sheet.text == sheet.sheet.text
    assert d.explain().worksheet(seed=5).sheet.text != sheet.sheet.text


def test_the_answers_are_right(d):
    sheet = d.explain().worksheet(seed=1)
    answers = []
    for block in blocks_of(sheet.sheet.document):
        left = None
        for row in getattr(block, "rows", ()):
            left = row.left or left
            for part in walk(row.right):
                if isinstance(part, Blank):
                    answers.append((left, part.answer))
    from derivo.explain.formula.tree import Symbol

    def total(w):
        return np.sum(1 / (1 + np.exp(-(sheet.arrays["x"] @ w + sheet.arrays["b"]))))

    w, step = np.asarray(sheet.arrays["w"]), 1e-6
    exact = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        move = np.zeros_like(w)
        move[index] = step
        exact[index] = (total(w + move) - total(w - move)) / (2 * step)
    matrix = next(a for left, a in answers if left == Symbol("w", 2, adjoint=True))
    found = np.array([[c.value for c in row] for row in matrix.rows])
    np.testing.assert_allclose(found, exact, atol=1e-8)


def test_a_worksheet_is_saved_with_its_key(d, tmp_path):
    d.explain().worksheet(2).save(tmp_path / "sheet.html")
    assert {p.name for p in tmp_path.iterdir()} == {"sheet.html", "sheet-key.html"}
    assert 'class="blank"' in (tmp_path / "sheet.html").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_everything(d, language):
    e = d.explain(language=language, **ARRAYS)
    assert e.document.language == language
    assert len(e.document.sections) == len(d.explain(**ARRAYS).document.sections)


# --- what is not nice -----------------------------------------------------------------------


def every_ending(d, tmp_path, **arrays):
    e = d.explain(**arrays)
    for ending in ENDINGS:
        if ending != ".png":
            assert e.save(tmp_path / f"x{ending}").stat().st_size < 3_000_000


def test_pictures_of_markdown_are_beside_it(tmp_path):
    d = derivo.derive(loop_programs.rnn, **loop_programs.SPECS[loop_programs.rnn])
    d.explain().save(tmp_path / "my loop.md")
    text = (tmp_path / "my loop.md").read_text("utf-8")
    linked = [unquote(m) for m in re.findall(r"!\[[^\]]*\]\((.+?\.svg)\)", text)]
    beside = sorted(p.name for p in tmp_path.glob("*.svg"))
    assert linked == beside == ["my loop-1.svg", "my loop-2.svg"]
    assert "data:" not in text
    # The first is the whole graph, the second what happens within a step.
    first, second = ((tmp_path / name).read_text("utf-8") for name in linked)
    assert first != second


def test_hostile_names(tmp_path):
    def f(_x1, alpha_hat, λ, lambda_, a__b):
        x_ = _x1 * alpha_hat + λ * lambda_
        return np.tanh(x_ * a__b)

    d = derivo.derive(f, _x1="N", alpha_hat="N", λ="N", lambda_="N", a__b="N")
    every_ending(d, tmp_path)
    shown = d.explain().document.drawing
    assert len({s.symbol for s in shown.spots if s.kind == "argument"}) == 5


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, 0.0])
def test_values_that_are_not_finite(d, tmp_path, value):
    every_ending(d, tmp_path, **{**ARRAYS, "x": np.full((2, 2), value)})


def test_arrays_without_entries_and_very_large_ones(d, tmp_path):
    every_ending(d, tmp_path, x=np.zeros((0, 2)), w=ARRAYS["w"], b=ARRAYS["b"])
    large = {"x": np.ones((1000, 1000)), "w": np.ones((1000, 50)), "b": np.ones(50)}
    every_ending(d, tmp_path, **large)


def test_three_hundred_lines(tmp_path):
    lines = (
        ["def long(x):"]
        + [f"    x = np.tanh(x)  # {k}" for k in range(300)]
        + ["    return x"]
    )
    path = tmp_path / "long.py"
    path.write_text("import numpy as np\n" + "\n".join(lines))
    scope = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)  # noqa: S102
    every_ending(derivo.derive(scope["long"], x="N"), tmp_path)


def test_integers_constants_and_several_results(tmp_path):
    table = np.arange(12.0).reshape(4, 3)

    def f(x, k):
        y = x * table
        return {"y": y, "z": np.sum(y[k])}

    d = derivo.derive(f, x="4 3", k=derivo.Spec("", "int"))
    every_ending(d, tmp_path)
    every_ending(d, tmp_path, x=np.ones((4, 3)), k=2)


def test_loops_over_time(tmp_path):
    def rnn(xs, h0, w):
        def step(h, x):
            h = np.tanh(x + h @ w)
            return h, h

        return derivo.scan(step, h0, xs)[1]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        every_ending(derivo.derive(rnn, xs="T N M", h0="N M", w="M M"), tmp_path)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_every_program_with_numbers_in_every_form(case, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        every_ending(derived(case), tmp_path, **case.arrays())


def test_transparent_operations_are_passed_over(d):
    from derivo.explain.prepare import subject

    nodes = subject(d, {}).graph.nodes()
    assert not any(is_transparent(n) for n in nodes)


UNREAD = {
    "a loss": (lambda x, k: np.sum(np.tanh(x)), {"x": "3", "k": "2"}),
    "a layer": (lambda x, k, w: np.tanh(x @ w), {"x": "3 2", "k": "2", "w": "2 2"}),
    "numbers": (lambda k, x: x * x, {"k": "", "x": ""}),
}


@pytest.mark.parametrize("name", UNREAD)
def test_an_argument_that_nothing_reads_is_in_no_ones_way(name):
    function, specs = UNREAD[name]
    with pytest.warns(IndependentWarning):
        d = derivo.derive(function, shapes=specs)
    sizes = {k: tuple(map(int, s.split())) for k, s in specs.items()}
    arrays = {k: np.full(shape, 0.5) for k, shape in sizes.items()}
    for explanation in (d.explain(), d.explain(arrays=arrays)):
        for ending in ("txt", "md", "tex", "dot", "html"):
            assert explanation.render(ending)
    assert "k" not in {s.symbol for s in d.explain().document.drawing.spots}
    assert d.explain().worksheet(1).sheet.text
