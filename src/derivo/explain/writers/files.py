"""Which writer belongs to which ending of a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

from derivo.errors import UsageError
from derivo.explain.document import Document
from derivo.explain.drawing.dot import dot
from derivo.explain.writers import latex, markdown, pictures, terminal


def _graph(document: Document) -> str:
    """Write the graph alone."""
    if document.drawing is None:
        message = 'this explanation has no graph; ask for it: explain(["graph", ...])'
        raise UsageError(message)
    return dot(document.drawing.folded or document.drawing)


# Pictures hold graph and formulas of the levels asked for by name, of "all" the graph.
WRITERS: dict[str, Callable[[Document], str | bytes]] = {
    ".tex": latex.write, ".md": markdown.write, ".dot": _graph,
    ".txt": partial(terminal.render, width=100),
    ".svg": pictures.svg, ".png": pictures.png,
}  # fmt: skip


def render(document: Document, ending: str) -> str | bytes:
    """Write a document for a file with this ending: ``".tex"``."""
    return WRITERS[ending](document)


def parts(document: Document, path: Path) -> dict[str, bytes]:
    """Give all files that belong to one: its own, and pictures that Markdown links to.

    Parameters
    ----------
    document
        What to write.
    path
        Where its own file goes; the pictures go beside it.
    """
    ending = path.suffix.lower()
    if ending == ".md":
        found = markdown.pictures_of(document)
        content = markdown.write(document, pictures=quote(path.stem))
        named = {f"{path.stem}-{k}.svg": p.encode() for k, p in enumerate(found, 1)}
        return named | {path.name: content.encode()}
    made = render(document, ending)
    return {path.name: made if isinstance(made, bytes) else made.encode()}
