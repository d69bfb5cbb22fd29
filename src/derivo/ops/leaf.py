"""Values that are not computed from others: arguments, constants, sizes, fills."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.element import Element, Placed, Same, sized
from derivo.graph.op import Op
from derivo.graph.spec import Spec, kind_of
from derivo.ops.catalogue import register

LEAF = frozenset({"leaf"})


def _given(**attrs: Any) -> Spec:
    spec: Spec = attrs["spec"]
    return spec


def _constant_spec(value: Any) -> Spec:
    if isinstance(value, bool):
        return Spec((), "bool")
    if isinstance(value, int | float):
        return Spec((), "pyint" if isinstance(value, int) else "pyfloat")
    return Spec(value.array.shape, kind_of(value.array.dtype))


# An argument of the function that is derived, or (`of`) of one that it calls.
argument = register(
    Op("argument", (), _given, attrs={"name": "", "spec": None, "of": ""}, traits=LEAF)
)
constant = register(
    Op(
        "constant",
        (),
        _constant_spec,
        attrs={"value": None},
        traits=LEAF,
    )
)
# The size of an axis as a Python integer. Which array it is read from is decided where
# the source is written: any that is at hand and has this axis.
size = register(
    Op("size", (), lambda **_: Spec((), "pyint"), attrs={"dim": 1}, traits=LEAF)
)


def _fill_spec(value: Any, shape: Any, kind: str) -> Spec:
    del value
    return Spec(shape, kind)


def _fill_text(attrs: Any, *_specs: Any) -> str:
    dtype = {"float": "{dtype}", "int": "np.int64", "bool": "bool"}[attrs["kind"]]
    word = {0: "zeros", 1: "ones"}.get(attrs["value"])
    if word:
        return f"np.{word}({{shape}}, dtype={dtype})"
    return f"np.full({{shape}}, {{value}}, dtype={dtype})"


def _fill_words(node: Any) -> list[tuple[str, tuple[Any, ...]]]:
    word = {0: "zeros", 1: "ones"}.get(node.attrs["value"], "filled")
    return [(word, ())]


fill = register(
    Op(
        "fill", (), _fill_spec, _fill_text,
        vjp=lambda *_args, **_attrs: (),
        attrs={"value": 0, "shape": (), "kind": "float"}, element=Same("{value}"),
        called=_fill_words,
        js="R.full({shape}, {value})",
    )
)  # fmt: skip

arange = register(
    Op(
        "arange", (), lambda stop: Spec((stop,), "int"), "np.arange({stop})",
        attrs={"stop": 0}, called=("places",),
        latex=lambda attrs, *_: "".join(
            rf"\text{{{{(0…{attrs['stop'] - 1})}}}}".split()
        ),
        js="R.arange({stop})", element=Placed(lambda index, *_: index[0]),
    )
)  # fmt: skip

eye = register(
    Op(
        "eye", (), lambda n, m, **_: Spec((n, m), "float"),
        lambda attrs, *_: "np.eye({n}, dtype={dtype})"
        if attrs["n"] == attrs["m"] and not attrs["k"]
        else "np.eye({n}, {m}, k={k}, dtype={dtype})",
        vjp=lambda *_args, **_attrs: (),
        attrs={"n": 1, "m": 1, "k": 0}, called=("identity",),
        traits=frozenset({"rows_sum_to_one"}),
        js="R.eye({n}, {m}, {k})",
        element=Placed(
            lambda index, attrs, *_:
            f"1 if {index[1]} == {index[0]} + {sized(attrs['k'])} else 0"
        ),
    )
)  # fmt: skip


def _triangle_spec(n: Any, which: str, k: int, axis: int) -> Spec:
    del which, axis
    return Spec(((n * n + n if k == 0 else n * n - n) // 2,), "int")


def _triangle_text(attrs: Any, *_specs: Any) -> str:
    k = ", k={k}" if attrs["k"] else ""
    return f"np.{attrs['which']}_indices({{n}}{k})[{{axis}}]"


def _triangle_latex(attrs: Any, *_specs: Any) -> str:
    """Write the rows or columns of all pairs: ``i_{i<j}``, ``j_{i<j}``."""
    sign = {("triu", 1): "<", ("triu", 0): r"\le ", ("tril", 0): r"\ge "}.get(
        (attrs["which"], attrs["k"]), ">"
    )
    return rf"{'ij'[attrs['axis']]}_{{{{i{sign}j}}}}"


# Rows (axis 0) or columns of the places in a triangle of an n x n matrix, with its
# diagonal (k = 0) or without (k = 1 of "triu", -1 of "tril"): the pairs of n things.
triangle = register(
    Op(
        "triangle", (), _triangle_spec, _triangle_text,
        attrs={"n": 1, "which": "triu", "k": 0, "axis": 0},
        called=lambda node: [(("rows", "columns")[node.attrs["axis"]], ())],
        latex=_triangle_latex,
        js=lambda attrs, *_: f"R.{attrs['which']}Indices({{n}}, {{k}}, {{axis}})",
    )
)  # fmt: skip


def _one_hot_element(index: Any, attrs: Any, *_: Any) -> str:
    *place, column = index
    label = f"{{0}}[{', '.join(place)}]" if place else "{0}"
    return f"1 if index_within({label}, {sized(attrs['classes'])}) == {column} else 0"


# Rows of zeros with a single 1 at the place of the label.
one_hot = register(
    Op(
        "one_hot", ("labels",),
        lambda labels, classes: Spec((*labels.shape, classes), "float"),
        "np.eye({classes}, dtype={dtype})[{0}]",
        vjp=lambda _g, _y, _labels, **_attrs: (None,), attrs={"classes": 1},
        samples=lambda rng: ((rng.integers(0, 4, 3),), {"classes": 4}),
        traits=frozenset({"rows_sum_to_one"}),
        js="R.oneHot({0}, {classes})",
        element=Placed(_one_hot_element),
    )
)  # fmt: skip


def _float_spec(spec: Spec) -> Spec:
    return Spec(spec.shape, "float")


def _tidy_float(x: Any) -> Any:
    if x.node.spec.kind == "float" and x.node.op is not constant:
        return x  # an array that was closed over is float64 whatever comes in
    if x.node.op is not fill:
        return None
    attrs = {**x.node.attrs, "value": int(x.node.attrs["value"]), "kind": "float"}
    return x.recorder.record(fill, (), attrs)


def _float_text(_attrs: Any, x: Any) -> str:
    # Without axes it may be a number of Python's.
    has_axes = bool(getattr(x, "shape", ()))
    return "{0}.astype({dtype})" if has_axes else "np.asarray({0}, {dtype})"


# NumPy would turn float32 into float64 where an integer array joins in; converting the
# integers first keeps the type that came in.
as_float = register(
    Op(
        "as_float", ("x",), _float_spec, _float_text,
        vjp=lambda _g, _y, _x: (None,),
        samples=lambda rng: ((rng.integers(0, 5, (3, 4)),), {}),
        latex=r"\mathbb{{1}}[{0}]", traits=frozenset({"elementwise"}),
        element=Element("{dtype}({0})"),
        tidy=_tidy_float, called=("{0}", "float_{0}", "mask"),
    )
)  # fmt: skip


def zeros(shape: Any) -> Any:
    """Give an array of zeros; on arrays and, through `fill`, in graphs."""
    return np.zeros(shape)


def made(op: Op, like: Any, **attrs: Any) -> Any:
    """Make a value without operands in the place where `like` lives.

    In a graph if `like` is traced, even when every size is a number; else an array.
    """
    if hasattr(like, "record"):
        return like.record(op, (), attrs)
    return op(**attrs)
