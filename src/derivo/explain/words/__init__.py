"""Every sentence of an explanation, in every language; one file for each area.

A file holds ``TEXTS``: key, then language, then the sentence. Fields in braces stand for
formulas or words that are filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from derivo.errors import UsageError

if TYPE_CHECKING:
    from derivo.explain.document import Run, Runs

LANGUAGES = {"en": "English", "fr": "Français", "ja": "日本語"}
AREAS = tuple(m.name for m in iter_modules(__path__) if m.name != "glossary")

# In French a sign of two parts has a thin space before it, at which no line is broken.
# Sentences are typed with a plain one.
SPACED = re.compile(r" (?=[:;?!»])|(?<=«) ")
THIN = "\u202f"

Texts = Mapping[str, Mapping[str, str]]


def texts(area: str) -> Texts:
    """Give the sentences of an area."""
    found: Texts = import_module(f"derivo.explain.words.{area}").TEXTS
    return found


class Words:
    """The sentences of one language.

    Parameters
    ----------
    language
        "en", "fr" or "ja".
    """

    def __init__(self, language: object) -> None:
        if not isinstance(language, str) or language not in LANGUAGES:
            listed = ", ".join(LANGUAGES)
            message = f"there are no texts in {language!r}; choose one of {listed}"
            raise UsageError(message)
        self.language = language

    def template(self, key: str) -> str:
        """Give a sentence with its fields; a key is ``area.name``."""
        area, _, name = key.partition(".")
        found = texts(area)[name][self.language]
        return SPACED.sub(THIN, found) if self.language == "fr" else found

    def text(self, key: str, **fields: object) -> str:
        """Give a sentence as plain text."""
        return self.template(key).format(**fields)

    def runs(self, key: str, **fields: Run | Runs) -> Runs:
        """Give a sentence with formulas and links in its fields."""
        parts: list[Run] = []
        for piece in re.split(r"(\{\w+\})", self.template(key)):
            if re.fullmatch(r"\{\w+\}", piece):
                value = fields[piece[1:-1]]
                parts += value if isinstance(value, tuple) else (value,)
            elif piece:
                parts.append(piece)
        return tuple(parts)

    def listed(self, items: Iterable[Run | Runs]) -> Runs:
        """Put things one after the other, with the comma of the language."""
        return self.joined(items, "page.comma")

    def joined(self, items: Iterable[Run | Runs], between: str) -> Runs:
        """Put things one after the other, with a sign of the language between them."""
        parts: list[Run] = []
        for item in items:
            parts += [self.template(between)] if parts else []
            parts += item if isinstance(item, tuple) else (item,)
        return tuple(parts)
