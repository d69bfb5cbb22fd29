"""An operation's text for one element, as C on vectors, on row numbers or on numbers.

The texts are those of the operations' records: Python expressions. They are read as
syntax trees, so brackets follow from binding strengths.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from derivo.emit.c.functions import BY_NAME, Function
from derivo.emit.expression import parsed
from derivo.errors import NotSupportedError

# How strongly C binds.
_OR, _XOR, _AND, _EQUAL, _LESS, _SUM, _TIMES, _UNARY, _ATOM = (
    4,
    5,
    6,
    7,
    8,
    10,
    11,
    12,
    13,
)


@dataclass(frozen=True)
class Text:
    """A C expression.

    Attributes
    ----------
    code
        The expression.
    kind
        "vec" (several elements), "mask" (several truths), "real" (one element), "flag"
        (one truth), "number" (double precision, the same for all elements).
    strength
        How strongly the outermost operator binds.
    value
        The number, where it is known.
    """

    code: str
    kind: str
    strength: int = _ATOM
    value: float | None = None

    @property
    def is_truth(self) -> bool:
        """Whether this is true or false."""
        return self.kind in {"mask", "flag"}

    def inside(self, strength: int) -> str:
        """Write it as an operand of an operator that binds so strongly."""
        return self.code if self.strength >= strength else f"({self.code})"


def literal(value: float) -> Text:
    """Give a number that is known."""
    value = float(value)
    if math.isnan(value):
        return Text("NAN", "number", value=value)
    if math.isinf(value):
        return Text("INFINITY" if value > 0 else "-INFINITY", "number", _UNARY, value)
    return Text(repr(value), "number", _ATOM if value >= 0 else _UNARY, value)


@dataclass
class ElementPrinter:
    """Prints elements in one floating type.

    Attributes
    ----------
    single
        Whether that is float32.
    used
        The functions that were called: they must be written above.
    """

    single: bool
    used: dict[Function, None]

    def print(self, text: str, operands: Mapping[str, Text]) -> Text:
        """Print an operation's text, its fields filled in.

        Raises
        ------
        NotSupportedError
            The text uses what has no form in C.
        """
        statements = parsed(text)
        if len(statements) != 1 or not isinstance(statements[0], ast.Expr):
            message = "has no form in C"
            raise NotSupportedError(message)
        return _Visitor(self, operands).visit(statements[0].value)

    # --- kinds ------------------------------------------------------------------------

    def real(self, text: Text) -> Text:
        """Give a text as an operand of arithmetic on elements."""
        if text.kind == "mask":
            return Text(f"ones({text.code})", "vec")
        if text.kind == "flag":
            return Text(f"(real){text.inside(_UNARY)}", "real", _UNARY)
        if text.kind != "number":
            return text
        if text.value is None:
            return Text(f"(real){text.inside(_UNARY)}", "real", _UNARY)
        suffix = "f" if self.single and math.isfinite(text.value) else ""
        return Text(text.code + suffix, "real", text.strength, text.value)

    def vector(self, text: Text) -> Text:
        """Give a text as a vector of elements."""
        text = self.real(text)
        return text if text.kind == "vec" else Text(f"splat({text.code})", "vec")

    def mask(self, text: Text) -> Text:
        """Give a text as a vector of truths."""
        if text.kind == "mask":
            return text
        if text.kind == "flag":
            return Text(f"mask_of({text.code})", "mask")
        return Text(f"{self.vector(text).inside(_EQUAL)} != 0", "mask", _EQUAL)

    def as_kind(self, text: Text, kind: str) -> Text:
        """Bring a text to the kind of what it is assigned to."""
        if kind == "vec":
            return self.vector(text)
        if kind == "mask":
            return self.mask(text)
        if kind == "real":
            return self.real(text)
        if kind == "flag" and text.kind != "flag":
            return Text(f"{text.inside(_EQUAL)} != 0", "flag", _EQUAL)
        return text

    def same(self, *texts: Text) -> tuple[tuple[Text, ...], str]:
        """Bring operands of arithmetic to one kind; numbers join as they are."""
        kinds = {t.kind for t in texts}
        if kinds & {"vec", "mask"}:
            return tuple(self.real(t) for t in texts), "vec"
        if "real" in kinds:
            return tuple(self.real(t) for t in texts), "real"
        return texts, "number"

    def prepared(
        self, name: str, arguments: tuple[Text, ...]
    ) -> tuple[Function, tuple[Text, ...], str]:
        """Find a function of elements, and bring its operands to one kind.

        Numbers are computed in the floating type where the C library has no function
        for them.
        """
        function = BY_NAME.get(name)
        if function is None or function.arity != len(arguments):
            message = f"has no form in C (`{name}`)"
            raise NotSupportedError(message)
        given, kind = self.same(*arguments)
        if kind == "number" and not function.plain:
            given, kind = tuple(map(self.real, given)), "real"
        return function, given, kind

    def call(self, name: str, *arguments: Text) -> Text:
        """Call a function of elements.

        Raises
        ------
        NotSupportedError
            There is no such function in C.
        """
        function, given, kind = self.prepared(name, arguments)
        if kind == "number":
            code = f"{function.plain}({', '.join(g.code for g in given)})"
            return Text(code, "flag" if function.gives_truth else "number")
        self.used[function] = None
        if kind == "vec":
            given = tuple(self.vector(g) for g in given)
        code = f"{name}_{kind[0]}({', '.join(g.code for g in given)})"
        if function.gives_truth:
            return Text(code, "mask" if kind == "vec" else "flag")
        return Text(code, kind)


_OPERATORS: dict[type[ast.AST], tuple[str, int]] = {
    ast.Add: ("+", _SUM), ast.Sub: ("-", _SUM), ast.Mult: ("*", _TIMES),
    ast.Div: ("/", _TIMES), ast.BitAnd: ("&", _AND), ast.BitOr: ("|", _OR),
    ast.BitXor: ("^", _XOR), ast.Lt: ("<", _LESS), ast.LtE: ("<=", _LESS),
    ast.Gt: (">", _LESS), ast.GtE: (">=", _LESS), ast.Eq: ("==", _EQUAL),
    ast.NotEq: ("!=", _EQUAL),
}  # fmt: skip
# What joins two truths rather than masks.
_OF_TRUTHS = {"&": ("&&", 3), "|": ("||", 2)}
_COMPARE: dict[type[ast.AST], Callable[[float, float], bool]] = {
    ast.Lt: lambda a, b: a < b, ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b, ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b, ast.NotEq: lambda a, b: a != b,
}  # fmt: skip
_KNOWN = {"inf": math.inf, "nan": math.nan, "pi": math.pi, "e": math.e}
# x ** n is written out as products up to here.
_LARGEST_POWER = 4


class _Visitor:
    def __init__(self, printer: ElementPrinter, operands: Mapping[str, Text]) -> None:
        self.printer = printer
        self.operands = operands

    def visit(self, node: ast.expr) -> Text:
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            message = f"has no form in C ({type(node).__name__})"
            raise NotSupportedError(message)
        result: Text = method(node)
        return result

    def _name(self, node: ast.Name) -> Text:
        if node.id not in self.operands:
            message = f"has no form in C (`{node.id}`)"
            raise NotSupportedError(message)
        return self.operands[node.id]

    def _constant(self, node: ast.Constant) -> Text:
        if isinstance(node.value, bool):
            return Text(str(int(node.value)), "flag", value=float(node.value))
        if not isinstance(node.value, int | float):
            message = f"has no form in C ({node.value!r})"
            raise NotSupportedError(message)
        return literal(node.value)

    def _attribute(self, node: ast.Attribute) -> Text:
        if node.attr not in _KNOWN:
            message = f"has no form in C (`{node.attr}`)"
            raise NotSupportedError(message)
        return literal(_KNOWN[node.attr])

    def _unaryop(self, node: ast.UnaryOp) -> Text:
        value = self.visit(node.operand)
        if isinstance(node.op, ast.USub):
            if value.value is not None:
                return literal(-value.value)
            (value,), kind = self.printer.same(value)
            return Text(f"-{value.inside(_UNARY)}", kind, _UNARY)
        if isinstance(node.op, ast.UAdd):
            return value
        if value.kind == "mask":
            return Text(f"~{value.inside(_UNARY)}", "mask", _UNARY)
        return Text(f"!{value.inside(_UNARY)}", "flag", _UNARY)

    def _binop(self, node: ast.BinOp) -> Text:
        a, b = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Pow):
            return self._power(a, b)
        if isinstance(node.op, ast.Mod):
            return self.printer.call("remainder", a, b)
        if isinstance(node.op, ast.FloorDiv):
            return self.printer.call("floor_divide", a, b)
        if isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor):
            return self._logical(node.op, a, b)
        if isinstance(node.op, ast.Div):
            return self._quotient(a, b)
        (a, b), kind = self.printer.same(a, b)
        sign, strength = _OPERATORS[type(node.op)]
        code = f"{a.inside(strength)} {sign} {b.inside(strength + 1)}"
        return Text(code, kind, strength)

    def _quotient(self, a: Text, b: Text) -> Text:
        """Divide; by a Python number: multiply with its reciprocal."""
        if a.kind in {"vec", "mask"} and b.kind == "number":
            if b.value is not None:
                inverse = (
                    1 / b.value if b.value and math.frexp(b.value)[0] == 0.5 else 0
                )
            else:
                code = f"(real)(1.0 / {b.inside(_UNARY)})"
                return Text(
                    f"{self.printer.real(a).inside(_TIMES)} * {code}", "vec", _TIMES
                )
            if inverse:
                scaled = self.printer.real(literal(inverse))
                code = f"{self.printer.real(a).inside(_TIMES)} * {scaled.code}"
                return Text(code, "vec", _TIMES)
        (a, b), kind = self.printer.same(a, b)
        if kind == "number":
            a = (
                Text(f"(double){a.inside(_UNARY)}", "number", _UNARY)
                if a.is_truth
                else a
            )
        return Text(f"{a.inside(_TIMES)} / {b.inside(_UNARY)}", kind, _TIMES)

    def _power(self, a: Text, b: Text) -> Text:
        exponent = b.value
        (base,), kind = self.printer.same(a)
        if kind != "number" and exponent is not None:
            if exponent == 0.5:
                return self.printer.call("sqrt", base)
            whole = exponent == int(exponent) if math.isfinite(exponent) else False
            if whole and 1 <= exponent <= _LARGEST_POWER:
                factor = base.inside(_TIMES)
                code = " * ".join(
                    [factor, *[base.inside(_UNARY)] * (int(exponent) - 1)]
                )
                return Text(code, kind, _TIMES if exponent > 1 else base.strength)
        return self.printer.call("power", a, b)

    def _logical(self, op: ast.operator, a: Text, b: Text) -> Text:
        sign, strength = _OPERATORS[type(op)]
        kind = (
            "mask"
            if "mask" in (a.kind, b.kind) or "vec" in (a.kind, b.kind)
            else "flag"
        )
        a, b = (self.printer.as_kind(t, kind) for t in (a, b))
        if kind == "flag" and sign in _OF_TRUTHS:
            sign, strength = _OF_TRUTHS[sign]
        # C binds & and | less strongly than comparisons, which few readers trust.
        left, right = a.inside(_UNARY), b.inside(_UNARY)
        return Text(f"{left} {sign} {right}", kind, strength)

    def _boolop(self, node: ast.BoolOp) -> Text:
        values = [self.visit(v) for v in node.values]
        is_and = isinstance(node.op, ast.And)
        # What is known decides or drops out: 0 != 0.
        if any(
            v.is_truth and v.value is not None and bool(v.value) != is_and
            for v in values
        ):
            return Text(str(int(not is_and)), "flag", value=float(not is_and))
        left = [v for v in values if not (v.is_truth and v.value is not None)]
        if not left:
            return values[0]
        result = left[0]
        for value in left[1:]:
            result = self._logical(
                ast.BitAnd() if is_and else ast.BitOr(), result, value
            )
        return result

    def _compare(self, node: ast.Compare) -> Text:
        a, b = self.visit(node.left), self.visit(node.comparators[0])
        if len(node.ops) != 1:
            message = "has no form in C (a chain of comparisons)"
            raise NotSupportedError(message)
        op = type(node.ops[0])
        if a.value is not None and b.value is not None and op in _COMPARE:
            truth = _COMPARE[op](a.value, b.value)
            return Text(str(int(truth)), "flag", value=float(truth))
        (a, b), kind = self.printer.same(a, b)
        sign, strength = _OPERATORS[op]
        code = f"{a.inside(strength + 1)} {sign} {b.inside(strength + 1)}"
        return Text(code, "mask" if kind == "vec" else "flag", strength)

    def _ifexp(self, node: ast.IfExp) -> Text:
        test = self.visit(node.test)
        a, b = self.visit(node.body), self.visit(node.orelse)
        if test.value is not None:
            return a if test.value else b
        if a.is_truth and b.is_truth:
            return self._choice_of_truths(test, a, b)
        (a, b), kind = self.printer.same(a, b)
        if test.kind in {"mask", "vec"} or kind == "vec":
            a, b = self.printer.vector(a), self.printer.vector(b)
            test = self.printer.mask(test)
            return Text(f"pick({test.code}, {a.code}, {b.code})", "vec")
        code = f"{test.inside(_OR)} ? {a.inside(_OR)} : {b.inside(_OR)}"
        return Text(f"({code})", kind)

    def _choice_of_truths(self, test: Text, a: Text, b: Text) -> Text:
        kind = "mask" if "mask" in (test.kind, a.kind, b.kind) else "flag"
        which, one, other = (
            self.printer.as_kind(t, kind).inside(_UNARY) for t in (test, a, b)
        )
        no = "~" if kind == "mask" else "!"
        return Text(f"(({which} & {one}) | ({no}{which} & {other}))", kind)  # fmt: skip

    def _call(self, node: ast.Call) -> Text:
        function = node.func
        if isinstance(function, ast.Name) and function.id == "_dtype":
            (value,) = node.args
            return self.printer.real(self.visit(value))
        name = getattr(function, "attr", getattr(function, "id", ""))
        if name == "astype":
            assert isinstance(function, ast.Attribute)  # noqa: S101
            return self.printer.real(self.visit(function.value))
        if isinstance(function, ast.Name) or _is_numpy(function):
            arguments = [self.visit(a) for a in node.args]
            if name == "round" and len(arguments) == 2:
                return self._rounded(*arguments)
            if name == "nan_to_num":
                return self._finite(arguments[0], node.keywords)
            return self.printer.call(name, *arguments)
        message = f"has no form in C (`{name}`)"
        raise NotSupportedError(message)

    def _rounded(self, x: Text, decimals: Text) -> Text:
        """Round to decimals as NumPy does: scaled, rounded, scaled back."""
        scale = 10.0 ** (decimals.value or 0)
        (x,), kind = self.printer.same(x)
        factor = self.printer.real(literal(scale)).code
        inner = self.printer.call(
            "rint", Text(f"{x.inside(_TIMES)} * {factor}", kind, _TIMES)
        )
        return Text(f"{inner.code} / {factor}", kind, _TIMES)

    def _finite(self, x: Text, keywords: list[ast.keyword]) -> Text:
        given = {k.arg: self.visit(k.value) for k in keywords
                 if not (isinstance(k.value, ast.Name)
                         and self.operands.get(k.value.id) is None)}  # fmt: skip
        largest = literal(
            3.4028234663852886e38 if self.printer.single else 1.7976931348623157e308
        )
        nan = given.get("nan", literal(0))
        above = given.get("posinf", largest)
        below = given.get("neginf", literal(-(largest.value or 0)))
        return self.printer.call("nan_to_num", x, nan, above, below)


def _is_numpy(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and getattr(function.value, "id", "") == "np"
    )
