"""Spellings: leaving out, putting in, and functions applied piece by piece."""

from __future__ import annotations

import numpy as np

from tests.ops.spelled import distinct, say

say("delete", lambda x: np.delete(x, 1, axis=0) ** 2, x="L M")
say("delete from the end", lambda x: np.delete(x, -2, axis=1) ** 2, x="N 4")
say("delete ends", lambda x: np.delete(x, 0) + np.delete(x, -1), x="M")
say("delete several", lambda x: np.delete(x, [0, 3, 3], axis=1) ** 2, x="N 6")
say("delete a slice", lambda x: np.delete(x, slice(1, 5, 2)) ** 2, x="2 4")
say("insert", lambda x: np.insert(x, 1, 5.0, axis=0) ** 2, x="L M")
say("insert traced", lambda x, v: np.insert(x, 2, v, axis=1) ** 2, x="N 4", v="N")
say("insert at the end", lambda x: np.insert(x, 4, x[0]) ** 2, x="4")
say("insert several", lambda x: np.insert(x, [0, 2, 2], [7.0, 8.0, 9.0]) ** 2, x="4")
say("insert rows", lambda x, v: np.insert(x, [1], v, axis=0) ** 2, x="3 M", v="2 M")
say("resize", lambda x: np.resize(x, (3, 4)) ** 2, x="5")
say("compress", lambda x: np.compress([True, False, True], x, axis=1), x="N 4")
say(
    "apply_along_axis",
    lambda x: np.apply_along_axis(lambda r: r / r.sum(), 1, x),
    x="3 M",
)
say("apply_along_axis to a number",
    lambda x: np.apply_along_axis(lambda r: np.sum(r**2), 0, x), x="M 3")  # fmt: skip
say("apply_over_axes", lambda x: np.apply_over_axes(np.sum, x, [0, 2]) ** 2, x="N M K")
say("partition", lambda x: np.partition(x, 2, axis=1) ** 2, {"x": distinct}, x="N 5")
say("kron of ranks", lambda x, y: np.kron(x, y) ** 2, x="N", y="M 2")
say("kron with a number", lambda x: np.kron(x, 2.0), x="N M")
say("cross of the plane", lambda x, y: np.einsum("ij,ij->i", x, y) *
    (x[:, 0] * y[:, 1]), x="N 2", y="N 2")  # fmt: skip
say("einsum by lists", lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [2, 0]), x="N M",
    y="M K")  # fmt: skip
say("einsum by lists without a result", lambda x: np.einsum(x, [1, 0]), x="N M")
say("diagflat", lambda x: np.diagflat(x, 1) ** 2, x="2 3")
say("compress as a method", lambda x: x.compress([1, 0, 1], axis=1), x="N 4")
say("choose as a method", lambda x: np.array([0, 1, 0, 1]).choose([x, x**2]), x="4")
for _mode in ("maximum", "mean", "median", "minimum"):
    say(f"pad by {_mode}",
        lambda x, m=_mode: np.pad(x, ((1, 2), (0, 1)), mode=m) ** 2,
        x="4 3")  # fmt: skip
    say(f"pad by {_mode} of a few",
        lambda x, m=_mode: np.pad(x, 2, mode=m, stat_length=((2, 3), (1, 9))) ** 2,
        x="4 3")  # fmt: skip
say("pad by the mean of a named axis", lambda x: np.pad(x, (1, 2), mode="mean"), x="N")
say("pad by ramps", lambda x: np.pad(x, ((2, 3), (0, 1)), mode="linear_ramp") ** 2,
    x="N M")  # fmt: skip
say("pad by ramps to ends",
    lambda x, s: np.pad(x, (3, 2), mode="linear_ramp", end_values=(s, -1.0)) ** 2,
    x="N", s="")  # fmt: skip
for _mode in ("reflect", "symmetric"):
    say(f"pad {_mode} upside down",
        lambda x, m=_mode: np.pad(x, ((2, 1), (0, 2)), mode=m, reflect_type="odd") ** 2,
        x="4 3")  # fmt: skip
