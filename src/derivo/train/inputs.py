"""Training input as arrays: what cannot be used is refused, with its row and column."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from derivo.errors import DataError, ShapeError


def read_inputs(x: Any, dtype: Any = None, *, name: str = "x") -> Any:
    """Give inputs as an array (N, features) of float32 or float64.

    Parameters
    ----------
    x
        Anything that NumPy reads as a table of numbers.
    dtype
        The floating type wanted. If left out: that of `x` where it is float32 or
        float64, else float32.
    name
        What to call it in errors.

    Raises
    ------
    DataError
        No rows, not numbers, or NaN or infinity among them.
    ShapeError
        Not a table.
    """
    try:
        array = np.asarray(x)
    except ValueError:  # rows of different lengths
        message = f"{name} is no table: its rows are not equally long"
        raise ShapeError(message) from None
    if array.dtype.kind not in "fiub":
        message = (
            f"{name} holds {_kind(array)}, and a network takes numbers. Convert "
            "text columns to numbers (one column per category) and leave out the others"
        )
        raise DataError(message)
    if array.ndim != 2:
        message = (
            f"{name} has the shape {array.shape}; a row per example is needed, (N, "
            "features)"
        )
        if array.ndim > 2:
            message += f". Write {name}.reshape(len({name}), -1)"
        elif array.ndim == 1:
            message += (
                f". For one feature write {name}[:, None], for one example {name}[None]"
            )
        raise ShapeError(message)
    if not array.size:
        message = (
            f"{name} is empty: its shape is {array.shape}. Give at least one row and "
            "one column"
        )
        raise DataError(message)
    wanted = np.dtype(dtype) if dtype is not None else training_type(array.dtype)
    result = np.ascontiguousarray(array, dtype=wanted)
    refuse_nan(result, name)
    return result


def training_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Give the floating type to train in: float64 if that is given, else float32."""
    return dtype if dtype == np.float64 else np.dtype(np.float32)


def refuse_nan(array: Any, name: str) -> None:
    """Refuse NaN and infinity, and name the first place.

    Raises
    ------
    DataError
        With row and column.
    """
    # A sum of squares is faster than a mask, and is not finite if one element is not.
    if math.isfinite(np.vdot(array, array)):
        return
    bad = np.argwhere(~np.isfinite(array))
    if not len(bad):
        return
    row, *column = (int(i) for i in bad[0])
    where = f"row {row}" + (f", column {column[0]}" if column else "")
    value = array[tuple(bad[0])]
    message = (
        f"{name} holds {value} in {where} ({len(bad)} such value{'s' * (len(bad) > 1)} "
        "in all; "
        "rows and columns count from 0). Leave these rows out, or fill them in: "
        f"{name} = np.nan_to_num({name}) puts 0"
    )
    raise DataError(message)


def same_length(x: Any, t: Any, x_name: str = "x", t_name: str = "t") -> None:
    """Refuse inputs and targets of different length.

    Raises
    ------
    DataError
        With both lengths.
    """
    if len(x) != len(t):
        message = (
            f"{x_name} has {len(x)} rows and {t_name} has {len(t)}: one target per row "
            "is needed"
        )
        raise DataError(message)


def check_features(x: Any, features: int, name: str = "x") -> None:
    """Refuse inputs with other columns than the network has; 0 means any.

    Raises
    ------
    ShapeError
        With both numbers.
    """
    if features and x.shape[1] != features:
        message = (
            f"{name} has {x.shape[1]} columns, and the network is made for {features}: "
            "give the same columns in the same order"
        )
        raise ShapeError(message)


def _kind(array: Any) -> str:
    if array.dtype.kind in "USO":
        flat = array.reshape(-1)
        text = next((v for v in flat[:1000] if isinstance(v, str)), None)
        return (
            f"text such as {str(text)!r}"
            if text is not None
            else f"objects ({array.dtype})"
        )
    return f"values of type {array.dtype}"
