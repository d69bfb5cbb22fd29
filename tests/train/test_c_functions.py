"""Functions of elements in C: how exact they are, and what they do with NaN."""

import ctypes
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.emit.c.functions import BY_NAME, functions_text
from derivo.emit.c.runtime import Target, runtime
from derivo.run.compiler import compiled, find_compiler, machine

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-38, 3.4e38, -3.4e38]
# Units in the last place, where 0.5 is what rounding alone costs.
WITHIN = {
    "exp": 2,
    "expm1": 2,
    "tanh": 3,
    "log": 2,
    "log1p": 3,
    "erf": 1.5,
    "sqrt": 0.5,
}


def library(*, single):
    """Compile every function, each as a loop over arrays."""
    target = Target(single, machine().register_bytes)
    loops = []
    for name, function in BY_NAME.items():
        letters = "xyzw"[: function.arity]
        given = ", ".join(f"const real *{a}" for a in letters)
        lanes = ", ".join(f"load({a} + i)" for a in letters)
        value = f"{name}_v({lanes})"
        value = f"ones({value})" if function.gives_truth else value
        loops.append(
            f"void all_{name}(long n, {given}, real *to) {{\n"
            f"    for (long i = 0; i < n; i += LANES) store(to + i, {value});\n}}"
        )
    blocks = [
        *runtime(target),
        *functions_text(BY_NAME.values(), single=single),
        *loops,
    ]
    return compiled("\n".join(blocks), extra=("-O1",))


class Calls:
    """Calls the compiled functions on arrays."""

    def __init__(self, dtype):
        self.dtype = dtype
        self.library = library(single=dtype == np.float32)

    def __call__(self, name, *arrays):
        count = -(-len(arrays[0]) // 16) * 16
        padded = [np.resize(np.asarray(a, self.dtype), count) for a in arrays]
        result = np.empty(count, self.dtype)
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (*padded, result)]
        getattr(self.library, f"all_{name}")(ctypes.c_long(count), *pointers)
        return result[: len(arrays[0])]


@pytest.fixture(scope="module", params=[np.float32, np.float64])
def call(request):
    return Calls(request.param)


def everywhere(dtype):
    """Give numbers of every size, some near 1, and those that are special."""
    rng = np.random.default_rng(0)
    exponents = rng.uniform(-44.8, 38.5, 60_000)
    numbers = rng.choice([-1, 1], 60_000) * 10.0**exponents
    near = rng.uniform(-110, 110, 60_000)
    return np.concatenate([numbers, near, near / 100, SPECIAL]).astype(dtype)


def exact(name, *arrays):
    """Compute in more digits: float64, or what is longer where there is more."""
    with np.errstate(all="ignore"):
        if name == "erf":
            mpmath = pytest.importorskip("mpmath")
            values = [float(mpmath.erf(float(v))) for v in arrays[0]]
            return np.array(values, np.longdouble)
        return getattr(np, name)(*(a.astype(np.longdouble) for a in arrays))


@pytest.mark.parametrize("name", sorted(WITHIN))
def test_units_in_the_last_place(call, name):
    x = everywhere(call.dtype)
    x = x[-180_010::40] if name == "erf" else x  # mpmath takes its time
    wanted = exact(name, x)
    with np.errstate(over="ignore"):
        rounded = wanted.astype(call.dtype)
    found = call(name, x)
    assert np.array_equal(np.isnan(found), np.isnan(rounded))
    far = ~np.isfinite(rounded)
    # At the very edge of what overflows either is right to a unit.
    edge = np.abs(wanted) > np.finfo(call.dtype).max * (1 - 1e-6)
    assert np.array_equal(found[far & ~edge], rounded[far & ~edge], equal_nan=True)
    fine = np.isfinite(rounded) & ~edge
    error = np.abs(found[fine].astype(np.longdouble) - wanted[fine])
    units = error / np.spacing(np.abs(rounded[fine])).astype(np.longdouble)
    worst = np.argmax(units)
    assert units[worst] <= WITHIN[name], (x[fine][worst], found[fine][worst])
    zeros = rounded == 0
    assert np.array_equal(np.signbit(found[zeros]), np.signbit(rounded[zeros]))


