"""The parts of the tour: a neuron, a layer, digits."""

from __future__ import annotations

import ast
import inspect
import time
from pathlib import Path
from typing import Any

import numpy as np

from derivo.cli import colour, show
from derivo.cli.target import find_function
from derivo.data.digits import digits
from derivo.data.split import split
from derivo.derivation import derive
from derivo.layers.dense import Dense
from derivo.train.network import Network

EPOCHS = 30

# Written to the folder of the tour, so that a reader can change it and try again.
FORWARD = '''\
"""Forward passes in plain NumPy: a neuron, and a layer of neurons on a batch."""

import numpy as np


def neuron(w, x, b):
    m = w * x
    n = m + b
    y = 1 / (1 + np.exp(-n))
    return y


def layer(x, w, b):
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y
'''


def neuron_part(folder: Path) -> bool:
    """Derive the neuron, with every step."""
    return _derived("neuron", {"w": "", "x": "", "b": ""}, folder)


def layer_part(folder: Path) -> bool:
    """Derive the layer for N examples at once: sums and transposes appear."""
    return _derived("layer", {"x": "N L", "w": "L M", "b": "M"}, folder)


def _derived(name: str, shapes: dict[str, Any], folder: Path) -> bool:
    path = _forward_file(folder)
    function, _ = find_function(f"{path}:{name}")
    start = time.perf_counter()
    d = derive(function, **shapes)
    d.save(folder / f"{name}_derived.py")
    seconds = time.perf_counter() - start
    styles = show.styles_of(d)
    given = ", ".join(f'{k}="{v}"' for k, v in shapes.items())
    show.line("\nThe forward pass, in plain NumPy:\n")
    show.write(colour.parts(inspect.getsource(function), styles), end="")
    show.line(f"\nderivo.derive({name}, {given})")
    show.line(f"gives this, in {1000 * seconds:.0f} ms. d_n is the adjoint of n, "
              "which says how much the result changes with n.\n")  # fmt: skip
    show.source(d)
    show.line("\nThe derivation, step by step; in formulas, d_n is written dn:\n")
    show.details(d, styles)
    show.line("\nThe check, against numbers that know nothing of these rules:\n")
    result = d.check()
    show.report(result)
    return bool(result.ok)


def _forward_file(folder: Path) -> Path:
    """Write the forward passes; what a reader made of an earlier copy is kept."""
    path = folder / "forward.py"
    if path.exists() and path.read_text(encoding="utf-8") != FORWARD:
        taken = [folder / f"forward_{k}.py" for k in range(1, 1000)]
        mine = next(p for p in taken if not p.exists())
        path.rename(mine)
        show.line(f"\nYour own {path.name} is kept as {mine.name}.")
    path.write_text(FORWARD, encoding="utf-8")
    return path


def digits_part(folder: Path) -> bool:
    """Train on four fifths of the digits, and count what is right of the rest."""
    x, t = digits()
    x_train, t_train, x_test, t_test = split(x.astype(np.float32), t)
    show.line(f"\n{len(x)} real images of 8 x 8 pixels.")
    show.line(f"{len(x_test)} of them are held back, to test with.")
    show.line("One of them:\n")
    show.line(_picture(x_test[0]))
    net = Network(Dense(64, "relu"), Dense(10), loss="cross_entropy")
    step = net.build(x.shape[1])
    (folder / "digits_step.py").write_text(step.source, encoding="utf-8")
    (folder / "digits_predict.py").write_text(net.prediction_source, encoding="utf-8")
    show.line('\nNetwork(Dense(64, "relu"), Dense(10), loss="cross_entropy")')
    show.line("Its whole training step is one derivation. The backward part of it:\n")
    names = {n for n in _names(step.source) if not n.startswith("d_")}
    show.write(
        colour.parts(_backward(step.source), colour.assign(sorted(names))), end=""
    )
    start = time.perf_counter()
    history = net.fit(x_train, t_train, epochs=EPOCHS, verbose=0)
    seconds = time.perf_counter() - start
    first, last = history["loss"][0], history["loss"][-1]
    show.line(f"\n{EPOCHS} epochs in {seconds:.1f} s on {history.engine}: "
              f"loss {first:.3f} -> {last:.3f}")  # fmt: skip
    accuracy = net.evaluate(x_test, t_test)["accuracy"]
    show.line(f"Right on the images held back: {100 * accuracy:.1f} %", "bold")
    show.line(f"The first one above is taken for a {net.predict(x_test[:1])[0]}; "
              f"its label says {t_test[0]}.")  # fmt: skip
    return True


def _picture(pixels: Any) -> str:
    shades = " .:-=+*#%@"
    rows = pixels.reshape(8, 8)
    return "\n".join(
        "    " + "".join(2 * shades[int(9 * p)] for p in row) for row in rows
    )


def _backward(source: str) -> str:
    """Cut the backward part out of the step, without its indentation."""
    lines = source.splitlines()
    begin = next(
        k for k, line in enumerate(lines) if line.strip().startswith("# Backward")
    )
    end = next(k for k, line in enumerate(lines) if line.strip().startswith("# Update"))
    return inspect.cleandoc("\n".join(lines[begin:end])) + "\n"


def _names(source: str) -> set[str]:
    """Give the values that the backward part is about."""
    tree = ast.parse(_backward(source))
    found = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - {"np"}
    return {colour.value_of(n) for n in found}
