"""Formulas of Markdown render where Markdown is shown: in KaTeX and in MathJax."""

import json
import os
import re
import shutil
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pytest

import derivo
from tests.catalogue import CASES
from tests.explain import loop_programs
from tests.explain.test_one_name_one_value import TIED

RENDER = Path(__file__).with_name("render.cjs")
PACKAGES = ("katex@0.16.11", "mathjax-full@3.2.2")
FORMULA = re.compile(r"\$`(.+?)`\$|```math\n(.+?)\n```", re.DOTALL)


def npm(*words, cwd):
    return subprocess.run(
        ["npm", *words], cwd=cwd, capture_output=True, text=True, timeout=180, check=False,  # noqa: S607
    )  # fmt: skip


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """Give a function that renders formulas, and gives back what was not understood.

    The two packages are taken from the folder that `.ci/run` keeps, or else from the
    registry.
    """
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("KaTeX and MathJax need Node with npm: no formula is rendered")
    folder = Path(os.environ.get("DERIVO_NODE", ""))
    if not (folder / "node_modules" / "mathjax-full").is_dir():
        folder = tmp_path_factory.mktemp("node")
        done = npm("install", "--no-audit", "--no-fund", *PACKAGES, cwd=folder)
        if done.returncode:
            pytest.skip(f"KaTeX and MathJax are not to be had: {done.stderr[-300:]}")

    def run(formulas):
        environment = {**os.environ, "NODE_PATH": str(folder / "node_modules")}
        found = subprocess.run(
            ["node", RENDER], input=json.dumps(formulas), env=environment,  # noqa: S607
            capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
        return json.loads(found.stdout)

    return run


def formulas_in(markdown):
    """Give the formulas of a text, and whether each stands in lines of its own."""
    pairs = FORMULA.findall(markdown)
    return [(inner or block, bool(block)) for inner, block in pairs]


def told(function, specs, arrays, language="en"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = derivo.derive(function, **specs)
        return d.explain(language=language, arrays=arrays).render(".md")


def test_what_is_wrong_is_refused(refused):
    wrong = [(r"\text{N \ensuremath{\times} M}", False), (r"\frac{1}{", True)]
    by = {(name, formula) for name, formula, _ in refused(wrong)}
    assert by >= {
        ("KaTeX", wrong[0][0]),
        ("KaTeX", wrong[1][0]),
        ("MathJax", wrong[1][0]),
    }
    assert not refused([(r"\frac{1}{2}", True)])


@pytest.mark.slow
def test_every_formula_of_the_catalogue_renders(refused):
    found = {}
    for number, case in enumerate(CASES.values()):
        for arrays in ({}, case.arrays()) if number % 4 == 0 else ({},):
            text = told(case.function, case.specs, arrays)
            found |= dict.fromkeys(formulas_in(text), case.name)
    for function, specs in [*TIED.items(), *list(loop_programs.SPECS.items())[::3]]:
        text = told(function, specs, {})
        found |= dict.fromkeys(formulas_in(text), function.__name__)
    assert len(found) > 2000
    failed = refused([list(formula) for formula in found])
    assert not failed, "\n".join(map(str, failed[:5]))


def test_names_of_all_kinds_render(refused):
    def f(_x1, alpha_hat, λ, lambda_, a__b, très_long_nom, 重み):
        x_ = _x1 * alpha_hat + λ * lambda_
        return np.tanh(x_ * a__b) * très_long_nom**重み

    names = ("_x1", "alpha_hat", "λ", "lambda_", "a__b", "très_long_nom", "重み")
    for language in ("en", "fr", "ja"):
        text = told(f, dict.fromkeys(names, "N"), {}, language)
        failed = refused([list(formula) for formula in formulas_in(text)])
        assert not failed, "\n".join(map(str, failed[:5]))
