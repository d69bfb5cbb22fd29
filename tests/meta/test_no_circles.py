"""No module of derivo needs, by whatever way, a module that needs it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
# The package's own `__init__` names every public object for type checkers, and loads
# none: it is a directory of the house, not one of its rooms.
DIRECTORY = "derivo"

Graph = dict[str, set[str]]


def modules(source: Path) -> dict[str, Path]:
    """Give the modules below a folder by name; a package is its `__init__`."""
    return {
        ".".join(p.relative_to(source).with_suffix("").parts).removesuffix(
            ".__init__"
        ): p
        for p in sorted(source.rglob("*.py"))
    }


def imported(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """Give what a module imports: at its top, in its functions, and for types alone.

    Imports for types are no danger to a running program, but they are a circle of the
    design all the same: each of two files cannot be understood without the other.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            module = node.module or ""
            parts = [f"{module}.{a.name}" for a in node.names]
            yield from (p if p in known else module for p in parts)


def import_graph(source: Path) -> Graph:
    """Give for each module those that it imports."""
    found = modules(source)
    graph = {}
    for name, path in found.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph[name] = {m for m in imported(tree, set(found)) if m in found} - {name}
    graph.get(DIRECTORY, set()).clear()
    return graph


def circles(graph: Graph) -> list[list[str]]:
    """Give the strongly connected components of more than one module.

    Source
    ------
    Tarjan, Depth-first search and linear graph algorithms (1972).
    """
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in number:
                visit(other)
            if other in stack:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == number[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1:
                found.append(sorted(component))

    for name in graph:
        if name not in number:
            visit(name)
    return found


def test_there_is_no_circle_of_imports():
    assert circles(import_graph(SOURCE)) == []


def test_the_graph_is_that_of_the_whole_package():
    graph = import_graph(SOURCE)
    assert len(graph) > 200
    assert "derivo.graph.node" in graph["derivo.graph.builder"]


@pytest.mark.parametrize(
    "back",
    [
        "from p.a import x",
        "import p.a",
        "from p import a",
        "def f():\n    from p.a import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.a import x",
    ],
)
def test_a_circle_is_found(tmp_path, back):
    for name, text in {
        "__init__": "",
        "a": "from p.b import y",
        "b": "import p.c",
        "c": back,
        "d": "from p.a import x",
    }.items():
        (tmp_path / "p").mkdir(exist_ok=True)
        (tmp_path / "p" / f"{name}.py").write_text(text)
    assert circles(import_graph(tmp_path)) == [["p.a", "p.b", "p.c"]]
