"""``derivo tour``: its three parts, what it leaves, and that it is quick."""

from __future__ import annotations

import re
import time
from pathlib import Path

import derivo
from tests.cli.conftest import Run


def test_tour_shows_checks_and_trains(run: Run, folder: Path) -> None:
    start = time.perf_counter()
    result = run("tour")
    assert time.perf_counter() - start < 30
    assert (result.code, result.err) == (0, "")
    assert "\x1b" not in result.out
    assert "neuron: right." in result.out
    assert "layer: right." in result.out
    accuracy = re.search(r"held back: ([\d.]+) %", result.out)
    assert accuracy is not None
    assert float(accuracy[1]) > 95
    assert len(re.findall(r"This part took [\d.]+ s", result.out)) == 3


def test_what_the_tour_leaves_can_be_used(run: Run, folder: Path) -> None:
    run("tour", "-o", "elsewhere")
    place = folder / "elsewhere"
    assert sorted(p.name for p in place.iterdir() if p.suffix == ".py") == [
        "digits_predict.py", "digits_step.py", "forward.py", "layer_derived.py",
        "neuron_derived.py",
    ]  # fmt: skip
    assert callable(derivo.load(place / "digits_step.py").step)
    hint = run(
        "derive",
        "elsewhere/forward.py:layer",
        "-s",
        "x=N L",
        "-s",
        "w=L M",
        "-s",
        "b=M",
    )
    assert hint.code == 0


def test_what_a_reader_changed_is_kept(run: Run, folder: Path) -> None:
    (folder / "tour").mkdir()
    (folder / "tour" / "forward.py").write_text("mine = 1\n", encoding="utf-8")
    assert "kept as forward_1.py" in run("tour").out
    assert (folder / "tour" / "forward_1.py").read_text(
        encoding="utf-8"
    ) == "mine = 1\n"


def test_a_folder_that_cannot_be_written_is_answered(run: Run, folder: Path) -> None:
    (folder / "file").write_text("", encoding="utf-8")
    result = run("tour", "-o", "file")
    assert result.code == 2
    assert "choose one with -o" in result.err
