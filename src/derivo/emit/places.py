"""How what a nest holds is written: ``blocks[0]["w"]``, or the whole by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

NOBODYS = "_"


def texts_of(signature: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Give the text for each leaf among parameters, by its path."""
    return {
        path: text
        for name, nest in signature
        for path, text, part in _parts(name, nest, name)
        if not isinstance(part, dict | list | tuple)
    }


def _parts(path: str, nest: Any, text: str) -> Iterator[tuple[str, str, Any]]:
    """Give each part of a nest with its path and its text, the whole first."""
    yield path, text, nest
    for key, part in items_of(nest):
        yield from _parts(f"{path}.{key}", part, below(text, key))


def items_of(nest: Any) -> Iterable[tuple[Any, Any]]:
    """Give the parts of a nest by key or number; none of a leaf."""
    if isinstance(nest, dict):
        return nest.items()
    return enumerate(nest) if isinstance(nest, tuple | list) else ()


def below(text: str, key: Any) -> str:
    """Write a part of what is called `text`."""
    return f"{text}[{quoted(key)}]"


@dataclass
class Wholes:
    """Nests that lie somewhere as a whole: arguments, and what calls handed back.

    Attributes
    ----------
    keys
        Text for a nest to the keys that it has.
    """

    keys: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def add(self, text: str, nest: Any) -> None:
        """Note that a nest, and so each part of it, lies under `text`."""
        for _, place, part in _parts("", nest, text):
            if isinstance(part, dict | list | tuple):
                self.keys[place] = tuple(k for k, _ in items_of(part))

    def find(
        self, nest: Any, text_of: Callable[[Any], str | None], *, exactly: bool
    ) -> str | None:
        """Give the text for a nest; None if its parts lie here and there.

        With `exactly`, the whole has no other parts.
        """
        if not isinstance(nest, dict | list | tuple):
            return text_of(nest)
        texts = {k: self.find(v, text_of, exactly=exactly) for k, v in items_of(nest)}
        for text in self.keys:
            if all(texts[k] == below(text, k) for k in texts):
                has = set(self.keys[text])
                if has == set(texts) or (not exactly and has > set(texts)):
                    return text
        return None


def nest_text(
    nest: Any, write: Callable[[Any], str],
    whole: Callable[[Any], str | None] = lambda _nest: None,
) -> str:  # fmt: skip
    """Write a nest: by the name of the whole if it has one, else part by part.

    Parameters
    ----------
    write
        Gives the text of a leaf.
    whole
        Gives the text for a nest that lies somewhere as it is.
    """
    if not isinstance(nest, dict | list | tuple):
        return write(nest)
    known = whole(nest)
    if known is not None:
        return known
    parts = [nest_text(v, write, whole) for _, v in items_of(nest)]
    if isinstance(nest, dict):
        pairs = zip(nest, parts, strict=True)
        return f"{{{', '.join(f'{quoted(k)}: {part}' for k, part in pairs)}}}"
    if isinstance(nest, list):
        return f"[{', '.join(parts)}]"
    return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"


def quoted(key: Any) -> str:
    """Write a key: a word in the quotes that code formatters use."""
    plain = isinstance(key, str) and key.isprintable() and not set(key) & set('"\\')
    return f'"{key}"' if plain else repr(key)


def multiplied(nest, factor):  # type: ignore[no-untyped-def]
    """Multiply every array in a nest: written above the source of a loss with nests."""
    if isinstance(nest, dict):
        return {key: multiplied(part, factor) for key, part in nest.items()}
    if isinstance(nest, (tuple, list)):
        return type(nest)(multiplied(part, factor) for part in nest)
    return factor * nest
