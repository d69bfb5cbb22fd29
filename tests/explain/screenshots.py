"""Pictures of ten pages to look at: ``python -m tests.explain.screenshots FOLDER``.

Each page is taken at 1280 x 900, at 390 x 844 as a phone has it, and in the dark; each
at a moment of its own, so that together they show every mode.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import derivo
from derivo.layers import Dense
from tests.catalogue import CASES
from tests.explain import chromium
from tests.explain.test_window import derived
from tests.scan.programs import PROGRAMS

NUDGE, TRAIN, PREDICT = (
    f"document.querySelector('#bar [data-mode={m}]').click()" if m else
    "document.querySelector('#predict').click(); derivo.step(derivo.steps - 1)"
    for m in ("nudge", "train", "")
)  # fmt: skip


def pages() -> Iterator[tuple[str, Any, str]]:
    """Give name, explanation and what is done before the picture is taken."""

    def of(name: str) -> Any:
        case = {**CASES, **PROGRAMS}[name]
        return derivo.derive(case.function, shapes=case.specs).explain()

    yield "neuron", of("neuron"), "derivo.step(derivo.steps)"
    yield "layer", of("layer"), "derivo.step(3)"
    yield "network", derived().explain(), f"{TRAIN}; derivo.train(40, 0.5)"
    yield "nudged", derived().explain(), NUDGE
    yield "predicted", derived().explain(), PREDICT
    yield "attention", of("attention"), "derivo.step(derivo.steps - 2)"
    yield "layer_norm", of("layer_norm"), "derivo.step(derivo.steps)"
    opened = "derivo.step(derivo.steps - 1); derivo.open(derivo.pictures[1])"
    yield "rnn", of("rnn"), opened
    x, t = derivo.data.digits()
    digits = derivo.Network(Dense(8, "tanh"), Dense(10), loss="cross_entropy")
    digits.build(64)
    yield "digits", digits.explain(x=x, t=t), "derivo.step(derivo.steps)"
    yield "blocks", _deep(), "derivo.step(derivo.steps - 30)"


def _deep() -> Any:
    def block(x: Any, w: Any, b: Any) -> Any:
        return x + np.tanh(x @ w + b)

    def deep(x: Any, blocks: Any, t: Any) -> Any:
        for p in blocks:
            x = block(x, p["w"], p["b"])
        return np.mean((x - t) ** 2)

    blocks = [{"w": "L L", "b": "L"}] * 12
    return derivo.derive(deep, x="N L", blocks=blocks, t="N L").explain()


def main(folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kept:
        driver = chromium.started(Path(kept) / "profile")
        for name, explanation, done in pages():
            page = explanation.page
            for kind, size in {"1280": (1280, 900), "390": (390, 844)}.items():
                chromium.sized(driver, *size, mobile=kind == "390")
                chromium.open_page(driver, page, Path(kept) / f"{name}.html")
                driver.execute_script(done)
                _settled(driver)
                driver.save_screenshot(str(folder / f"{name}-{kind}.png"))
                if kind == "1280":
                    driver.execute_script("document.querySelector('#theme').click()")
                    _settled(driver)
                    driver.save_screenshot(str(folder / f"{name}-dark.png"))
            for line in chromium.complaints(driver):
                sys.stdout.write(f"{name}: {line}\n")
        driver.quit()


def _settled(driver: Any) -> None:
    """Wait until what moves has come to rest."""
    driver.execute_async_script("setTimeout(arguments[0], 350)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
