"""Names in emitted source: the user's own where there is one, never two alike."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable

# Words that a value must not be called in emitted source.
RESERVED = frozenset(
    {"np", "saved", *keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
)


class Names:
    """Hands out names, each once."""

    def __init__(self, taken: set[str] | None = None) -> None:
        self.taken = set(taken or ())
        self.held: dict[str, object] = {}
        self._wished: dict[str, str] = {}

    def hold(self, name: str, owner: object) -> None:
        """Keep a name for a value that comes later."""
        self.held[name] = owner

    def fresh(self, wish: str, owner: object = None) -> str:
        """Give `wish`, or `wish` with the first free number."""
        wish = wish if wish.isidentifier() else "value"
        name, n = wish, 2
        while not self._is_free(name, owner):
            name, n = f"{wish}_{n}", n + 1
        self.taken.add(name)
        self._wished[name] = wish
        return name

    def plain(self, name: str) -> str:
        """Give the wish that a name was given for: the name without its number."""
        return self._wished.get(name, name)

    def first(self, wishes: Iterable[str], owner: object = None) -> str:
        """Give the first wish, with a number if need be.

        No number is put behind a name that is kept for another value: the next wish
        takes its place.
        """
        wishes = tuple(wishes)
        own = [wish for wish in wishes if self.held.get(wish, owner) is owner]
        return self.fresh([*own, *wishes][0], owner)

    def _is_free(self, name: str, owner: object) -> bool:
        held = name in self.held and self.held[name] is not owner
        return not (held or name in self.taken or name in RESERVED)


def adjoint_name(name: str) -> str:
    """Name the adjoint of a value."""
    return f"d_{name}"
