"""From scalars, single rows and batches to batches, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import DtypeError, ShapeError


def as_floats(value: Any, name: str) -> Any:
    """Give numbers as an array of float32 or float64; integers become float64.

    Raises
    ------
    DtypeError
        The values are not real numbers.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        message = f"{name} holds {array.dtype} values; real numbers are needed"
        raise DtypeError(message)
    return (
        array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
    )


def as_batch(value: Any, width: int, name: str, whose: str) -> Any:
    """Give a batch (N, width) for a batch, for one row (width,), or for one number.

    Parameters
    ----------
    value
        Of shape (N, width); or (width,), taken as a batch of one; or a number, if
        `width` is 1.
    name, whose
        What the value is called and what it is needed for: for the message.

    Raises
    ------
    ShapeError
        No such shape; the message says what to write.
    """
    array = as_floats(value, name)
    if array.ndim <= 1 and array.size == width:
        return array.reshape(1, width)
    if array.ndim == 2 and array.shape[1] == width:
        return array
    message = (
        f"{name} has the shape {array.shape}, but {whose}: "
        f"give rows, of shape (N, {width}), or one row, of shape ({width},)"
    )
    if array.ndim == 1 and width == 1:
        message += f"; for {array.size} rows of one number write {name}[:, None]"
    elif array.ndim == 2 and array.shape[0] == width:
        message += f"; this one fits when turned: {name}.T"
    raise ShapeError(message)


def check_like(value: Any, model: Any, name: str, model_name: str) -> Any:
    """Give a value as floats if it has the shape of `model`.

    Raises
    ------
    ShapeError
        The shapes differ. They are never broadcast: (N, 1) against (N,) would make
        (N, N) of it, and a wrong gradient without any error.
    """
    array, shape = as_floats(value, name), np.shape(model)
    if array.shape == shape:
        return array
    message = f"{name} has the shape {array.shape}, but {model_name} has {shape}"
    if len(shape) == 2 and array.shape == shape[:1]:
        if shape[1] == 1:
            message += f"; write {name}[:, None]"
        else:
            message += f"; labels become one-hot rows by np.eye({shape[1]})[{name}]"
    raise ShapeError(message)


def as_rows(value: Any) -> Any:
    """Lay out an array as rows along its last axis; one number is a row of one."""
    return value.reshape(-1, value.shape[-1]) if value.ndim else value.reshape(1, 1)
