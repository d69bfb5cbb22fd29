"""One-step changes of a statement: what would undo a slip of the pen."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Edit:
    """A changed statement.

    Attributes
    ----------
    statement
        What it becomes.
    says
        What was wrong: "the sign is wrong".
    """

    statement: ast.stmt
    says: str


def edits(statement: ast.stmt, names: Iterable[str]) -> Iterator[Edit]:
    """Give a statement with one thing changed, likely slips first.

    What is given is good until the next one is asked for.

    Parameters
    ----------
    statement
        An assignment or a return.
    names
        What else could stand in it.
    """
    names, statement = tuple(names), copy.deepcopy(statement)
    likely = (
        _signs,
        _numbers_of_axes,
        _operators,
        _transposes,
        _orders,
        _parts,
        _powers,
    )
    for places in likely:
        yield from _changed(statement, places)
    yield from _changed(statement, _dropped)
    yield from _scattered(statement)
    yield from _changed(statement, lambda e: _other_name(e, names))
    yield from _changed(statement, _reductions)
    yield from _changed(statement, lambda e: _factors(e, names))
    yield from _changed(statement, lambda e: _wrapped_factors(e, names))


def two_edits(statement: ast.stmt, names: Iterable[str]) -> Iterator[Edit]:
    """Give a statement with two things changed, one of them how it is assigned."""
    names = tuple(names)
    for first in list(_scattered(statement)):
        if isinstance(first.statement, ast.Assign | ast.AugAssign):
            for second in edits(first.statement, names):
                yield Edit(second.statement, f"{first.says}; and {second.says}")


def _changed(
    statement: ast.stmt, places: Callable[[ast.expr], Iterable[tuple[ast.expr, str]]]
) -> Iterator[Edit]:
    """Replace every expression in the statement by each of its variants in turn.

    The statement itself is changed, and changed back when the next one is asked for.
    """
    for (parent, attribute, position), part in list(_expressions(statement)):
        for variant, says in list(places(part)):
            new = ast.fix_missing_locations(ast.copy_location(variant, part))
            _put(parent, attribute, position, new)
            yield Edit(statement, says)
            _put(parent, attribute, position, part)


def _put(parent: ast.AST, attribute: str, position: int | None, new: ast.expr) -> None:
    if position is None:
        setattr(parent, attribute, new)
    else:
        getattr(parent, attribute)[position] = new


Place = tuple[ast.AST, str, int | None]


def _expressions(tree: ast.AST) -> Iterator[tuple[Place, ast.expr]]:
    """Give every expression that is read, with the place it stands in."""
    for name, value in ast.iter_fields(tree):
        if isinstance(tree, ast.Slice) or not _is_read(tree, name):
            continue  # where a part begins and ends is no arithmetic
        if isinstance(tree, ast.Call) and name == "func":
            if isinstance(value, ast.Attribute) and not _is_module(value.value):
                yield (value, "value", None), value.value
                yield from _expressions(value.value)
            continue
        several = isinstance(value, list)
        for i, entry in enumerate(value if several else [value]):
            if isinstance(entry, ast.expr) and not isinstance(entry, ast.Slice):
                yield (tree, name, i if several else None), entry
            if isinstance(entry, ast.expr | ast.keyword):
                yield from _expressions(entry)


def _is_read(tree: ast.AST, field: str) -> bool:
    """Tell a value that is read from the target of an assignment."""
    if isinstance(tree, ast.Assign):
        return field != "targets"
    return field == "value" or not isinstance(tree, ast.AugAssign | ast.AnnAssign)


def _is_module(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in ("np", "numpy", "math", "scipy")


# --- what can be done to one expression -----------------------------------------------


def _signs(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    says = "the sign is wrong"
    if isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub):
        yield e.operand, says
    elif isinstance(e, ast.BinOp) and isinstance(e.op, ast.Add | ast.Sub):
        other = ast.Sub() if isinstance(e.op, ast.Add) else ast.Add()
        yield (
            ast.BinOp(e.left, other, e.right),
            f"the sign of {_text(e.right)} is wrong",
        )
        yield (
            ast.BinOp(_minus(e.left), e.op, e.right),
            (f"the sign of {_text(e.left)} is wrong"),
        )
    if isinstance(e, ast.BinOp | ast.Call | ast.Name | ast.Subscript | ast.Attribute):
        yield _minus(e), says


def _minus(e: ast.expr) -> ast.expr:
    if isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub):
        return e.operand
    return ast.UnaryOp(ast.USub(), e)


def _operators(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(e, ast.BinOp):
        right = _text(e.right)
        # Left out before it becomes 1.
        if isinstance(e.op, ast.Mult) and isinstance(e.left, ast.Constant):
            yield e.right, f"the factor {_text(e.left)} is one too many"
        if isinstance(e.op, ast.Mult):
            says = f"it is to be divided by {right}, not multiplied"
            yield ast.BinOp(e.left, ast.Div(), e.right), says
        elif isinstance(e.op, ast.Div):
            says = f"it is to be multiplied by {right}, not divided"
            yield ast.BinOp(e.left, ast.Mult(), e.right), says
    elif isinstance(e, ast.Compare) and len(e.ops) == 1:
        for op in (ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq):
            if not isinstance(e.ops[0], op):
                yield ast.Compare(e.left, [op()], e.comparators), "the mask is wrong"
    elif isinstance(e, ast.Constant):
        yield from _numbers(e.value)


def _powers(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(e, ast.BinOp) and isinstance(e.op, ast.Pow):
        yield e.left, f"the power of {_text(e.left)} is one too many"
        says = f"the power of {_text(e.left)} is wrong"
        for step in (1, -1):
            one = ast.BinOp(e.right, ast.Add(), ast.Constant(step))
            yield ast.BinOp(e.left, ast.Pow(), one), says
        yield ast.BinOp(e.left, ast.Pow(), _minus(e.right)), says
    if isinstance(e, ast.Name | ast.Call | ast.Attribute | ast.Subscript):
        for power in (2, -1, 0.5, 3):
            number = ast.Constant(power)
            yield ast.BinOp(e, ast.Pow(), number), f"the power {power} is missing"


def _numbers(value: Any) -> Iterator[tuple[ast.expr, str]]:
    """Give numbers that are mistaken for each other."""
    if type(value) not in (int, float) or not value:
        return
    for new in (2 * value, value / 2, value + 1, value - 1, value * value,
                abs(value) ** 0.5, 1 / value):  # fmt: skip
        yield ast.Constant(new), f"the number {value:g} is wrong"


def _orders(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(e, ast.BinOp) and not isinstance(e.op, ast.Add | ast.Mult):
        yield ast.BinOp(e.right, e.op, e.left), "the operands are in the wrong order"
    if isinstance(e, ast.Call) and len(e.args) > 1:
        for i in range(len(e.args) - 1):
            swapped = [*e.args[:i], e.args[i + 1], e.args[i], *e.args[i + 2 :]]
            yield (
                ast.Call(e.func, swapped, e.keywords),
                ("the arguments are in the wrong order"),
            )


def _transposes(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(e, ast.Subscript) and _is_reversal(e.slice):
        yield e.value, f"{_text(e.value)} is reversed by mistake"
    if isinstance(e, ast.Attribute) and e.attr == "T":
        yield e.value, f"the transpose of {_text(e.value)} is one too many"
    elif not isinstance(e, ast.Constant | ast.Slice | ast.Tuple):
        yield (
            ast.Attribute(e, "T", ast.Load()),
            f"the transpose of {_text(e)} is missing",
        )
        back = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
        yield ast.Subscript(e, back, ast.Load()), f"{_text(e)} is to be reversed"
        both = ast.Tuple([ast.Slice(), back], ast.Load())
        yield ast.Subscript(e, both, ast.Load()), f"{_text(e)} is to be reversed"


def _is_reversal(part: ast.expr) -> bool:
    parts = part.elts if isinstance(part, ast.Tuple) else [part]
    return any(isinstance(p, ast.Slice) and p.step is not None for p in parts)


def _parts(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """Keep one part of a sum, a product or a call: the other is one too many."""
    if isinstance(e, ast.BinOp):
        what = "factor" if isinstance(e.op, ast.Mult | ast.MatMult) else (
            "division by" if isinstance(e.op, ast.Div) else "term")  # fmt: skip
        yield e.left, f"the {what} {_text(e.right)} is one too many"
        if not isinstance(e.op, ast.Pow):
            yield e.right, f"the {what} {_text(e.left)} is one too many"
        if isinstance(e.op, ast.Sub):
            yield _minus(e.right), f"the term {_text(e.left)} is one too many"
    if isinstance(e, ast.UnaryOp):
        yield e.operand, f"the {type(e.op).__name__.lower()} is one too many"


def _dropped(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(e, ast.Call):
        if isinstance(e.func, ast.Attribute) and not _is_module(e.func.value):
            yield e.func.value, f"the {e.func.attr} is one too many"
        elif e.args:
            name = ast.unparse(e.func).rpartition(".")[2]
            yield e.args[0], f"the {name} is one too many"


_REDUCTIONS = ("sum", "mean", "max", "min", "cumsum", "prod")


def _numbers_of_axes(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """Change axis=, keepdims=, and sum into mean and back."""
    if not isinstance(e, ast.Call) or not isinstance(e.func, ast.Attribute):
        return
    if e.func.attr in ("sum", "mean"):
        other = {"sum": "mean", "mean": "sum"}[e.func.attr]
        func = ast.Attribute(e.func.value, other, ast.Load())
        yield ast.Call(func, e.args, e.keywords), f"{other} is meant, not {e.func.attr}"
    if e.func.attr not in _REDUCTIONS:
        return
    is_function = _is_module(e.func.value)
    args = e.args[:1] if is_function else []
    place = [k.arg for k in e.keywords].index("axis") if any(
        k.arg == "axis" for k in e.keywords
    ) else 0  # fmt: skip
    rest = [k for k in e.keywords if k.arg != "axis"]
    for axis in (0, 1, 2, -1, -2, None, (0, 1), (0, 2, 3)):
        chosen = [] if axis is None else [ast.keyword("axis", _constant(axis))]
        keywords = [*rest[:place], *chosen, *rest[place:]]
        yield ast.Call(e.func, args, keywords), f"the axis of {e.func.attr} is wrong"
    without = [k for k in e.keywords if k.arg != "keepdims"]
    if len(without) < len(e.keywords):
        yield ast.Call(e.func, e.args, without), "keepdims is wrong"
    keep = ast.keyword("keepdims", ast.Constant(True))
    yield ast.Call(e.func, e.args, [*without, keep]), "keepdims is missing"


def _constant(value: int | tuple[int, ...]) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([ast.Constant(v) for v in value], ast.Load())
    return ast.Constant(value)


def _reductions(e: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(e, ast.Constant | ast.Slice | ast.Tuple | ast.Dict):
        return
    for word in ("sum", "mean"):
        for axis in (0, 1, -1, None, (0, 1), (0, 2, 3)):
            for keep in (False, True):
                given = [] if axis is None else [ast.keyword("axis", _constant(axis))]
                given += [ast.keyword("keepdims", ast.Constant(keep))] if keep else []
                call = ast.Call(ast.Attribute(e, word, ast.Load()), [], given)
                along = "" if axis is None else f" along axis {axis}"
                yield call, f"the {word}{along} of {_text(e)} is missing"


def _other_name(e: ast.expr, names: tuple[str, ...]) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(e, ast.Name):
        for name in names:
            if name != e.id:
                yield ast.Name(name, ast.Load()), f"{name} belongs where {e.id} stands"


def _atoms(names: tuple[str, ...]) -> Iterator[tuple[ast.expr, str]]:
    for text in ("{0}", "1 - {0}", "1 + {0}", "{0} ** 2", "1 - {0} ** 2"):
        for name in names:
            found = ast.parse(text.format(name), mode="eval").body
            yield found, ast.unparse(found)
    for name in names:
        for text in (f"{name}.shape[0]", f"{name}.shape[-1]", f"{name}.size"):
            yield ast.parse(text, mode="eval").body, text
    for value in (2, 0.5, 3):
        yield ast.Constant(value), str(value)


def _factors(e: ast.expr, names: tuple[str, ...]) -> Iterator[tuple[ast.expr, str]]:
    if isinstance(e, ast.Slice | ast.Tuple | ast.Dict):
        return
    for atom, text in _atoms(names):
        yield ast.BinOp(e, ast.Mult(), atom), f"the factor {text} is missing"
        yield ast.BinOp(e, ast.Div(), atom), f"the division by {text} is missing"


def _wrapped_factors(
    e: ast.expr, names: tuple[str, ...]
) -> Iterator[tuple[ast.expr, str]]:
    """Multiply by functions of one value, by a value with a new axis, by a mask."""
    if isinstance(e, ast.Slice | ast.Tuple | ast.Dict | ast.Constant):
        return
    texts = ("{0}[:, None]", "{0}[None, :]", "({0} > 0)", "({0} < 0)", "np.exp({0})",
             "np.cos({0})", "-np.sin({0})", "np.sign({0})", "np.tanh({0})",
             "1 - np.tanh({0}) ** 2")  # fmt: skip
    for name in names:
        for form in texts:
            text = form.format(name)
            atom = ast.parse(text, mode="eval").body
            yield ast.BinOp(e, ast.Mult(), atom), f"the factor {text} is missing"
        product = ast.Name(name, ast.Load())
        for first, second in ((e, product), (product, e)):
            yield (
                ast.BinOp(first, ast.MatMult(), second),
                f"the product with {name} is missing",
            )
            turned = ast.Attribute(product, "T", ast.Load())
            pair = (e, turned) if second is product else (turned, e)
            yield (
                ast.BinOp(pair[0], ast.MatMult(), pair[1]),
                (f"the product with {name}.T is missing"),
            )
        yield ast.BinOp(e, ast.Add(), product), f"the term {name} is missing"
        yield ast.BinOp(e, ast.Sub(), product), f"the term -{name} is missing"


def _scattered(statement: ast.stmt) -> Iterator[Edit]:
    """Turn ``d[index] += g``, which forgets repeated indices, into ``np.add.at``."""
    target: ast.expr | None = None
    if isinstance(statement, ast.AugAssign):
        target = statement.target
        if isinstance(target, ast.Name):
            new = ast.Assign([target], statement.value)
            yield Edit(_like(new, statement), "it is added where it is to be assigned")
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        added = copy.deepcopy(target)
        plus = ast.AugAssign(added, ast.Add(), statement.value)  # type: ignore[arg-type]
        yield Edit(_like(plus, statement),
                   "what was there is overwritten instead of added to")  # fmt: skip
    if isinstance(target, ast.Subscript):
        at = ast.parse("np.add.at", mode="eval").body
        array = copy.deepcopy(target.value)
        for part in ast.walk(array):
            if isinstance(part, ast.Name):
                part.ctx = ast.Load()
        value = statement.value  # type: ignore[attr-defined]
        call = ast.Expr(ast.Call(at, [array, target.slice, value], []))
        says = "repeated indices are lost: only the last of them counts"
        yield Edit(_like(call, statement), says)


def _like(new: ast.stmt, old: ast.stmt) -> ast.stmt:
    return ast.fix_missing_locations(ast.copy_location(copy.deepcopy(new), old))


def _text(e: ast.expr) -> str:
    text = ast.unparse(e)
    return text if len(text) <= 40 else text[:37] + "..."
