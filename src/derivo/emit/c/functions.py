"""Functions of elements in C: on vectors (``exp_v``) and on one element (``exp_r``).

What networks spend their time on is written out on vectors (`exponentials.py`). The
rest calls the C library, element by element. Only what is used is copied into the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from derivo.emit.c import exponentials


@dataclass(frozen=True)
class Function:
    """A function of elements.

    Attributes
    ----------
    name
        As in NumPy.
    arity
        Number of its arguments.
    plain
        What computes it on plain numbers, in double precision; "" if nothing does.
    vector
        ``vector(single=) -> str``: C text of ``name_v`` for a floating type, "" where
        there is none.
    element
        An expression of x (and y, z) in type `real`: the definition where no vector
        text applies. ``{f}`` is "f" for float32: ``sin{f}(x)``.
    needs
        Names of the functions that `vector` calls.
    gives_truth
        Whether the result is true or false.
    """

    name: str
    arity: int = 1
    plain: str = ""
    vector: Callable[..., str] | None = None
    element: str = ""
    needs: tuple[str, ...] = ()
    gives_truth: bool = False
    both: str = ""

    def text(self, *, single: bool) -> str:
        """Give the C text, on vectors and on one element."""
        letters = "xyz"[: self.arity]
        given = ", ".join(f"vec {a}" for a in letters)
        one = ", ".join(f"real {a}" for a in letters)
        vector = self.both
        if self.vector is not None:
            vector = self.vector(single=single)
        name = self.name
        if vector:
            lanes = ", ".join(f"splat({a})" for a in letters)
            return (
                f"{vector.strip()}\n"
                f"INLINE real {name}_r({one}) {{ return {name}_v({lanes})[0]; }}\n"
            )
        element = self.element.replace("{f}", "f" if single else "")
        each = ", ".join(f"{a}[l]" for a in letters)
        if self.gives_truth:
            return (
                f"INLINE int {name}_r({one}) {{ return {element}; }}\n"
                f"INLINE mask {name}_v({given}) {{\n"
                "    mask value;\n"
                f"    for (int l = 0; l < LANES; ++l) value[l] = -{name}_r({each});\n"
                "    return value;\n}\n"
            )
        return (
            f"INLINE real {name}_r({one}) {{ return {element}; }}\n"
            f"INLINE vec {name}_v({given}) {{\n"
            "    vec value;\n"
            f"    for (int l = 0; l < LANES; ++l) value[l] = {name}_r({each});\n"
            "    return value;\n}\n"
        )


_SQRT = """
INLINE vec sqrt_v(vec x) {
    vec value;
    for (int l = 0; l < LANES; ++l) value[l] = SQRT(x[l]);
    return value;
}
"""
_ABS = """
INLINE vec abs_v(vec x) { return (vec)((mask)x & ~(mask)splat((real)-0.0)); }
"""
_SIGN = """
INLINE vec sign_v(vec x) {
    const vec side = pick(x > 0, splat(1), pick(x < 0, splat(-1), splat(0)));
    return pick(x != x, x, side);
}
"""
_FUNCTIONS = (
    Function(
        "exp", plain="exp", vector=exponentials.exp, element="exp{f}(x)",
        needs=("exp_rest",),
    ),
    Function(
        "expm1", plain="expm1", vector=exponentials.expm1, element="expm1{f}(x)",
        needs=("exp_rest",),
    ),
    Function(
        "tanh", plain="tanh", both=exponentials.TANH, element="tanh{f}(x)",
        needs=("expm1",),
    ),
    Function("log", plain="log", vector=exponentials.log, element="log{f}(x)"),
    Function(
        "log1p", plain="log1p", both=exponentials.LOG1P, element="log1p{f}(x)",
        needs=("log",),
    ),
    Function(
        "logaddexp", 2, both=exponentials.LOGADDEXP, needs=("log1p", "exp"),
        element="x == y ? x + (real)0.6931471805599453 : "
        "(x > y ? x : y) + log1p{f}(exp{f}(-fabs{f}(x - y)))",
    ),
    Function(
        "erf", plain="erf", vector=exponentials.erf, element="erf{f}(x)",
        needs=("exp",),
    ),
    Function("sqrt", plain="sqrt", both=_SQRT),
    Function("abs", plain="fabs", both=_ABS),
    Function("sign", both=_SIGN, element="x != x ? x : (x > 0) - (x < 0)"),
    *(
        Function(name, plain=c, element=f"{c}{{f}}(x)")
        for name, c in (
            ("exp2", "exp2"), ("log2", "log2"), ("log10", "log10"), ("cbrt", "cbrt"),
            ("sin", "sin"), ("cos", "cos"), ("tan", "tan"), ("arcsin", "asin"),
            ("arccos", "acos"), ("arctan", "atan"), ("sinh", "sinh"), ("cosh", "cosh"),
            ("arcsinh", "asinh"), ("arccosh", "acosh"), ("arctanh", "atanh"),
            ("floor", "floor"), ("ceil", "ceil"), ("rint", "rint"), ("trunc", "trunc"),
            ("erfc", "erfc"), ("gammaln", "lgamma"),
        )
    ),
    *(
        Function(name, 2, plain=c, element=f"{c}{{f}}(x, y)")
        for name, c in (
            ("arctan2", "atan2"), ("hypot", "hypot"), ("power", "pow"),
            ("copysign", "copysign"), ("fmod", "fmod"),
        )
    ),
    Function("ndtr", element="erfc{f}(x * (real)-0.7071067811865476) / 2"),
    Function("deg2rad", element="x * (real)0.017453292519943295"),
    Function("rad2deg", element="x * (real)57.29577951308232"),
    # As NumPy has them: the remainder has the sign of the divisor.
    Function(
        "remainder", 2,
        element="y == 0 ? NAN : fmod{f}(x, y) == 0 ? copysign{f}(0, y) : "
        "(fmod{f}(x, y) < 0) == (y < 0) ? fmod{f}(x, y) : fmod{f}(x, y) + y",
    ),
    Function(
        "floor_divide", 2,
        element="y == 0 ? x / y : rint{f}((x - fmod{f}(x, y)) / y - "
        "(fmod{f}(x, y) != 0 && (fmod{f}(x, y) < 0) != (y < 0)))",
    ),
    Function("isnan", element="x != x", gives_truth=True),
    Function("isinf", element="x == INFINITY || x == -INFINITY", gives_truth=True),
    Function("isfinite", element="x - x == 0", gives_truth=True),
    Function("signbit", element="signbit(x) != 0", gives_truth=True),
)  # fmt: skip
_NAN_TO_NUM = """
/* x, with a for NaN, and b and c for the infinities. */
INLINE vec nan_to_num_v(vec x, vec a, vec b, vec c) {
    const vec value = pick(x == INFINITY, b, pick(x == -INFINITY, c, x));
    return pick(x != x, a, value);
}
INLINE real nan_to_num_r(real x, real a, real b, real c) {
    return nan_to_num_v(splat(x), splat(a), splat(b), splat(c))[0];
}
"""


@dataclass(frozen=True)
class _Whole(Function):
    """A function whose text stands as a whole."""

    def text(self, *, single: bool) -> str:
        del single
        return self.both.lstrip()


_NAN_TO_NUM_OF = "x != x ? y : x == INFINITY ? z : x == -INFINITY ? w : x"
_WHOLE = _Whole("nan_to_num", 4, both=_NAN_TO_NUM, element=_NAN_TO_NUM_OF)
BY_NAME = {f.name: f for f in (*_FUNCTIONS, _WHOLE)}


_COUNT = """
/* A whole number that was computed: one that `real` cannot hold is noted. */
INLINE double whole(double x) {
    const double limit = sizeof(real) == 4 ? 16777216.0 : 9007199254740992.0;
    if (!(fabs(x) < limit && x == rint(x)))
        __atomic_store_n(&out_of_range, 2, __ATOMIC_RELAXED);
    return x;
}
"""
WHOLE_NUMBER = _Whole("whole", both=_COUNT)

# Parts of several functions.
_PARTS = {"exp_rest": exponentials.exp_rest}


def functions_text(used: Iterable[Function], *, single: bool) -> list[str]:
    """Give the text of functions and of what they call, callees first."""
    done: dict[str, str] = {}

    def visit(function: Function) -> None:
        for name in function.needs:
            if name in _PARTS:
                done.setdefault(name, _PARTS[name](single=single))
            else:
                visit(BY_NAME[name])
        done.setdefault(function.name, function.text(single=single))

    for function in sorted(used, key=lambda f: f.name):
        visit(function)
    return list(done.values())
