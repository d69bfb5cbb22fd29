"""Decompositions in one array each, in plain NumPy: text that is copied into source.

An operation has one result, so the parts of a decomposition lie below each other. Each
function stands alone.
"""

# Emitted source has no annotations, and this is a part of it.
# mypy: disable-error-code="no-untyped-def, no-untyped-call"

import numpy as np


def cofactors_of(a):
    """Give the signed determinants of what is left without row i and column j."""
    # det(a) inv(a).T, without a division: it holds for singular matrices too.
    u, s, vt = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.prod(np.where(np.eye(n, dtype=bool), 1, s[..., None, :]), axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    return (u * (sign[..., None] * others)[..., None, :]) @ vt


def eigh_stacked(a, uplo="L"):
    """Give the eigenvalues of symmetric matrices, and the eigenvectors below them."""
    w, v = np.linalg.eigh(a, uplo)
    return np.concatenate([w[..., None, :], v], axis=-2)


def svd_stacked(a):
    """Give singular values; below them the left singular vectors, then the right."""
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([s[..., None, :], u, np.swapaxes(vt, -1, -2)], axis=-2)


def steepest_of(a, ord):
    """Give the direction in which a norm made of singular values grows fastest."""
    u, _, vt = np.linalg.svd(a, full_matrices=False)
    if ord == "nuc":
        return u @ vt
    if ord == 2:
        return u[..., :1] @ vt[..., :1, :]
    return u[..., -1:] @ vt[..., -1:, :]


def qr_stacked(a):
    """Give the orthogonal factor, and the transpose of the triangular one below."""
    q, r = np.linalg.qr(a)
    return np.concatenate([q, np.swapaxes(r, -1, -2)], axis=-2)


def add_windows(g, shape, axes):
    """Add up windows where they overlap; the adjoint of a sliding window view."""
    x = np.zeros(shape, dtype=g.dtype)
    for place in np.ndindex(g.shape[len(shape) :]):
        index = [slice(None)] * len(shape)
        for axis, first in zip(axes, place, strict=True):
            index[axis] = slice(first, first + g.shape[axis])
        x[tuple(index)] += g[(..., *place)]
    return x
