"""Functions of SciPy that no short text in NumPy replaces, as emitted source has them.

Each function stands alone: it is copied into source that needs it, which then needs
SciPy too. So this is only reached by forward passes that called SciPy themselves.
"""

# Emitted source has no annotations, and this is a part of it.
# mypy: disable-error-code="no-untyped-def, no-untyped-call"


def erfinv_scipy(x):
    """Give the inverse of erf. This function needs SciPy."""
    from scipy.special import erfinv

    return erfinv(x)


def erfcinv_scipy(x):
    """Give the inverse of erfc. This function needs SciPy."""
    from scipy.special import erfcinv

    return erfcinv(x)


def erfcx_scipy(x):
    """Give exp(x^2) erfc(x). This function needs SciPy."""
    from scipy.special import erfcx

    return erfcx(x)


def dawsn_scipy(x):
    """Give Dawson's integral. This function needs SciPy."""
    from scipy.special import dawsn

    return dawsn(x)


def ndtri_scipy(x):
    """Give the quantile of the standard normal distribution. It needs SciPy."""
    from scipy.special import ndtri

    return ndtri(x)


def log_ndtr_scipy(x):
    """Give the logarithm of the normal distribution function. It needs SciPy."""
    from scipy.special import log_ndtr

    return log_ndtr(x)


def gammasgn_scipy(x):
    """Give the sign of the gamma function. This function needs SciPy."""
    from scipy.special import gammasgn

    return gammasgn(x)


def gammainc_scipy(a, x):
    """Give the lower incomplete gamma function, regularised. It needs SciPy."""
    from scipy.special import gammainc

    y = gammainc(a, x)
    return y.astype(x.dtype) if hasattr(x, "dtype") else y


def gammaincc_scipy(a, x):
    """Give the upper incomplete gamma function, regularised. It needs SciPy."""
    from scipy.special import gammaincc

    y = gammaincc(a, x)
    return y.astype(x.dtype) if hasattr(x, "dtype") else y


def betainc_scipy(a, b, x):
    """Give the incomplete beta function, regularised. It needs SciPy."""
    from scipy.special import betainc

    y = betainc(a, b, x)
    return y.astype(x.dtype) if hasattr(x, "dtype") else y


def expi_scipy(x):
    """Give the exponential integral Ei. This function needs SciPy."""
    from scipy.special import expi

    return expi(x)


def exp1_scipy(x):
    """Give the exponential integral E1. This function needs SciPy."""
    from scipy.special import exp1

    return exp1(x)


def spence_scipy(x):
    """Give Spence's function, the dilogarithm of 1 - x. It needs SciPy."""
    from scipy.special import spence

    return spence(x)


def jv_scipy(n, x):
    """Give the Bessel function J of order n. This function needs SciPy."""
    from scipy.special import jv

    return jv(n, x)


def yv_scipy(n, x):
    """Give the Bessel function Y of order n. This function needs SciPy."""
    from scipy.special import yv

    return yv(n, x)


def iv_scipy(n, x):
    """Give the modified Bessel function I of order n. It needs SciPy."""
    from scipy.special import iv

    return iv(n, x)


def ive_scipy(n, x):
    """Give exp(-abs(x)) times the Bessel function I of order n. It needs SciPy."""
    from scipy.special import ive

    return ive(n, x)


def kv_scipy(n, x):
    """Give the modified Bessel function K of order n. It needs SciPy."""
    from scipy.special import kv

    return kv(n, x)


def sylvester_scipy(a, b, q):
    """Give x with a x + x b = q. This function needs SciPy."""
    from scipy.linalg import solve_sylvester

    return solve_sylvester(a, b, q)


def expm_scipy(a):
    """Give the exponential of matrices. This function needs SciPy."""
    from scipy.linalg import expm

    return expm(a)
