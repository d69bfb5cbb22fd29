"""The reference page: ``python -m derivo.ops.table > docs/operations.md``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.ops import functions
from derivo.ops.catalogue import CATALOGUE, SPELLINGS

HEAD = """# Operations

Written from the catalogue in `src/derivo/ops/`:
`python -m derivo.ops.table > docs/operations.md`.

## NumPy functions that can be traced

Operators, and methods of the same names, count as well:
`x @ w`, `x.sum(axis=0)`, `x[i, :]`, `x.T`.
"""


def spelled() -> list[str]:
    """Give the NumPy functions that are understood, as users write them."""
    found = set()
    for key in SPELLINGS:
        if isinstance(key, str):
            ufunc, _, method = key.partition(".")
            if method:
                found.add(f"np.{ufunc}.{method}")
        else:
            found.add(_written(key))
    return sorted(found)


def _written(function: Any) -> str:
    """Write where a function is found; `np.linalg.norm` is not in `np`."""
    name = function.__name__
    for place, module in (("np", np), ("np.linalg", np.linalg)):
        if getattr(module, name, None) is function:
            return f"{place}.{name}"
    aliases = [n for n in dir(np) if getattr(np, n) is function]
    return f"np.{aliases[0]}" if aliases else name


def of_scipy() -> list[str]:
    """Give the ufuncs of ``scipy.special`` that are understood."""
    names = (k for k in SPELLINGS if isinstance(k, str) and "." not in k)
    return sorted(f"scipy.special.{n}" for n in names)


def own() -> list[Callable[..., Any]]:
    """Give the functions of `derivo.ops` that forward passes may call."""
    every = vars(functions).items()
    return [
        f for name, f in sorted(every)
        if getattr(f, "__module__", "") == functions.__name__
        and not name.startswith("_") and f.__name__ == name
    ]  # fmt: skip


def derivative(op: Op) -> str:
    """Say what is known of an operation's derivative."""
    if "loop" in op.traits or "item" in op.traits:
        return "yes, a loop backwards"
    if op.vjp is None:
        return "none"
    return "yes"


def text_of(op: Op) -> str:
    """Give the NumPy text of an operation for its sample operands."""
    if op.lower is not None:
        return "spelled with others"
    if isinstance(op.numpy, str):
        text = op.numpy
    else:
        rng = np.random.default_rng(0)
        arrays, attrs = op.samples(rng) if op.samples else ((np.ones((3, 4)),), {})
        text = op.numpy({**op.attrs, **attrs}, *arrays)
    return "<br>".join(f"`{line}`" for line in text.replace("|", "\\|").split("\n"))


def page() -> Iterator[str]:
    """Give the lines of the page."""
    yield HEAD
    yield ", ".join(f"`{name}`" for name in spelled()) + "."
    yield "\n## Functions of SciPy that can be traced\n"
    more = ["softmax", "log_softmax", "logsumexp", "polygamma"]
    names = sorted({*of_scipy(), *(f"scipy.special.{n}" for n in more)})
    yield ", ".join(f"`{name}`" for name in names) + "."
    yield "\n## Functions that NumPy lacks: `derivo.ops`\n"
    yield "| function | what it gives |\n| --- | --- |"
    for function in own():
        first = (function.__doc__ or "").splitlines()[0].replace("|", "\\|")
        yield f"| `{function.__name__}` | {first} |"
    yield "\n## Records\n"
    yield "`y` is the result, the operands have the names of the second column.\n"
    yield "| operation | operands | NumPy | derivative |\n| --- | --- | --- | --- |"
    for op in sorted(CATALOGUE.values(), key=lambda o: o.name):
        if op.inputs and (op.numpy or op.lower):
            operands = ", ".join(op.inputs)
            yield f"| {op.name} | {operands} | {text_of(op)} | {derivative(op)} |"


def main() -> None:
    """Print the page."""
    sys.stdout.write("\n".join(page()) + "\n")


if __name__ == "__main__":
    main()
