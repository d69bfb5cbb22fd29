"""Sentences of the area "frames"."""

TEXTS: dict[str, dict[str, str]] = {}
