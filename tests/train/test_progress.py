"""What is shown while training runs."""

import re

import numpy as np
import pytest

import derivo
from derivo.layers import Dense
from derivo.train import progress

X, T = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2


def train(**options):
    net = derivo.Network(Dense(2))
    net.fit(X, T, epochs=3, engine="numpy", **options)


def test_a_line_for_each_epoch(capsys):
    train(validation=0.25)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    number = r"[\d.e-]+"
    pattern = (
        rf"epoch \d: loss {number}, validation loss {number}, validation accuracy "
        rf"{number} %, seconds {number}"
    )
    assert len(lines) == 3
    assert all(re.fullmatch(pattern, line) for line in lines)
    assert err == ""


def test_silence(capsys):
    train(verbose=0)
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal_is_drawn_ten_times_a_second_at_most(monkeypatch, capsys):
    pytest.importorskip("rich")
    now, drawn = [0.0], []
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("derivo.train.progress.time.monotonic", lambda: now[0])
    with progress.Progress(epochs=4, steps=50, verbose=1) as shown:
        monkeypatch.setattr(
            shown.bar, "update", lambda _task, **state: drawn.append(state)
        )
        for epoch in range(1, 5):
            for step in range(1, 51):
                now[0] += 0.004
                shown.step(step)
            shown.epoch({"epoch": epoch, "loss": 0.5, "seconds": 0.2})
    # 0.8 seconds in all: the first moment, then every tenth of a second, then the end.
    assert 8 <= len(drawn) <= 10
    assert drawn[-1]["completed"] == 4
    assert drawn[-1]["row"] == "loss 0.5, seconds 0.20"
    assert "epoch 1" not in capsys.readouterr().out


def test_lines_on_a_terminal_without_rich(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("derivo.train.progress.find_spec", lambda _name: None)
    train()
    assert re.match(r"epoch 1: loss", capsys.readouterr().out)


def test_rich_is_not_loaded_where_no_bar_is_shown():
    import subprocess
    import sys

    code = (
        "import sys, numpy as np, derivo\n"
        "derivo.Network(derivo.layers.Dense(2)).fit(np.eye(2), [0, 1], epochs=1)\n"
        "assert not {'rich', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
