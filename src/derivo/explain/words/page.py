"""Sentences of the area "page"."""

TEXTS: dict[str, dict[str, str]] = {}
