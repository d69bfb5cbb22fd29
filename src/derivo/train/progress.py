"""How far training is: a bar on a terminal, one line per epoch elsewhere."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from derivo.train.history import format_row

# Redrawing costs more than a step of a small network: ten times a second is enough.
SECONDS_BETWEEN = 0.1


class Progress:
    """Shows the progress of a training run; a context manager.

    Parameters
    ----------
    epochs
        How many are to come.
    steps
        Steps in an epoch.
    verbose
        0 shows nothing.
    """

    def __init__(self, epochs: int, steps: int, verbose: int) -> None:
        self.total = epochs
        self.steps = steps
        self.shown = bool(verbose)
        self.bar: Any = None
        self.task: Any = None
        self.done = 0
        self.next_time = 0.0
        self.text = ""

    def __enter__(self) -> Self:
        is_seen = self.shown and sys.stderr.isatty() and sys.stdout.isatty()
        if is_seen and find_spec("rich") is not None:  # an extra
            from rich import progress  # noqa: PLC0415  only where it is seen

            self.bar = progress.Progress(
                progress.TextColumn("{task.description}"), progress.BarColumn(),
                progress.MofNCompleteColumn(), progress.TimeRemainingColumn(),
                progress.TextColumn("{task.fields[row]}"), refresh_per_second=10,
                auto_refresh=False,
            )  # fmt: skip
            self.bar.start()
            self.task = self.bar.add_task("epoch", total=self.total, row="")
        return self

    def step(self, number: int) -> None:
        """Tell that so many steps of this epoch are done."""
        if self.bar is not None and time.monotonic() >= self.next_time:
            self._draw(self.done + number / self.steps)

    def epoch(self, row: dict[str, Any]) -> None:
        """Tell that an epoch is done."""
        self.done += 1
        self.text = format_row(row)
        if self.bar is not None:
            if time.monotonic() >= self.next_time or self.done == self.total:
                self._draw(self.done)
        elif self.shown:
            print(f"epoch {row['epoch']}: {self.text}", flush=True)  # noqa: T201

    def _draw(self, done: float) -> None:
        self.next_time = time.monotonic() + SECONDS_BETWEEN
        self.bar.update(
            self.task, completed=round(done, 2), row=self.text, refresh=True
        )

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        if self.bar is not None:
            self.bar.stop()
