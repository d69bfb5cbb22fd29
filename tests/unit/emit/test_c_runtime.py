"""What every C text begins with, called by itself: transposes, packing."""

import ctypes
import itertools

import numpy as np
import pytest

from derivo.emit.c.runtime import Target, runtime
from derivo.run import compiler

pytestmark = pytest.mark.skipif(
    compiler.find_compiler() is None, reason="no C compiler"
)

CALLED = """
void packed(real *to, const real *from, long rows, long cols, long width) {
    pack(to, from, rows, cols, width);
}
void unpacked(const real *from, real *to, long rows, long cols, long width) {
    unpack(from, to, rows, cols, width);
}
void turned(const real *from, real *to, long all_rows, long to_rows, long cols,
            long width, long to_width, long i0, long i1) {
    turn(from, to, all_rows, to_rows, cols, width, to_width, i0, i1);
}
"""
SIDES = (1, 3, 4, 7, 16, 17, 33, 64, 70)


@pytest.fixture(
    params=itertools.product((True, False), (16, compiler.machine().register_bytes)),
    ids=lambda p: f"{'float32' if p[0] else 'float64'}-{p[1]}",
    scope="module",
)
def target(request):
    return Target(*request.param)


@pytest.fixture(scope="module")
def library(target):
    text = "\n\n".join([*runtime(target), CALLED])
    return compiler.compiled(text, extra=("-O1", "-Wno-unused"))


def panels(target, length):
    """Give room for a matrix, with marks in it that must stay where nothing lies."""
    return np.full(length + 2 * target.widest, -7.0, dtype_of(target))


def dtype_of(target):
    return np.float32 if target.single else np.float64


def call(function, *given):
    whole, places = ctypes.c_long, ctypes.c_void_p
    is_array = [isinstance(g, np.ndarray) for g in given]
    function.argtypes = [places if known else whole for known in is_array]
    function(*(g.ctypes.data if isinstance(g, np.ndarray) else g for g in given))


def test_a_matrix_comes_out_of_panels_as_it_went_in_and_turned(target, library):
    for rows, cols in itertools.product(SIDES, SIDES):
        wide, tall = target.width(cols), target.width(rows)
        a = np.arange(rows * cols, dtype=dtype_of(target)).reshape(rows, cols)
        full = -(-cols // wide) * wide
        inside, turned = panels(target, rows * full), panels(target, cols * (rows + 64))
        call(library.packed, inside, a, rows, cols, wide)
        for k in range(cols):
            place = k // wide * wide * rows + k % wide
            there = inside[place : place + (rows - 1) * wide + 1 : wide]
            np.testing.assert_array_equal(there, a[:, k])
        back = np.zeros_like(a)
        call(library.unpacked, inside, back, rows, cols, wide)
        np.testing.assert_array_equal(back, a)
        # Two threads, of which each takes whole panels.
        half = rows // 2 // target.widest * target.widest
        sides = rows, cols, cols, wide, tall
        call(library.turned, inside, turned, *sides, 0, half)
        call(library.turned, inside, turned, *sides, half, rows)
        back = np.zeros((cols, rows), a.dtype)
        call(library.unpacked, turned, back, cols, rows, tall)
        np.testing.assert_array_equal(back, a.T)
        assert (turned[-(-rows // tall) * tall * cols :] == -7).all()
