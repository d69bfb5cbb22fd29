"""The errors that derivo raises: each says what happened, where, and what to write."""

from __future__ import annotations


class DerivoError(Exception):
    """Is the parent of every error raised on purpose by derivo."""


class UsageError(DerivoError, ValueError):
    """Reports a wrong use of derivo: a wrong name or order, a missing argument."""


class OptionError(UsageError, TypeError):
    """Reports a keyword that a function lacks; Python calls that a TypeError."""


class ShapeError(DerivoError, ValueError):
    """Reports shapes that do not fit together.

    Attributes
    ----------
    apart
        The two sizes that would have to be equal, where it is these alone.
    """

    apart: tuple[object, object] | None = None


class DtypeError(DerivoError, TypeError):
    """Reports an array of a kind that has no derivative here (complex, object)."""


class TraceError(DerivoError, TypeError):
    """Reports Python that cannot be traced: a branch on a value, a write into one."""


class NotSupportedError(DerivoError, NotImplementedError):
    """Reports an operation, or a derivative, that derivo does not have yet."""


class DataError(DerivoError, ValueError):
    """Reports training data that cannot be used: NaN, labels out of range, no rows."""


class DivergenceError(DerivoError, ArithmeticError):
    """Reports a loss that became NaN or infinite in training."""


class LostProcessError(DerivoError, RuntimeError):
    """Reports that another process of a run on several hosts has ended."""


class InternalError(DerivoError, AssertionError):
    """Reports a fault of derivo itself; it asks the user for a report."""


class AssumptionWarning(UserWarning):
    """Tells that an assumption of a shortened gradient does not hold for these values.

    The exact gradient, derived without the assumption, is used instead.
    """


class IndependentWarning(UserWarning):
    """Tells that the result does not depend on an argument, so its gradient is zero."""


class CacheWarning(UserWarning):
    """Tells that the usual folder of emitted source cannot be used, and why."""
