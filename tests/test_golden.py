"""Emitted text, byte for byte: a change of it is a change to read and to agree to."""

from __future__ import annotations

from pathlib import Path

import pytest

import derivo
from tests.catalogue import CASES, LOOPS

ALL = CASES | LOOPS
FOLDER = Path(__file__).parent / "golden"
# The chain rule as it stands, for a few.
RAW = ("neuron", "layer", "softmax_cross_entropy", "layer_norm", "attention")
TEXTS = [(name, True) for name in ALL] + [(name, False) for name in RAW]


def golden_file(name: str, simplify: bool) -> Path:
    return FOLDER / (f"{name}.py" if simplify else f"{name}.raw.py")


@pytest.mark.parametrize(
    ("name", "simplify"), TEXTS, ids=[golden_file(*t).name for t in TEXTS]
)
def test_emitted_text_is_the_golden_text(name, simplify, update_golden):
    case, path = ALL[name], golden_file(name, simplify)
    source = derivo.derive(case.function, simplify=simplify, **case.specs).source
    if update_golden:
        path.write_bytes(source.encode())
    assert path.is_file(), "no golden file; read the text, then: pytest --update-golden"
    assert source == path.read_bytes().decode()


def test_no_golden_file_is_left_over():
    expected = {golden_file(*text).name for text in TEXTS}
    assert {path.name for path in FOLDER.glob("*.py")} <= expected
