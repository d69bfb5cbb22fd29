"""Sentences of the area "graph"."""

TEXTS: dict[str, dict[str, str]] = {}
