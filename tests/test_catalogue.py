"""Every stage on every function of the catalogue."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Derivation
from tests.catalogue import CASES, LOOPS, Case
from tests.numerical import central_difference, complex_step, flat

ROOT = Path(__file__).parents[1]
ALL = CASES | LOOPS
BOTH = pytest.mark.parametrize("simplify", [True, False], ids=["short", "raw"])
EVERY = pytest.mark.parametrize("case", ALL.values(), ids=list(ALL))


@cache
def derived(name: str, simplify: bool) -> Derivation:
    case = ALL[name]
    return derivo.derive(case.function, simplify=simplify, **case.specs)


def adjoints(case: Case, arrays: dict[str, Any]) -> list[Any]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=np.shape(y)) for y in flat(case.plain(**arrays))]


@BOTH
@EVERY
def test_the_emitted_forward_pass_gives_what_the_function_gives(case, simplify):
    arrays = case.arrays()
    expected = case.plain(**arrays)
    actual = derived(case.name, simplify)(**arrays)
    assert type(actual) is type(expected) or not isinstance(expected, tuple | dict)
    for e, a in zip(flat(expected), flat(actual), strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-13)


@BOTH
@EVERY
def test_gradients_equal_numerical_derivatives(case, simplify):
    arrays = case.arrays()
    upstream = adjoints(case, arrays)
    d = derived(case.name, simplify)
    gradients = d.gradients(
        tuple(upstream) if len(upstream) > 1 else upstream[0], **arrays
    )
    method = complex_step if case.is_analytic else central_difference
    tolerance = 1e-9 if case.is_analytic else 1e-6
    rng = np.random.default_rng(2)
    for name, gradient in gradients.items():
        assert np.shape(gradient) == np.shape(arrays[name])
        for _ in range(2):
            direction = rng.normal(size=np.shape(arrays[name]))
            expected = method(case.plain, arrays, upstream, name, direction)
            # What cancels in the sum over elements limits how well it can agree.
            scale = np.abs(gradient * direction).sum() + 1
            assert np.sum(gradient * direction) == pytest.approx(
                expected, abs=tolerance * scale
            )


@BOTH
@EVERY
def test_float32_in_gives_float32_out(case, simplify):
    arrays = {
        name: value.astype(np.float32) if value.dtype == np.float64 else value
        for name, value in ((k, np.asarray(v)) for k, v in case.arrays().items())
    }
    arrays = {name: value[()] for name, value in arrays.items()}
    d = derived(case.name, simplify)
    # The module itself is called, so that nothing can convert on the way in or out.
    output, _ = getattr(d.module, d.name)(**arrays)
    assert {np.asarray(y).dtype for y in flat(output)} == {np.dtype(np.float32)}
    _, gradients = d.value_and_gradients(**arrays)
    kinds = {name: np.asarray(g).dtype for name, g in gradients.items()}
    assert set(kinds.values()) == {np.dtype(np.float32)}, kinds


@BOTH
@EVERY
def test_every_saved_value_is_read_by_the_backward_pass(case, simplify):
    for function in ast.parse(derived(case.name, simplify).source).body:
        if not isinstance(function, ast.FunctionDef) or function.name == case.name:
            continue
        taken = [
            n.id
            for statement in function.body
            if isinstance(statement, ast.Assign)
            and ast.unparse(statement.value) == "saved"
            for n in ast.walk(statement.targets[0])
            if isinstance(n, ast.Name)
        ]
        read = {
            n.id
            for n in ast.walk(function)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        }
        assert set(taken) - read == set()


@EVERY
def test_the_source_needs_nothing_but_numpy(case):
    tree = ast.parse(derived(case.name, True).source)
    imports = [
        ast.unparse(n)
        for n in ast.walk(tree)
        if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    assert set(imports) <= {"import numpy as np"}


@EVERY
def test_deriving_twice_gives_the_same_bytes(case):
    again = derivo.derive(case.function, **case.specs)
    assert again.source == derived(case.name, True).source


FRESH = """
import hashlib, json
import derivo
from tests.catalogue import CASES, LOOPS
sums = {}
for name, case in (CASES | LOOPS).items():
    text = derivo.derive(case.function, **case.specs).source
    sums[name] = hashlib.sha256(text.encode()).hexdigest()
print(json.dumps(sums))
"""


def test_a_fresh_process_with_another_hash_seed_gives_the_same_bytes():
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    result = subprocess.run(
        [sys.executable, "-c", FRESH],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": os.pathsep.join([*sys.path, str(ROOT)])},
        capture_output=True,
        text=True,
        check=True,
    )
    here = {
        name: hashlib.sha256(derived(name, True).source.encode()).hexdigest()
        for name in ALL
    }
    assert json.loads(result.stdout) == here


@pytest.fixture(scope="module")
def folder_of_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for name in ALL:
        (folder / f"{name}.py").write_text(derived(name, True).source)
        (folder / f"{name}_raw.py").write_text(derived(name, False).source)
    return folder


def run_tool(*command: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )
    return "" if result.returncode == 0 else result.stdout + result.stderr


def test_all_sources_pass_ruff(folder_of_sources):
    pytest.importorskip("ruff", reason="ruff is in the group lint")
    options = ["--isolated", "--no-cache", "--output-format=concise"]
    assert run_tool("ruff", "check", *options, str(folder_of_sources)) == ""


@pytest.mark.slow
def test_all_sources_pass_mypy(folder_of_sources):
    pytest.importorskip("mypy", reason="mypy is in the group lint")
    options = ["--check-untyped-defs", "--cache-dir", str(folder_of_sources / "cache")]
    options += ["--config-file", os.devnull]
    found = run_tool("mypy", *options, str(folder_of_sources)).splitlines()
    # NumPy documents a tuple of slices and arrays for ufunc.at; its types forbid it.
    errors = [e for e in found if ": error:" in e and 'of "_UFunc' not in e]
    assert errors == []
