"""Making a failing program as small as it can be while it still fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fuzz.program import Program, Step, pruned


def shrink(program: Program, fails: Callable[[Program], bool]) -> Program:
    """Try smaller programs until none fails."""
    changed = True
    while changed:
        changed = False
        for smaller in _smaller(program):
            if _size(smaller) < _size(program) and fails(smaller):
                program, changed = smaller, True
                break
    return program


def _size(program: Program) -> tuple[int, int, int]:
    return (program.operations, len(program.results), len(program.inputs))


def _smaller(program: Program) -> Iterator[Program]:
    """Give programs with a result less, a step less, or a step made an argument."""
    for result in program.results:
        rest = tuple(r for r in program.results if r != result)
        if rest:
            yield pruned(replace(program, results=rest))
    for name in program.steps:
        if len(program.results) == 1 and program.steps[name].shape:
            yield pruned(replace(program, results=(name,)))
    for name, step in program.steps.items():
        for read in step.reads:
            if program.shape(read) == step.shape:
                yield _replaced(program, name, read)
    for name, step in program.steps.items():
        if name not in program.results:
            inputs = {**program.inputs, name: step.shape}
            steps = {k: s for k, s in program.steps.items() if k != name}
            inline = program.inline - {name}
            yield pruned(replace(program, inputs=inputs, steps=steps, inline=inline))


def _replaced(program: Program, name: str, by: str) -> Program:
    def new(reads: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(by if r == name else r for r in reads)

    steps = {
        k: Step(s.text, new(s.reads), s.shape, s.smooth, s.weight)
        for k, s in program.steps.items() if k != name
    }  # fmt: skip
    return pruned(replace(program, steps=steps, results=new(program.results)))
