"""Random forward passes with plain loops over a named axis, as text."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SPECS = {"xs": "T M", "ys": "T M", "w": "M M", "b": "M", "a": ""}
# What a step does: of what it can read, vectors give vectors and numbers.
VECTORS = (
    "np.tanh({v} + {u})", "{v} * {u}", "{v} @ w + {u}", "np.sin({v}) - {u} * a",
    "np.where({u} > 0, {v}, a * {u})", "{v} / (1 + {u} ** 2)", "np.maximum({v}, {u})",
    "{v} * {k} + b",
)  # fmt: skip
NUMBERS = (
    "np.sum({v} * {u})", "{k} * a + np.mean({v})", "np.tanh({k} + np.max({u}))",
    "{k} / (1 + np.sum({v} ** 2))", "np.logaddexp({k}, {v}[0])",
)  # fmt: skip
# The loop, and what it gives to read: a row, and the number of the step.
HEADS = (
    ("for x in xs:", "x", ""),
    ("for t in range(xs.shape[0]):", "xs[t]", "t"),
    ("for t in range(len(ys)):", "ys[t - 1]", "t"),
    ("for t, x in enumerate(xs):", "x", "t"),
    ("for x, y in zip(xs, ys):", "(x - y)", ""),
    ("for t, (x, y) in enumerate(zip(xs, ys)):", "(x * y)", "t"),
    ("for t in range(1, xs.shape[0]):", "(xs[t] + ys[t - 1])", "t"),
    ("for t in reversed(range(len(xs))):", "xs[t]", "t"),
    ("for t in range(xs.shape[0] - 1, -1, -1):", "(xs[t] * ys[t])", "t"),
    ("for x in reversed(ys):", "x", ""),
)
START = ("np.zeros(b.shape)", "b", "b * 2", "np.ones(w.shape[0])", "b.copy()")


@dataclass
class Program:
    """A function as text, and the arrays that it is tried on."""

    text: str
    seed: int

    def function(self) -> Callable[..., Any]:
        """Give the function."""
        file = f"<random loop {abs(hash(self.text))}>"
        lines = self.text.splitlines(keepends=True)
        linecache.cache[file] = (len(self.text), None, lines, file)
        scope: dict[str, Any] = {"np": np}
        exec(compile(self.text, file, "exec"), scope)  # noqa: S102  our own text
        function: Callable[..., Any] = scope["f"]
        return function

    def arrays(self, steps: int) -> dict[str, Any]:
        """Draw the arguments."""
        rng = np.random.default_rng([self.seed, steps])
        shapes = {"xs": (steps, 3), "ys": (steps, 3), "w": (3, 3), "b": (3,), "a": ()}
        return {name: rng.normal(size=shape) * 0.7 for name, shape in shapes.items()}


class _Writing:
    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.forms: tuple[str, ...] = VECTORS
        self.pairs: tuple[str, ...] = ()
        self.before: list[str] = []
        self.vectors: list[str] = []
        self.numbers = ["a"]

    def pick(self, values: Any) -> Any:
        return values[self.rng.integers(len(values))]

    def expression(self, templates: Any) -> str:
        v, u = self.pick(self.vectors), self.pick(self.vectors)
        text: str = self.pick(templates).format(v=v, u=u, k=self.pick(self.numbers))
        return text


def generate(seed: int, *, helpers: bool = False) -> Program:
    """Give a random program; it depends on the seed alone.

    With `helpers`, what a step does may be to call functions.
    """
    w = _Writing(np.random.default_rng(seed))
    functions = _helpers(w) if helpers else ""
    head, row, counter = w.pick(HEADS)
    w.vectors = [row]
    lines = [*_carried(w)]
    results = [*w.vectors[1:], *w.numbers[1:]]
    body: list[str] = []
    if counter:
        w.numbers.append(f"({counter} + 1)")
    for k in range(w.rng.integers(1, 4)):
        body += _statement(w, k, results)
    if counter and w.rng.random() < 0.6:
        lines.append("out = np.zeros((xs.shape[0] + 1, xs.shape[1]))")
        body += _write(w, counter)
        results.append(w.pick(("out[-1]", "np.sum(out, axis=0)", "out[:-1].mean(0)")))
    if w.rng.random() < 0.4:
        lines.append("kept = []")
        body.append(f"kept.append({w.expression(w.forms)})")
        # Without a step there is nothing to stack.
        results.append("kept[-1]" if head == "for x in xs:" else "b")
    if w.rng.random() < 0.3:
        body += ["s = 0.0", f"for e in {row if row == 'x' else 'b'}:",
                 "    s = np.tanh(s * a + e)"]  # fmt: skip
        body.append(f"{w.pick(results[:1])} *= 1 + 0.1 * s")
    lines += [head, *(f"    {line}" for line in body)]
    total = " + ".join(f"np.sum({r})" for r in results)
    lines.append(f"return {total}")
    text = "def f(xs, ys, w, b, a):\n" + "".join(f"    {line}\n" for line in lines)
    return Program(functions + text, seed)


def _helpers(w: _Writing) -> str:
    """Write functions for steps to call: the later ones may call those before."""
    text = ""
    for k in range(w.rng.integers(1, 4)):
        inner = _Writing(w.rng)
        inner.forms, inner.pairs = w.forms, w.pairs
        inner.vectors, inner.numbers = ["v", "u"], ["a"]
        lines = [f"z{n} = {inner.expression(inner.forms)}" for n in range(2)]
        lines.append(f"n = np.tanh(z0) * z1 - u * {inner.expression(inner.forms)}")
        is_pair = w.rng.random() < 0.4
        lines.append("return n, np.sin(n + z1)" if is_pair else "return n")
        text += f"def g{k}(v, u, w, b, a):\n" + "".join(f"    {x}\n" for x in lines)
        call = f"g{k}({{v}}, {{u}}, w, b, {{k}})"
        if is_pair:
            w.pairs = (*w.pairs, call)
        else:
            w.forms = (*w.forms, call, call, call)
    return text


def _carried(w: _Writing) -> list[str]:
    """Write what the loop begins with."""
    lines = []
    for name in ("h", "c")[: w.rng.integers(1, 3)]:
        lines.append(f"{name} = {w.pick(START)}")
        w.vectors.append(name)
    if w.rng.random() < 0.6:
        lines.append(f"k = {w.pick(('0.0', '1', 'a * 2'))}")
        w.numbers.append("k")
    return lines


def _statement(w: _Writing, k: int, results: list[str]) -> list[str]:
    """Write a line that changes what is handed on, or names a value of the step."""
    name = w.pick([*results, f"z{k}"])
    if name == "k":
        return [f"k {w.pick(('=', '+='))} {w.expression(NUMBERS)}"]
    if w.pairs and name != "k" and w.rng.random() < 0.5:
        text = w.expression(w.pairs)
        w.vectors.append(f"y{k}")
        return [f"{name}, y{k} = {text}"]
    text = w.expression(w.forms)
    if name.startswith("z"):
        w.vectors.append(name)
        return [f"{name} = {text}"]
    how = w.pick(("=", "=", "=", "+=", "*="))
    if how == "=":
        return [f"{name} = {text}"]
    # In place: of a copy, where the name stands for an argument.
    return [f"{name} = {name} * 0.5", f"{name} {how} np.tanh({text})"]


def _write(w: _Writing, t: str) -> list[str]:
    kind = w.rng.integers(4)
    text = f"np.tanh({w.expression(w.forms)})"
    if kind == 0:
        return [f"out[{t}] = {text}"]
    if kind == 1:
        return [f"out[{t} + 1] = out[{t}] * 0.5 + {text}"]
    if kind == 2:
        return [f"out[{t}, 1:] = ({text})[1:]", f"out[{t}, 0] += a"]
    return [f"out[{t}] += {text}", f"out[{t}] *= a"]
