"""Running many random programs, and reporting each failure as small as possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.fuzz.agree import disagreement
from tests.fuzz.generate import generate
from tests.fuzz.program import Program
from tests.fuzz.shrink import shrink


@dataclass(frozen=True)
class Failure:
    """A program whose gradients are wrong, or that cannot be derived."""

    number: int
    program: Program
    message: str

    def __str__(self) -> str:
        """Show the function, its shapes, and what is wrong."""
        specs = ", ".join(
            f'{k}="{" ".join(s)}"' for k, s in self.program.inputs.items()
        )
        return (
            f"program {self.number}: {self.message}\n{self.program.text()}"
            f"derivo.derive(f, {specs})"
        )


def programs(count: int, seed: int) -> Iterator[tuple[int, Program]]:
    """Give numbered programs; program number k does not depend on the others."""
    for number in range(count):
        yield number, generate(np.random.default_rng([seed, number]))


def outcome(program: Program, **options: Any) -> str:
    """Say what is wrong with the gradients of a program; empty if nothing is."""
    try:
        return disagreement(program, **options)
    except Exception as error:  # noqa: BLE001  each is a finding
        return f"{type(error).__name__}: {error}"


def failure(number: int, program: Program, **options: Any) -> Failure | None:
    """Try one program; if it fails, make it small."""
    message = outcome(program, **options)
    if not message:
        return None
    kind = message.split(":")[0] if "Error" in message.split(":")[0] else ""

    def fails(smaller: Program) -> bool:
        text = outcome(smaller, **options)
        return bool(text) and text.startswith(kind)

    small = shrink(program, fails)
    return Failure(number, small, outcome(small, **options))
