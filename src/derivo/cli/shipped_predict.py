"""Predict with a trained network: python predict.py NEW.csv. Needs NumPy alone.

Beside this file: network.py (the forward pass), parameters.npz, model.json.
"""

import csv
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent


def predict(x: Any) -> Any:
    """Give the label, or the value, for each row of x.

    Parameters
    ----------
    x : (N, columns)
        Inputs in the units and the order of the table that was trained on.
    """
    network = runpy.run_path(str(HERE / "network.py"))
    model = json.loads((HERE / "model.json").read_text(encoding="utf-8"))
    with np.load(HERE / "parameters.npz") as stored:
        parameters = [stored[name] for name in model["parameters"]]
    mean, deviation = np.array(model["input_mean"]), np.array(model["input_deviation"])
    scaled = ((np.asarray(x, float) - mean) / deviation).astype(np.float32)
    y = network["predict"](scaled, *parameters)
    if model["classes"]:
        return np.array(model["classes"])[y.argmax(axis=1)]
    return y[:, 0] * model["target_deviation"] + model["target_mean"]


def main() -> None:
    """Print a prediction for each row of a CSV file with the columns of training."""
    if len(sys.argv) != 2:
        sys.exit("use: python predict.py NEW.csv")
    columns = json.loads((HERE / "model.json").read_text(encoding="utf-8"))["columns"]
    with Path(sys.argv[1]).open(newline="", encoding="utf-8-sig") as file:
        first = file.readline()
        file.seek(0)
        rows = list(csv.DictReader(file, delimiter=max(",;\t", key=first.count)))
    try:
        x = [[float(row[name]) for name in columns] for row in rows]
    except KeyError as error:
        sys.exit(f"{sys.argv[1]} has no column {error}")
    except (TypeError, ValueError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    for value in predict(x) if x else ():
        print(value)


if __name__ == "__main__":
    main()
