"""What cannot be derived, and what to write instead, by the name that users know.

The recorder quotes it where such a function meets a traced value, and the reference
page lists it.
"""

from __future__ import annotations

from typing import Any, NoReturn

from derivo.ops.catalogue import spells_scipy

_SIZE = "its size depends on the values"
_MEMORY = "it is about memory, which belongs to one call"
_BYTES = "it is another number for float32 than for float64"

# The name as errors quote it: why, and what to write instead.
REFUSED: dict[str, tuple[str, str]] = {
    "np.unique": (_SIZE, "number the kinds before, and give the numbers"),
    "np.nonzero": (_SIZE, "np.where(mask, x, 0), or multiply by the mask"),
    "np.argwhere": (_SIZE, "np.where(mask, x, 0), or multiply by the mask"),
    "np.flatnonzero": (_SIZE, "np.where(mask, x, 0), or multiply by the mask"),
    "np.extract": (_SIZE, "np.where(mask, x, 0), or multiply by the mask"),
    "np.trim_zeros": (_SIZE, "a slice of known ends"),
    "np.setdiff1d": (_SIZE, "a mask, and np.where(mask, x, 0)"),
    "np.union1d": (_SIZE, "a mask, and np.where(mask, x, 0)"),
    "np.intersect1d": (_SIZE, "a mask, and np.where(mask, x, 0)"),
    "np.histogram": (
        "counts have no slope",
        "a sum of smooth bumps: np.exp(-((x[:, None] - c) / h) ** 2)",
    ),
    "np.bincount": (
        "the number of bins depends on the values",
        "np.eye(k)[labels].T @ weights, with the number k of bins",
    ),
    "np.linalg.eig": (
        "eigenvalues may be complex", "np.linalg.eigh for a symmetric matrix",
    ),
    "np.linalg.eigvals": (
        "eigenvalues may be complex", "np.linalg.eigvalsh for a symmetric matrix",
    ),
    "np.roots": ("roots may be complex", "a few steps of Newton's method"),
    "np.spacing": ("it gives no slope", "np.finfo(x.dtype).eps"),
    "np.nextafter": ("it gives no slope", "x + 1e-12"),
    "np.frexp": ("it gives two results", "np.log2(np.abs(x))"),
    "np.left_shift": ("whole numbers have no slope", "x * 2 ** n"),
    "np.right_shift": ("whole numbers have no slope", "x // 2 ** n"),
    "np.lexsort": ("it gives places alone", "np.argsort of one key"),
    "np.fromfunction": ("it fills an array", "the same expression of np.arange(n)"),
    "np.linalg.tensorsolve": ("it has no rule", "reshape, and np.linalg.solve"),
    "np.linalg.tensorinv": ("it has no rule", "reshape, and np.linalg.inv"),
    ".flags": (_MEMORY, "nothing: the values are the same in any order"),
    ".strides": (_MEMORY, "x.shape, and an index such as x[::2]"),
    ".data": (_MEMORY, "the array itself"),
    ".ctypes": (_MEMORY, "the array itself"),
    ".base": (_MEMORY, "the array itself"),
    ".itemsize": (_BYTES, "np.finfo(x.dtype).eps for what the type can tell apart"),
    ".nbytes": (_BYTES, "x.size"),
    ".item": ("it takes the value out of the trace", "the array itself"),
    ".tolist": ("it takes the value out of the trace", "the array itself"),
}  # fmt: skip

# The same for SciPy, by place.
_LOOP = (
    "derivo.scan over the steps of a method, such as one step of Runge and Kutta: "
    "last, path = derivo.scan(step, start, times)"
)
_ROOT = "a fixed number of Newton steps, or derivo.rule with the implicit derivative"
OF_SCIPY: dict[str, tuple[str, str]] = {
    "integrate.odeint": ("it chooses its steps by the values", _LOOP),
    "integrate.solve_ivp": ("it chooses its steps by the values", _LOOP),
    "integrate.quad": (
        "it calls a function at places that it chooses",
        "np.trapezoid, or a sum over fixed nodes: numpy.polynomial.legendre.leggauss",
    ),
    "optimize.minimize": ("it takes as many steps as it needs", _ROOT),
    "optimize.root": ("it takes as many steps as it needs", _ROOT),
    "optimize.fsolve": ("it takes as many steps as it needs", _ROOT),
    "optimize.brentq": ("it takes as many steps as it needs", _ROOT),
    "linalg.sqrtm": (
        "it may be complex",
        "of a symmetric matrix: w, v = np.linalg.eigh(a); (v * np.sqrt(w)) @ v.T",
    ),
    "linalg.logm": (
        "it may be complex",
        "of a symmetric matrix: w, v = np.linalg.eigh(a); (v * np.log(w)) @ v.T",
    ),
    "linalg.eig": (
        "eigenvalues may be complex", "scipy.linalg.eigh for a symmetric matrix",
    ),
    "linalg.lu": ("it has no rule", "np.linalg.solve, or np.linalg.qr"),
    "linalg.lu_factor": ("it has no rule", "np.linalg.solve"),
    "linalg.schur": ("it has no rule", "np.linalg.eigh for a symmetric matrix"),
    "signal.lfilter": (
        "it is a loop over time", "derivo.scan, or np.convolve with the response",
    ),
    "interpolate.interp1d": ("it makes an object", "np.interp(x, xp, fp)"),
    "sparse.linalg.spsolve": (
        "it has no rule", "np.linalg.solve of the matrix made dense",
    ),
}  # fmt: skip


def instead_of(name: str) -> str:
    """Say what to write instead of a function, if that is known; else nothing."""
    why, instead = REFUSED.get(name, ("", ""))
    return f"{instead} ({why})" if instead else ""


def _refusing(why: str, instead: str) -> Any:
    def refuse(*_args: Any, **_options: Any) -> NoReturn:
        message = f"{why}; write {instead}"
        raise NotImplementedError(message)

    return refuse


def _no_rule_of(method: str) -> Any:
    def refuse(distribution: Any, *_args: Any, **_options: Any) -> NoReturn:
        message = (
            f"scipy.stats.{distribution.name}.{method} has no rule; write its formula, "
            "or see docs/operations.md for the distributions that have one"
        )
        raise NotImplementedError(message)

    return refuse


# Of every distribution that has none of its own.
for _kind, _methods in (
    ("rv_continuous", ("pdf", "logpdf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")),
    ("rv_discrete", ("pmf", "logpmf", "cdf", "logcdf", "sf", "logsf")),
):
    for _method in _methods:
        spells_scipy(f"stats.{_kind}.{_method}")(_no_rule_of(_method))
for _place, (_why, _instead) in OF_SCIPY.items():
    spells_scipy(_place)(_refusing(_why, _instead))
