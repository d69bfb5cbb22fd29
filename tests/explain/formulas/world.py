"""Programs of the catalogue with numbers, and an evaluator that knows their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

import derivo
from derivo.explain.formula import tree as t
from derivo.explain.formula.entries import Entries
from derivo.explain.formula.of_node import names_of
from derivo.explain.prepare import subject
from derivo.explain.subject import Subject
from derivo.graph.node import Node, order
from derivo.run.reference import run_graph
from tests.catalogue import CASES, Case
from tests.explain.formulas.evaluate import Evaluator
from tests.numerical import flat


@dataclass
class World:
    """A subject, and the numbers of every node that a formula may be about."""

    subject: Subject
    names: Mapping[Node, t.Formula]
    entries: Entries
    known: dict[Node, Any]

    def evaluator(self) -> Evaluator:
        """Give an evaluator of formulas in the names of this program."""
        values: dict[tuple[str, bool], Any] = {}
        for node, symbol in self.names.items():
            if node in self.known and isinstance(symbol, t.Symbol):
                values.setdefault((symbol.name, symbol.adjoint), self.known[node])
        return Evaluator(values, self.subject.sizes)

    def shown(self) -> list[Node]:
        """Give what formulas are printed of: values, adjoints, and final gradients."""
        s = self.subject
        wanted = [
            *s.names, *s.raw.adjoints.values(), *s.raw.why,
            *s.derivation.backward.gradients.values(),
        ]  # fmt: skip
        unique = dict.fromkeys(n for n in wanted if n in self.known and n.inputs)
        return list(unique)


def world_of(case: Case, **options: Any) -> World:
    """Derive a program, and compute everything at a random point."""
    arrays = case.arrays()
    results = flat(case.plain(**arrays))
    rng = np.random.default_rng(1)
    upstream = tuple(rng.normal(size=np.shape(y)) for y in results)
    d = derivo.derive(case.function, **{**case.specs, **options})
    s = subject(d, arrays, upstream if len(upstream) > 1 else upstream[0])
    names = names_of(s)
    wanted = [*d.backward.gradients.values(), *d.backward.adjoints.values(), *s.raw.why]
    found = run_graph(order([*wanted, *s.values]), s.values, s.sizes)
    known = {n: np.asarray(v) for n, v in found.items() if "loop" not in n.op.traits}
    return World(s, names, Entries(s, names), known)


@cache
def world(name: str) -> World:
    """Give a program of the catalogue by name."""
    return world_of(CASES[name])


def same(actual: Any, expected: Any, tolerance: float = 1e-12) -> bool:
    """Tell whether two arrays agree, next to their largest entry."""
    a, e = np.asarray(actual, dtype=float), np.asarray(expected, dtype=float)
    scale = 1 + np.abs(e).max(initial=0)
    return a.shape == e.shape and bool(np.all(np.abs(a - e) <= tolerance * scale))
