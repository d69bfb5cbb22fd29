"""Of the functions that few programs call, those that one program needs.

The file of them is one function that adds to the runtime: statements, each beginning a
line two spaces in, then the object that is added. What is not reached from the calls of
a program is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

WORD = re.compile(r"[A-Za-z_]\w*")
DEFINED = re.compile(r"  (?:function|const) (\w+)")
OPEN, CLOSED = "([{", ")]}"


def needed(text: str, called: Iterable[str]) -> str:
    """Give the text with the entries that are called alone, and what these call.

    Parameters
    ----------
    text
        The file.
    called
        Names of functions of the runtime.

    Returns
    -------
    str
        Empty if nothing of it is called.
    """
    inner, _, given = text.partition("\n  return {")
    given, _, end = given.partition("\n  };\n")
    wanted = set(called)
    chosen = [e for e in _entries(given) if _name(e) in wanted]
    if not chosen:
        return ""
    head, *statements = re.split(r"\n(?=  (?:const|function|//))", inner)
    own = {m[1]: s for s in statements if (m := DEFINED.match(s))}
    kept: set[str] = set()
    todo = list(chosen)
    while todo:
        for word in WORD.findall(todo.pop()):
            if word in own and word not in kept:
                kept.add(word)
                todo.append(own[word])
    # What is taken over from the runtime has no name of its own: it stays.
    lines = [s for s in statements if not (m := DEFINED.match(s)) or m[1] in kept]
    listed = ",\n    ".join(chosen)
    return "\n".join([head, *lines, f"  return {{\n    {listed},\n  }};\n{end}"])


def _name(entry: str) -> str:
    return entry.partition(":")[0].strip()


def _entries(text: str) -> Iterator[str]:
    """Give what an object lists: its text, cut at commas outside all brackets."""
    depth, start = 0, 0
    for k, letter in enumerate(text):
        depth += (letter in OPEN) - (letter in CLOSED)
        if letter == "," and depth == 0:
            yield text[start:k].strip()
            start = k + 1
    if text[start:].strip():
        yield text[start:].strip()
