"""Sentences of the area "batch"."""

TEXTS: dict[str, dict[str, str]] = {}
