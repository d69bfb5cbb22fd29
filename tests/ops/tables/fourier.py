"""Spellings: Fourier transforms, through real results."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.spelled import say


def _power(z: Any) -> Any:
    return np.abs(z) ** 2


def _parts(z: Any) -> Any:
    return z.real**2 + 3 * z.imag * z.real


say("rfft named", lambda x: _power(np.fft.rfft(x)), x="M")
say("rfft even", lambda x: _parts(np.fft.rfft(x)), x="N 6")
say("rfft odd", lambda x: _parts(np.fft.rfft(x)), x="N 5")
say("rfft axis", lambda x: _parts(np.fft.rfft(x, axis=0)), x="M N")
say("rfft cut", lambda x: _parts(np.fft.rfft(x, 4)), x="N 6")
say("rfft filled", lambda x: _parts(np.fft.rfft(x, n=9, norm="ortho")), x="N 6")
say("rfft norms",
    lambda x: (np.abs(np.fft.rfft(x, norm="forward"))
               + np.abs(np.fft.rfft(x, norm="backward"))),
    x="7")  # fmt: skip
say("fft real part", lambda x: np.fft.fft(x).real * np.arange(5), x="N 5")
say("fft imaginary part", lambda x: np.imag(np.fft.fft(x, axis=0)) ** 2, x="M N")
say("fft filter",
    lambda x, h: np.fft.ifft(np.fft.fft(x) * h).real,
    x="N M", h="M")  # fmt: skip
say("irfft filter",
    lambda x, h: np.fft.irfft(np.fft.rfft(x) * h, x.shape[-1]),
    x="N 7", h="4")  # fmt: skip
say("irfft default", lambda x: np.fft.irfft(np.fft.rfft(x) ** 2), x="N 6")
say("convolution by fft",
    lambda x, y: np.fft.irfft(np.fft.rfft(x, 9) * np.fft.rfft(y, 9), 9),
    x="6", y="4")  # fmt: skip
say("convolution of named sizes",
    lambda x, y: np.real(np.fft.ifft(np.fft.fft(x) * np.conj(np.fft.fft(y)))),
    x="N", y="N")  # fmt: skip
say("fft2", lambda x: _parts(np.fft.fft2(x)), x="N M")
say("rfft2 irfft2",
    lambda x, h: np.fft.irfft2(np.fft.rfft2(x) * h, s=x.shape),
    x="L M", h="L 1")  # fmt: skip
say("rfftn", lambda x: _parts(np.fft.rfftn(x)), x="2 3 4")
say("rfftn axes", lambda x: _parts(np.fft.rfftn(x, axes=(0, 1))), x="4 3 2")
say(
    "irfftn",
    lambda x: np.fft.irfftn(np.fft.rfftn(x) * 2, s=(2, 3, 4), axes=(0, 1, 2)),
    x="2 3 4",
)
say("ifftn", lambda x: _parts(np.fft.ifftn(np.exp(np.fft.fftn(x) / 9))), x="2 3")
say("fftn sizes", lambda x: _parts(np.fft.fftn(x, s=(3, 5), axes=(0, 1))), x="4 4")
say("hfft", lambda x: np.fft.hfft(np.fft.rfft(x)), x="6")
say("ihfft", lambda x: _parts(np.fft.ihfft(x)), x="6")
say("fftshift", lambda x: np.fft.fftshift(x) * np.arange(5), x="5")
say("ifftshift", lambda x: np.fft.ifftshift(x, axes=1) ** 2, x="N 5")
say("fftshift of frequencies",
    lambda x: _power(np.fft.fftshift(np.fft.fft2(x), axes=(0, 1))),
    x="3 4")  # fmt: skip
say("phase", lambda x: np.angle(np.fft.rfft(x + np.arange(6) % 3))[1:3], x="6")
say("arithmetic of frequencies",
    lambda x: _parts((2 - np.fft.rfft(x)) / (3 + 1j + np.fft.rfft(x) / 50)
                     + 1 / (7 - 2j - np.fft.rfft(x) * 0.1)),
    x="5")  # fmt: skip
say("log of frequencies", lambda x: _parts(np.log(np.fft.rfft(x) + 9)), x="5")
say("joined frequencies",
    lambda x: _parts(np.concatenate([np.fft.rfft(x), np.fft.rfft(2 * x)])[1:4]),
    x="5")  # fmt: skip
say("matrix of frequencies",
    lambda x, w: _parts((np.fft.rfft(x) @ w).T.sum(axis=0)),
    x="N 4", w="3 K")  # fmt: skip
say("complex numbers",
    lambda x: _parts(1j * x + x * (2 - 1j) + np.array([1j, 2.0, 3.0]) * x / (1 + 2j)),
    x="3")  # fmt: skip
say("waves", lambda x: np.real(np.exp(1j * x) * np.conj(np.exp(2j * x))), x="N")
