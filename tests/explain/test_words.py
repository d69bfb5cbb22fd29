"""Sentences: one word for one thing in every language, punctuation as natives set it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import derivo
from derivo.explain.document import Table, blocks_of
from derivo.explain.formula.latex import escape
from derivo.explain.formula.unicode import inline
from derivo.explain.words import AREAS, LANGUAGES, THIN, Words, texts
from derivo.explain.words.glossary import AVOIDED, TERMS
from derivo.graph.element import Unscripted
from derivo.ops import CATALOGUE
from derivo.play.networks import derived
from derivo.play.page import page_of
from tests.catalogue import CASES
from tests.explain.reading import SENTENCES as WITH_FIELDS
from tests.scan.programs import PROGRAMS

FIELD = re.compile(r"\{\w+\}")
SENTENCES = {
    key: {k: FIELD.sub("", s) for k, s in said.items()}
    for key, said in WITH_FIELDS.items()
}
SOURCE = Path(derivo.__file__).parent / "explain"
KANA_OR_KANJI = "[\u3041-\u30ff\u4e00-\u9fff]"


def test_every_sentence_is_there_in_every_language():
    for key, said in WITH_FIELDS.items():
        assert said.keys() == LANGUAGES.keys(), key
        assert all(said.values()), key
        fields = {frozenset(FIELD.findall(s)) for s in said.values()}
        assert len(fields) == 1, key


def test_every_sentence_that_is_used_exists():
    """What is put together from two parts, such as the name of a button, ends in _."""
    pattern = re.compile(rf'"((?:{"|".join(AREAS)})\.[a-z_]+)"')
    texts_of = (path.read_text() for path in SOURCE.rglob("*.py"))
    used = {key for text in texts_of for key in pattern.findall(text)}
    sentences = {k for k in used if not k.endswith(("_", ".css", ".svg"))}
    unknown = sentences - SENTENCES.keys()
    assert used
    assert not unknown


@pytest.mark.parametrize("term", TERMS, ids=lambda t: t["en"])
def test_a_term_has_one_word_in_each_language(term):
    found = [
        (key, said) for key, said in SENTENCES.items()
        if re.search(rf"\b{term['en']}", said["en"], re.IGNORECASE)
    ]  # fmt: skip
    for key, said in found:
        for language in ("fr", "ja"):
            text = said[language].lower()
            assert any(word in text for word in term[language].split("|")), (key, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_has_another_word_for_a_term(language):
    edge = "" if language == "ja" else r"\b"
    for word in AVOIDED[language]:
        pattern = re.compile(edge + re.escape(word) + edge, re.IGNORECASE)
        held = [k for k, said in SENTENCES.items() if pattern.search(said[language])]
        assert not held, (word, held)


def test_french_has_curved_apostrophes_and_thin_spaces():
    words = Words("fr")
    for key, said in SENTENCES.items():
        assert "'" not in said["fr"].replace("f'", ""), key
        text = words.template(key)
        assert not re.search(r"[^\u202f\d][:;?!»]", re.sub(r"\[[^]]*\]", "", text)), key
        assert " ;" not in text
    assert f"Ligne par ligne{THIN}:" == words.text("page.line_by_line")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_latex_has_a_sign_for_every_letter_of_a_sentence(language):
    """What it has none for would be printed as the number of the character."""
    for key in SENTENCES:
        assert "dvother" not in escape(Words(language).template(key)), key


def test_japanese_has_full_width_punctuation():
    for key, said in SENTENCES.items():
        half = rf"{KANA_OR_KANJI}[,.:;?!()]|[,.:;?!()]{KANA_OR_KANJI}"
        assert not re.search(half, said["ja"]), (key, said["ja"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_how_many_numbers_one_pass_answers_for(language):
    def layer(x, w, b):
        return np.tanh(x @ w + b)

    d = derivo.derive(layer, x="N L", w="L M", b="M", wrt=("w", "b"))
    arrays = {"x": np.ones((4, 3)), "w": np.ones((3, 2)), "b": np.zeros(2)}
    said = [str(s.blocks[0]) for s in d.explain(language=language, **arrays).document.sections
            if s.anchor == "update"]  # fmt: skip
    assert "'8'" in said[0]  # 3 times 2 weights and 2 biases


def test_the_picture_over_depth_shows_the_gradients_of_the_code():
    def deep(x, w):
        a = np.tanh(w * x)
        b = 1 / (1 + np.exp(-a))
        c = 1 / (1 + np.exp(-b))
        return 1 / (1 + np.exp(-c))

    document = derivo.derive(deep, x="", w="").explain(x=0.4, w=1.3).document
    (table,) = [
        b for b in blocks_of(document) if isinstance(b, Table) and "█" in str(b)
    ]
    shown = {inline(row[0][0]): row[1][0].value for row in table.rows[1:]}
    a = np.tanh(1.3 * 0.4)
    b = 1 / (1 + np.exp(-a))
    c = 1 / (1 + np.exp(-b))
    y = 1 / (1 + np.exp(-c))
    dc = y * (1 - y)
    db = dc * c * (1 - c)
    expected = {"dc": dc, "db": db, "da": db * b * (1 - b)}
    assert {k: shown[k] for k in expected} == pytest.approx(expected)
    assert sorted(shown.values(), reverse=True) == list(shown.values())


# --- what is seen on a page -------------------------------------------------------


class Seen(HTMLParser):
    """What a reader of a page sees or hears of it, without formulas and code."""

    UNREAD = frozenset({"script", "style", "math", "code", "pre", "text", "li"})
    SAID = frozenset({"aria-label", "title", "placeholder", "alt"})

    def __init__(self, page):
        super().__init__()
        self.said, self.open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag not in {"meta", "link", "input", "br"}:
            is_code = told.get("id") == "code" or "mono" in (told.get("class") or "")
            is_code |= tag == "title" and any(t == "svg" for t, _ in self.open)
            self.open.append((tag, is_code or tag in self.UNREAD))
        if told.get("role") != "graphics-symbol":  # a name, a shape and a line of code
            self.said += [told[k] for k in self.SAID & told.keys() if told[k]]

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not any(unread for _, unread in self.open):
            self.said.append(data)


def inverted(x):
    return np.sum(np.linalg.inv(x) ** 2)


def latin(text):
    return set(re.findall(r"\b[a-z]{3,}\b", text.lower()))


def of_catalogue(language):
    return set().union(*(latin(said[language]) for said in SENTENCES.values()))


@pytest.fixture(scope="module", params=["fr", "ja"])
def pages(request):
    """Pages of all kinds in a language, each with the words that are code in it."""
    language, found = request.param, []
    for name in ("highway", "softmax_cross_entropy", "lstm"):
        case = {**CASES, **PROGRAMS}.get(name)
        if case is not None:
            d = derivo.derive(case.function, shapes=case.specs)
            found.append((d.explain(language=language).page, latin(d.source)))
    still = derivo.derive(inverted, x="N N")
    found.append((still.explain(language=language).page, {"inv", "inverted"}))
    networks = derived(language, wanted=["2 relu mse"])
    (source,) = (e.derivation.source for e in networks.values())
    found.append((page_of(networks, language), latin(source)))
    return language, found


def test_no_english_word_is_left_on_a_page_but_code(pages):
    language, found = pages
    english = of_catalogue("en") - of_catalogue(language)
    for page, code in found:
        for said in Seen(page).said:
            assert not latin(said) & (english - code), said


def test_punctuation_on_a_page_is_that_of_the_language(pages):
    language, found = pages
    for page, _ in found:
        for said in Seen(page).said:
            text = re.sub(r"\d:\s.*|\[[^]]*\]", "", said)
            if language == "fr":
                assert not re.search(r"\w ?[:;?!](\s|$)", text), said
            else:
                assert not re.search(rf"{KANA_OR_KANJI} ?[,.:;?!()]", text), said


def test_why_a_page_stands_still_is_said_in_every_language():
    reasons = {
        op.js.reason for op in CATALOGUE.values() if isinstance(op.js, Unscripted)
    }
    assert len(reasons) > 3
    assert reasons <= texts("reasons").keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_gate_says_what_it_does_with_a_gradient(language):
    """A sum hands it on, a product swaps, a maximum and a minimum send it one way."""

    def gates(a, b, c):
        p = (a + b) * c
        q = np.maximum(p, a)
        return np.minimum(q, b)

    document = (
        derivo.derive(gates, a="", b="", c="").explain(language=language).document
    )
    said = str([s.blocks for s in document.sections])
    for key in ("handed_on", "swapped", "maximum", "minimum"):
        parts = re.split(r"\{\w+\}", Words(language).template(f"brief.{key}"))
        assert repr(max(parts, key=len))[1:-1] in said, key


def test_a_mask_is_told_where_one_side_is_a_constant():
    d = derivo.derive(lambda n: np.maximum(n, 0.0), n="N")
    said = str(d.explain().document)
    assert "mask of ones and zeros" in said
    assert "a maximum routes" not in said
