"""Faults are planted in every rule in turn: the check must find and name them."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.op import Op
from derivo.ops import CATALOGUE
from derivo.verify.rules import fit
from tests.meta.faults import (
    Mutant,
    engine_fault,
    floating,
    function_of,
    mutants,
    sample,
    shared,
    with_rules,
)  # fmt: skip

LEAST = 0.95


@dataclass(frozen=True)
class Outcome:
    """What the check made of a mutant."""

    mutant: Mutant
    applicable: bool
    caught: bool = False
    named: bool = False
    page: str = ""


def report_on(mutant: Mutant, *, simplify: bool) -> Any:
    """Derive with the fault in place, and check."""
    count, names = len(mutant.operands), [f"x{i}" for i in range(len(mutant.operands))]
    arrays = dict(zip(names, mutant.operands, strict=True))
    if mutant.engine == "overwritten fan-out":
        which = floating(mutant.operands)[0]
        function = shared(mutant.op, mutant.attrs, count, which)
    else:
        function = function_of(mutant.op, mutant.attrs, count)
    with warnings.catch_warnings(), engine_fault(mutant.engine):
        warnings.simplefilter("ignore")
        d = derivo.derive(function, simplify=simplify, **arrays)
        return d.check(trials=1, order=1, arrays=arrays)


def adjoints(op: Op, mutant: Mutant, seed: int) -> list[Any]:
    """Run a rule on plain arrays."""
    assert op.vjp is not None
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        y = np.asarray(op.compute(*mutant.operands, **mutant.attrs))
        parts = op.vjp(rng.normal(size=y.shape), y, *mutant.operands, **mutant.attrs)
        return [
            fit(parts[i], mutant.operands[i].shape) for i in floating(mutant.operands)
        ]


def changes_something(mutant: Mutant) -> bool:
    """Tell whether the mutated rule gives other numbers than the right one."""
    if mutant.engine:  # it loses a contribution: something, unless that was zero
        which = 0 if mutant.engine == "overwritten fan-out" else -1
        return any(np.any(adjoints(mutant.op, mutant, s)[which]) for s in range(3))
    right = CATALOGUE[mutant.op.name]
    for seed in range(3):
        pairs = zip(
            adjoints(right, mutant, seed),
            adjoints(mutant.op, mutant, seed),
            strict=True,
        )
        if not all(
            np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-9, atol=1e-12)
            for a, b in pairs
        ):
            return True
    return False


def judge(mutant: Mutant, *, simplify: bool) -> Outcome:
    if not changes_something(mutant):
        return Outcome(mutant, applicable=False)
    report = report_on(mutant, simplify=simplify)
    first = report.failures[0] if report.failures else None
    named = (
        first is not None
        and first.operation == mutant.op.name
        and first.line is not None
        and first.line.file == inspect.getfile(function_of)
        and mutant.op.name in str(report).splitlines()[0]
    )
    return Outcome(mutant, True, not report.ok, named, str(report))


@cache
def outcomes(*, simplify: bool = True) -> list[Outcome]:
    found = []
    for op in with_rules():
        try:
            planted = list(mutants(op, np.random.default_rng(0)))
            found += [judge(mutant, simplify=simplify) for mutant in planted]
        except Exception as error:  # noqa: BLE001  an operation that does not work
            nothing = Mutant(f"cannot be tried: {error}", op, (), {})
            found.append(Outcome(nothing, applicable=True))
    return found


@pytest.mark.parametrize("simplify", [True, False], ids=["short", "raw"])
def test_nearly_every_planted_fault_is_caught_and_named(capsys, simplify):
    found = outcomes(simplify=simplify)
    applicable = [o for o in found if o.applicable]
    named = [o for o in applicable if o.caught and o.named]
    kinds = sorted(
        {o.mutant.kind.split(",")[0].rstrip(" 0123456789") for o in applicable}
    )
    with capsys.disabled():
        print(  # noqa: T201  the count is the result
            f"\n{len(named)} of {len(applicable)} planted faults in "
            f"{len(with_rules())} rules caught and named ({', '.join(kinds)}); "
            f"{len(found) - len(applicable)} more change no number"
        )
        for o in applicable:
            if o not in named:
                print(f"  missed: {o.mutant}, caught={o.caught}")  # noqa: T201
    assert len(named) >= LEAST * len(applicable)
    assert len(applicable) > 3 * len(with_rules())


def test_every_kind_of_fault_was_planted():
    kinds = " ".join(o.mutant.kind for o in outcomes() if o.applicable)
    for kind in (
        "sign",
        "factor 2",
        "lost transpose",
        "lost sum",
        "swapped operands",
        "overwritten fan-out",
        "mask from the wrong array",
    ):
        assert kind in kinds


@pytest.mark.parametrize("op", with_rules(), ids=lambda op: op.name)
def test_the_rule_passes_without_a_fault(op):
    operands, attrs = sample(op, np.random.default_rng(0))
    if not floating(operands):
        pytest.skip("no operand has a gradient")
    report = report_on(Mutant("none", op, operands, attrs), simplify=True)
    report.raise_if_failed()
