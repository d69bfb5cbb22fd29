"""Using a network: its output, loss and accuracy for rows that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from derivo.emit.step import write_module
from derivo.train.forward import ForwardPass
from derivo.train.step import derive_forward
from derivo.train.targets import Targets

# Rows that are computed at a time, so that large tables need little memory.
BLOCK = 8192
_PREDICT = "Give the output of the network for each row of x."
_EVALUATE = "Give the loss, and the output of the network for each row of x."


def prediction_source(forward: ForwardPass, specs: Mapping[str, str]) -> str:
    """Write a module with ``predict(x, *parameters)`` and ``evaluate``.

    Parameters
    ----------
    forward
        The network.
    specs
        Shapes of x, t and the parameters.
    """
    without = {name: text for name, text in specs.items() if name != "t"}
    predict = derive_forward(forward.output, without, _PREDICT)
    evaluate = derive_forward(forward.both, specs, _EVALUATE)
    return write_module([predict, evaluate])


def outputs(module: ModuleType, x: Any, parameters: tuple[Any, ...]) -> Any:
    """Give the output (N, units) for all rows of `x`."""
    with np.errstate(over="ignore", under="ignore"):
        parts = [
            module.predict(x[k : k + BLOCK], *parameters)
            for k in range(0, len(x), BLOCK)
        ]
    return np.concatenate(parts)


def measure(
    module: ModuleType, x: Any, t: Any, parameters: tuple[Any, ...], targets: Targets
) -> dict[str, float]:
    """Give the mean loss, and for labels the accuracy, for encoded targets `t`."""
    loss, correct = 0.0, 0.0
    for k in range(0, len(x), BLOCK):
        rows = t[k : k + BLOCK]
        with np.errstate(over="ignore", under="ignore"):
            part, y = module.evaluate(x[k : k + BLOCK], rows, *parameters)
        loss += float(part) * len(rows)
        correct += 0 if targets.kind == "values" else targets.correct(y, rows)
    if targets.kind == "values":
        return {"loss": loss / len(x)}
    return {"loss": loss / len(x), "accuracy": correct / len(x)}
