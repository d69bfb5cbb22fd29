"""Sentences of the area "worksheet"."""

TEXTS: dict[str, dict[str, str]] = {}
