"""Sentences of the area "rules"."""

TEXTS: dict[str, dict[str, str]] = {}
