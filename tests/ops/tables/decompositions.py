"""Spellings: eigenvalues, singular values, QR, least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.spelled import distinct, say


def _apart(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw matrices whose eigenvalues and singular values are far apart."""
    m, n = shape[-2:]
    spread = np.eye(m, n) * np.arange(1.0, n + 1) * 2
    return rng.normal(size=shape) * 0.5 + spread


def _both(x: Any) -> Any:
    return x + np.swapaxes(x, -1, -2)


def _power(a: Any, p: float) -> Any:
    w, v = np.linalg.eigh(_both(a))
    return (v * (w * w) ** p) @ v.T


_a = {"a": _apart}
say("eigh", lambda a: _power(a, 0.4), _a, a="L L")
say("eigh values", lambda a: np.linalg.eigh(a)[0], _a, a="L L")
say("eigh attribute", lambda a: np.linalg.eigh(a, "U").eigenvalues ** 2, _a, a="L L")
say("eigh vectors upper", lambda a: np.linalg.eigh(a, "U")[1], _a, a="L L")
say("eigh vectors", lambda a: np.linalg.eigh(a)[1] ** 2, _a, a="L L")
say("eigvalsh of stacks", lambda a: np.linalg.eigvalsh(a) ** 2, _a, a="K L L")
say("eigvalsh upper", lambda a: np.linalg.eigvalsh(a, UPLO="U"), _a, a="L L")
say("svd of a square", lambda a: np.linalg.svd(a)[0] ** 2, _a, a="L L")


def _rebuilt(a: Any) -> Any:
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return (u * np.log(s)[..., None, :]) @ vt


say("svd tall", _rebuilt, _a, a="5 3")
say("svd wide", _rebuilt, _a, a="3 5")
say("svd of stacks", lambda a: _rebuilt(a), _a, a="K 4 3")
say("svdvals", lambda a: np.linalg.svdvals(a) ** 2, _a, a="4 3")
say("svd by name", _rebuilt, _a, a="M N")
say("svdvals by name", lambda a: np.linalg.svd(a, compute_uv=False) ** 2, _a, a="M N")
say("svd values alone", lambda a: np.linalg.svd(a, compute_uv=False), _a, a="3 4")
say("norm 2", lambda a: np.linalg.norm(a, 2) ** 2, _a, a="N M")
say("norm -2", lambda a: np.linalg.norm(a, -2), _a, a="L L")
say("norm nuc", lambda a: np.linalg.norm(a, "nuc", axis=(0, 1), keepdims=True), _a,
    a="L M")  # fmt: skip
say("norm 2 of stacks", lambda a: np.linalg.norm(a, 2, axis=(0, 2)), _a, a="L K M")
say("matrix_norm 2", lambda a: np.linalg.matrix_norm(a, ord=2, keepdims=True), _a,
    a="K L M")  # fmt: skip
say("cond", lambda a: np.linalg.cond(a) + np.linalg.cond(a, -2) + np.linalg.cond(a, 1),
    _a, a="L L")  # fmt: skip
say("qr", lambda a: np.linalg.qr(a)[0] ** 2, _a, a="5 3")
say("qr r", lambda a: np.square(np.linalg.qr(a, mode="r")), _a, a="4 4")
say("qr named", lambda a: np.linalg.qr(a).R ** 2, _a, a="L L")


def _wide(a: Any) -> Any:
    q, r = np.linalg.qr(a)
    return q**2 @ r**2


say("qr wide", _wide, _a, a="3 5")
say("qr of stacks", _wide, _a, a="K 4 3")
say("pinv", lambda a: np.linalg.pinv(a), _a, a="M N")
say("pinv of stacks", lambda a: np.linalg.pinv(a) ** 2, _a, a="K 3 4")
say("lstsq", lambda a, b: np.linalg.lstsq(a, b)[0], _a, a="5 3", b="5")
say("lstsq of columns", lambda a, b: np.linalg.lstsq(a, b)[0], _a, a="5 3", b="5 K")
say("lstsq wide", lambda a, b: np.linalg.lstsq(a, b)[0], _a, a="3 5", b="3 K")
say("lstsq named", lambda a, b: np.linalg.lstsq(a, b)[0], _a, a="M L", b="M")


def _residual(a: Any, b: Any) -> Any:
    x, residuals, rank, s = np.linalg.lstsq(a, b)
    return np.sum(residuals) * rank + np.sum(s) + np.sum(x)


say("lstsq all results", _residual, _a, a="5 3", b="5 K")
say("det of a stack", lambda a: np.linalg.det(a) ** 2, _a, a="K 3 3")
say("log det", lambda a: np.log(np.linalg.det(a) ** 2), _a, a="L L")
say("matrix_power", lambda a: np.linalg.matrix_power(a, -2), _a, a="L L")
say("matrix_power of 0", lambda a: np.linalg.matrix_power(a, 0) + a, _a, a="L L")
say("pinv with a bound", lambda a: np.linalg.pinv(a, rcond=1e-10) ** 2, a="5 3")
say("polyfit", lambda x, y: np.polyfit(x, y, 2), {"x": distinct}, x="6", y="6")
say("polyfit of columns", lambda y: np.polyfit(np.arange(5.0), y, 1) ** 2, y="5 2")
