"""The reference page: ``python -m derivo.ops.table > docs/operations.md``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.ops import functions
from derivo.ops.catalogue import CATALOGUE, HOMES, SCIPY, SPELLINGS
from derivo.ops.refused import OF_SCIPY, REFUSED
from derivo.ops.topics import TOPICS, Topic

HEAD = """# Operations

Written from the catalogue in `src/derivo/ops/`:
`python -m derivo.ops.table > docs/operations.md`.

Operators, and methods of the same names, count as well:
`x @ w`, `x.sum(axis=0)`, `x[i, :]`, `x.T`. Options are those of NumPy; one that cannot
be derived is refused by its name. `d` below stands for `derivo.derive`.

Derivatives of such functions in one line, with JAX's signatures: `derivo.grad`,
`value_and_grad`, `jacobian`, `hessian`, `hvp`, `jvp`, `vjp`; so
`derivo.hessian(f)(x)`. They nest, and stand inside functions that are derived.
"""
OWN = "Functions that NumPy lacks: derivo.ops"
REFUSALS = "Refused, and what to write instead"
ABOUT_REFUSALS = "An error quotes the line of your code and what stands here."
KINDS_REFUSED: dict[str, Callable[[str], bool]] = {
    "NumPy": lambda name: name.startswith("np."),
    "attribute": lambda name: name.startswith("."),
    "SciPy": lambda name: name.startswith("scipy."),
}
RECORDS = "What the functions become"
ABOUT_RECORDS = """\
A graph is made of fewer operations than NumPy has functions: one record for each,
with the text that is written for it, and its derivative. This is for those who add one
(`src/derivo/ops/README.md`)."""
NUMPY_MODULES = ("np.linalg", "np.fft")


def spelled() -> list[str]:
    """Give the functions that are understood, as users write them."""
    return sorted(name for names in homes().values() for name in names)


def homes() -> dict[str, set[str]]:
    """Give the functions that are understood, by the file that records them."""
    found: dict[str, set[str]] = {}
    for key, handler in SPELLINGS.items():
        found.setdefault(_home(handler), set()).add(_name(key))
    for place, handler in SCIPY.items():
        if place not in OF_SCIPY and ".__" not in place and ".rv_" not in place:
            found.setdefault(_home(handler), set()).add(f"scipy.{place}")
    return found


def _home(handler: Any) -> str:
    if isinstance(handler, Op):
        return HOMES[handler.name]
    home: str = handler.__module__.rpartition(".")[2]
    return home


def _name(key: Any) -> str:
    if not isinstance(key, str):
        return _written(key)
    return f"np.{key}" if "." in key else f"scipy.special.{key}"


def _written(function: Any) -> str:
    """Write where a function is found; `np.linalg.norm` is not in `np`."""
    name = function.__name__
    modules = (("np", np), ("np.linalg", np.linalg), ("np.fft", np.fft))
    for place, module in modules:
        if getattr(module, name, None) is function:
            return f"{place}.{name}"
    aliases = [n for n in dir(np) if getattr(np, n) is function]
    return f"np.{aliases[0]}" if aliases else name


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
    for title in (*(t.title for t in TOPICS), OWN, REFUSALS, RECORDS):
        yield f"- [{title}](#{_anchor(title)})"
    known = homes()
    for topic in TOPICS:
        yield f"\n## {topic.title}\n"
        yield from _topic(topic, known)
    yield f"\n## {OWN}\n\n| function | what it gives |\n| --- | --- |"
    for function in own():
        first = (function.__doc__ or "").splitlines()[0].replace("|", "\\|")
        yield f"| `{function.__name__}` | {first} |"
    yield f"\n## {REFUSALS}\n\n{ABOUT_REFUSALS}"
    refusals = {**REFUSED, **{f"scipy.{k}": v for k, v in OF_SCIPY.items()}}
    for kind, belongs in KINDS_REFUSED.items():
        yield f"\n| {kind} | because | write |\n| --- | --- | --- |"
        for name, (why, instead) in sorted(refusals.items()):
            if belongs(name):
                yield f"| `{name}` | {why} | {instead} |"
    yield f"\n## {RECORDS}\n\n{ABOUT_RECORDS}"
    for topic in TOPICS:
        yield from _records(topic)


def _anchor(title: str) -> str:
    """Give the name by which a heading is linked to."""
    kept = (c for c in title.lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")


def _topic(topic: Topic, known: dict[str, set[str]]) -> Iterator[str]:
    """Give an example of a topic, and its functions by where they are found."""
    if topic.example:
        specs = ", ".join(f'{k}="{v}"' for k, v in topic.specs.items())
        yield f"```python\nd({topic.example}, {specs})\n```\n"
    places: dict[str, set[str]] = {}
    laws: dict[str, set[str]] = {}
    for name in {name for file in topic.files for name in known.get(file, ())}:
        place, _, last = name.rpartition(".")
        if place.startswith("scipy.stats."):
            laws.setdefault(place.rpartition(".")[2], set()).add(last)
        else:
            module = _place(place)
            places.setdefault(module, set()).add(name.removeprefix(f"{module}."))
    if places:
        yield "| in | functions |\n| --- | --- |"
    for place in sorted(places):
        listed = ", ".join(f"`{name}`" for name in sorted(places[place]))
        yield f"| `{place}` | {listed} |"
    if laws:
        yield "\n| in `scipy.stats` | functions |\n| --- | --- |"
        yield from _laws(laws)


def _place(place: str) -> str:
    """Give the module: ``np.add`` of ``np.add.reduce`` is a function."""
    return "np" if place.startswith("np.") and place not in NUMPY_MODULES else place


def _laws(laws: dict[str, set[str]]) -> Iterator[str]:
    """Give distributions that have the same functions in one row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for law, methods in sorted(laws.items()):
        rows.setdefault(tuple(sorted(methods)), []).append(law)
    for same, names in sorted(rows.items(), key=lambda row: (-len(row[1]), row[1])):
        listed = ", ".join(f"`{name}`" for name in names)
        yield f"| {listed} | {', '.join(f'`.{method}`' for method in same)} |"


def _records(topic: Topic) -> Iterator[str]:
    """Give the records of a topic, with what is known of each."""
    records = [
        op for op in sorted(CATALOGUE.values(), key=lambda o: o.name)
        if HOMES[op.name] in topic.files and op.inputs and (op.numpy or op.lower)
    ]  # fmt: skip
    if not records:
        return
    yield f"\n### {topic.title}: records\n"
    yield "| record | operands | NumPy | derivative |\n| --- | --- | --- | --- |"
    for op in records:
        operands = ", ".join(op.inputs)
        yield f"| {op.name} | {operands} | {text_of(op)} | {derivative(op)} |"


def main() -> None:
    """Print the page."""
    sys.stdout.write("\n".join(page()) + "\n")


if __name__ == "__main__":
    main()
