"""A numeric table from a CSV file, with an error that names column and line."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from derivo.cli.mistake import CommandLineError, existing_file, near

# A number of classes above which whole numbers are taken for values.
MOST_CLASSES = 20
FEWEST_ROWS = 10


@dataclass(frozen=True)
class Table:
    """Inputs and target of a CSV file.

    Attributes
    ----------
    columns
        Names of the input columns.
    x : (N, L), float64
        Inputs.
    target
        Name of the target column.
    t : (N,)
        float64 values, or the numbers of classes.
    classes
        The labels in the file's own spelling; empty for a regression.
    reason
        How it was decided whether to classify.
    """

    columns: tuple[str, ...]
    x: npt.NDArray[np.float64]
    target: str
    t: npt.NDArray[Any]
    classes: tuple[str, ...]
    reason: str


def read_table(file: str, target: str, *, task: str = "auto") -> Table:
    """Read a CSV file with a header.

    Parameters
    ----------
    file
        Path. Cells are separated by commas, semicolons or tabs: whichever the header
        holds most of.
    target
        Name of the column to predict.
    task
        "classes", "values", or "auto" to decide by the target.

    Raises
    ------
    CommandLineError
        A missing file, no rows, a column that is not there, a cell that is no number.
    """
    path = existing_file(file, ".csv")
    header, rows = _read(path)
    if target not in header:
        message = f"{file} has no column {target!r}{near(target, header)}"
        raise CommandLineError(message)
    if len(header) < 2:
        message = f"{file} has the column {target!r} alone: nothing to predict it from"
        raise CommandLineError(message)
    if len(rows) < FEWEST_ROWS:
        message = (
            f"{file} has {_rows(len(rows))} of data; at least {FEWEST_ROWS} are needed"
        )
        raise CommandLineError(message)
    place = header.index(target)
    inputs = [k for k in range(len(header)) if k != place]
    x = np.array(
        [
            [_number(cells, k, header, line, file) for k in inputs]
            for line, cells in rows
        ]
    )
    t, classes, reason = _target(rows, place, header, file, task)
    return Table(tuple(header[k] for k in inputs), x, target, t, classes, reason)


Rows = list[tuple[int, list[str]]]


def _read(path: Path) -> tuple[list[str], Rows]:
    """Give the header, and each row with its line in the file."""
    header, rows = _cells(path)
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        message = f"{path} has two columns {twice[0]!r}; give each its own name"
        raise CommandLineError(message)
    if all(_is_number(c) for c in header):
        message = f"{path} has no header: its first line is numbers; add one of names"
        raise CommandLineError(message)
    for line, row in rows:
        if len(row) != len(header):
            cells = f"{len(row)} cells, but the header has {len(header)}"
            message = f"{path}, line {line}: {cells}"
            raise CommandLineError(message)
    return header, rows


def _cells(path: Path) -> tuple[list[str], Rows]:
    """Cut the text into cells; lines without any are left out."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        message = f"{path} is not text in UTF-8; is it a spreadsheet? Save it as CSV"
        raise CommandLineError(message) from None
    if not text.strip():
        message = f"{path} is empty; a header and rows of numbers are needed"
        raise CommandLineError(message)
    first = text.lstrip("\r\n").splitlines()[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    found: Rows = []
    try:
        for row in reader:
            cells = [c.strip() for c in row]
            if any(cells):
                found.append((reader.line_num, cells))
    except csv.Error as error:
        message = f"{path}, line {reader.line_num}: {error}"
        raise CommandLineError(message) from None
    return found[0][1], found[1:]


def _number(cells: list[str], k: int, header: list[str], line: int, file: str) -> float:
    if _is_number(cells[k]) and math.isfinite(float(cells[k])):
        return float(cells[k])
    where = f"{file}, line {line}: the column {header[k]!r}"
    if not cells[k] or cells[k].lower() in ("na", "nan", "null", "none", "?"):
        message = f"{where} has no value; fill it in, or leave the row out"
    elif _is_number(cells[k]):
        message = f"{where} is {cells[k]}, which is not finite; leave the row out"
    else:
        message = (
            f"{where} holds text: {cells[k]!r}. Inputs are numbers: leave the column "
            "out, or write a column of 0 and 1 for each value"
        )
    raise CommandLineError(message)


def _target(
    rows: Rows, place: int, header: list[str], file: str, task: str
) -> tuple[npt.NDArray[Any], tuple[str, ...], str]:
    cells = [row[place] for _, row in rows]
    for (line, _), cell in zip(rows, cells, strict=True):
        if not cell:
            message = f"{file}, line {line}: the target {header[place]!r} has no value"
            raise CommandLineError(message)
    numeric = all(map(_is_number, cells))
    if task == "auto":
        task, reason = _decide(cells, numeric=numeric)
    else:
        reason = f"--task {task}"
    if task == "values":
        values = [_number(row, place, header, line, file) for line, row in rows]
        return np.array(values), (), reason
    if numeric:  # 1 and 1.0 are one label
        cells = [f"{float(c):g}" for c in cells]
    labels, t = np.unique(np.array([float(c) for c in cells] if numeric else cells),
                          return_inverse=True)  # fmt: skip
    names = [f"{v:g}" for v in labels] if numeric else labels.tolist()
    if len(names) < 2:
        name, only = header[place], names[0]
        message = f"the target {name!r} is {only!r} in every row: nothing to learn"
        raise CommandLineError(message)
    if len(names) > len(rows) // 2:
        message = (
            f"the target {header[place]!r} has {len(names)} different labels in "
            f"{_rows(len(rows))}; a class needs several rows"
        )
        raise CommandLineError(message)
    return t.astype(np.int64), tuple(names), reason


def _decide(cells: list[str], *, numeric: bool) -> tuple[str, str]:
    """Tell "classes" from "values", and why."""
    if not numeric:
        return "classes", "the target is text"
    values = {float(c) for c in cells}
    if all(v.is_integer() for v in values) and len(values) <= MOST_CLASSES:
        return "classes", f"the target has {len(values)} whole numbers"
    return "values", "the target is a number"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # Python reads 1_000 as a number; a table does not mean it


def _rows(n: int) -> str:
    return f"{n} row" if n == 1 else f"{n} rows"
