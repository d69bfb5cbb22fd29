"""Colours: a value and its adjoint share one, and a pipe sees none."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from derivo.cli import colour, show
from tests.cli.conftest import LAYER, Run

ORIGINAL = "#000000 #E69F00 #56B4E9 #009E73 #F0E442 #0072B2 #D55E00 #CC79A7"
SOURCE = "def f(n):\n    y = n * 2  # n is read\n    return d_n(y)\n"


def test_pieces_add_up_to_the_source() -> None:
    styles = colour.assign(["n", "y"])
    assert "".join(text for text, _ in colour.parts(SOURCE, styles)) == SOURCE


def test_a_value_and_its_adjoint_share_a_colour() -> None:
    styles = colour.assign(["n", "y"])
    found = dict(colour.parts(SOURCE, styles))
    assert found["d_n"] == f"bold {found['n']}"
    assert found["n"] != found["y"]


def test_names_in_comments_are_not_coloured_as_code() -> None:
    assert dict(colour.parts(SOURCE, colour.assign(["n"])))["# n is read"] == "dim"


def test_signs_of_values_are_coloured_in_formulas() -> None:
    styles = {"n": "red", "dn": "bold red"}
    line = "dn = nᵀ dn_2 + sin(n) n̂"
    pieces = colour.formula_parts(line, styles)
    assert [p for p in pieces if p[1]] == [
        ("dn", "bold red"), ("n", "red"), ("n", "red"),
    ]  # fmt: skip
    assert "".join(t for t, _ in pieces) == line


def test_colours_are_those_of_okabe_and_ito() -> None:
    assert set(colour.COLOURS.values()) <= set(ORIGINAL.split())


def test_no_two_values_look_alike() -> None:
    styles = colour.assign("abcdefghijkl")
    assert all(a != b for a, b in itertools.combinations(styles.values(), 2))
    assert len(colour.assign("abcdefghijklmnop")) == 12


def test_a_pipe_sees_plain_text(run: Run) -> None:
    assert "\x1b" not in run("derive", "model.py:layer", *LAYER).out


def test_force_color_colours_and_keeps_the_text(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = run("derive", "model.py:layer", *LAYER).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("derive", "model.py:layer", *LAYER).out
    assert "\x1b[" in coloured
    assert _without_escapes(coloured) == plain


def test_no_color_wins(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not show.is_coloured()


def test_a_terminal_is_coloured_unless_it_is_dumb(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert show.is_coloured()
    monkeypatch.setenv("TERM", "dumb")
    assert not show.is_coloured()


def _without_escapes(text: str) -> str:
    from rich.text import Text

    return Text.from_ansi(text).plain.rstrip("\n") + "\n"


def test_plain_text_without_rich(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(show, "find_spec", lambda _name: None)
    show.write([("a", "bold"), ("b", "")])
    assert capsys.readouterr().out == "ab\n"


def test_rich_is_not_loaded_in_a_pipe(folder: Path) -> None:
    code = (
        "import sys; from derivo.cli.main import main;"
        f"main({['derive', 'model.py:layer', *LAYER]!r});"
        "assert 'rich' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
