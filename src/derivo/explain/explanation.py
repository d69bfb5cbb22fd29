"""`Explanation`: a document about a derivation, to print, to save, to look at."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from derivo.errors import UsageError
from derivo.explain.assemble import LEVELS, assemble
from derivo.explain.document import Document
from derivo.explain.formula.spoken import in_its_language, spoken
from derivo.explain.prepare import subject
from derivo.explain.words import Words
from derivo.passes import Passes
from derivo.run.load import path_of

if TYPE_CHECKING:  # prepared when it is asked for
    from derivo.explain.window.model import Window

ENDINGS = (".html", ".tex", ".svg", ".png", ".dot", ".md", ".txt")


def explain(
    derivation: Passes, level: str | Iterable[str] = "all", *, language: str = "en",
    upstream: Any = None, arrays: Mapping[str, Any] | None = None,
) -> Explanation:  # fmt: skip
    """Explain a derivation.

    Parameters
    ----------
    derivation
        What `derivo.derive` gave.
    level
        "all", or one or several of "graph", "scalar", "matrix", "batch", "code".
    language
        "en", "fr" or "ja".
    upstream
        Adjoint of the result; ones if left out.
    arrays
        Values of the arguments: with them every step shows its numbers.

    Raises
    ------
    UsageError
        No such level or language; arrays that are not arguments.
    ShapeError
        Arrays that do not fit.
    """
    wanted = (level,) if isinstance(level, str) else tuple(level)
    names: tuple[Any, ...] = wanted
    for name in names:
        if not isinstance(name, str) or name not in (*LEVELS, "all"):
            message = f"there is no level {name!r}; choose of all, {', '.join(LEVELS)}"
            raise UsageError(message)
    if upstream is not None and not arrays:
        message = "upstream is for numbers: give the arguments as arrays, too"
        raise UsageError(message)
    levels = LEVELS if "all" in wanted else wanted
    derivation = derivation.with_plain_steps
    # What is not finite is shown as it is.
    with np.errstate(all="ignore"), spoken(Words(language).language):
        about = subject(derivation, arrays or {}, upstream)
        document = assemble(about, levels, language)
        asked = () if "all" in wanted else wanted
        document = replace(document, asked=asked)
        return Explanation(derivation, document, arrays or {}, upstream)


class Explanation:
    """What there is to tell about a derivation.

    Attributes
    ----------
    document
        Sections, formulas, pictures and steps as data.
    arrays, upstream
        Numbers that were given.
    """

    def __init__(
        self, derivation: Passes, document: Document,
        arrays: Mapping[str, Any] | None = None, upstream: Any = None,
    ) -> None:  # fmt: skip
        self.derivation = derivation
        self.document = document
        self.arrays = dict(arrays or {})
        self.upstream = upstream

    @cached_property
    @in_its_language
    def window(self) -> Window | None:
        """What the page computes and shows; None for a sheet, and without the graph.

        Where no arrays were given it has small ones of its own.
        """
        from derivo.explain.window.prepare import window_of

        document = self.document
        if document.drawing is None or "worksheet" in document.asked:
            return None
        words = Words(document.language)
        with np.errstate(all="ignore"):
            whole = self.derivation.written_out
            return window_of(whole, self.arrays, self.upstream, words)

    @cached_property
    def written_out(self) -> Document:
        """The document with the functions that are called written out, for the page.

        What moves there goes through them, step by step; their calls are told beside.
        """
        from derivo.explain.levels.calls import alone

        document, whole = self.document, self.derivation.written_out
        if whole is self.derivation:
            return document
        found = explain(
            whole, document.asked or "all", language=document.language,
            upstream=self.upstream, arrays=self.arrays,
        ).document  # fmt: skip
        calls = (alone(s) for s in document.sections if s.anchor.startswith("call-"))
        return replace(found, sections=(*found.sections, *calls))

    @property
    @in_its_language
    def page(self) -> str:
        """The page: one file that opens from disk, computes, and asks nobody."""
        from derivo.explain.writers.html import page, window

        if self.window is None:
            return page.write(self.written_out)
        return window.write(self.window, self.written_out)

    def open(self) -> Path:
        """Show the page in the browser; give the file that it was written to."""
        folder = Path(tempfile.mkdtemp(prefix="derivo-"))
        path = self.save(folder / f"{self.derivation.name}.html")
        webbrowser.open(path.as_uri())
        return path

    @cached_property
    @in_its_language
    def text(self) -> str:
        """The explanation as plain text."""
        from derivo.explain.writers.terminal import render

        return render(self.document, width=100)

    def __str__(self) -> str:
        """Give the explanation as plain text."""
        return self.text

    def __repr__(self) -> str:
        """Name what is explained, and how to see it."""
        name = self.derivation.name
        return f"<explanation of {name}: .print(), or .save('{name}.html')>"

    @in_its_language
    def print(self, *, all: bool = False) -> None:  # noqa: A002  as in `--all`
        """Print the code and the derivation in short, coloured where that is seen.

        Parameters
        ----------
        all
            Print everything. Levels that were asked for by name are printed whole.
        """
        from derivo.explain.document import in_short
        from derivo.explain.writers.terminal import render, width_of_terminal

        whole = all or bool(self.document.asked)
        shown = self.document if whole else in_short(self.document)
        seen = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        coloured = bool(os.environ.get("FORCE_COLOR")) or seen
        width = width_of_terminal()
        sys.stdout.write(render(shown, width=width, colour=coloured))

    @in_its_language
    def save(self, path: str | Path) -> Path:
        """Write a file; its ending decides what: html, tex, svg, png, dot, md or txt.

        A picture (svg, png) of "all" is the graph. If levels were asked for by name, it
        holds what they hold: the graph, then the formulas under their titles.
        Pictures of Markdown are files beside it, ``layer-1.svg`` and so on: most sites
        that show Markdown leave out a picture that stands in the text itself.

        Raises
        ------
        UsageError
            Another ending, a folder that is not there, or a package or font that is
            missing for a picture.
        """
        path = path_of(path)
        _known(path.suffix, path.name)
        if not path.parent.is_dir():
            message = f"there is no folder {path.parent}; make it first"
            raise UsageError(message)
        from derivo.explain.writers import files

        if path.suffix.lower() == ".html":
            _replace(path, self.page.encode())
            return path
        for name, content in files.parts(self.document, path).items():
            _replace(path.with_name(name), content)
        return path

    @in_its_language
    def render(self, ending: str) -> str | bytes:
        """Give what `save` writes to a file with this ending: "html", or ".html".

        Raises
        ------
        UsageError
            Another ending, or a package or font that is missing for a picture.
        """
        from derivo.explain.writers import files

        known = _known(f".{ending.removeprefix('.')}", ending)
        return self.page if known == ".html" else files.render(self.document, known)

    @in_its_language
    def worksheet(self, seed: int = 0) -> Worksheet:
        """Give the same network with fresh numbers and blanks, and its answer key.

        Parameters
        ----------
        seed
            Draws the numbers: the same seed gives the same sheet.
        """
        from derivo.explain.worksheet import sheet_and_key

        derivation = self.derivation.written_out
        sheet, key, arrays = sheet_and_key(derivation, seed, self.document.language)
        return Worksheet(
            Explanation(derivation, sheet), Explanation(derivation, key), arrays
        )

    def _repr_html_(self) -> str:
        """Show the page in a notebook."""
        from derivo.explain.writers.html.parts import embed

        return embed(self.page, self.document.title)


@dataclass(frozen=True)
class Worksheet:
    """A sheet with blanks, and its key.

    Attributes
    ----------
    sheet, key
        Both can be printed and saved like any explanation.
    arrays
        The numbers that were drawn.
    """

    sheet: Explanation
    key: Explanation
    arrays: dict[str, Any]

    def save(self, path: str | Path) -> Path:
        """Write the sheet and, beside it, the key: ``sheet-key.html``."""
        path = Path(path)
        self.key.save(path.with_name(f"{path.stem}-key{path.suffix}"))
        return self.sheet.save(path)

    def print(self) -> None:
        """Print the sheet."""
        self.sheet.print()


def _known(ending: str, given: str) -> str:
    """Give an ending in small letters; an error if there is no writer for it."""
    if ending.lower() not in ENDINGS:
        message = f"{given}: choose one of the endings {', '.join(ENDINGS)}"
        raise UsageError(message)
    return ending.lower()


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside and rename it: it is never half new."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
