"""What a value is called that has no name of the user's: what it is made of.

``np.exp(s - np.max(s))`` is ``exp_s``, ``x @ w`` is ``x_at_w``. The words stand in the
records of the operations (`Op.called`); here they are put together, and what would be
too long to read is called by what it is: a product, a mask.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from derivo.graph.dim import Size
from derivo.graph.node import Node, order

LONGEST_NAME, MOST_WORDS, MOST_VAGUE = 25, 6, 3
_VAGUE = {"total", "product", "difference", "ratio", "mask", "choice"}
# How far a name looks into what is written within one line.
DEEPEST = 3
# Small whole numbers as words, in names such as ``one_minus_z``.
_WORDS = {0: "zero", 1: "one", 2: "two", 3: "three", 4: "four"}
_PLURALS = {"zero": "zeros", "one": "ones"}
# What is added against a division by 0, as in ``log_p_plus_eps``.
LARGEST_EPS = 1e-3

Pattern = tuple[str, tuple[Node, ...]]


@dataclass(frozen=True)
class Naming:
    """Makes names for values out of those of others.

    Attributes
    ----------
    known
        What values are called that have a name; None for the others.
    roles
        The operation that a value is, where it is written in simpler ones: a softmax
        is a quotient.
    before
        Names of what a function of one value makes of a value: ``y`` of x in
        ``y = tanh(x)``.
    results
        Names of what the user's helper functions give.
    """

    known: Callable[[Node], str | None]
    roles: Mapping[Node, Node] = field(default_factory=dict)
    before: Mapping[Node, str] = field(default_factory=dict)
    results: Mapping[Node, str] = field(default_factory=dict)

    def made_of(self, node: Node) -> Iterator[str]:
        """Give names for a value, the best first; the last says what it is."""
        if node in self.results:
            yield self.results[node]
        whole = (*self._composed(node, DEEPEST), *self._composed(node, DEEPEST, "word"))
        for name in whole:
            if _is_readable(name):
                yield name
        if node in self.before:
            yield f"pre_{self.before[node]}"
        yield self._word(node)

    def has_only_a_word(self, node: Node) -> bool:
        """Tell whether a value has no name but for what it is: a product, a mask."""
        return next(self.made_of(node)) == self._word(node)

    def _composed(self, node: Node, depth: int, parts: str = "name") -> Iterator[str]:
        """Fill in the patterns of an operation: with names, or with words."""
        patterns = self._patterns(node)
        for pattern, operands in patterns:
            if not operands and pattern != patterns[-1][0]:
                yield pattern  # a word that says more than the operands' names
            if not operands or not depth or (parts == "word" and len(operands) > 1):
                continue
            filled = [
                self._part(o, depth - 1) if parts == "name" else self._short(o)
                for o in operands
            ]
            name = pattern.format(*filled) if all(filled) else ""
            words = name.split("_")
            # No `picked_picked_x`: the word alone says as much.
            if name and all(a != b for a, b in pairwise(words)):
                yield name

    def _patterns(self, node: Node) -> list[Pattern]:
        """Give patterns and what is filled in; a word alone needs nothing filled in."""
        node = self.roles.get(node, node)
        called = node.op.called
        if "item" in node.op.traits:  # of a loop: what it gives is called as in it
            pattern = "{0}_all" if "stack" in node.op.traits else "{0}"
            return [(pattern, (node.attrs["of"],)), ("rows", ())]
        if callable(called):
            return list(called(node))
        if not called and len(node.inputs) == 1:
            called = (f"{node.op.name}_{{0}}",)
        return [(p, node.inputs if "{" in p else ()) for p in called]

    def _word(self, node: Node) -> str:
        words = [p for p, operands in self._patterns(node) if not operands]
        name = words[0] if words else self.roles.get(node, node).op.name.strip("_")
        return f"{name}_of" if keyword.iskeyword(name) else name

    def _part(self, node: Node, depth: int) -> str | None:
        """Give the name of an operand, if need be of what it is made of."""
        name = self._plain(node)
        if name is None and "view" in node.op.traits:
            return self._part(node.inputs[0], depth)
        if name is None and node.inputs:
            return next(self._composed(node, depth), None)
        return name

    def _short(self, node: Node) -> str | None:
        """Give the name of an operand, or a word for what it is."""
        while node.inputs and "view" in node.op.traits and self.known(node) is None:
            node = node.inputs[0]
        return self._plain(node) or (self._word(node) if node.inputs else None)

    def _plain(self, node: Node) -> str | None:
        """Give a name that is there already, or that of a small number."""
        name = self.known(node)
        if name is not None or node.inputs:
            return name
        dim, value = node.attrs.get("dim"), node.attrs.get("value")
        if isinstance(dim, Size):
            return str(dim) if str(dim).isidentifier() else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        if 0 < value < LARGEST_EPS:
            return "eps"
        word = _WORDS.get(int(value)) if value == value // 1 else None
        return _PLURALS.get(word) if word and node.spec.rank else word


def _is_readable(name: str) -> bool:
    """Tell whether a name is short, and shorter still where it says little."""
    words = name.split("_")
    most = MOST_WORDS if _VAGUE.isdisjoint(words) else MOST_VAGUE
    return len(name) <= LONGEST_NAME and len(words) <= most and name.isidentifier()


def results_of_helpers(outputs: Iterable[Node], own: str) -> dict[Node, str]:
    """Name what a helper function gives after the helper: ``gelu_out``.

    The function that is written may be a helper itself: its name is `own`.
    """
    nodes = order(outputs)
    inside: set[Node] = set()
    for reader in nodes:
        # What a step reads but does not change is worked out before the loop: it is
        # read on within the step, and no result of it.
        fixed = len(reader.attrs["loop"].fixed) if "loop" in reader.op.traits else 0
        inside.update(reader.inputs[len(reader.inputs) - fixed :])
        for n in reader.inputs:
            # What was rewritten knows no helper any more; else it is read on within it.
            if reader.line is None or reader.group[: len(n.group)] == n.group:
                inside.add(n)
    found = {}
    for n in nodes:
        name = n.group[-1].name if n.group else ""
        is_helper = name.isidentifier() and name[0] != "_" and name != own
        if is_helper and n.inputs and n not in inside:
            found[n] = f"{name}_out"
    return found


def names_before(
    names: Mapping[Node, str], roles: Mapping[Node, Node]
) -> dict[Node, str]:
    """Give for x the name ``y`` of a function of it alone, as ``y = np.tanh(x)``."""
    found: dict[Node, str] = {}
    for node, name in names.items():
        role = roles.get(node, node)
        if len(role.inputs) == 1 and "elementwise" in role.op.traits:
            found.setdefault(role.inputs[0], name)
    return found
