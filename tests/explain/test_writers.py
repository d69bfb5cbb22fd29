"""Formulas as text: brackets, valid markup, and LaTeX that compiles."""

import ast
import itertools
import re
import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import derivo
from derivo import Spec
from derivo.explain.document import Display, Document, Row, Section
from derivo.explain.formula import latex, mathml, unicode
from derivo.explain.formula.names import GREEK
from derivo.explain.formula.tree import (
    Call,
    Entry,
    Index,
    Minus,
    Number,
    Plus,
    Power,
    Quotient,
    Size,
    Symbol,
    Times,
)  # fmt: skip
from derivo.explain.formula.unicode import broken, inline, plain
from derivo.explain.writers import latex as latex_document
from derivo.explain.writers import numbers
from derivo.explain.writers.html import page
from derivo.explain.writers.inline import in_runs
from derivo.explain.writers.terminal import render
from derivo.explain.writers.wrapping import width_of, wrapped
from derivo.ops.catalogue import CATALOGUE
from tests.catalogue import CASES
from tests.explain.reading import SENTENCES, derived, explained, formulas_of

VALUES = {"a": 1.7, "b": -0.6, "c": 2.3, "d": 0.4}
ONE = {"neg": "-", "square": "s", "exp": "e", "sqrt": "r", "log": "l"}


def symbols():
    return st.sampled_from([Symbol(n) for n in VALUES])


def grow(inner):
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        several.map(Plus), inner.map(Minus),
        st.tuples(several, st.sampled_from(["", "·", "×", "⊙"])).map(lambda t: Times(*t)),
        st.tuples(inner, inner).map(lambda t: Quotient(*t)),
        inner.map(lambda f: Power(f, Number(2))),
        st.tuples(st.sampled_from(["add", "sub", "mul", "div"]), inner, inner).map(
            lambda t: Call(CATALOGUE[t[0]], t[1:])
        ),
        st.tuples(st.sampled_from(["neg", "exp", "square", "sigmoid", "tanh"]), inner).map(
            lambda t: Call(CATALOGUE[t[0]], t[1:])
        ),
    )  # fmt: skip


TREES = st.recursive(
    st.one_of(symbols(), st.integers(1, 9).map(Number)), grow, max_leaves=8
)


def meaning(f):
    """Give the value of a tree, from its parts."""
    match f:
        case Symbol(name):
            return VALUES[name]
        case Number(value):
            return value
        case Plus(terms):
            return sum(map(meaning, terms))
        case Minus(body):
            return -meaning(body)
        case Times(factors):
            return float(np.prod([meaning(x) for x in factors]))
        case Quotient(a, b):
            return meaning(a) / meaning(b)
        case Power(a, b):
            return meaning(a) ** meaning(b)
        case Call(op, args):
            parts = [meaning(a) for a in args]
            return {
                "add": lambda: parts[0] + parts[1], "sub": lambda: parts[0] - parts[1],
                "mul": lambda: parts[0] * parts[1], "div": lambda: parts[0] / parts[1],
                "neg": lambda: -parts[0], "exp": lambda: np.exp(parts[0]),
                "square": lambda: parts[0] ** 2, "tanh": lambda: np.tanh(parts[0]),
                "sigmoid": lambda: 1 / (1 + np.exp(-parts[0])),
            }[op.name]()  # fmt: skip
        case _:
            raise AssertionError(f)


class Reader:
    """Reads printed LaTeX as a person does: conventions only, nothing of the writer's."""

    def __init__(self, text):
        text = re.sub(r"\\(left|right)\b", " ", text)
        self.tokens = re.findall(r"\\[A-Za-z]+|\d+(?:\.\d+)?|[A-Za-z]|\S", text)
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected=""):
        token = self.peek()
        assert not expected or token == expected, (expected, token, self.tokens)
        self.at += 1
        return token

    def whole(self):
        value = self.sum()
        assert self.at == len(self.tokens), self.tokens[self.at :]
        return value

    def sum(self):
        value = self.signed()
        while self.peek() in {"+", "-"}:
            sign = 1 if self.take() == "+" else -1
            value = value + sign * self.product()
        return value

    def signed(self):
        if self.peek() == "-":
            self.take()
            return -self.product()
        return self.product()

    def product(self):
        value = self.power()
        while self.peek() and self.peek() not in {"+", "-", ")", "}", "]"}:
            if self.peek() in {r"\odot", r"\cdot", r"\times"}:
                self.take()
            value = value * self.power()
        return value

    def power(self):
        value = self.atom()
        while self.peek() == "^":
            self.take()
            value = value ** self.group()
        return value

    def group(self):
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def atom(self):
        token = self.take()
        if token == "(":
            value = self.sum()
            self.take(")")
            return value
        if token == "{":
            self.at -= 1
            return self.group()
        if token == r"\frac":
            return self.group() / self.group()
        if token == r"\mathrm":
            self.take("{"), self.take("e"), self.take("}")
            return np.e
        if token == r"\sigma":
            return 1 / (1 + np.exp(-self.atom()))
        if token == r"\tanh":
            return np.tanh(self.power())
        return VALUES[token] if token in VALUES else float(token)


