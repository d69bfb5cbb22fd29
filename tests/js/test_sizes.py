"""The JavaScript of programs whose sizes are cut off, or divided, as NumPy has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import derivo
from derivo.explain.computed import script_of
from derivo.explain.prepare import subject
from tests.catalogue.sizes import SIZED
from tests.js import node
from tests.js.test_programs import close
from tests.trace.test_catalogue_of_sizes import arrays_of, known

NAMES = ("pooled_ends", "roughness", "gru_with_fused_weights", "rotary_pairs",
         "mean_over_folds", "kept_for_validation", "turned_points")  # fmt: skip
pytestmark = pytest.mark.skipif(node.NODE is None, reason=node.MISSING)


def test_values_and_adjoints_are_those_of_numpy_at_every_size(tmp_path: Path) -> None:
    told: dict[str, Any] = {}
    programs: dict[str, str] = {}
    given: dict[str, Any] = {}
    for name in NAMES:
        case = SIZED[name]
        d = derivo.derive(case.function, shapes=case.specs)
        for k, sizes in enumerate(case.sizes):
            about = subject(d.written_out, arrays_of(case, known(name, sizes)), None)
            written = script_of(about)
            told[f"{name}_{k}"] = about, written.keys
            programs[f"{name}_{k}"] = written.text
            given[f"{name}_{k}"] = {
                "arguments": {
                    written.keys[n]: node.array(about.arrays[n.attrs["name"]])
                    for n in about.graph.inputs
                },
                "sizes": dict(about.sizes),
                "upstream": [
                    node.array(about.values[s])
                    for s in about.raw.seeds if "name" in s.attrs
                ],
            }  # fmt: skip
    found = node.run(tmp_path, programs, given)
    for name, (about, keys) in told.items():
        assert "error" not in found[name], found[name]["error"]
        for value, key in keys.items():
            close(about.values[value], found[name]["value"][key], f"{name}: {value}")
        for value, adjoint in about.raw.adjoints.items():
            actual = found[name]["gradients"][keys[value]]
            close(about.values[adjoint], actual, f"{name}: d {value}")
