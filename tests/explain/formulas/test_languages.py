"""Words and numbers within formulas are those of the language."""

import re
from itertools import pairwise

import numpy as np
import pytest

import derivo

ENGLISH = re.compile(r"\\text\{(?:if |else|axis)|\b(?:if|else)\b|\baxis ?\d")


def leaky(x, w):
    n = x @ w
    h = np.where(n > 0, n, 0.25 * n)
    return np.mean(h**2, axis=1) - 1.5


def told(language, ending):
    arrays = {k: np.linspace(-0.7, 0.9, 9).reshape(3, 3) for k in "xw"}
    e = derivo.derive(leaky, x="3 3", w="3 3").explain(language=language, arrays=arrays)
    text = e.render(ending)
    # Code stays as it is written, within sentences as well.
    return re.sub(r"(?s)```python.*?```|(?<!`)`[^`\n]+`(?!`)", "", text)


@pytest.mark.parametrize("language", ["fr", "ja"])
def test_formulas_have_no_words_of_another_language(language):
    assert ENGLISH.search(told("en", "md"))
    assert not ENGLISH.search(told(language, "md"))


def test_decimal_numbers_have_a_comma_in_french():
    assert "0{,}25" in told("fr", "md")
    assert not re.search(r"\d\.\d", told("fr", "md"))
    for language in ("en", "ja"):
        assert "0.25" in told(language, "md")


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_cases_are_aligned_and_their_words_stand_one_space_apart(language):
    lines = told(language, "txt").splitlines()
    otherwise = {"en": "else", "fr": "sinon", "ja": "それ以外"}[language]
    found = [(a, b) for a, b in pairwise(lines) if "⎧" in a and otherwise in b]
    assert found
    for first, second in found:
        words = first[second.index(otherwise) :]
        assert re.match(r"(?:if|si) \S|\S.* のとき", words), first
    assert not re.search(r"(?:axis|axe|軸)\d", "\n".join(lines))
