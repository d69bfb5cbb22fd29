"""``derivo export``: what ``derivo train`` has written, or a function, as C99."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from derivo.cli import show
from derivo.cli.arguments import read_sizes
from derivo.cli.mistake import CommandLineError
from derivo.cli.target import SHAPES, add_arguments, derivation
from derivo.graph.dim import names
from derivo.graph.nest import nested
from derivo.graph.node import Graph

ROWS_TRIED = 10
SCALES = ("input_mean", "input_deviation")
DESCRIPTION = """\
Write a network that `derivo train -o FOLDER` has trained as C99, for machines without
Python: model.c and model.h, which need no heap and of the C library math.h alone, and
model_test.c, which compares them with what NumPy gives. Inputs and values are in the
units of the table: the scaling is a part of the model.

Or a function and its gradients: with --size for each size that has a name.
"""
EPILOG = f"""\
{SHAPES}
examples:
  derivo train flowers.csv --target species -o flowers/
  derivo export flowers/ -o flowers_c/
  cc -std=c99 flowers_c/model.c flowers_c/model_test.c -lm -o model_test
  ./model_test
  derivo export model.py:layer -s x="N 3" -s w="3 2" --size N=16 -o layer_c/

exit codes: 0 written, 2 wrong use, or a folder that holds no network
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "write a trained network, or a function, as C99"
    parser = commands.add_parser(
        "export", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    add_arguments(parser, ("FOLDER", "what `derivo train -o FOLDER` has written"))
    add = parser.add_argument
    add("-o", "--output", required=True, metavar="FOLDER", help="the folder for the C")
    add(
        "--rows",
        type=int,
        metavar="N",
        help="rows that a network predicts at a time (1): more need more memory",
    )
    add("--size", action="append", default=[], metavar="NAME=NUMBER",
        help="a size of the function")  # fmt: skip
    add("--float32", action="store_true", help="a function in float32, not float64")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the folder or the function, and write the other folder."""
    if args.target.rpartition(":")[0].endswith(".py"):
        return _function(args)
    for option in ("shape", "static", "self", "wrt", "size", "float32"):
        if getattr(args, option):
            message = f"--{option} is for functions, and {args.target} is a folder"
            raise CommandLineError(message)
    return _network(args)


def _function(args: argparse.Namespace) -> int:
    """Write a function and its gradients, at inputs that are drawn."""
    import numpy as np  # noqa: PLC0415

    from derivo.verify.draw import draw_inputs  # noqa: PLC0415

    if args.rows is not None:
        message = "--rows is for networks; a function has --size NAME=NUMBER"
        raise CommandLineError(message)
    sizes = read_sizes(args.size) or {}
    derived = derivation(args)
    missing = [n for n in _size_names(derived.traced) if n not in sizes]
    if missing:
        message = (
            f"an exported function has memory for fixed sizes: --size {missing[0]}=16"
        )
        raise CommandLineError(message)
    inputs = draw_inputs(derived.forward.graph, np.random.default_rng(0), sizes=sizes)
    dtype = np.float32 if args.float32 else np.float64
    arrays = {
        name: array.astype(dtype) if array.dtype.kind == "f" else array
        for name, array in inputs.arrays.items()
    }
    folder = derived.export(args.output, **nested(derived.traced, arrays))
    show.line(f"written to {folder}: model.c, model.h, model_test.c, expected.h")
    return 0


def _network(args: argparse.Namespace) -> int:
    """Write a trained network."""
    from derivo.export import export_function  # noqa: PLC0415

    described, parameters, predict = _read(Path(args.target))
    places = ", ".join(described["classes"]) or described["target"]
    title = f"{', '.join(described['columns'])} to {places}."
    rows = 1 if args.rows is None else args.rows
    folder = export_function(
        args.output, predict, _rows(described), parameters, rows=rows, title=title
    )
    show.line(f"written to {folder}: model.c, model.h, model_test.c, expected.h")
    show.line(f"x: {', '.join(described['columns'])}")
    what = f"probabilities of {places}" if described["classes"] else places
    show.line(f"y: {what}")
    return 0


def _size_names(graph: Graph) -> list[str]:
    """Give the names of the sizes of a function's arguments."""
    dims = (d for n in graph.inputs for d in n.spec.shape)
    return list(dict.fromkeys(name for d in dims for name in names(d)))


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
