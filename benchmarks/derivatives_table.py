"""PyTorch's table of derivatives as a checklist: what NumPy says, and derivo derives.

Run with ``python benchmarks/derivatives_table.py``, with PyTorch and SciPy at hand;
the names of the entries are read from ``derivatives.yaml`` in PyTorch's wheel.
Those that have a spelling in NumPy or SciPy are in `derivatives_rows`: each is derived
and compared with PyTorch itself, value and gradients of all floating arguments, on
drawn numbers in float64. It agrees if nothing is off by more than one part in a
billion of the largest number. With ``--all`` every entry gets a line.
"""

from __future__ import annotations

import argparse
import collections
import linecache
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
import scipy.spatial.distance
import scipy.special
import torch
from derivatives_rows import ROWS

import derivo
from derivo.errors import DerivoError

TOLERANCE = 1e-9
SHAPE, HOLDS_NOTHING = "3,4", ("int", "perm", "mask", "fix")
KEEP = np.zeros((3, 4), bool)
KEEP[[0, 1, 1, 2], [1, 0, 3, 2]] = True
W5 = np.stack([np.interp(np.linspace(0, 2, 5), np.arange(3), e) for e in np.eye(3)]).T
SHARED = {"KEEP": KEEP, "PLACES": np.array([2, 7, 4]), "W5": W5, "np": np}
OURS = SHARED | {
    "sp": scipy.special,
    "sl": scipy.linalg,
    "sd": scipy.spatial.distance,
}
THEIRS = SHARED | {"t": torch, "F": torch.nn.functional, "A": torch.ops.aten}


def entries() -> list[str]:
    """Give the names of PyTorch's table, in its order."""
    import torchgen  # noqa: PLC0415  comes with PyTorch

    folder = Path(torchgen.__file__).parent
    text = (folder / "packaged/autograd/derivatives.yaml").read_text()
    return re.findall(r"^- name: *([\w.]+)\(", text, re.MULTILINE)


WITHIN = {"pos": (0.5, 2), "unit": (-0.9, 0.9), "prob": (0.1, 0.9), "big": (1.1, 3)}


def drawn(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> Any:
    """Draw an argument."""
    if kind in WITHIN:
        return rng.uniform(*WITHIN[kind], shape)
    makers = {
        "int": lambda: rng.integers(0, 3, shape),
        "perm": lambda: rng.permutation(shape[0]),
        "mask": lambda: rng.random(shape) < 0.5,
        "low": lambda: np.tril(rng.uniform(0.5, 1.5, shape)),
        "far": lambda: rng.integers(-4, 4, shape) / 2 + rng.uniform(0.05, 0.45, shape),
    }
    return makers.get(kind, lambda: rng.normal(size=shape))()


def function(names: list[str], text: str, scope: dict[str, Any]) -> Any:
    """Make a function of statements with an expression at the end."""
    *before, last = [part.strip() for part in text.split(";")]
    lines = [f"def f({', '.join(names)}):", *(f"    {line}" for line in before)]
    lines.append(f"    return {last}\n")
    written, file = "\n".join(lines), f"<{text}>"
    linecache.cache[file] = (len(written), None, written.splitlines(True), file)
    made = dict(scope)
    exec(compile(written, file, "exec"), made)  # noqa: S102  the text of a row
    return made["f"]


def parts(result: Any) -> tuple[Any, ...]:
    """Give the results of a function one by one."""
    return tuple(result) if isinstance(result, tuple | list) else (result,)


def off(found: Any, wanted: Any) -> float:
    """Give the largest difference, in terms of the largest number."""
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    if found.shape != wanted.shape:
        return np.inf
    scale = max(1e-3, float(np.max(np.abs(wanted), initial=0)))
    return float(np.max(np.abs(found - wanted), initial=0)) / scale


def compared(ours: str, theirs: str, arguments: str) -> tuple[str, str]:
    """Derive a row and compare it; give the outcome, and what is wrong."""
    rng = np.random.default_rng(3)
    given, floating = {}, []
    for argument in (arguments or f"a:{SHAPE}").split():
        name, shape, kind = (*argument.split(":"), "")[:3]
        given[name] = drawn(rng, tuple(map(int, filter(None, shape.split(",")))), kind)
        if kind not in HOLDS_NOTHING:
            floating.append(name)
    places = tuple(list(given).index(name) for name in floating)
    f = function(list(given), ours, OURS)
    values = parts(f(**given))
    upstream = [rng.uniform(0.5, 1.5, np.shape(v)) for v in values]

    def weighted(*arrays: Any) -> Any:
        results = zip(parts(f(*arrays)), upstream, strict=True)
        return sum(np.sum(w * r) for r, w in results)

    tensors = {
        n: torch.tensor(v, requires_grad=n in floating) for n, v in given.items()
    }
    wanted = parts(function(list(given), theirs, THEIRS)(**tensors))
    pairs = zip(wanted, upstream, strict=True)
    total = sum((torch.tensor(w) * r).sum() for r, w in pairs)
    slopes = torch.autograd.grad(
        total, [tensors[n] for n in floating], materialize_grads=True
    )
    for value, theirs_ in zip(values, wanted, strict=True):
        if not off(value, theirs_.detach()) <= TOLERANCE:
            return (
                "another function",
                f"value off by {off(value, theirs_.detach()):.1e}",
            )
    try:
        gradients = derivo.grad(weighted, argnums=places)(*given.values())
    except (DerivoError, NotImplementedError) as error:
        return "refused", str(error).splitlines()[0]
    for name, gradient, slope in zip(floating, gradients, slopes, strict=True):
        if not off(gradient, slope) <= TOLERANCE:
            return "differs", f"gradient of {name} off by {off(gradient, slope):.1e}"
    return "agrees", ""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--all", action="store_true", help="a line for every entry")
    every = parser.parse_args().all
    torch.set_default_dtype(torch.float64)
    rows = {}
    for line in ROWS.strip().splitlines():
        entry, ours, theirs, arguments = (*map(str.strip, line.split(" | ")), "")[:4]
        rows[entry] = ours, theirs, arguments
    known = entries()
    counts = collections.Counter[str]()
    for entry in known:
        outcome, reason, text = "no spelling", "", ""
        if entry in rows:
            text = rows[entry][0]
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    outcome, reason = compared(*rows[entry])
                except Exception as error:  # noqa: BLE001  counted as what it is
                    outcome, reason = "error", f"{type(error).__name__}: {error}"[:200]
        counts[outcome] += 1
        if every or outcome not in ("agrees", "no spelling"):
            print(f"{entry:32} {outcome:16} {text:50} {reason}".rstrip())
    print(f"PyTorch {torch.__version__}, {len(known)} entries")
    for outcome, count in counts.most_common():
        print(f"  {outcome:16}{count:6}")
    unknown = sorted(set(rows) - set(known))
    if unknown:
        print(f"  not in the table: {', '.join(unknown)}")


if __name__ == "__main__":
    main()