@settings(max_examples=600, deadline=None)
@given(TREES)
def test_what_is_printed_means_what_was_meant(tree):
    try:
        with np.errstate(all="ignore"):
            expected = meaning(tree)
    except (OverflowError, ZeroDivisionError):
        return
    if not np.isfinite(expected) or abs(expected) > 1e200:
        return
    with np.errstate(all="ignore"):
        try:
            found = Reader(latex.latex(tree)).whole()
        except ZeroDivisionError:
            return
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12), latex.latex(tree)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_markup_is_valid_and_blocks_are_rectangular(tree):
    assert_clean(tree)


def assert_clean(formula):
    root = ElementTree.fromstring(mathml.math(formula))
    texts = "".join(root.itertext())
    assert not set("&\\$") & set(texts), texts
    block = unicode.block(formula)
    for line in block.lines:
        assert width_of("".join(t for t, _ in line)) == block.width
    printed = latex.latex(formula)
    bare = printed.replace(r"\{", "").replace(r"\}", "")
    assert bare.count("{") == bare.count("}")
    assert printed.count(r"\left") - printed.count(r"\leftarrow") == printed.count(
        r"\right"
    ) - printed.count(r"\rightarrow")


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_every_formula_of_every_program_is_clean(case):
    for formula in formulas_of(explained(case)):
        assert_clean(formula)


@pytest.mark.parametrize("op", CATALOGUE.values(), ids=lambda op: op.name)
def test_every_template_is_read(op):
    names = "xyzuvw"[: max(1, len(op.inputs))]
    specs = (Spec("N M"),) * len(names)
    assert_clean(Call(op, tuple(Symbol(n, 2) for n in names), dict(op.attrs), specs))


NAMES = [
    "_x1",
    "alpha_hat",
    "λ",
    "lambda_",
    "a__b",
    "x_1_2",
    "hidden",
    "W1",
    "h_prev",
    "Σ",
    "x'",
]


@pytest.mark.parametrize("name", [*NAMES, *GREEK])
def test_names_are_printed_safely(name):
    assert_clean(Symbol(name, 2))
    assert_clean(Entry(Symbol(name, 2, adjoint=True), (Index("i"), Size(3))))


def layer(x, w, b):
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y


def engine():
    return shutil.which("pdflatex") or shutil.which("lualatex")


@pytest.mark.skipif(
    engine() is None,
    reason="no LaTeX engine is installed: sources were balanced, not compiled",
)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_document_compiles(tmp_path, language):
    arrays = {"x": np.ones((2, 2)), "w": np.eye(2), "b": np.zeros(2)}
    e = derivo.derive(layer, x="N L", w="L M", b="M").explain(
        language=language, **arrays
    )
    path = e.save(tmp_path / "layer.tex")
    done = subprocess.run(
        [engine(), "-interaction=nonstopmode", "-halt-on-error", path.name],
        cwd=tmp_path, capture_output=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert path.with_suffix(".pdf").stat().st_size > 10_000


@pytest.mark.skipif(
    engine() is None,
    reason="no LaTeX engine is installed: widths were not measured",
)
@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["attention", "focal_loss", "lstm_cell", "mixture_density"]
)
def test_nothing_runs_over_the_margin(tmp_path, name):
    case = CASES[name]
    d = derived(case)
    path = d.explain(**case.arrays()).save(tmp_path / "long.tex")
    subprocess.run(
        [engine(), "-interaction=nonstopmode", "-halt-on-error", path.name],
        cwd=tmp_path, capture_output=True, check=True, timeout=200,
    )  # fmt: skip
    log = path.with_suffix(".log").read_text("utf-8", "replace")
    over = re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)
    assert max(map(float, over), default=0) < 2, over


@pytest.mark.skipif(
    not (shutil.which("lualatex") and shutil.which("kpsewhich"))
    or not subprocess.run(
        ["kpsewhich", "luatexja.sty"],  # noqa: S607
        capture_output=True,
        check=False,
    ).stdout,
    reason="no LuaLaTeX with luatexja is installed: Japanese was not compiled",
)
def test_the_document_compiles_in_japanese(tmp_path):
    e = derivo.derive(layer, x="N L", w="L M", b="M").explain(language="ja")
    path = e.save(tmp_path / "layer.tex")
    done = subprocess.run(
        ["lualatex", "-interaction=nonstopmode", "-halt-on-error", path.name],  # noqa: S607
        cwd=tmp_path, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said[-2000:]
    assert "Missing character" not in path.with_suffix(".log").read_text(
        "utf-8", "replace"
    )


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdfLaTeX is installed")
def test_japanese_says_which_engine_it_needs(tmp_path):
    e = derivo.derive(layer, x="N L", w="L M", b="M").explain("graph", language="ja")
    path = e.save(tmp_path / "layer.tex")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name],  # noqa: S607
        cwd=tmp_path, capture_output=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode != 0
    assert b"lualatex layer.tex" in done.stdout


