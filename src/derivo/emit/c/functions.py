"""Functions of elements in C: on vectors (``exp_v``) and on one element (``exp_r``).

What networks spend their time on is written out on vectors, for float32: compilers
leave loops around calls of the C library as they are. The rest calls that library,
element by element. Only what is used is copied into the text.

Polynomials are Chebyshev fits by mpmath (chebyfit), rounded to float32. Source of the
reductions: Muller, Elementary Functions (3rd ed., 2016), chapter 11.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


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
        C text of ``name_v`` for float32, where there is a fast one.
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
    vector: str = ""
    element: str = ""
    needs: tuple[str, ...] = ()
    gives_truth: bool = False
    both: str = ""

    def text(self, *, single: bool) -> str:
        """Give the C text, on vectors and on one element."""
        letters = "xyz"[: self.arity]
        given = ", ".join(f"vec {a}" for a in letters)
        one = ", ".join(f"real {a}" for a in letters)
        vector = self.both or (self.vector if single else "")
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


# exp(x) = 2**n exp(r) with r in [-ln(2)/2, ln(2)/2]; ln(2) in two parts keeps r exact.
# n goes into the exponent's bits in two parts, since neither 2**128 nor 2**-149 fits.
_EXP = """
/* exp, to 1 unit in the last place. */
INLINE vec exp_v(vec x) {
    vec y = pick(x > -104.0f, x, splat(-104.0f));
    y = pick(y < 88.8f, y, splat(88.8f));
    const mask n = __builtin_convertvector(y * 1.44269504f + 192.5f, mask) - 192;
    const vec k = __builtin_convertvector(n, vec);
    const vec r = (y - k * 0.693359375f) - k * -2.12194440e-4f;
    vec p = r * 0.0001989108f + 0.0013933731f;
    p = p * r + 0.0083333105f;
    p = p * r + 0.041666463f;
    p = p * r + 0.16666667f;
    p = p * r + 0.5f;
    p = (p * r * r + r) + 1.0f;
    const mask half = n >> 1;
    const vec value = p * (vec)((half + 127) << 23) * (vec)((n - half + 127) << 23);
    return pick(x != x, x, pick(x > 88.72284f, splat(INFINITY), value));
}
"""
_EXPM1 = """
/* exp(x) - 1, to 1.5 units in the last place, also near 0. */
INLINE vec expm1_v(vec x) {
    vec y = pick(x > -18.0f, x, splat(-18.0f));
    y = pick(y < 88.8f, y, splat(88.8f));
    const mask n = __builtin_convertvector(y * 1.44269504f + 192.5f, mask) - 192;
    const vec k = __builtin_convertvector(n, vec);
    const vec r = (y - k * 0.693359375f) - k * -2.12194440e-4f;
    vec p = r * 0.0001989108f + 0.0013933731f;
    p = p * r + 0.0083333105f;
    p = p * r + 0.041666463f;
    p = p * r + 0.16666667f;
    p = p * r + 0.5f;
    p = p * r * r + r;
    /* 2**n p + (2**n - 1), with half of 2**n, which does not overflow. */
    const vec half = (vec)((n + 126) << 23);
    const vec value = ((half - 0.5f) + half * p) * 2.0f;
    const vec near = pick(n == 0, p, value);
    return pick(x == 0, x, pick(x != x, x, pick(x > 88.72284f, splat(INFINITY), near)));
}
"""
_TANH = """
/* tanh(x) = -t / (t + 2) with t = exp(-2 |x|) - 1, to 2.5 units in the last place. */
INLINE vec tanh_v(vec x) {
    const mask sign = (mask)x & (mask)splat(-0.0f);
    const vec t = expm1_v((vec)((mask)x & ~(mask)splat(-0.0f)) * -2.0f);
    return pick(x != x, x, (vec)((mask)(t / (t + 2.0f)) ^ sign ^ (mask)splat(-0.0f)));
}
"""
# log(x) = e ln(2) + log(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)].
_LOG = """
/* log, to 1 unit in the last place. */
INLINE vec log_v(vec x) {
    const mask small = x < 1.17549435e-38f;
    const vec y = pick(small, x * 8388608.0f, x);
    const mask bits = (mask)y - 0x3f3504f3;
    const vec f = (vec)((bits & 0x007fffff) + 0x3f3504f3) - 1.0f;
    const vec shift = pick(small, splat(23.0f), splat(0));
    const vec e = __builtin_convertvector(bits >> 23, vec) - shift;
    vec p = f * 0.06971612f + -0.11479734f;
    p = p * f + 0.1168542f;
    p = p * f + -0.12425687f;
    p = p * f + 0.14249058f;
    p = p * f + -0.16667803f;
    p = p * f + 0.20000716f;
    p = p * f + -0.24999997f;
    p = p * f + 0.3333333f;
    const vec square = f * f;
    vec value = square * f * p + e * -2.12194440e-4f;
    value = (value - 0.5f * square) + f + e * 0.693359375f;
    value = pick(x == 0, splat(-INFINITY), pick(x < 0, splat(NAN), value));
    return pick((x == INFINITY) | (x != x), x, value);
}
"""
_LOG1P = """
/* log(1 + x), to 1.5 units in the last place, also near 0. */
INLINE vec log1p_v(vec x) {
    /* What is lost in 1 + x is added. */
    const vec w = x + 1.0f, lost = x - (w - 1.0f), value = log_v(w);
    const mask plain = (w == 0) | (w == INFINITY) | (w != w);
    return pick(x == 0, x, pick(plain, value, value + lost / w));
}
"""
_LOGADDEXP = """
/* log(exp(x) + exp(y)) without overflow. */
INLINE vec logaddexp_v(vec x, vec y) {
    const vec d = x - y, a = (vec)((mask)d | (mask)splat((real)-0.0));
    const vec value = pick(d > 0, x, y) + log1p_v(exp_v(a));
    return pick(x == y, x + (real)0.6931471805599453, pick(d != d, d, value));
}
"""
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
_REMAINDER = "remainder_of(x, y)"
_FUNCTIONS = (
    Function("exp", plain="exp", vector=_EXP, element="exp{f}(x)"),
    Function("expm1", plain="expm1", vector=_EXPM1, element="expm1{f}(x)"),
    Function(
        "tanh", plain="tanh", vector=_TANH, element="tanh{f}(x)", needs=("expm1",)
    ),
    Function("log", plain="log", vector=_LOG, element="log{f}(x)"),
    Function(
        "log1p", plain="log1p", vector=_LOG1P, element="log1p{f}(x)", needs=("log",)
    ),
    Function(
        "logaddexp", 2, both=_LOGADDEXP, needs=("log1p", "exp"),
        element="x == y ? x + (real)0.6931471805599453 : "
        "(x > y ? x : y) + log1p{f}(exp{f}(-fabs{f}(x - y)))",
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
            ("erf", "erf"), ("erfc", "erfc"), ("gammaln", "lgamma"),
        )
    ),
    *(
        Function(name, 2, plain=c, element=f"{c}{{f}}(x, y)")
        for name, c in (
            ("arctan2", "atan2"), ("hypot", "hypot"), ("power", "pow"),
            ("copysign", "copysign"), ("fmod", "fmod"),
        )
    ),
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


def functions_text(used: Iterable[Function], *, single: bool) -> list[str]:
    """Give the text of functions and of what they call, callees first."""
    done: dict[str, str] = {}

    def visit(function: Function) -> None:
        for name in function.needs:
            visit(BY_NAME[name])
        done.setdefault(function.name, function.text(single=single))

    for function in sorted(used, key=lambda f: f.name):
        visit(function)
    return list(done.values())
