"""Sentences about rewriting: every rule of `simplify` has its reason here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from derivo.explain.document import Runs
    from derivo.explain.words import Words

TEXTS: dict[str, dict[str, str]] = {
    "shorter": {
        "en": "The same, shorter:", "fr": "La même chose, en plus court :", "ja": "同じものを短く書くと：",
    },
    "rearranged": {"en": "written shorter", "fr": "écrit plus court", "ja": "短く書き直す"},
    "put_in": {"en": "{names} put in", "fr": "en remplaçant {names}", "ja": "{names} を代入"},
    "multiplied": {
        "en": "{product} = {value}", "fr": "{product} = {value}", "ja": "{product} = {value}",
    },
    "transposed": {
        "en": "the transpose of a product: each factor transposed, in the other order",
        "fr": "la transposée d’un produit : chaque facteur transposé, dans l’ordre inverse",
        "ja": "積の転置：各因子を転置し、順序を逆にする",
    },
    "collect": {
        "en": "like terms are collected and common factors pulled out",
        "fr": "les termes semblables sont réunis et les facteurs communs mis en évidence",
        "ja": "同類項をまとめ、共通因子をくくり出す",
    },
    "expand": {"en": "multiplied out, so that terms cancel", "fr": "développé, pour que des termes s’annulent", "ja": "展開して項を打ち消す"},
    "use": {
        "en": "{name} is known from the forward pass, so it is used again",
        "fr": "la passe avant a déjà calculé {name} : on le réutilise",
        "ja": "{name} は順伝播で計算済みなので再利用する",
    },
    "recognised": {
        "en": "recognised as {name}", "fr": "reconnu comme {name}", "ja": "{name} と認識",
    },
    "centred": {
        "en": "a value minus its mean sums to 0", "fr": "une valeur moins sa moyenne a pour somme 0",
        "ja": "平均を引いた値の総和は 0",
    },
    "probabilities": {"en": "probabilities sum to 1", "fr": "les probabilités ont pour somme 1", "ja": "確率の総和は 1"},
    "assume": {
        "en": "this uses that {fact}", "fr": "on utilise ici : {fact}", "ja": "仮定：{fact}",
    },
    "assumes": {
        "en": "This holds where {fact}. derivo tries it on the actual values at each call; where it fails, the exact gradient runs instead.",
        "fr": "Ceci est vrai lorsque {fact}. derivo le vérifie sur les valeurs réelles à chaque appel ; sinon, c’est le gradient exact qui s’exécute.",
        "ja": "これは「{fact}」が成り立つ場合の式です。derivo は呼び出しのたびに実際の値で確かめ、成り立たないときは厳密な勾配を使います。",
    },
    "sums_to_one": {
        "en": "every row of {name} sums to 1",
        "fr": "chaque ligne de {name} a pour somme 1",
        "ja": "{name} の各行の和は 1",
    },
    "slice_sums_to_one": {
        "en": "every slice of {name} along axis {axis} sums to 1",
        "fr": "chaque tranche de {name} le long de l’axe {axis} a pour somme 1",
        "ja": "{name} の軸 {axis} に沿った各部分の和は 1",
    },
}  # fmt: skip


# How a rule is called, and how it is said.
RULES = (
    ("collect like terms", "collect"),
    ("multiply out", "expand"),
    (r"use (?P<name>\w+) from the forward pass", "use"),
    ("recognised as (?P<name>.+)", "recognised"),
    ("the total of a centred.*", "centred"),
    ("probabilities sum to 1", "probabilities"),
    ("assume that (?P<fact>.+)", "assume"),
)
FACTS = (
    (r"every row of (?P<name>\w+) sums to 1", "sums_to_one"),
    (r"every slice along axis (?P<axis>-?\d+) of (?P<name>\w+) sums to 1",
     "slice_sums_to_one"),
)  # fmt: skip


def rule_text(words: Words, rule: str) -> Runs:
    """Say one rule in words."""
    return (_said(words, rule, RULES),)


def fact_text(words: Words, fact: str) -> str:
    """Say a fact in words."""
    return _said(words, fact, FACTS)


def _said(words: Words, text: str, known: tuple[tuple[str, str], ...]) -> str:
    for pattern, key in known:
        found = re.fullmatch(pattern, text)
        if found is not None:
            fields = found.groupdict()
            if "fact" in fields:
                fields["fact"] = fact_text(words, fields["fact"])
            return words.text(f"rules.{key}", **fields)
    return text
