"""``derivo export``: what ``derivo train`` has written, as C99."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from derivo.cli import show
from derivo.cli.mistake import CommandLineError

ROWS_TRIED = 10
SCALES = ("input_mean", "input_deviation")
DESCRIPTION = """\
Write a network that `derivo train -o FOLDER` has trained as C99, for machines without
Python: model.c and model.h, which need no heap and of the C library math.h alone, and
model_test.c, which compares them with what NumPy gives. Inputs and values are in the
units of the table: the scaling is a part of the model.
"""
EPILOG = """\
examples:
  derivo train flowers.csv --target species -o flowers/
  derivo export flowers/ -o flowers_c/
  cc -std=c99 flowers_c/model.c flowers_c/model_test.c -lm -o model_test
  ./model_test

exit codes: 0 written, 2 wrong use, or a folder that holds no network
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "write a trained network as C99"
    parser = commands.add_parser(
        "export", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    add = parser.add_argument
    add("model", metavar="FOLDER", help="what `derivo train -o FOLDER` has written")
    add("-o", "--output", required=True, metavar="FOLDER", help="the folder for the C")
    add(
        "--rows",
        type=int,
        default=1,
        metavar="N",
        help="rows that are predicted at a time (1): more need more memory",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the folder, and write the other."""
    from derivo.export import export_function  # noqa: PLC0415

    described, parameters, predict = _read(Path(args.model))
    places = ", ".join(described["classes"]) or described["target"]
    title = f"{', '.join(described['columns'])} to {places}."
    folder = export_function(
        args.output, predict, _rows(described), parameters, rows=args.rows, title=title
    )
    show.line(f"written to {folder}: model.c, model.h, model_test.c, expected.h")
    show.line(f"x: {', '.join(described['columns'])}")
    what = f"probabilities of {places}" if described["classes"] else places
    show.line(f"y: {what}")
    return 0


def _rows(described: Mapping[str, Any]) -> Any:
    """Draw rows like those that were trained on."""
    import numpy as np  # noqa: PLC0415

    mean, scale = (np.array(described[k]) for k in SCALES)
    drawn = np.random.default_rng(0).normal(size=(ROWS_TRIED, len(mean)))
    return (mean + scale * drawn).astype(np.float32)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Read what was trained: its description, its parameters, its prediction.

    Raises
    ------
    CommandLineError
        The folder does not hold it.
    """
    import numpy as np  # noqa: PLC0415

    from derivo.run.load import load  # noqa: PLC0415

    try:
        described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(folder / "parameters.npz") as stored:
            parameters = {name: stored[name] for name in described["parameters"]}
    except (OSError, ValueError, KeyError) as error:
        message = (
            f"{folder} holds no trained network ({error}); make one with derivo train "
            "DATA.csv --target COLUMN -o FOLDER"
        )
        raise CommandLineError(message) from None
    network = load(folder / "network.py")
    scales = {k: np.array(described[k], np.float32) for k in SCALES}
    names = list(parameters)

    def predict(x: Any, **given: Any) -> Any:
        scaled = (x - given["input_mean"]) / given["input_deviation"]
        y = network.predict(scaled, *(given[name] for name in names))
        if described["classes"]:
            return y
        return y * described["target_deviation"] + described["target_mean"]

    return described, {**scales, **parameters}, predict
