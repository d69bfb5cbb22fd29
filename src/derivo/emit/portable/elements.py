"""Elements as plain C99: calls of math.h, and small functions for what it lacks."""

from __future__ import annotations

from dataclasses import dataclass

from derivo.emit.c.element import ElementPrinter, Text
from derivo.emit.c.functions import Function
from derivo.errors import NotSupportedError

LETTERS = "xyzw"


@dataclass
class PlainPrinter(ElementPrinter):
    """Prints elements, never vectors."""

    def call(self, name: str, *arguments: Text) -> Text:
        """Call a function of elements.

        Raises
        ------
        NotSupportedError
            There is no such function in C99.
        """
        function, given, kind = self.prepared(name, arguments)
        kind = "flag" if function.gives_truth else kind
        code = ", ".join(g.code for g in given)
        if function.plain:
            narrow = "f" if self.single and given[0].kind == "real" else ""
            return Text(f"{function.plain}{narrow}({code})", kind)
        self.used[function] = None
        return Text(f"{name}_of({code})", kind)


def function_text(function: Function, *, single: bool) -> str:
    """Give a function of elements that math.h lacks.

    Raises
    ------
    NotSupportedError
        It is known on vectors alone.
    """
    if not function.element:
        message = f"`{function.name}` has no form in C99"
        raise NotSupportedError(message)
    given = ", ".join(f"real {letter}" for letter in LETTERS[: function.arity])
    kind = "int" if function.gives_truth else "real"
    element = function.element.replace("{f}", "f" if single else "")
    return f"static {kind} {function.name}_of({given}) {{ return {element}; }}"
