"""Where Python or compiled code asks a traced value for a number: by what, and why.

``float(x)``, ``math.gcd(x, 2)``, ``table[x]`` and ``out[0] = x`` all end in the same
question, and NumPy and Python ask it without a word of their own. What asks is read off
the instruction that the user's function is at.
"""

from __future__ import annotations

import ast
import builtins
import dis
import linecache
import sys
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any, NoReturn

import numpy as np

from derivo.errors import TraceError
from derivo.graph.node import Node, order
from derivo.ops.catalogue import SPELLINGS
from derivo.ops.leaf import argument, size
from derivo.trace.memory.cell import Memory
from derivo.trace.recording import Recording
from derivo.trace.running.users import is_users

_KEEP = "keep computing with the array itself"
# What to write for a word of Python's that wants a number.
_WORDS = {
    "float": "leave float() out: one number is an array of no axes, and stays one",
    "int": "write np.floor(x), or np.trunc(x), which stay arrays",
    "complex": "write the real and the imaginary part as two arrays",
    "round": "write np.round(x)",
    "bool": "write a comparison, such as x != 0, and np.where to choose by it",
    "range": "loop over the rows of an array, or give the number of steps as a setting",
    "item": _KEEP, "tolist": _KEEP, "tobytes": _KEEP,
    "bytes": _KEEP, "chr": _KEEP, "hex": _KEEP, "bin": _KEEP, "oct": _KEEP,
    "slice": "give the bounds as settings, or choose with np.where",
}  # fmt: skip


BRANCH = "a branch (`if`, `while`, `and`, `or`) depends on a traced value"
CHOOSE = "write np.where(condition, a, b) to choose element by element"
# What to write for a word of Python's that compares.
_COMPARING = {
    "max": "np.max(x) of an array, np.maximum(a, b) of two",
    "min": "np.min(x) of an array, np.minimum(a, b) of two",
    "sorted": "np.sort(x)",
    "any": "np.any(x)",
    "all": "np.all(x)",
}


@dataclass(frozen=True)
class Asking:
    """What asks a traced value for a number.

    Attributes
    ----------
    kind
        Name of the instruction: ``CALL``, ``STORE_SUBSCR``, ...
    text
        The code of it.
    name, called
        What the function is called, if one is called, and the function.
    target
        What is written into or read from, if something is.
    """

    kind: str
    text: str
    name: str = ""
    called: Any = None
    target: Any = None


def refuse_number(recorder: Recording, node: Node, wanted: str) -> NoReturn:
    """Refuse to give a traced value as a number, by what asks for it.

    Parameters
    ----------
    recorder
        Names the line.
    node
        The value.
    wanted
        What it was asked to be: "a number", "a whole number" or "an array".
    """
    asking = _asking()
    if asking is not None and (_is_of_array(asking) or _is_of_size(asking, node)):
        recorder.open()
    if node.op is size:
        _refuse_size(recorder, node, asking)
    what, instead = _told(asking) if asking is not None else ("", "")
    if not what:
        by = f"`{asking.text}`" if asking is not None and asking.text else "this line"
        what = f"{by} asks a traced value to be {wanted} of Python's"
        instead = "write it with NumPy's functions, which take the array as it is"
    if wanted == "a whole number":
        instead += _as_setting(node)
    recorder.refuse(TraceError, what, instead)


def _is_of_array(asking: Asking) -> bool:
    """Tell whether this may be a part of a plain array, or a method of one."""
    if "SUBSCR" in asking.kind or "SLICE" in asking.kind:
        return asking.target is None or isinstance(asking.target, np.ndarray)
    return "CALL" in asking.kind and asking.called is None


def _is_of_size(asking: Asking, node: Node) -> bool:
    """Tell whether a size, or what is computed of sizes alone, is to be a number."""
    if "CALL" not in asking.kind or asking.name not in ("int", "float"):
        return False
    return all(n.op is not argument for n in order([node]))


def told_of_call() -> tuple[str, str]:
    """Say what the user's line calls, if that is what asks for a value just now.

    Returns
    -------
    what, instead
        Empty where the user's own code asks, such as an ``if``.
    """
    asking = _asking()
    # From Python 3.12 on, an `if` of what a call gives stands at the call's own text.
    asks_itself = asking and asking.kind.startswith(("TO_BOOL", "POP_JUMP"))
    if asking is None or not asking.name or asks_itself:
        return "", ""
    place = _module(asking.called).partition(".")[0]
    if asking.name in _COMPARING and place in ("builtins", "derivo"):
        return (
            f"`{asking.text}` compares, and {BRANCH}",
            f"{CHOOSE}; here {_COMPARING[asking.name]}",
        )
    is_own = hasattr(asking.called, "__code__") and place not in ("numpy", "derivo")
    return ("", "") if is_own else _told_of_call(asking)


def _refuse_size(recorder: Recording, node: Node, asking: Asking | None) -> NoReturn:
    """Refuse to give a size that is known by name as a number."""
    by = f"`{asking.text}`" if asking is not None and asking.text else "this line"
    what = (
        f"{by} needs the size {node.attrs['dim']} as a number of Python's, and it is "
        "only a name"
    )
    instead = "give that axis a number in the spec"
    if asking is not None and asking.kind == "BINARY_OP":
        instead = f"make an array of that size, np.zeros(n), or {instead}"
    if "random" in _module(getattr(asking, "called", None)):
        instead = f"make the random numbers an argument of the function, or {instead}"
    recorder.refuse(TraceError, what, instead)


def _as_setting(node: Node) -> str:
    """Say how an argument would be a number while the function runs."""
    if node.op is not argument or node.spec.rank:
        return ""
    name = node.attrs["name"]
    if "." in name or "'" in name:
        return ""
    return f"; or, if {name} is the same at each call, derive(..., {name}=3) with it"


