"""Exponentials, logarithms and their kin in C, on vectors of float32 or float64.

Compilers leave loops around calls of the C library as they are, so what networks spend
their time on is written out. The steps are the same in both types: the number is
reduced, and a polynomial does the rest.

For float32 the polynomials are Chebyshev fits by mpmath (chebyfit). For float64 they
are the series of exp(r) and of log((1 + s)/(1 - s)), which end where terms no longer
count: |r| is at most ln(2)/2, and |s| at most 0.172. Source of the reductions: Muller,
Elementary Functions (3rd ed., 2016), chapter 11.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A floating type, as the texts need it.

    Attributes
    ----------
    end
        What numbers end with: "f" for float32.
    digits
        Of the fraction, in bits.
    bias
        Of the exponent.
    root
        The bits of sqrt(1/2).
    fraction
        A mask for the bits of the fraction.
    tiny
        The smallest normal number.
    below, above
        exp gives 0 below the one, and more than there is above the other.
    ln2
        ln(2) in two parts, of which a whole number of times the first is exact.
    exponential
        Coefficients of (exp(r) - 1 - r)/r**2, the highest power first.
    """

    end: str
    digits: int
    bias: int
    root: str
    fraction: str
    tiny: str
    below: str
    above: str
    ln2: tuple[str, str]
    exponential: tuple[str, ...]


SINGLE = Format(
    "f", 23, 127, "0x3f3504f3", "0x007fffff", "1.17549435e-38", "-104.0", "88.72284",
    ("0.693359375", "-2.12194440e-4"),
    ("0.0001989108", "0.0013933731", "0.0083333105", "0.041666463", "0.16666667",
     "0.5"),
)  # fmt: skip
DOUBLE = Format(
    "", 52, 1023, "0x3fe6a09e667f3bcd", "0x000fffffffffffff",
    "2.2250738585072014e-308", "-746.0", "709.782712893384",
    ("0.6931471803691238", "1.9082149292705877e-10"),
    tuple(repr(1 / math.factorial(n)) for n in range(13, 1, -1)),
)  # fmt: skip
# Coefficients of (log(1 + f) - f + f**2/2)/f**3.
_LOG_SINGLE = (
    "0.06971612", "-0.11479734", "0.1168542", "-0.12425687", "0.14249058",
    "-0.16667803", "0.20000716", "-0.24999997", "0.3333333",
)  # fmt: skip
# Of (log((1 + s)/(1 - s)) - 2 s)/s**3, in powers of s**2.
_LOG_DOUBLE = tuple(repr(2 / n) for n in range(23, 1, -2))
# Of erf(x)/x - 1 in powers of x**2, up to 0.92, and of the logarithm of
# exp(x**2) erfc(x) from there to 4.
_ERF_NEAR = (
    "8.38707456e-5", "-0.000814708112", "0.00520145633", "-0.0268595881",
    "0.112836994", "-0.37612634", "0.128379167",
)  # fmt: skip
_ERF_FAR = (
    "1.64306366e-6", "-4.61638586e-5", "0.00059758577", "-0.00476262583",
    "0.0264276371", "-0.110087166", "0.368176082", "-1.13023106", "0.000318539662",
)  # fmt: skip


def _polynomial(name: str, of: str, numbers: tuple[str, ...], end: str) -> str:
    """Write a polynomial, the highest power first."""
    first, second, *rest = (f"{n}{end}" for n in numbers)
    lines = [f"    vec {name} = {of} * {first} + {second};"]
    lines += [f"    {name} = {name} * {of} + {n};" for n in rest]
    return "\n".join(lines)


def _format(*, single: bool) -> Format:
    return SINGLE if single else DOUBLE


def exp_rest(*, single: bool) -> str:
    """Write exp(r) - 1 for what is left of x over n ln(2)."""
    f = _format(single=single)
    high, low = (f"{part}{f.end}" for part in f.ln2)
    inverse = f"1.44269504{f.end}" if single else "1.4426950408889634"
    return f"""
/* x = n ln(2) + r with r in [-ln(2)/2, ln(2)/2]; gives exp(r) - 1. ln(2) in two parts
   keeps r exact. */
INLINE vec exp_rest(vec x, mask *n) {{
    *n = nearest(x * {inverse});
    const vec k = as_real(*n), r = (x - k * {high}) - k * {low};
{_polynomial("p", "r", f.exponential, f.end)}
    return p * r * r + r;
}}
"""


def exp(*, single: bool) -> str:
    """Write exp: n goes into the exponent in two parts, for no number holds 2**n."""
    f = _format(single=single)
    return f"""
/* exp, to 1 unit in the last place. */
INLINE vec exp_v(vec x) {{
    mask n;
    vec y = pick(x > {f.below}{f.end}, x, splat({f.below}{f.end}));
    y = pick(y < {f.above}{f.end}, y, splat({f.above}{f.end}));
    const vec p = exp_rest(y, &n) + 1;
    const mask half = n >> 1;
    const vec value = p * (vec)((half + {f.bias}) << {f.digits})
        * (vec)((n - half + {f.bias}) << {f.digits});
    return pick(x != x, x, pick(x > {f.above}{f.end}, splat(INFINITY), value));
}}
"""


