"""The test program of an exported model, and the numbers that it expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo.emit.c.layout import block, comment
from derivo.emit.portable.files import array_text, number_text, plain_name

_HEAD = """\
/* Runs the model on the numbers of expected.h, which NumPy has computed. */
#include "model.h"

#include <math.h>
#include <stdio.h>

#include "expected.h"

static int is_close(const char *what, const model_real *found,
                    const model_real *expected, long n) {
    double worst = 0;
    for (long k = 0; k < n; ++k) {
        const double scale = 1 + fabs((double)expected[k]);
        const double apart = fabs((double)found[k] - (double)expected[k]) / scale;
        if (!(apart <= worst)) worst = apart;
    }
    const int fine = worst <= TOLERANCE;
    printf("%s: %ld numbers, %.1e apart, %s\\n", what, n, worst, fine ? "ok" : "WRONG");
    return fine;
}
"""


@dataclass(frozen=True)
class Call:
    """A call of a function, and what it is to give.

    Attributes
    ----------
    name
        Of the function.
    arguments, results
        Arrays by name.
    """

    name: str
    arguments: Mapping[str, Any]
    results: Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """What an exported model is tried on.

    Attributes
    ----------
    single
        float32 rather than float64.
    x, y, y_after
        Rows for a prediction, what it gives, and what it gives after the steps; None
        where there is no prediction.
    data
        Arguments of a step, by name.
    rows
        Their number of rows.
    losses
        What steps on them give, one after the other.
    learning_rate
        Of the steps.
    calls
        Calls of other functions, of which arguments of one name are the same.
    numbers
        Names of the arguments that are given as numbers.
    """

    single: bool
    x: Any = None
    y: Any = None
    y_after: Any = None
    data: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    losses: Sequence[float] = ()
    learning_rate: float = 0.0
    calls: Sequence[Call] = ()
    numbers: frozenset[str] = frozenset()


def trial_files(trial: Trial) -> dict[str, str]:
    """Write ``model_test.c`` and ``expected.h``."""
    return {"model_test.c": _program(trial), "expected.h": _expected(trial)}


def _program(trial: Trial) -> str:
    lines = ["int fine = 1;"]
    predict = [
        "model_predict(expected_x, EXPECTED_ROWS, y);",
        'fine &= is_close("{}", y, {}, EXPECTED_ROWS * MODEL_OUTPUTS);',
    ]
    if trial.x is not None:
        lines.insert(0, "static model_real y[EXPECTED_ROWS * MODEL_OUTPUTS];")
        lines += [predict[0], predict[1].format("predict", "expected_y")]
    if trial.losses:
        given = "".join(
            f"train_{plain_name(name)}{'[0]' if name in trial.numbers else ''}, "
            for name in trial.data
        )
        call = f"model_train({given}TRAIN_ROWS, LEARNING_RATE)"
        lines += [
            "model_real losses[STEPS];",
            f"for (int k = 0; k < STEPS; ++k) losses[k] = {call};",
            'fine &= is_close("train", losses, expected_losses, STEPS);',
        ]
        if trial.x is not None:
            after = predict[1].format("predict after training", "expected_y_after")
            lines += [predict[0], after]
    for one in trial.calls:
        lines += _called(one, trial.numbers)
    return f"{_HEAD}\n{block('int main(void)', [*lines, 'return !fine;'])}\n"


def _called(call: Call, numbers: frozenset[str]) -> list[str]:
    """Write a call, and how what it gives is compared."""
    given = [
        f"given_{name}{'[0]' if name in numbers else ''}" for name in call.arguments
    ]
    found = [f"{name}_found" for name in call.results]
    arrays = [
        f"static model_real {name}_found[{max(np.size(a), 1)}];"
        for name, a in call.results.items()
    ]
    tests = [
        f'fine &= is_close("{call.name}: {name}", {name}_found, '
        f"{call.name}_{name}, {np.size(a)});"
        for name, a in call.results.items()
    ]
    run = f"fine &= !{call.name}({', '.join([*given, *found])});"
    return [block("", [*arrays, run, *tests]).lstrip()]


def _expected(trial: Trial) -> str:
    single = trial.single
    text = [*comment("What NumPy gives for the same parameters.")]
    text.append(f"#define TOLERANCE {'1e-4' if single else '1e-9'}")
    arrays: dict[str, Any] = {}
    if trial.x is not None:
        text.append(f"enum {{ EXPECTED_ROWS = {len(trial.x)} }};")
        arrays |= {"expected_x": trial.x, "expected_y": trial.y}
    if trial.losses:
        rate = number_text(trial.learning_rate, single=False)
        text += [
            f"enum {{ TRAIN_ROWS = {trial.rows}, STEPS = {len(trial.losses)} }};",
            f"#define LEARNING_RATE {rate}",
        ]
        arrays |= {f"train_{plain_name(name)}": a for name, a in trial.data.items()}
        arrays["expected_losses"] = np.array(trial.losses)
        if trial.x is not None:
            arrays["expected_y_after"] = trial.y_after
    for call in trial.calls:
        arrays |= {f"given_{name}": a for name, a in call.arguments.items()}
        arrays |= {f"{call.name}_{name}": a for name, a in call.results.items()}
    text += [
        array_text(f"static const model_real {name}", a, single=single)
        for name, a in arrays.items()
    ]
    return "\n".join(text) + "\n"