@pytest.mark.parametrize("room", [24, 40, 80])
def test_sentences_fit_the_width_in_every_language(room):
    for sentence in [s for said in SENTENCES.values() for s in said.values()]:
        lines = wrapped(sentence, room)
        assert "".join(lines).replace(" ", "") == sentence.replace(" ", "")
        for line in lines:
            is_word = len(re.findall(r"\S+", line)) == 1
            # A full stop may hang over the edge, as it does in print.
            assert width_of(line) <= room + 2 or is_word, line
            # What stands between two words has no word of its own to hang on.
            begins = {"、", "。", "）"} - {sentence[:1]}  # noqa: RUF001
            assert line[:1] not in begins, line


@pytest.mark.parametrize("room", [20, 34])
def test_a_formula_that_is_too_wide_is_broken_at_its_signs(room):
    names = [Symbol(f"value_{k}", 1) for k in range(9)]
    products = tuple(Times((a, b), "⊙") for a, b in itertools.pairwise(names))
    for formula in (Plus(products), Plus((Minus(names[0]), *products)), products[0]):
        chunks = broken(formula, room)
        assert all(c.width <= room for c in chunks)
        text = " ".join(t for c in chunks for t in plain(c))
        assert re.sub(r"\s", "", text) == re.sub(r"\s", "", inline(formula))


@pytest.mark.parametrize("case", list(CASES.values())[::6], ids=lambda c: c.name)
def test_code_that_is_too_wide_goes_on_as_python_does(case):
    """At 40 columns it is the same program, and only what is one word is wider."""
    code = explained(case).code
    assert code is not None
    whole = render(Document("", "en", (), code=code), width=40)
    assert all(width_of(line) <= 40 or len(line.split()) == 1 or "'" in line
               for line in whole.splitlines())  # fmt: skip
    bare = replace(code, lines=tuple(replace(line, factors=()) for line in code.lines))
    shown = render(Document("", "en", (), code=bare), width=40).partition("─\n")[2]
    text = "\n".join(line.text for line in code.lines)
    assert ast.dump(ast.parse(shown)) == ast.dump(ast.parse(text))
    words = shown.replace("#", " ").replace(" \\\n", " ").split()
    for word in " ".join(t.partition("#")[2] for t in text.splitlines()).split():
        assert word in words


@pytest.mark.parametrize("name", ["neuron", "attention", "softmax_cross_entropy"])
@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_what_is_told_in_letters_fits_a_narrow_terminal(name, language):
    case = CASES[name]
    document = (
        derivo.derive(case.function, **case.specs).explain(language=language).document
    )
    shown = render(replace(document, drawing=None, code=None), width=40).splitlines()
    # A full stop may hang over the edge, as it does in print.
    assert [line for line in shown if width_of(line.rstrip("、。：）")) > 40] == []  # noqa: RUF001


def test_latex_breaks_a_long_sum_rather_than_shrinking_it():
    names = [Symbol(f"value_{k}") for k in range(40)]
    rows = (Row(Symbol("y"), Plus(tuple(names))),)
    document = Document("", "en", (Section("s", (), (Display(rows),)),))
    body = latex_document.write(document).partition("{align*}")[2]
    lines = body.partition(r"\end{align*}")[0].split(r"\\")
    counts = [len(re.findall("value", line)) for line in lines]
    assert sum(counts) == len(names)
    assert all(0 < count * len("value0 + ") <= 70 for count in counts)


def test_latex_balances():
    e = derivo.derive(layer, x="N L", w="L M", b="M").explain()
    source = latex_document.write(e.document)
    assert source.count(r"\begin{") == source.count(r"\end{")


@pytest.mark.parametrize(("value", "expected"), [
    (0.0, "0"), (-0.0, "0"), (float("nan"), "NaN"), (float("inf"), "∞"), (-np.inf, "−∞"),
    (1e-300, "10⁻³⁰⁰"), (3, "3"), (True, "True"), (0.123456, "0.1235"), (-1.5, "−1.5"),
    (123456.0, "1.235 × 10⁵"), ([[2.5]], "2.5"), ([1e-17, -1.5], "(0, −1.5)"),
    ([1, 2, 3, 4], ""), ([[1.0], [2.0]], ""), ([], ""),
])  # fmt: skip
def test_numbers_are_short(value, expected):
    assert numbers.short(value) == expected


def test_the_page_holds_no_address_to_fetch():
    html = page.write(derivo.derive(layer, x="N L", w="L M", b="M").explain().document)
    assert "default-src 'none'" in html
    fetched = re.findall(r"""(?:src|href)=["'](?!#|data:)([^"']+)""", html)
    assert fetched == []


def test_many_factors_of_a_line_are_told_in_runs():
    ids = [f"layer-fc{k}" for k in (3, 1, 2, 5, 8, 9)]
    assert in_runs(ids) == [
        ("1-3", "layer-fc1"), ("5", "layer-fc5"), ("8", "layer-fc8"),
        ("9", "layer-fc9"),
    ]  # fmt: skip
