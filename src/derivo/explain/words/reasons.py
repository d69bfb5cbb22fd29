"""Why a page stands still: what the records of operations say of it, by its words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from derivo.explain.words import Words

# A record says it in English, as the end of a sentence that begins with its name.
TEXTS: dict[str, dict[str, str]] = {
    said: {"en": f"{{name}} {said}", "fr": f"{{name}} {fr}", "ja": f"{{name}} {ja}"}
    for said, fr, ja in (
        ("is a function of SciPy's, which a page does not have", "est une fonction de SciPy, dont une page ne dispose pas", "は SciPy の関数で、ページでは使えません"),
        ("has windows of any number of axes, which no page shows", "a des fenêtres d’un nombre quelconque d’axes, qu’aucune page ne montre", "は任意の数の軸にわたる窓を使うため、ページでは表示できません"),
        ("has a rule of its own, and only its text in Python", "a sa propre règle, dont il n’y a que le texte en Python", "は独自の規則をもち、Python のコードしかありません"),
        ("draws random numbers, which a page leaves to NumPy", "tire des nombres au hasard, ce qu’une page laisse à NumPy", "は乱数を使い、その計算は NumPy に任されています"),
        ("takes a matrix apart, which a page leaves to NumPy", "décompose une matrice, ce qu’une page laisse à NumPy", "は行列を分解し、その計算は NumPy に任されています"),
        ("is a Fourier transform, which a page leaves to NumPy", "est une transformée de Fourier, qu’une page laisse à NumPy", "はフーリエ変換で、その計算は NumPy に任されています"),
        ("has no form in JavaScript", "n’a pas de forme en JavaScript", "には JavaScript での書き方がありません"),
    )
}  # fmt: skip


def reasons_text(words: Words, reasons: Iterable[str]) -> str:
    """Say all reasons in the language of the page; one that is not known, as it is."""
    said = []
    for reason in reasons:
        name, _, text = reason.partition(" ")
        known = name.startswith("`") and text in TEXTS
        said.append(words.text(f"reasons.{text}", name=name) if known else reason)
    return words.template("page.semicolon").join(said)
