"""What may be taken for granted of the arguments, and whether it holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.graph.node import Graph

_SUMS_TO_ONE = re.compile(
    r"(?:every |each )?(?:rows? of )?(\w+)(?: rows?)? sums? to (?:1|one)"
    r"(?: along axis (-?\d+))?"
)


@dataclass(frozen=True)
class SumsToOne:
    """Every row of an argument, along one axis, sums to 1 (a cross-entropy target)."""

    name: str
    axis: int = -1

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Try it on actual values."""
        array = np.asarray(values[self.name])
        tolerance = 1e-4 if array.dtype == np.float32 else 1e-9
        return bool(np.allclose(array.sum(axis=self.axis), 1, rtol=0, atol=tolerance))

    def __str__(self) -> str:
        """Say it."""
        along = (
            "every row" if self.axis == -1 else f"every slice along axis {self.axis}"
        )
        return f"{along} of {self.name} sums to 1"


@dataclass(frozen=True)
class Facts:
    """What the user declared.

    Attributes
    ----------
    known
        Facts that were given.
    free
        Arguments that nothing is to be assumed of.
    nothing
        Assume nothing of any argument.
    """

    known: tuple[SumsToOne, ...] = ()
    free: frozenset[str] = frozenset()
    nothing: bool = False

    @classmethod
    def read(cls, texts: Iterable[str]) -> Facts:
        """Read facts such as ``"t sums to 1"``, ``"t is free"`` and ``"nothing"``."""
        known, free, nothing = [], set(), False
        for text in texts:
            words = re.sub(r"\s+", " ", text.strip())
            one = _SUMS_TO_ONE.fullmatch(words)
            if words == "nothing":
                nothing = True
            elif one:
                known.append(SumsToOne(one[1], int(one[2] or -1)))
            elif match := re.fullmatch(r"(\w+) is free", words):
                free.add(match[1])
            else:
                message = (
                    f"assume: {text!r} is not understood; write 't sums to 1', "
                    "'t sums to 1 along axis 0', 't is free' or 'nothing'"
                )
                raise UsageError(message)
        return cls(tuple(known), frozenset(free), nothing)

    def check_arguments(self, graph: Graph) -> None:
        """Refuse facts about arguments, or axes, that the function does not have."""
        ranks = {n.attrs["name"]: n.spec.rank for n in graph.inputs}
        for name in [*(f.name for f in self.known), *sorted(self.free)]:
            if name not in ranks:
                call = f"{graph.name}({', '.join(ranks)})"
                message = f"assume: {name!r} is not an argument of {call}"
                raise UsageError(message)
        for fact in self.known:
            rank = ranks[fact.name]
            if not -rank <= fact.axis < rank:
                message = (
                    f"assume: {fact.name} has {rank} axes, so there is no axis "
                    f"{fact.axis} to sum along"
                )
                raise UsageError(message)

    def may_assume(self, name: str) -> bool:
        """Tell whether facts about an argument may be taken for granted."""
        return not self.nothing and name not in self.free
