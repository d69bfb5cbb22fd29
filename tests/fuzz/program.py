"""A random forward pass as data: inputs, steps, results, and its text."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Shape = tuple[str, ...]  # "N", "L", "M", or a number


@dataclass(frozen=True)
class Step:
    """One line: NumPy text with the values it reads as ``{0}``, ``{1}``.

    Attributes
    ----------
    smooth
        The text may be run on complex arrays, and is analytic.
    weight
        Number of operations in the text.
    """

    text: str
    reads: tuple[str, ...]
    shape: Shape
    smooth: bool = True
    weight: int = 1


@dataclass(frozen=True)
class Program:
    """A function: arguments with shapes, named steps in order, names returned.

    Attributes
    ----------
    rows
        Names of arguments whose rows are drawn so that they sum to 1.
    inline
        Steps that are written inside their only reader.
    seed
        Start of the values of arguments, which follow from it and their names.
    """

    inputs: Mapping[str, Shape]
    steps: Mapping[str, Step]
    results: tuple[str, ...]
    rows: frozenset[str] = frozenset()
    inline: frozenset[str] = frozenset()
    seed: int = 0

    @property
    def operations(self) -> int:
        """Number of operations."""
        return sum(s.weight for s in self.steps.values())

    @property
    def smooth(self) -> bool:
        """Whether complex step applies."""
        return all(s.smooth for s in self.steps.values())

    def shape(self, name: str) -> Shape:
        """Give the shape of a value."""
        return self.inputs[name] if name in self.inputs else self.steps[name].shape

    def text(self, name: str = "f") -> str:
        """Write the function."""
        lines = [f"def {name}({', '.join(self.inputs)}):"]
        written: dict[str, str] = {}
        for target, step in self.steps.items():
            code = step.text.format(*(written.get(r, r) for r in step.reads))
            if target in self.inline:
                written[target] = f"({code})"
            else:
                lines.append(f"    {target} = {code}")
        lines.append(f"    return {', '.join(self.results)}")
        return "\n".join(lines) + "\n"

    def function(self, np: Any, name: str = "f") -> Callable[..., Any]:
        """Give the function, computing with `np`: NumPy, jax.numpy, or a look-alike."""
        text = self.text(name)
        file = f"<random program {abs(hash(text))}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        scope: dict[str, Any] = {"np": np}
        exec(compile(text, file, "exec"), scope)  # noqa: S102  our own text
        function: Callable[..., Any] = scope[name]
        return function


def pruned(program: Program) -> Program:
    """Drop what no result needs."""
    needed = set(program.results)
    for name, step in reversed(list(program.steps.items())):
        if name in needed:
            needed.update(step.reads)
    steps = {k: s for k, s in program.steps.items() if k in needed}
    inputs = {k: s for k, s in program.inputs.items() if k in needed}
    return replace(program, inputs=inputs, steps=steps, inline=_single(program, steps))


def _single(program: Program, steps: Mapping[str, Step]) -> frozenset[str]:
    """Keep inlined what is read exactly once and is not a result."""
    reads = [r for s in steps.values() for r in s.reads]
    texts = {
        r: s.text.count(f"{{{k}}}")
        for s in steps.values()
        for k, r in enumerate(s.reads)
    }
    return frozenset(
        n for n in program.inline
        if reads.count(n) == 1 and texts.get(n) == 1 and n not in program.results
    )  # fmt: skip
