"""Functions of one number that compiled loops call where NumPy has no fast word.

Numba calls the C library for ``np.exp``, once per number. What stands here is ordinary
arithmetic, so that a loop around it becomes vector instructions. The texts are copied
into the emitted module: a module that is cached must not depend on another.
"""

from __future__ import annotations

# exp(x) = 2**n exp(r) with r in [-ln(2)/2, ln(2)/2]; ln(2) in two parts keeps r exact;
# a polynomial for exp(r); n goes into the exponent's bits, in two parts, since 2**128
# itself is not a float32.
# Source: Muller, Elementary Functions (3rd ed., 2016), chapter 11 (reduction). The
# coefficients are a Chebyshev fit by mpmath (chebyfit, error 2e-9), rounded to float32.
_EXP32 = """
@njit(cache=True, error_model="numpy")
def exp32(x):
    # exp of a float32, to 2 units in the last place.
    low = x if x > np.float32(-87.33654) else np.float32(-87.33654)
    y = low if low < np.float32(88.72283) else np.float32(88.72283)
    n = np.floor(y * np.float32(1.44269504) + np.float32(0.5))
    r = (y - n * np.float32(0.693359375)) - n * np.float32(-2.12194440e-4)
    p = np.float32(0.0013941108)
    p = p * r + np.float32(0.008375126)
    p = p * r + np.float32(0.04166635)
    p = p * r + np.float32(0.16666415)
    p = p * r + np.float32(0.5)
    p = p * r + np.float32(1)
    p = p * r + np.float32(1)
    half = np.int32(n) >> np.int32(1)
    rest = np.int32(n) - half
    first = np.int32((half + np.int32(127)) << np.int32(23)).view(np.float32)
    second = np.int32((rest + np.int32(127)) << np.int32(23)).view(np.float32)
    value = p * first * second
    value = np.float32(np.inf) if x > np.float32(88.72283) else value
    value = np.float32(0) if x < np.float32(-87.33654) else value
    return x if x != x else value
"""
# tanh(x) = 1 - 2 / (exp(2 x) + 1), which loses digits near 0: there it is a polynomial,
# fitted to (tanh(x) / x - 1) / x**2 in x**2 as above.
_TANH32 = """
@njit(cache=True, error_model="numpy")
def tanh32(x):
    # tanh of a float32, to 4 units in the last place.
    a = np.abs(x)
    large = np.float32(1) - np.float32(2) / (exp32(a + a) + np.float32(1))
    s = x * x
    p = np.float32(-0.0062691197)
    p = p * s + np.float32(0.02111096)
    p = p * s + np.float32(-0.05387395)
    p = p * s + np.float32(0.13332915)
    p = p * s + np.float32(-0.3333333)
    small = x + x * s * p
    signed = large if x > np.float32(0) else -large
    return small if a < np.float32(0.6) else signed
"""
# In the order in which they must be written: tanh32 calls exp32.
KERNELS: dict[str, str] = {"exp32": _EXP32, "tanh32": _TANH32}
_CALLS = {"tanh32": ("exp32",)}


def kernels_for(text: str) -> str:
    """Give the text of the functions that `text` calls."""
    wanted = {name for name in KERNELS if f"{name}(" in text}
    wanted |= {other for name in wanted for other in _CALLS.get(name, ())}
    return "".join(f"\n{code}" for name, code in KERNELS.items() if name in wanted)