def expm1(*, single: bool) -> str:
    """Write exp(x) - 1: 2**n p + (2**n - 1)."""
    f = _format(single=single)
    least = "-18.0f" if single else "-38.0"
    return f"""
/* exp(x) - 1, to 1.5 units in the last place, also near 0. */
INLINE vec expm1_v(vec x) {{
    mask n;
    vec y = pick(x > {least}, x, splat({least}));
    y = pick(y < {f.above}{f.end}, y, splat({f.above}{f.end}));
    const vec p = exp_rest(y, &n);
    /* 2**n p + (2**n - 1), with half of 2**n, which does not overflow. */
    const vec half = (vec)((n + {f.bias - 1}) << {f.digits});
    const vec value = ((half - 0.5{f.end}) + half * p) * 2;
    const vec near = pick(n == 0, p, value);
    const vec far = pick(x > {f.above}{f.end}, splat(INFINITY), near);
    return pick(x == 0, x, pick(x != x, x, far));
}}
"""


TANH = """
/* tanh(x) = -t / (t + 2) with t = exp(-2 |x|) - 1, to 2.5 units in the last place. */
INLINE vec tanh_v(vec x) {
    const mask minus = (mask)splat((real)-0.0), sign = (mask)x & minus;
    const vec t = expm1_v((vec)((mask)x & ~minus) * -2);
    return pick(x != x, x, (vec)((mask)(t / (t + 2)) ^ sign ^ minus));
}
"""


def log(*, single: bool) -> str:
    """Write log(x) = e ln(2) + log(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)]."""
    f = _format(single=single)
    high, low = (f"{part}{f.end}" for part in f.ln2)
    if single:
        rest = f"""{_polynomial("p", "f", _LOG_SINGLE, f.end)}
    const vec square = f * f;
    vec value = square * f * p + e * {low};
    value = (value - 0.5f * square) + f + e * {high};"""
    else:
        rest = f"""    /* With s = f / (2 + f), 1 + f is (1 + s) / (1 - s). */
    const vec s = f / (f + 2), z = s * s, square = 0.5 * f * f;
{_polynomial("p", "z", _LOG_DOUBLE, "")}
    vec value = s * (square + z * p) + e * {low};
    value = e * {high} - ((square - value) - f);"""
    return f"""
/* log, to 1 unit in the last place. */
INLINE vec log_v(vec x) {{
    const mask small = x < {f.tiny}{f.end};
    const vec y = pick(small, x * {2.0**f.digits!r}{f.end}, x);
    const mask bits = (mask)y - {f.root};
    const vec f = (vec)((bits & {f.fraction}) + {f.root}) - 1;
    const vec shift = pick(small, splat({f.digits}), splat(0));
    const vec e = as_real(bits >> {f.digits}) - shift;
{rest}
    value = pick(x == 0, splat(-INFINITY), pick(x < 0, splat(NAN), value));
    return pick((x == INFINITY) | (x != x), x, value);
}}
"""


LOG1P = """
/* log(1 + x), to 1.5 units in the last place, also near 0. */
INLINE vec log1p_v(vec x) {
    /* What is lost in 1 + x is added. */
    const vec w = x + 1, lost = x - (w - 1), value = log_v(w);
    const mask plain = (w == 0) | (w == INFINITY) | (w != w);
    return pick(x == 0, x, pick(plain, value, value + lost / w));
}
"""
LOGADDEXP = """
/* log(exp(x) + exp(y)) without overflow. */
INLINE vec logaddexp_v(vec x, vec y) {
    const vec d = x - y, a = (vec)((mask)d | (mask)splat((real)-0.0));
    const vec value = pick(d > 0, x, y) + log1p_v(exp_v(a));
    return pick(x == y, x + (real)0.6931471805599453, pick(d != d, d, value));
}
"""


def erf(*, single: bool) -> str:
    """Write erf for float32: x + x P(x**2) near 0, 1 - exp(Q(x) - x**2) further out."""
    if not single:
        return ""
    return f"""
/* erf, to 1.5 units in the last place. */
INLINE vec erf_v(vec x) {{
    const mask sign = (mask)x & (mask)splat(-0.0f);
    const vec a = (vec)((mask)x ^ sign), t = pick(a < 4.0f, a, splat(4.0f)), z = t * t;
{_polynomial("near", "z", _ERF_NEAR, "f")}
{_polynomial("far", "t", _ERF_FAR, "f")}
    const vec value = pick(a < 0.92f, near * t + t, 1 - exp_v(far - z));
    return pick(x != x, x, (vec)((mask)value | sign));
}}
"""
