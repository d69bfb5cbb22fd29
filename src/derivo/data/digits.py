"""Handwritten digits: 1,797 real images of 8 x 8 pixels."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

# The pixels of the file count the inked cells of a 4 x 4 block.
INK = 16


def digits() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Give the handwritten digits.

    Returns
    -------
    images : (1797, 64), float64 in [0, 1]
        8 x 8 pixels row by row, 0 for paper and 1 for ink, in the order of the
        published file.
    labels : (1797,), int64 in [0, 9]
        The digit that was written.

    Notes
    -----
    Every call reads the file anew, so the arrays may be written to.

    Source
    ------
    Alpaydin and Kaynak, Optical Recognition of Handwritten Digits (test part), UCI
    Machine Learning Repository, 1998, https://doi.org/10.24432/C50P49, CC BY 4.0. See
    ``README.md`` beside this file.
    """
    raw = read()
    return raw["images"] / INK, raw["labels"].astype(np.int64)


def read() -> dict[str, npt.NDArray[Any]]:
    """Read the file as it is stored: images and labels as small integers."""
    with files(__package__).joinpath("digits.npz").open("rb") as file:
        stored = np.load(file, allow_pickle=False)
        return {name: stored[name] for name in ("images", "labels")}
