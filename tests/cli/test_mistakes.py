"""Each mistake on the command line: a message, exit code 2, and no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivo.cli import derive
from tests.cli.conftest import LAYER, Run

MISTAKES = {
    "no function": (("derive", "model.py", "-s", "x=N"), "write FILE.py:FUNCTION"),
    "missing file": (("derive", "modle.py:layer", *LAYER), "did you mean 'model.py'?"),
    "a folder": (("derive", ".:layer", *LAYER), "is a folder"),
    "unknown function": (("check", "model.py:lyer", *LAYER), "did you mean 'layer'?"),
    "not a function": (("derive", "model.py:NUMBER"), "is a int, not a function"),
    "a broken file": (("derive", "broken.py:f"), "broken.py, line 2"),
    "a file that fails": (("derive", "fails.py:f"), "KeyError: 'a'"),
    "no equals sign": (("derive", "model.py:layer", "-s", "x"), "write -s NAME="),
    "a shape twice": (("derive", "model.py:layer", *LAYER, "-s", "x=N"), "given twice"),
    "a shape left out": (("derive", "model.py:layer", "-s", "x=N L"), "'w'"),
    "a name too many": (
        ("derive", "model.py:layer", *LAYER, "-s", "q=N"),
        "'q' is not an argument",
    ),
    "a size that is none": (("derive", "model.py:layer", "-s", "x=N -3"), "-3"),
    "wrt without argument": (
        ("derive", "model.py:layer", *LAYER, "--wrt", "q"),
        "'q' is not an argument",
    ),
    "an unknown assumption": (
        ("derive", "model.py:layer", *LAYER, "--assume", "all is well"),
        "all is well",
    ),
    "shapes that do not fit": (
        ("derive", "model.py:layer", "-s", "x=N L", "-s", "w=K M", "-s", "b=M"),
        "line 5, in layer: n = x @ w + b",
    ),
    "a branch": (("derive", "model.py:branch", "-s", "x="), "line 20"),
    "nothing returned": (
        ("derive", "model.py:nothing", "-s", "x=N"),
        "returns nothing",
    ),
    "no rule": (("derive", "model.py:spectrum", "-s", "x=N"), "line 30"),
    "the user's own error": (
        ("derive", "model.py:fails", "-s", "x=N"),
        "undefined_name",
    ),
    "no folder to write to": (
        ("derive", "model.py:layer", *LAYER, "-o", "no/where.py"),
        "there is no folder no",
    ),
    "a folder to write over": (
        ("derive", "model.py:layer", *LAYER, "-o", "."),
        "is a folder",
    ),
    "the forward pass itself": (
        ("derive", "model.py:layer", *LAYER, "-o", "./model.py"),
        "would write over the forward pass",
    ),
    "a script": (("derive", "script.py:f"), "if __name__ =="),
    "a broken import": (("derive", "imports.py:f"), "broken.py, line 2"),
    "no trials": (("check", "model.py:layer", *LAYER, "--trials", "0"), "at least one"),
    "a seed below 0": (
        ("check", "model.py:layer", *LAYER, "--seed", "-1"),
        "0 or more",
    ),
    "a size without number": (
        ("check", "model.py:layer", *LAYER, "--size", "N"),
        "--size N=50",
    ),
    "no such row": (("textbook", "--show", "13"), "from 1 to 12"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_answered(run: Run, folder: Path, name: str) -> None:
    (folder / "broken.py").write_text("x = 1\ndef f(:\n", encoding="utf-8")
    (folder / "fails.py").write_text("{}['a']\n", encoding="utf-8")
    (folder / "script.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    (folder / "imports.py").write_text("import broken\n", encoding="utf-8")
    words, expected = MISTAKES[name]
    result = run(*words)
    assert result.code == 2
    assert expected in result.err
    assert "Traceback" not in result.err
    assert result.out == ""


@pytest.mark.parametrize(
    "words", [("deriv",), ("derive",), ("train", "x.csv"), ("tour", "--fast"),
              ("check", "model.py:layer", "--trials", "many")]
)  # fmt: skip
def test_words_that_are_not_known_give_exit_code_2(
    run: Run, words: tuple[str, ...]
) -> None:
    result = run(*words)
    assert result.code == 2
    assert "usage: derivo" in result.err


def test_the_command_alone_shows_its_help(run: Run) -> None:
    result = run()
    assert result.code == 0
    assert "usage: derivo" in result.out
    assert "derivo check model.py:layer" in result.out


@pytest.mark.parametrize(
    "command", ["", "tour", "derive", "check", "train", "textbook"]
)
def test_help_has_examples_and_exit_codes(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.code == 0
    assert "examples:" in result.out
    assert "exit codes" in result.out


def test_an_argument_that_does_not_matter_is_noted(run: Run) -> None:
    result = run("derive", "model.py:free", "-s", "x=N", "-s", "y=N")
    assert result.code == 0
    assert "does not depend on 'y'" in result.err
    assert "warn" not in result.err.lower()


def test_ctrl_c_is_answered_in_one_word(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(derive, "derivation", interrupted)
    result = run("derive", "model.py:layer", *LAYER)
    assert (result.code, result.err) == (130, "\nstopped\n")
