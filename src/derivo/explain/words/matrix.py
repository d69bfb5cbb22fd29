"""Sentences of the area "matrix"."""

TEXTS: dict[str, dict[str, str]] = {}
