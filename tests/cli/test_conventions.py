"""Nests, settings and methods on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run

NESTED = """\
from dataclasses import dataclass

import numpy as np


@dataclass
class Params:
    w: np.ndarray
    b: np.ndarray
    shift: str = "up"


def affine(params: Params, x, mode, axis=0):
    y = x @ params.w + params.b
    return np.sum(np.tanh(y) if mode == "tanh" else y, axis=axis)


def plain(params, x, act):
    return act(x @ params["w"])


def chain(layers, x):
    for layer in layers:
        x = np.tanh(x @ layer["w"])
    return x


def chain_of_objects(layers: list[Params], x):
    for layer in layers:
        x = np.tanh(x @ layer.w + (layer.b if layer.shift == "up" else 0))
    return x


class Net:
    def __init__(self):
        self.W = np.ones((3, 2))

    def loss(self, x):
        return np.sum((x @ self.W) ** 2)


net = Net()


def square(x, p):
    return x**p


def square_backward(d_y, x, p):
    return d_y * p * x ** (p - 1)
"""
PARAMS = ("-s", "params.w=L M", "-s", "x=N L")
RIGHT = {
    "a dataclass by annotation": (
        ("derive", "nested.py:affine", *PARAMS, "-s", "params.b=M", "--static",
         "mode=tanh", "--static", "axis=1"),
        ["mode='tanh', axis=1", "x @ params.w + params.b", "axis=1)"],
    ),
    "a dict": (
        ("derive", "nested.py:plain", *PARAMS, "--static", "act=:np.exp"),
        ['np.exp(x @ params["w"])', "act=np.exp"],
    ),
    "a list": (
        ("derive", "nested.py:chain", "-s", "layers.0.w=L L", "-s", "layers.1.w=L L",
         "-s", "x=N L"),
        ["for layer in layers:", 'layer["w"]'],
    ),
    "a list of objects": (
        ("derive", "nested.py:chain_of_objects", "-s", "layers.0.w=L L", "-s",
         "layers.1.w=L L", "-s", "layers.0.b=L", "-s", "layers.1.b=L", "-s", "x=N L"),
        ["for layer in layers:", "x @ layer.w + layer.b"],
    ),
    "a method": (
        ("derive", "nested.py:net.loss", "--self", "W", "-s", "x=N L"),
        ["def loss(W, x):", "L = 3"],
    ),
    "a check": (
        ("check", "nested.py:affine", *PARAMS, "-s", "params.b=M", "--static",
         "mode=1"),
        ["affine: right", "params.w"],
    ),
    "a backward pass by hand": (
        ("check", "nested.py:square", "--backward", "nested.py:square_backward", "-s",
         "x=N", "--static", "p=3"),
        ["square_backward: right"],
    ),
}  # fmt: skip
WRONG = {
    "no such attribute": (("derive", "nested.py:net.los", "-s", "x=N"), "no 'los'"),
    "no such name": (
        ("derive", "nested.py:plain", *PARAMS, "--static", "act=:exq"),
        "the file has no 'exq'",
    ),
    "no value": (
        ("derive", "nested.py:plain", *PARAMS, "--static", "act"), "--static mode=train"
    ),
    "twice": (
        ("derive", "nested.py:plain", *PARAMS, "--static", "a=1", "--static", "a=2"),
        "given twice",
    ),
    "a whole and a part": (
        ("derive", "nested.py:plain", *PARAMS, "-s", "params=N"), "given twice"
    ),
    "a list with a gap": (
        ("derive", "nested.py:chain", "-s", "layers.1.w=L L", "-s", "x=N L"),
        "number them from 0",
    ),
    "no such attribute of self": (
        ("derive", "nested.py:net.loss", "--self", "V", "-s", "x=N L"), "it has W"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_reads_right(run: Run, folder: Path, name: str) -> None:
    (folder / "nested.py").write_text(NESTED, encoding="utf-8")
    words, expected = RIGHT[name]
    result = run(*words)
    assert result.code == 0, result.err
    for text in expected:
        assert text in result.out


@pytest.mark.parametrize("name", WRONG)
def test_what_is_a_mistake(run: Run, folder: Path, name: str) -> None:
    (folder / "nested.py").write_text(NESTED, encoding="utf-8")
    words, expected = WRONG[name]
    result = run(*words)
    assert result.code == 2
    assert expected in result.err
