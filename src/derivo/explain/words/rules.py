"""Sentences about rewriting: every rule of `simplify` has its reason here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from derivo.explain.formula.tree import Symbol, walk
from derivo.simplify.model import Step

if TYPE_CHECKING:
    from derivo.explain.document import Runs
    from derivo.explain.formula.tree import Formula
    from derivo.explain.words import Words

TEXTS: dict[str, dict[str, str]] = {
    "shorter": {
        "en": "The same, shorter:", "fr": "La même chose, en plus court :", "ja": "同じものを短く書くと：",
    },
    "rearranged": {"en": "written shorter", "fr": "écrit plus court", "ja": "短く書き直す"},
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
    "other": {"en": "{name}", "fr": "{name}", "ja": "{name}"},
}  # fmt: skip


def rule_text(words: Words, step: Step, result: Formula) -> Runs:
    """Say in words which rules a step applied.

    Parameters
    ----------
    words
        In which language.
    step
        What was rewritten.
    result
        What it became. Only what is read there is said to be used again.
    """
    read = {s.name for s in walk(result) if isinstance(s, Symbol) and not s.adjoint}
    said: list[Runs] = []
    for rule in step.rule.split("; "):
        used = re.fullmatch(r"use (\w+) from the forward pass", rule)
        if used is None or used[1] in read:
            said.append(one_rule(words, rule))
    return words.joined(said, "page.semicolon") or words.runs("rules.rearranged")


def one_rule(words: Words, rule: str) -> Runs:
    """Say one rule in words."""
    if rule == "collect like terms":
        return words.runs("rules.collect")
    if rule == "multiply out":
        return words.runs("rules.expand")
    if rule.startswith("use "):
        name = rule.removeprefix("use ").removesuffix(" from the forward pass")
        return words.runs("rules.use", name=name)
    if rule.startswith("recognised as "):
        return words.runs("rules.recognised", name=rule.removeprefix("recognised as "))
    if rule.startswith("the total of a centred"):
        return words.runs("rules.centred")
    if rule == "probabilities sum to 1":
        return words.runs("rules.probabilities")
    if rule.startswith("assume that "):
        fact = fact_text(words, rule.removeprefix("assume that "))
        return words.runs("rules.assume", fact=fact)
    return words.runs("rules.other", name=rule)


def fact_text(words: Words, fact: str) -> str:
    """Say a fact in words."""
    row = re.fullmatch(r"every row of (\w+) sums to 1", fact)
    if row:
        return words.text("rules.sums_to_one", name=row[1])
    along = re.fullmatch(r"every slice along axis (-?\d+) of (\w+) sums to 1", fact)
    if along:
        return words.text("rules.slice_sums_to_one", axis=along[1], name=along[2])
    return fact
