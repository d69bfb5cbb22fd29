"""The language in which formulas are written: their words, and decimal numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from derivo.explain.words.formulas import TEXTS

T = TypeVar("T")
LANGUAGE: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Write formulas in a language for a while."""
    token = LANGUAGE.set(language)
    try:
        yield
    finally:
        LANGUAGE.reset(token)


def in_its_language(method: Callable[..., T]) -> Callable[..., T]:
    """Write formulas in the language of the document that a method is about."""

    @wraps(method)
    def within(self: Any, *args: Any, **options: Any) -> T:
        with spoken(self.document.language):
            return method(self, *args, **options)

    return within


def word(key: str) -> str:
    """Give a word of the language."""
    return TEXTS[key][LANGUAGE.get()]


def decimal(text: str) -> str:
    """Write a number, which has a point, as the language has it."""
    return text.replace(".", word("decimal"))
