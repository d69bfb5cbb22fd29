"""Spellings: convolution, the trapezoidal rule, sinc."""

from __future__ import annotations

import numpy as np

from tests.ops.spelled import say

say("convolve", lambda x, w: np.convolve(x, w) ** 2, x="L", w="3")
say("convolve valid", lambda x, w: np.convolve(x, w, "valid") ** 2, x="7", w="3")
say("convolve shorter", lambda w, x: np.convolve(w, x, "valid") ** 2, x="7", w="3")
say("convolve same", lambda x, w: np.convolve(x, w, mode="same") ** 2, x="7", w="4")
say("correlate", lambda x, w: np.correlate(x, w) ** 2, x="7", w="3")
say("correlate shorter", lambda w, x: np.correlate(w, x) ** 2, x="7", w="3")
say("correlate full", lambda x, w: np.correlate(x, w, "full") ** 2, x="6", w="3")
say("trapezoid", lambda y: np.trapezoid(y * y) + np.trapezoid(y, dx=0.1), y="N 5")
say("trapezoid over", lambda y, x: np.trapezoid(y * y, x, axis=0), y="L M", x="L")
say("sinc", lambda x: np.sinc(x), x="N M")
say("sliding windows",
    lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 3), axis=(1, 2)) ** 2,
    x="N 5 L")  # fmt: skip
say("sliding windows of all axes",
    lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, x.shape[1])) ** 2,
    x="5 L")  # fmt: skip
say("sliding windows of one axis",
    lambda x: np.lib.stride_tricks.sliding_window_view(x, 3, -1) ** 2,
    x="N 5")  # fmt: skip
