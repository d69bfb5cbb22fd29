"""Sentences: one word for one thing in every language, punctuation as natives set it."""

import re

import numpy as np
import pytest

import derivo
from derivo.explain.document import Table, blocks_of
from derivo.explain.formula.latex import escape
from derivo.explain.formula.unicode import inline
from derivo.explain.words import AREAS, LANGUAGES, THIN, Words, texts
from derivo.explain.words.glossary import AVOIDED, TERMS

SENTENCES = {
    f"{area}.{key}": {k: re.sub(r"\{\w+\}", "", s) for k, s in said.items()}
    for area in AREAS
    for key, said in texts(area).items()
}
KANA_OR_KANJI = "[\u3041-\u30ff\u4e00-\u9fff]"


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
