"""Sentences of the area "scalar"."""

TEXTS: dict[str, dict[str, str]] = {}
