"""Random programs whose helpers are called several times, nested, with several results.

A program is text, so that its functions have lines and names as a user's have. Helpers
of the second kind call those of the first; the main function calls both, perhaps in a
loop over a list of parameters.
"""

from __future__ import annotations

import itertools
import random
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

N = 3
UNARY = (
    "np.tanh({0})",
    "np.sin({0})",
    "{0} * {0}",
    "1 / (1 + np.exp(-{0}))",
    "np.maximum({0}, 0.1 * {0})",
    "{0} / np.sqrt(1 + np.mean({0} ** 2, axis=1, keepdims=True))",
    "{0} - np.mean({0}, axis=1, keepdims=True)",
    "np.exp({0} - np.max({0}, axis=1, keepdims=True))",
)
BINARY = ("{0} + {1}", "{0} * {1}", "{0} - 0.5 * {1}", "{0} / (2 + np.cos({1}))")


@dataclass(frozen=True)
class Helper:
    """A helper: what it takes besides x, and how many results it gives."""

    name: str
    takes: str  # "w" a matrix (4, 4), "b" a row (4,), "y" another array (N, 4)
    results: int


@dataclass(frozen=True)
class Program:
    """A program: its text, the function to derive, and specs for its arguments."""

    text: str
    specs: dict[str, Any]

    def load(self, folder: Path) -> Any:
        """Give the main function, compiled from a file."""
        path = folder / f"program_{abs(hash(self.text))}.py"
        path.write_text(self.text)
        scope: dict[str, Any] = {}
        exec(compile(self.text, str(path), "exec"), scope)  # noqa: S102
        return scope["main"]

    def draw(self, seed: int) -> dict[str, Any]:
        """Give values for the arguments."""
        rng = np.random.default_rng(seed)

        def drawn(spec: Any) -> Any:
            if isinstance(spec, dict):
                return {k: drawn(v) for k, v in spec.items()}
            if isinstance(spec, list):
                return [drawn(v) for v in spec]
            shape = [N if word == "N" else int(word) for word in spec.split()]
            return rng.normal(size=shape) * 0.7

        return {name: drawn(spec) for name, spec in self.specs.items()}


def program(seed: int) -> Program:
    """Write a program from a seed."""
    rng = random.Random(seed)  # noqa: S311
    writer = _Writer(rng)
    first = [writer.helper(f"inner_{k}", []) for k in range(rng.randint(1, 3))]
    second = [writer.helper(f"outer_{k}", first) for k in range(rng.randint(1, 2))]
    writer.main(first, second)
    text = "import numpy as np\n\n\n" + "\n\n\n".join(writer.functions) + "\n"
    return Program(text, writer.specs)


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.functions: list[str] = []
        self.specs: dict[str, Any] = {"x": "N 4"}

    def helper(self, name: str, callees: list[Helper]) -> Helper:
        rng = self.rng
        takes = "".join(rng.sample("wby", rng.randint(0, 3)))
        results = rng.choice((1, 1, 2))
        lines, values = self._lines(["x", *takes], callees, rng.randint(2, 4))
        values = [v for v in values if v != "x"][-results:] or ["x"]
        values = (values * results)[:results]
        if results == 2 and values[0] == values[1]:
            lines.append(f"twice = 2 * {values[0]}")
            values[1] = "twice"
        lines.append(f"return {', '.join(values)}")
        self._add(name, ["x", *takes], lines)
        return Helper(name, takes, results)

    def main(self, first: list[Helper], second: list[Helper]) -> None:
        rng = self.rng
        takes = ["w", "b", "y"]
        self.specs |= {"w": "4 4", "b": "4", "y": "N 4"}
        lines, values = self._lines(["x", *takes], [*first, *second], rng.randint(3, 5))
        arguments = ["x", *takes]
        if rng.random() < 0.6:
            steps = rng.randint(2, 4)
            self.specs["layers"] = [{"w": "4 4", "b": "4"} for _ in range(steps)]
            arguments.append("layers")
            helper = rng.choice([*first, *second])
            given = {"w": 'layer["w"]', "b": 'layer["b"]', "y": "y"}
            call = ", ".join(["h", *(given[t] for t in helper.takes)])
            body = [f"h = {values[-1]}", "for layer in layers:"]
            if helper.results == 2:
                body += [f"    a, c = {helper.name}({call})", "    h = a - 0.3 * c"]
            else:
                body += [f"    a = {helper.name}({call})"]
                body += ['    h = np.tanh(a + h) * layer["b"]']
            lines += body
            values.append("h")
        end = rng.choice(("np.sum({0} ** 2)", "np.mean({0} * y)", "{0}"))
        lines.append(f"return {end.format(values[-1])}")
        self._add("main", arguments, lines)

    def _lines(
        self, known: list[str], callees: list[Helper], count: int
    ) -> tuple[list[str], list[str]]:
        rng, lines = self.rng, []
        values = [k for k in known if k in ("x", "y")]
        names = (f"v{k}" for k in itertools.count(1))
        for _ in range(count):
            name = next(names)
            x = rng.choice(values[-3:])
            if callees and rng.random() < 0.7:
                callee = rng.choice(callees)
                given = [x, *(self._given(t, known, values) for t in callee.takes)]
                targets = name
                if callee.results == 2:
                    other = next(names)
                    targets = f"{name}, {other}"
                    values.append(other)
                lines.append(f"{targets} = {callee.name}({', '.join(given)})")
            elif "w" in known and rng.random() < 0.4:
                lines.append(f"{name} = {x} @ w")
            elif "b" in known and rng.random() < 0.4:
                lines.append(f"{name} = {x} + b")
            elif rng.random() < 0.5:
                pattern = rng.choice(BINARY)
                lines.append(f"{name} = {pattern.format(x, rng.choice(values))}")
            else:
                lines.append(f"{name} = {rng.choice(UNARY).format(x)}")
            values.append(name)
        return lines, values

    def _given(self, kind: str, known: list[str], values: list[str]) -> str:
        if kind == "y":
            return self.rng.choice(values)
        if kind in known:
            return kind
        made = {"w": "np.eye(4) * 0.5", "b": "np.ones(4)"}
        return made[kind]

    def _add(self, name: str, takes: list[str], lines: list[str]) -> None:
        body = textwrap.indent("\n".join(lines), "    ")
        self.functions.append(f"def {name}({', '.join(takes)}):\n{body}")
