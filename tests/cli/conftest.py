"""Files to run the commands on, and a way to run them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from derivo.cli.main import main

MODEL = """\
import numpy as np


def layer(x, w, b):
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y


def loss(z, t):
    p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def pick(x, k):
    return x[k]


def branch(x):
    if x > 0:
        return x
    return -x


def nothing(x):
    y = np.exp(x)


def spectrum(x):
    return np.linalg.eigvals(np.outer(x, x))


def free(x, y):
    return 2 * x


def odd_names(x, wrt):
    return x * wrt


def fails(x):
    return x + undefined_name


NUMBER = 3
"""
LAYER = ("-s", "x=N L", "-s", "w=L M", "-s", "b=M")


@dataclass(frozen=True)
class Result:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    # Loading a user's file puts its folder on the path; that ends with the test.
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a folder that holds ``model.py``."""

    def call(*words: str) -> Result:
        try:
            code = main(words)
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return call


@pytest.fixture
def flowers(folder: Path) -> Path:
    """Two kinds of flowers that one measure tells apart."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, 80)
    lengths = 2.0 + 3 * kinds + rng.normal(0, 0.3, 80)
    lines = ["length,width,kind"]
    rows = zip(lengths, rng.normal(size=80), kinds, strict=True)
    lines += [f"{a:.3f},{b:.3f},{('low', 'tall')[k]}" for a, b, k in rows]
    path = folder / "flowers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
