"""The same source in every process, whatever order its sets happen to have."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import derivo
from derivo.simplify.factor import Atom
from derivo.simplify.solve import Shortener, Values
from tests.catalogue import CASES
from tests.simplify.world import World

ROOT = Path(__file__).parents[2]
NAMES = (
    "layer_norm_affine_last", "batch_norm_of_images", "rms_norm", "weight_norm_layer",
    "cosine_table", "correlation", "ce_labels_weighted", "ce_temperature", "focal_loss",
    "info_nce", "gaussian_mixture", "mixture_of_lines", "gru", "lstm_one_matrix",
    "attention_heads", "tensor_factorisation", "jensen_shannon",
)  # fmt: skip

SCRIPT = """
import hashlib, json, sys
import derivo
from tests.simplify import spelled_losses, spelled_models, spelled_normalisation
from tests.simplify.spelling import SPELLINGS
found = {}
for name in json.loads(sys.argv[1]):
    s = SPELLINGS[name]
    d = derivo.derive(s.function, wrt=s.wrt, **s.specs)
    steps = [(t.kind, t.rule, t.assumption) for t in d.steps]
    text = d.source + repr(steps)
    found[name] = hashlib.sha256(text.encode()).hexdigest()
print(json.dumps(found))
"""


def sources(seed: int, names: tuple[str, ...]) -> dict[str, str]:
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(names)],
        env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": paths},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_source_and_steps_do_not_depend_on_the_order_of_sets():
    first, second = sources(1, NAMES), sources(2, NAMES[::-1])
    assert first == second
    assert len(set(first.values())) == len(NAMES)
    assert all(len(v) == hashlib.sha256().digest_size * 2 for v in first.values())


@pytest.mark.parametrize("name", CASES)
def test_what_was_tried_and_given_up_leaves_no_trace(name, monkeypatch):
    case = CASES[name]
    before = derivo.derive(case.function, **case.specs).source
    init = Values.__init__

    def tried_before(self, region):
        init(self, region)
        # Each root alone, the last one first: so most of what is made later is there.
        for root in reversed(self.roots):
            shortener = Shortener(self.context, (), frozenset())
            shortener.done.update({n: n for n in self.given - self.forward})
            assert all(way.node.spec for way in shortener.ways(root))

    monkeypatch.setattr(Values, "__init__", tried_before)
    assert derivo.derive(case.function, **case.specs).source == before


def test_values_of_two_derivations_are_never_taken_for_equal():
    first, second = (World().argument("N M").node for _ in range(2))
    assert first.index == second.index
    factors = {Atom(first, (-2, -1)), Atom(second, (-2, -1))}
    assert len(factors) == 2
    assert len({f.relabel({-2: -1, -1: -2}.get) for f in factors}) == 2
