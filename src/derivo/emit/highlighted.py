"""Source as a notebook shows it: in colours, as a person's editor would."""

from __future__ import annotations

import io
import keyword
import tokenize
from html import escape

# Dark enough on white, light enough on a dark ground: 4.5:1 on both is not to be had,
# so what matters most, names and numbers, keeps the colour of the text around it.
KEYWORD, COMMENT, STRING, CALLED = "#9a4fb0", "#7a7f87", "#3d8a4a", "#2f7fc1"
MONO = "font-family:ui-monospace,Menlo,Consolas,monospace;line-height:1.4"


def highlighted(source: str) -> str:
    """Write Python source as HTML.

    Parameters
    ----------
    source
        Any text; what is no Python is shown without colours.
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return f'<pre style="{MONO}">{escape(source)}</pre>'
    lines = source.splitlines(keepends=True)
    parts: list[str] = []
    row, column = 1, 0

    def up_to(end: tuple[int, int]) -> str:
        nonlocal row, column
        found = ""
        while row < end[0]:
            found += lines[row - 1][column:]
            row, column = row + 1, 0
        if row <= len(lines):
            found += lines[row - 1][column : end[1]]
        column = end[1]
        return found

    before = ""
    for token in tokens:
        parts.append(escape(up_to(token.start)))
        text = escape(up_to(token.end))
        style = _style(token, before)
        parts.append(f'<span style="{style}">{text}</span>' if style else text)
        before = token.string
    return f'<pre style="{MONO}">{"".join(parts)}</pre>'


def _style(token: tokenize.TokenInfo, before: str) -> str:
    if token.type == tokenize.COMMENT:
        return f"color:{COMMENT};font-style:italic"
    if token.type == tokenize.STRING:
        return f"color:{STRING}"
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return f"color:{KEYWORD};font-weight:600"
    if before in {"def", "class"}:
        return f"color:{CALLED};font-weight:600"
    return ""
