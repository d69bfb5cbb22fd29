"""``derivo train``: a table of numbers in, a trained network and its test score out."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from derivo.cli import show
from derivo.cli.mistake import CommandLineError

DESCRIPTION = """\
Train a network on a CSV file of numbers with a header. A fifth of the rows is held back
and gives the score. If the target is text or has few whole numbers, classes are
predicted; else values. Inputs are standardised by the mean and deviation of the
training rows.
"""
EPILOG = """\
examples:
  derivo train flowers.csv --target species
  derivo train houses.csv --target price --hidden 64,32 --epochs 100
  derivo train flowers.csv --target species -o flowers/
      writes the network as plain NumPy, its parameters, and a script that uses them:
      python flowers/predict.py new.csv

exit codes: 0 trained, 2 wrong use or data that cannot be used
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "train a network on a CSV file"
    parser = commands.add_parser(
        "train", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    add = parser.add_argument
    add("data", metavar="DATA.csv", help="a table of numbers with a header")
    add("--target", required=True, metavar="COLUMN", help="what to predict")
    add(
        "--hidden",
        default="64,32",
        metavar="UNITS",
        help="hidden layers (64,32); 0 for none",
    )
    add("--epochs", type=int, default=50, metavar="N", help="passes over the data (50)")
    add(
        "--batch-size",
        type=int,
        metavar="N",
        help="rows a step (4 to 32, by the size of the data)",
    )
    add(
        "--learning-rate",
        type=float,
        default=0.001,
        metavar="RATE",
        help="of Adam (0.001)",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="the same seed, the same result (0)",
    )
    add(
        "--task",
        choices=("auto", "classes", "values"),
        default="auto",
        help="what to predict",
    )
    add(
        "-o", "--output", metavar="FOLDER", help="write the trained network to a folder"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, train, score and save."""
    from derivo.cli.model import Settings, save, train  # noqa: PLC0415
    from derivo.cli.table import read_table  # noqa: PLC0415

    folder = _folder(args.output) if args.output else None
    if args.seed < 0:
        message = f"--seed {args.seed}: a seed is 0 or more"
        raise CommandLineError(message)
    settings = Settings(_hidden(args.hidden), args.epochs, args.batch_size,
                        args.learning_rate, args.seed)  # fmt: skip
    table = read_table(args.data, args.target, task=args.task)
    what = f"{len(table.classes)} classes" if table.classes else "values"
    show.line(f"{args.data}: {len(table.x)} rows, {len(table.columns)} inputs")
    show.line(f"{args.target}: {what}, because {table.reason}")
    begin = time.perf_counter()
    model = train(table, settings)
    show.line(f"network: {model.layers_text()}")
    show.line(f"trained on {model.trained_on} rows for {args.epochs} epochs "
              f"in {time.perf_counter() - begin:.1f} s on {model.engine}")  # fmt: skip
    show.line(f"on the {model.tested_on} rows held back: {model.score_text()}", "bold")
    if folder is not None:
        save(model, table, folder)
        show.line(
            f"written to {folder}: network.py, parameters.npz, model.json, predict.py"
        )
    return 0


def _hidden(text: str) -> tuple[int, ...]:
    parts = [p.strip() for p in text.split(",") if p.strip()]
    if not all(p.isdigit() for p in parts) or (parts != ["0"] and "0" in parts):
        message = (
            f"--hidden {text!r}: give units per layer, such as 64,32, or 0 for none"
        )
        raise CommandLineError(message)
    return () if parts == ["0"] else tuple(int(p) for p in parts)


def _folder(text: str) -> Path:
    path = Path(text)
    if path.is_file():
        message = f"{text} is a file; -o takes the name of a folder"
        raise CommandLineError(message)
    if path.is_dir() and any(path.iterdir()) and not (path / "model.json").is_file():
        message = f"{text} holds other files; -o takes a new folder, or one of a model"
        raise CommandLineError(message)
    if not path.parent.is_dir():
        message = f"there is no folder {path.parent} to make {path.name} in"
        raise CommandLineError(message)
    return path
