"""The JavaScript of programs: every value and every adjoint, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.explain.computed import reasons, script_of
from derivo.explain.prepare import subject
from derivo.explain.subject import Subject
from derivo.explain.writers.html.page import closely
from tests.catalogue import CASES
from tests.js import node
from tests.scan.programs import PROGRAMS

ALL = {**CASES, **PROGRAMS}
pytestmark = pytest.mark.skipif(node.NODE is None, reason=node.MISSING)


@pytest.fixture(scope="module")
def told() -> dict[str, Subject]:
    """Prepare every program of the catalogues with its numbers."""
    found = {}
    for name, case in ALL.items():
        d = derivo.derive(case.function, shapes=case.specs)
        found[name] = subject(d.written_out, case.arrays(), None)
    return found


@pytest.fixture(scope="module")
def results(
    told: dict[str, Subject], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    programs, given, keys = {}, {}, {}
    for name, about in told.items():
        if reasons(about):
            continue
        written = script_of(about)
        programs[name], keys[name] = written.text, written.keys
        own = {
            written.keys[n]: about.arrays[n.attrs["name"]] for n in about.graph.inputs
        }
        upstream = [about.values[s] for s in about.raw.seeds if "name" in s.attrs]
        given[name] = {
            "arguments": {k: node.array(v) for k, v in own.items()},
            "sizes": dict(about.sizes),
            "upstream": [node.array(u) for u in upstream],
        }
    found = node.run(tmp_path_factory.mktemp("js"), programs, given)
    return {n: (told[n], keys[n], found[n]) for n in found}


def test_every_program_is_written(results: dict[str, Any]) -> None:
    assert set(ALL) - set(results) == set()


def test_the_runtime_of_every_page_is_small(told: dict[str, Subject]) -> None:
    """What a page holds is under 12 kB, whichever rare functions its program calls."""
    for name, about in told.items():
        assert len(closely(script_of(about).runtime).encode()) < 12_000, name


def close(expected: Any, actual: Any, where: str) -> None:
    expected = np.asarray(expected, dtype=float)
    actual = node.as_array(actual)
    assert actual.shape == expected.shape, where
    scale = np.max(np.abs(expected), initial=1.0, where=np.isfinite(expected))
    np.testing.assert_allclose(
        actual, expected, rtol=1e-12, atol=1e-12 * scale, err_msg=where
    )


@pytest.mark.parametrize("name", ALL)
def test_values_and_adjoints_are_those_of_numpy(
    results: dict[str, Any], name: str
) -> None:
    about, keys, found = results[name]
    assert "error" not in found, found["error"]
    for value, key in keys.items():
        close(about.values[value], found["value"][key], f"{name}: {key}")
    told = set()
    for value, adjoint in about.raw.adjoints.items():
        told.add(keys[value])
        close(
            about.values[adjoint], found["gradients"][keys[value]], f"{name}: d {value}"
        )
    assert told <= set(found["gradients"])