def _told(asking: Asking) -> tuple[str, str]:
    """Say what happens, and what to write instead; nothing where that is not known."""
    text = asking.text
    if asking.kind == "STORE_SUBSCR":
        return _told_of_write(asking)
    if asking.kind == "BINARY_SUBSCR":
        what = f"`{text}` picks from a {type(asking.target).__name__} by a traced value"
        return what, "put the parts into an array first: np.stack(parts)[i]"
    if asking.kind == "BINARY_OP" and isinstance(asking.target, str):
        return (
            f"`{text}` writes a traced value into a text",
            (
                "use an f-string, which shows its shape, or print it outside of the "
                "function"
            ),
        )
    if asking.kind == "BINARY_OP":
        return (
            f"`{text}` repeats a list a traced number of times",
            "make an array of that size: np.zeros(n), np.full(n, value)",
        )
    if asking.name:
        return _told_of_call(asking)
    return "", ""


def _told_of_write(asking: Asking) -> tuple[str, str]:
    what = f"`{asking.text} = ...` writes a traced value into "
    if isinstance(asking.target, np.ndarray):
        if asking.target.dtype == object:
            return f"{what}an array of objects", "put the parts into a list: np.stack"
        return (
            f"{what}an array that was made outside of the function",
            (
                "make it inside, out = np.zeros(shape), or begin with a copy, "
                "out = np.array(table)"
            ),
        )
    kind = type(asking.target).__name__
    return f"{what}a {kind}, which holds plain numbers", "write into an array"


def _told_of_call(asking: Asking) -> tuple[str, str]:
    called, name, text = asking.called, asking.name, asking.text
    if name in _WORDS and called is getattr(builtins, name, called):
        return f"`{text}` takes the value of an array out of the trace", _WORDS[name]
    module = _module(called)
    if module in ("math", "cmath"):
        same = getattr(np, name, None)
        known = same is not None and (same in SPELLINGS or name in SPELLINGS)
        instead = f"write np.{name}" if known else "see the list in docs/operations.md"
        return f"`{module}.{name}` takes numbers, and is given a traced value", instead
    is_known = module.startswith("derivo") or isinstance(called, Memory)
    is_ufunc = isinstance(getattr(called, "__self__", called), np.ufunc)
    if is_known or (
        not is_ufunc and name in {getattr(f, "__name__", f) for f in SPELLINGS}
    ):
        return (
            (
                f"`{text}` takes a plain number where it is given a traced one: the "
                "shape of its result, or what it does, would depend on a value"
            ),
            "give the number as a setting, or choose among values with np.where",
        )
    return _told_of_compiled(asking, module)


def _told_of_compiled(asking: Asking, module: str) -> tuple[str, str]:
    """Say what compiled code does that NumPy does not hand over; nothing of others."""
    called, name = asking.called, asking.name
    if called is None or hasattr(called, "__code__"):
        return "", ""
    if isinstance(getattr(called, "__self__", called), np.ufunc):
        return (
            f"`{asking.text}` is given a list with traced values in it",
            "make an array of the list first: np.array([...])",
        )
    if module.partition(".")[0] == "numpy":
        return (
            f"`np.{name}` makes an ordinary array of a traced value, which stays so",
            "spell it with operations of the list in docs/operations.md",
        )
    shown = name if module in ("", "builtins") else f"{module}.{name}"
    return (
        f"`{shown}` is no function of NumPy, and takes the value of an array out of it",
        "write it with NumPy's functions; or tell its derivative with derivo.rule",
    )


def _module(called: Any) -> str:
    owner = getattr(called, "__self__", None)
    if isinstance(owner, ModuleType):
        return owner.__name__
    if owner is not None:
        return type(owner).__module__
    return str(getattr(called, "__module__", "") or "")


def _asking() -> Asking | None:
    """Find what the innermost function of the user's is doing."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None and not is_users(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return None
    kind = dis.opname[frame.f_code.co_code[frame.f_lasti]]
    text = _text(frame)
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return Asking(kind, text)
    if isinstance(tree, ast.Call):
        name = ast.unparse(tree.func).rpartition(".")[2]
        return Asking(kind, text, name, called=_value(tree.func, frame))
    if isinstance(tree, ast.Subscript):
        return Asking(kind, text, target=_value(tree.value, frame))
    if isinstance(tree, ast.BinOp):
        return Asking(kind, text, target=_value(tree.left, frame))
    return Asking(kind, text)


def _text(frame: FrameType) -> str:
    """Give the code of the instruction that a frame is at, if it stands in one line."""
    places = list(frame.f_code.co_positions())
    line, end_line, start, end = places[frame.f_lasti // 2]
    if line is None or line != end_line:
        return ""
    whole = linecache.getline(frame.f_code.co_filename, line)
    return whole.encode()[start:end].decode(errors="replace").strip()


def _value(tree: ast.expr, frame: FrameType) -> Any:
    """Give what a name, or an attribute of one, is; None for anything else."""
    if isinstance(tree, ast.Constant):
        return tree.value
    if isinstance(tree, ast.List | ast.ListComp):
        return []
    if isinstance(tree, ast.Attribute):
        return _attribute(_value(tree.value, frame), tree.attr)
    if not isinstance(tree, ast.Name):
        return None
    for space in (frame.f_locals, frame.f_globals, frame.f_builtins):
        if tree.id in space:
            return space[tree.id]
    return None


def _attribute(holder: Any, name: str) -> Any:
    """Give an attribute if reading it does nothing; of a traced array the array."""
    if isinstance(holder, Memory):
        return holder
    is_safe = isinstance(holder, ModuleType | type | np.random.Generator | np.ufunc)
    return getattr(holder, name, None) if is_safe else None