@pytest.mark.parametrize(
    "name", sorted(n for n in BY_NAME if n not in WITHIN and n != "nan_to_num")
)
def test_as_numpy_also_for_nan_and_infinity(call, name):
    special = pytest.importorskip("scipy.special")
    function = getattr(np, name, None) or getattr(special, name)
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(size=500) * 3, SPECIAL]).astype(call.dtype)
    if name == "gammaln":
        x = x[x > -np.inf]  # where the C standard and SciPy disagree
    arrays = [x]
    if BY_NAME[name].arity == 2:
        arrays = [a.ravel() for a in np.meshgrid(x[-40:], x[-40:])]
    with np.errstate(all="ignore"):
        wanted = function(*arrays)
    found = call(name, *arrays)
    kind = np.finfo(call.dtype)
    # Near its zeros the logarithm of gamma is exact to a few units of 1.
    least = 8 * kind.eps if name == "gammaln" else kind.tiny
    expected = wanted.astype(call.dtype)
    np.testing.assert_allclose(found, expected, rtol=64 * kind.eps, atol=least)


def test_what_is_no_number_becomes_one(call):
    x = np.array(SPECIAL)
    found = call("nan_to_num", x, *(np.full(len(x), v) for v in (1.0, 2.0, 3.0)))
    with np.errstate(over="ignore"):
        wanted = np.nan_to_num(x.astype(call.dtype), nan=1.0, posinf=2.0, neginf=3.0)
    assert np.array_equal(found, wanted)


# Of float32: the whole range by every 97th number, so that each exponent is met with
# thousands of fractions. Beside them, float64 is exact.
EVERY = 97
PART = 2**22 * EVERY


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "erf", "expm1", "log1p"])
def test_units_in_the_last_place_over_all_of_float32(name):
    reference: Any = getattr(np, name, None)
    if name == "erf":
        reference = pytest.importorskip("scipy.special").erf
    call, worst = Calls(np.float32), 0.0
    for first in range(0, 2**32, PART):
        patterns = np.arange(
            first, min(first + PART, 2**32), EVERY, dtype=np.int64
        ).astype(np.uint32)
        x = patterns.view(np.float32)
        with np.errstate(all="ignore"):
            exact = reference(x.astype(np.float64))
            rounded = exact.astype(np.float32)
            found = call(name, x)
            assert np.array_equal(np.isnan(found), np.isnan(rounded))
            units = np.abs(found - exact) / np.spacing(np.abs(rounded))
        # Where the nearest number is infinite either is right to a unit.
        fine = np.isfinite(rounded) & np.isfinite(found)
        assert np.all(np.abs(exact[~fine & ~np.isnan(exact)]) > 3.4e38)
        worst = max(worst, float(units[fine].max(initial=0)))
    assert worst <= WITHIN[name]


def test_units_in_the_last_place_of_sigmoid():
    """Over all of float32, as functions and steps compute it."""
    d = derivo.derive(lambda x: 1 / (1 + np.exp(-x)), x="N", verify=False)
    fast, worst = d.compile(dtype=np.float32), 0.0
    for first in range(0, 2**32, PART):
        patterns = np.arange(
            first, min(first + PART, 2**32), EVERY, dtype=np.int64
        ).astype(np.uint32)
        x = patterns.view(np.float32)
        with np.errstate(all="ignore"):
            exact = 1 / (1 + np.exp(-x.astype(np.float64)))
            found = fast(x)
            assert np.array_equal(np.isnan(found), np.isnan(exact))
            units = np.abs(found - exact) / np.spacing(exact.astype(np.float32))
        # Where exp(-x) is beyond float32, or the result below its normal numbers, it
        # is 0 to a smallest normal number, as in NumPy.
        normal = exact > np.finfo(np.float32).tiny
        assert np.all(found[exact <= np.finfo(np.float32).tiny] <= 1.2e-38)
        worst = max(worst, float(units[normal].max(initial=0)))
    assert worst <= 3
