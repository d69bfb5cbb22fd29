"""Every rule that shortens a gradient is said in words, in every language."""

from __future__ import annotations

import re

import numpy as np
import pytest

import derivo
from derivo.explain.formula.tree import Plus, Symbol
from derivo.explain.levels.shorter import rules_of
from derivo.explain.words import LANGUAGES, Words
from derivo.explain.words.rules import fact_text, rule_text
from derivo.simplify.model import Step
from tests.catalogue import CASES
from tests.explain.formulas.world import world


def rewrites(name: str) -> list[Step]:
    steps = world(name).subject.derivation.steps
    return [s for s in steps if s.kind == "rewrite"]


ALL = {
    rule for name in CASES for step in rewrites(name) for rule in step.rule.split("; ")
}


def plain(runs: tuple[object, ...]) -> str:
    return "".join(run for run in runs if isinstance(run, str))


def test_the_catalogue_fires_every_kind_of_rule():
    heads = {rule.split()[0] for rule in ALL}
    assert heads >= {"collect", "multiply", "use", "recognised", "the", "assume"}
    assert "probabilities sum to 1" in ALL


@pytest.mark.parametrize("rule", sorted(ALL))
def test_every_rule_has_words_of_its_own(rule):
    said = {lang: plain(rule_text(Words(lang), rule)) for lang in LANGUAGES}
    assert len(set(said.values())) == len(LANGUAGES), said
    assert rule not in (said["fr"], said["ja"])


def test_of_several_rules_those_are_said_that_the_result_bears_out():
    steps = [s for name in CASES for s in rewrites(name) if "; " in s.rule]
    assert steps
    for step in steps:
        rules = step.rule.split("; ")
        names = re.findall(r"use (\w+) from", step.rule)
        assert rules_of(step, Plus(tuple(map(Symbol, names)))) == rules
        unread = rules_of(step, Symbol("nothing_else"))
        assert unread == [r for r in rules if not r.startswith("use ")]


@pytest.mark.parametrize("axis", [-1, 0])
def test_facts_are_said_in_every_language(axis):
    def loss(z, t):
        e = np.exp(z)
        p = e / np.sum(e, axis=axis, keepdims=True)
        return -np.sum(t * np.log(p))

    d = derivo.derive(loss, z="N C", t="N C", wrt="z")
    (fact,) = d.assumptions
    said = {fact_text(Words(lang), fact) for lang in LANGUAGES}
    assert len(said) == len(LANGUAGES)
