"""Which writer belongs to which ending of a file."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from derivo.errors import UsageError
from derivo.explain.document import Document
from derivo.explain.drawing.model import Drawing


def render(document: Document, ending: str) -> str | bytes:
    """Write a document for a file with this ending.

    Parameters
    ----------
    document
        What to write.
    ending
        ``".tex"``, ``".md"``, ``".txt"``; ``".svg"`` and ``".png"`` hold
        graph and formulas of the levels asked for by name, of "all" the graph;
        ``".dot"`` the graph alone.
    """
    from derivo.explain.writers import latex, markdown, pictures, terminal

    match ending:
        case ".tex":
            return latex.write(document)
        case ".md":
            return markdown.write(document)
        case ".txt":
            return terminal.render(document, width=100)
        case ".svg":
            return pictures.svg(document)
        case ".dot":
            from derivo.explain.drawing.dot import dot

            return dot(_drawing(document))
        case ".png":
            return pictures.png(document)
        case _:
            message = f"nothing writes {ending!r}"
            raise UsageError(message)


def parts(document: Document, path: Path) -> dict[str, bytes]:
    """Give all files that belong to one: its own, and pictures that Markdown links to.

    Parameters
    ----------
    document
        What to write.
    path
        Where its own file goes; the pictures go beside it.
    """
    from derivo.explain.writers import markdown

    ending = path.suffix.lower()
    if ending == ".md":
        found = markdown.pictures_of(document)
        content = markdown.write(document, pictures=quote(path.stem))
        named = {f"{path.stem}-{k}.svg": p.encode() for k, p in enumerate(found, 1)}
        return named | {path.name: content.encode()}
    made = render(document, ending)
    return {path.name: made if isinstance(made, bytes) else made.encode()}


def _drawing(document: Document) -> Drawing:
    if document.drawing is None:
        message = 'this explanation has no graph; ask for it: explain(["graph", ...])'
        raise UsageError(message)
    return document.drawing.folded or document.drawing
