"""Run with ``python -I`` where only the wheel is installed. No pytest here."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

# The one hard dependency, and what every environment has.
ALLOWED = {
    "derivo",
    "numpy",
    "pip",
    "setuptools",
}


def main() -> None:
    """Call each check, and print what it found."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DERIVO_CACHE"] = folder
        for check in (packages, location, import_time, derive, digits, command_line):
            start = time.perf_counter()
            found = check()
            print(f"{check.__name__:12} {found} ({time.perf_counter() - start:.2f} s)")


def packages() -> str:
    installed = {d.metadata["Name"].lower() for d in metadata.distributions()}
    assert installed <= ALLOWED, f"not expected: {installed - ALLOWED}"
    return ", ".join(sorted(installed))


def location() -> str:
    import derivo

    path = Path(derivo.__file__)
    assert Path(sys.prefix) in path.parents, f"{path} is not in {sys.prefix}"
    assert (path.parent / "py.typed").is_file()
    return f"derivo {metadata.version('derivo')}, installed"


def import_time() -> str:
    """Measure in fresh processes, taking turns; the best of seven each."""
    code = "import time; t = time.perf_counter(); import {}; "
    code += "print(time.perf_counter() - t)"

    def seconds(name: str) -> float:
        command = [sys.executable, "-I", "-c", code.format(name)]
        return float(subprocess.run(command, capture_output=True, check=True).stdout)

    rounds = [(seconds("numpy"), seconds("derivo")) for _ in range(7)]
    numpy, derivo = (min(column) for column in zip(*rounds, strict=True))
    assert derivo <= 1.5 * numpy, (
        f"import derivo takes {derivo / numpy:.2f} times numpy"
    )
    return f"{1e3 * derivo:.0f} ms, numpy {1e3 * numpy:.0f} ms"


def derive() -> str:
    import numpy as np

    import derivo

    def layer(x, w, b):
        n = x @ w + b
        y = 1 / (1 + np.exp(-n))
        return y

    d = derivo.derive(layer, x="N L", w="L M", b="M")
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    y = layer(x, w, b)
    delta = y * (1 - y)  # the published form, with an adjoint of ones
    g = d.gradients(x=x, w=w, b=b)
    for actual, expected in (
        (g["x"], delta @ w.T), (g["w"], x.T @ delta), (g["b"], delta.sum(axis=0)),
    ):  # fmt: skip
        np.testing.assert_allclose(actual, expected, rtol=1e-12)
    assert "rich" not in sys.modules
    return f"{len(d.source.splitlines())} lines of source, gradients right"


def digits() -> str:
    from derivo.data import digits as load

    images, labels = load()
    return f"{images.shape} images, {len(set(labels.tolist()))} labels"


def command_line() -> str:
    """Call the installed command as a newcomer does: the tour, from an empty folder."""
    command = str(Path(sys.executable).parent / "derivo")
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [command, "tour"], cwd=folder, capture_output=True, text=True, check=False
        )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    return f"derivo tour: {len(result.stdout.splitlines())} lines"


if __name__ == "__main__":
    main()
