"""A line of emitted source."""

from __future__ import annotations

from dataclasses import dataclass

from derivo.graph.node import Node


@dataclass(frozen=True)
class Statement:
    """A line of code, the value it computes, and the reason for it."""

    code: str
    node: Node | None = None
    name: str = ""
