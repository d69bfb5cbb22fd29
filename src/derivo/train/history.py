"""What happened in training: a row per epoch, readable without derivo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class History:
    """The rows of a training run.

    Attributes
    ----------
    rows
        One dict per epoch: epoch, loss, seconds, and with validation data
        validation_loss and validation_accuracy.
    engine
        What computed the steps, and why.

    Examples
    --------
    ``history["loss"]`` is the list of losses, ``history[-1]`` the last row.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    engine: str = ""

    def add(self, **row: Any) -> None:
        """Append an epoch."""
        self.rows.append(row)

    def __getitem__(self, key: str | int) -> Any:
        if isinstance(key, int):
            return self.rows[key]
        if not any(key in row for row in self.rows):
            known = ", ".join(self.rows[-1]) if self.rows else "nothing yet"
            message = f"no column {key!r} in this history; there are: {known}"
            raise KeyError(message)
        return [row.get(key) for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def save(self, path: str | Path) -> Path:
        """Write JSON lines: one row a line."""
        path = Path(path)
        lines = [json.dumps(row) for row in self.rows]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def __repr__(self) -> str:
        """Show the number of epochs and the last row."""
        last = f", last: {format_row(self.rows[-1])}" if self.rows else ""
        return f"<history of {len(self)} epochs on {self.engine}{last}>"


def format_row(row: dict[str, Any]) -> str:
    """Write a row as one line."""
    parts = [
        f"{k.replace('_', ' ')} {_number(k, v)}" for k, v in row.items() if k != "epoch"
    ]
    return ", ".join(parts)


def _number(key: str, value: Any) -> str:
    if key.endswith("accuracy"):
        return f"{100 * value:.2f} %"
    return f"{value:.2f}" if key == "seconds" else f"{value:.4g}"
