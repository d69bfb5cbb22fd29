"""A network trained on a table: standardised, scored on rows it never saw, saved."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from derivo.cli.mistake import CommandLineError
from derivo.cli.table import Table
from derivo.data.split import split
from derivo.layers.dense import Dense
from derivo.train.network import Network

Array = npt.NDArray[Any]
HELD_BACK = 0.2


@dataclass(frozen=True)
class Settings:
    """How to train."""

    hidden: tuple[int, ...]
    epochs: int
    batch_size: int | None
    learning_rate: float
    seed: int


@dataclass(frozen=True)
class Scale:
    """Mean and deviation of the training rows, column by column."""

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, values: Array) -> Scale:
        """Measure; a column that never changes is left as wide as it is."""
        deviation = values.std(axis=0)
        # What rounding leaves of a column that never changes is no deviation.
        tiny = deviation <= 1e-12 * (1 + np.abs(values).max(axis=0))
        return cls(values.mean(axis=0), np.where(tiny, 1.0, deviation))

    def apply(self, values: Array) -> Array:
        """Give values with mean 0 and deviation 1."""
        return np.asarray((values - self.mean) / self.deviation)

    def undo(self, values: Array) -> Array:
        """Give values in the units of the table."""
        return np.asarray(values * self.deviation + self.mean)


@dataclass(frozen=True)
class Model:
    """A trained network with what it needs to be used.

    Attributes
    ----------
    net
        The network.
    inputs, outputs
        Scales; `outputs` is None for classes.
    scores
        On the rows held back: accuracy and baseline (share of the commonest class of
        the training rows), or rmse (root of the mean squared error, in units of the
        target) and r2 (share of the variance that is explained).
    engine
        What computed the steps.
    trained_on, tested_on
        Numbers of rows.
    """

    net: Network
    inputs: Scale
    outputs: Scale | None
    scores: dict[str, float]
    engine: str
    trained_on: int
    tested_on: int

    def layers_text(self) -> str:
        """Write the layers as a chain of units."""
        units = [f"{x.units} {x.activation or ''}".strip() for x in self.net.layers]  # type: ignore[attr-defined]  # all are Dense
        return " -> ".join([f"{self.net.features} inputs", *units])

    def score_text(self) -> str:
        """Write the scores in words."""
        s = self.scores
        if self.outputs is None:
            return (
                f"{100 * s['accuracy']:.1f} % right "
                f"(always the commonest class: {100 * s['baseline']:.1f} %)"
            )
        return f"R2 {s['r2']:.3f}, root mean squared error {s['rmse']:.4g}"


def train(table: Table, settings: Settings) -> Model:
    """Train on four fifths of the rows and score on the others.

    Raises
    ------
    DataError, UsageError, DivergenceError
        Data or settings that cannot be trained with.
    """
    x, t, x_test, t_test = split(table.x, table.t, HELD_BACK, settings.seed)
    inputs = Scale.of(x)
    outputs = None if table.classes else Scale.of(t)
    units = len(table.classes) or 1
    layers = [*(Dense(n, "relu") for n in settings.hidden), Dense(units)]
    net = Network(*layers, loss="squared_error" if outputs else "cross_entropy")
    # A small table gets small batches, so that an epoch is some thirty steps.
    batch = min(max(len(x) // 30, 4), 32)
    history = net.fit(
        inputs.apply(x).astype(np.float32), t if outputs is None else outputs.apply(t),
        epochs=settings.epochs,
        batch_size=batch if settings.batch_size is None else settings.batch_size,
        learning_rate=settings.learning_rate, seed=settings.seed, verbose=0,
    )  # fmt: skip
    guess = net.predict(inputs.apply(x_test).astype(np.float32))
    if outputs is None:
        common = np.bincount(t).argmax()
        scores = {
            "accuracy": np.mean(guess == t_test),
            "baseline": np.mean(common == t_test),
        }
    else:
        scores = _regression(outputs.undo(guess), t_test)
    listed = {name: float(value) for name, value in scores.items()}
    return Model(net, inputs, outputs, listed, history.engine, len(x), len(x_test))


def _regression(guess: Array, t: Array) -> dict[str, Any]:
    error = np.mean((guess - t) ** 2)
    variance = np.mean((t - t.mean()) ** 2)
    r2 = 1 - error / variance if variance > 0 else np.nan
    return {"rmse": np.sqrt(error), "r2": r2}


def save(model: Model, table: Table, folder: Path) -> None:
    """Write the network as plain NumPy, with a script that needs nothing else.

    Raises
    ------
    CommandLineError
        The folder cannot be written to.
    """
    described = {
        "columns": list(table.columns), "target": table.target,
        "classes": list(table.classes), "parameters": list(model.net.parameters),
        "input_mean": model.inputs.mean.tolist(),
        "input_deviation": model.inputs.deviation.tolist(),
        "scores": model.scores,
    }  # fmt: skip
    if model.outputs is not None:
        described["target_mean"] = float(model.outputs.mean)
        described["target_deviation"] = float(model.outputs.deviation)
    script = (
        files("derivo.cli").joinpath("shipped_predict.py").read_text(encoding="utf-8")
    )
    try:
        folder.mkdir(exist_ok=True)
        _write(folder / "network.py", model.net.prediction_source)
        _write(folder / "model.json", json.dumps(described, indent=2) + "\n")
        _write(folder / "predict.py", script)
        np.savez(folder / "parameters.npz", **dict(model.net.parameters))
    except OSError as error:
        message = f"cannot write to {folder}: {error.strerror}"
        raise CommandLineError(message) from None


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
