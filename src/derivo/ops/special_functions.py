"""Special functions in plain NumPy. Their text is copied into source that needs them.

Each function stands alone, but for those named in its record in `special`. Plain Python
numbers keep float32 what it is.
"""

# Emitted source has no annotations, and this is a part of it.
# mypy: disable-error-code="no-untyped-def, no-untyped-call, call-overload"

import numpy as np


def erfc(x):
    """Give 1 - erf(x), with a small relative error where it is small too."""
    # (1 + 2 z) exp(z^2) erfc(z) for z >= 0 as a Chebyshev series in (z - c) / (z + c):
    # the form of Shepherd and Laframboise, Math. Comp. 36 (1981), 249-253.
    series = (
        1.1775789345674017, -0.004590054580646477, -0.08424913336651792,
        0.05920993999819189, -0.026658668435305753, 0.009074997670705266,
        -0.002413163540417608, 0.0004907758365258086, -6.916973302501206e-05,
        4.13902798607301e-06, 7.740383066198491e-07, -2.188640104923439e-07,
        1.0764999465671e-08, 4.521959811218e-09, -7.75440020883e-10,
        -6.3180883409e-11, 2.868779501e-11, 1.94558685e-13, -9.65469675e-13,
        3.2525481e-14, 3.3478119e-14, -1.864563e-15, -1.250795e-15, 7.4182e-17,
        5.0681e-17,
    )  # fmt: skip
    z = np.abs(x)
    t = 1 - 7.5 / (z + 3.75)
    b, before = 0 * t, 0 * t
    for c in series[:0:-1]:  # Clenshaw's recurrence
        b, before = 2 * t * b - before + c, b
    y = (t * b - before + series[0]) / (1 + 2 * z)
    # exp(-z^2) in two parts: the square of h is exact, so a large z costs no digits.
    h = np.floor(np.minimum(z, 30) * 16) / 16
    y = y * np.exp(-h * h) * np.exp(-(z - h) * (z + h))
    return np.where(x < 0, 2 - y, y)[()]


def erf(x):
    """Give 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    # Near 0 the power series: Abramowitz and Stegun, 7.1.5.
    z = np.clip(x, -1, 1)
    term = total = z
    for n in range(1, 20):
        term = -term * z * z / n
        total = total + term / (2 * n + 1)
    return np.where(np.abs(x) < 1, 1.1283791670955126 * total, 1 - erfc(x))[()]


def ndtr(x):
    """Give the distribution function of the standard normal distribution."""
    return 0.5 * erfc(-x / 2**0.5)


def gammaln(x):
    """Give the logarithm of the absolute value of the gamma function."""
    # Reflection 6.1.17, recurrence 6.1.15 up to z >= 8, Stirling's series 6.1.41
    # (Abramowitz and Stegun).
    z = np.where(x < 0.5, 1 - x, x)
    shift = np.ones_like(z)
    for _ in range(8):
        shift = np.where(z < 8, shift * z, shift)
        z = np.where(z < 8, z + 1, z)
    w = 1 / (z * z)
    series = 0
    for c in (-174611 / 125400, 43867 / 244188, -3617 / 122400, 1 / 156, -691 / 360360,
              1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12):  # fmt: skip
        series = series * w + c
    y = (z - 0.5) * (np.log(z) - 1) + 0.4189385332046728 + series / z - np.log(shift)
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = np.abs(np.sin(np.pi * (x - np.round(x))))
        reflected = 1.1447298858494002 - np.log(sine) - y
    return np.where(x < 0.5, reflected, y)[()]


def digamma(x):
    """Give the derivative of `gammaln`."""
    # Reflection 6.3.7, recurrence 6.3.5, asymptotic series 6.3.18 (Abramowitz and
    # Stegun).
    z = np.where(x < 0.5, 1 - x, x)
    shift = np.zeros_like(z)
    for _ in range(8):
        shift = np.where(z < 8, shift + 1 / z, shift)
        z = np.where(z < 8, z + 1, z)
    w = 1 / (z * z)
    series = 0
    for c in (174611 / 6600, -43867 / 14364, 3617 / 8160, -1 / 12, 691 / 32760,
              -1 / 132, 1 / 240, -1 / 252, 1 / 120, -1 / 12):  # fmt: skip
        series = series * w + c
    y = np.log(z) - 0.5 / z + series * w - shift
    with np.errstate(divide="ignore", invalid="ignore"):
        reflected = y - np.pi / np.tan(np.pi * (x - np.round(x)))
    return np.where(x < 0.5, reflected, y)[()]


def trigamma(x):
    """Give the derivative of `digamma`."""
    # Reflection 6.4.7, recurrence 6.4.6, asymptotic series 6.4.12 (Abramowitz and
    # Stegun).
    z = np.where(x < 0.5, 1 - x, x)
    shift = np.zeros_like(z)
    for _ in range(8):
        shift = np.where(z < 8, shift + 1 / (z * z), shift)
        z = np.where(z < 8, z + 1, z)
    w = 1 / (z * z)
    series = 0
    for c in (-174611 / 330, 43867 / 798, -3617 / 510, 7 / 6, -691 / 2730, 5 / 66,
              -1 / 30, 1 / 42, -1 / 30, 1 / 6):  # fmt: skip
        series = series * w + c
    y = 1 / z + 0.5 * w + series * w / z + shift
    with np.errstate(divide="ignore", invalid="ignore"):
        sine = np.sin(np.pi * (x - np.round(x)))
        reflected = np.pi**2 / (sine * sine) - y
    return np.where(x < 0.5, reflected, y)[()]


def polygamma_series(n, x):
    """Give the n-th derivative of `digamma` for positive numbers, n >= 1."""
    # Recurrence 6.4.6, asymptotic series 6.4.11 (Abramowitz and Stegun).
    z, shift = x, 0 * x
    for _ in range(16):
        shift = np.where(z < 16, shift + z ** -(n + 1.0), shift)
        z = np.where(z < 16, z + 1, z)
    factorial = 1.0
    for k in range(1, n):
        factorial *= k  # (n - 1)!
    series = 0 * z
    for k, bernoulli in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66,
                                   -691 / 2730, 7 / 6, -3617 / 510), 1):  # fmt: skip
        ratio = 1.0  # (2k + n - 1)! / (2k)!
        for j in range(2 * k + 1, 2 * k + n):
            ratio *= j
        series = series + bernoulli * ratio * z ** -(2.0 * k)
    y = (factorial + factorial * n / (2 * z) + series) * z ** -float(n)
    y = y + factorial * n * shift
    return (y if n % 2 else -y)[()]
