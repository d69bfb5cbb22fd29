"""Targets of training: labels to arrays that the loss can use, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.errors import DataError, UsageError
from derivo.train.inputs import refuse_nan

# How far a row of probabilities may be from 1 in sum (float32 rounding).
SUM_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Targets:
    """How targets are encoded, decided when training starts.

    Attributes
    ----------
    kind
        "classes" (one column per class), "yes or no" (one column), "columns" (several
        answers of yes or no) or "values" (regression).
    units
        Number of columns: units of the last layer.
    labels
        The labels of classes in the order of the columns, in the user's own values;
        None if there are none (targets given as columns).
    is_flat
        The user gave one number per row rather than a table.
    """

    kind: str
    units: int
    labels: Any = None
    is_flat: bool = False

    @classmethod
    def read(cls, t: Any, units: int, output: str | None) -> Targets:
        """Decide how to encode `t` for a network with so many units at its end.

        Parameters
        ----------
        t
            Labels (N,), integers or text; or a table (N, units).
        units
            Units of the last layer.
        output
            "softmax" for classes, "sigmoid" for yes or no, None for values.

        Raises
        ------
        DataError
            Empty targets, labels out of range, NaN.
        """
        t = _array(t)
        flat = t.ndim == 1
        if output is None:
            return cls("values", units, is_flat=flat)
        if not flat:
            return cls("classes" if output == "softmax" else "columns", units)
        if output == "sigmoid":
            if units != 1:
                message = (
                    f"t has one label per row and the last layer {units} units; write "
                    f"Dense(1, 'sigmoid'), or give t as a table (N, {units})"
                )
                raise UsageError(message)
            return cls("yes or no", 1, _two_labels(t), is_flat=True)
        if units == 1:
            message = (
                "cross_entropy over one class says nothing: the last layer has 1 unit. "
                "Write "
                "Dense(number of classes), or Dense(1, 'sigmoid') with "
                "loss='binary_cross_entropy'"
            )
            raise UsageError(message)
        return cls("classes", units, _class_labels(t, units), is_flat=True)

    def encode(self, t: Any, dtype: Any, name: str = "t") -> Any:
        """Give targets as an array (N, units).

        Raises
        ------
        DataError
            Labels that training did not have, wrong columns, NaN.
        """
        t = _array(t, name)
        if t.ndim == 1 and self.labels is not None:
            columns = self._columns(t, name)
            if self.kind == "yes or no":
                return columns.astype(dtype)[:, None]
            encoded = np.zeros((len(t), self.units), dtype)
            encoded[np.arange(len(t)), columns] = 1
            return encoded
        return self._table(t, dtype, name)

    def decode(self, y: Any) -> Any:
        """Give predictions in the user's own terms from the output of the network.

        Parameters
        ----------
        y : (N, units)
            Probabilities, or values.
        """
        if self.kind == "values":
            return y[:, 0] if self.is_flat and self.units == 1 else y
        if self.kind == "columns":
            return (y >= 0.5).astype(np.int64)
        if self.kind == "yes or no":
            return self.labels[(y[:, 0] > 0.5).astype(np.int64)]
        best = y.argmax(axis=1)
        return best if self.labels is None else self.labels[best]

    def correct(self, y: Any, encoded: Any) -> float:
        """Count the rows that are right; for several columns, the share in each row."""
        if self.kind == "classes":
            return float(np.sum(np.argmax(y, axis=1) == np.argmax(encoded, axis=1)))
        return float(np.mean((y > 0.5) == (encoded > 0.5), axis=1).sum())

    def _columns(self, t: Any, name: str) -> Any:
        places = (
            np.searchsorted(self.labels, t) if _comparable(self.labels, t) else None
        )
        if places is not None:
            places = np.minimum(places, len(self.labels) - 1)
        if places is None or (self.labels[places] != t).any():
            row = 0 if places is None else int(np.argmax(self.labels[places] != t))
            known = ", ".join(repr(v) for v in self.labels[:10].tolist())
            more = ", ..." if len(self.labels) > 10 else ""
            message = (
                f"{name} holds the label {t[row].item()!r} in row {row}; the network "
                f"knows {known}{more}"
            )
            raise DataError(message)
        return places

    def _table(self, t: Any, dtype: Any, name: str) -> Any:
        if t.dtype.kind not in "fiub":
            message = f"{name} holds {t.dtype} values; numbers are needed here"
            raise DataError(message)
        table = t.reshape(len(t), -1) if t.ndim == 1 else t
        if table.ndim != 2 or table.shape[1] != self.units:
            message = (
                f"{name} has the shape {t.shape}, and the last layer has {self.units} "
                f"unit{'s' * (self.units > 1)}: (N, {self.units}) is needed"
                + (" (or one label per row)" if self.kind == "classes" else "")
            )
            raise DataError(message)
        table = np.ascontiguousarray(table, dtype=dtype)
        refuse_nan(table, name)
        if self.kind != "values":
            self._check_shares(table, name)
        return table

    def _check_shares(self, table: Any, name: str) -> None:
        outside = ((table < 0) | (table > 1)).any(axis=1)
        wrong = outside
        if self.kind == "classes":
            wrong = outside | (np.abs(table.sum(axis=1) - 1) > SUM_TOLERANCE)
        if wrong.any():
            row = int(np.argmax(wrong))
            need = (
                "add up to 1"
                if self.kind == "classes" and not outside[row]
                else "lie between 0 and 1"
            )
            message = (
                f"row {row} of {name} is {table[row].tolist()}; the entries of a row "
                f"of probabilities must {need}"
            )
            raise DataError(message)


def _array(t: Any, name: str = "t") -> Any:
    array = np.asarray(t)
    if array.dtype == object:
        array = np.asarray(
            [str(v) if isinstance(v, str) else v for v in array.tolist()]
        )
    if array.ndim == 2 and array.shape[1] == 1 and array.dtype.kind != "f":
        array = array[:, 0]
    if not array.size or not array.ndim:
        message = (
            f"{name} is empty: its shape is {array.shape}. Give a target for each row "
            "of x"
        )
        raise DataError(message)
    return array


def _comparable(labels: Any, t: Any) -> bool:
    return (labels.dtype.kind in "US") == (t.dtype.kind in "US")


def _class_labels(t: Any, units: int) -> Any:
    """Give labels in the order of the columns: numbers as they count, text sorted."""
    if t.dtype.kind in "US":
        found = np.unique(t)
        if len(found) != units:
            message = (
                f"t holds {len(found)} different labels and the last layer has {units} "
                "units; "
                f"write Dense({len(found)}) at the end"
            )
            raise DataError(message)
        return found
    whole = _whole(t)
    wrong = (whole < 0) | (whole >= units)
    if wrong.any():
        row = int(np.argmax(wrong))
        message = (
            f"t holds the label {t[row].item()!r} in row {row}, and the last layer has "
            f"{units} units: "
            f"labels go from 0 to {units - 1}. Write "
            f"Dense({max(int(whole.max()) + 1, 2)}) at the end, or "
            "number the labels with np.unique(t, return_inverse=True)"
        )
        raise DataError(message)
    return np.arange(units).astype(np.int64 if t.dtype.kind == "b" else t.dtype)


def _whole(t: Any) -> Any:
    if t.dtype.kind == "f":
        refuse_nan(t, "t")
        broken = t != np.floor(t)
        if broken.any():
            row = int(np.argmax(broken))
            message = (
                f"t holds {t[row].item()!r} in row {row}, which is not a label; for "
                "values write "
                "loss='squared_error'"
            )
            raise DataError(message)
    elif t.dtype.kind not in "iub":
        message = f"t holds {t.dtype} values; labels are integers or text"
        raise DataError(message)
    return t.astype(np.int64)


def _two_labels(t: Any) -> Any:
    if t.dtype.kind == "f":
        refuse_nan(t, "t")
    found = np.unique(t)
    if len(found) > 2 or (
        t.dtype.kind in "fi" and not set(found.tolist()) <= {0, 1} and len(found) != 2
    ):
        message = (
            f"t holds {len(found)} different labels "
            f"({', '.join(repr(v) for v in found[:5].tolist())}, ...); "
            "binary_cross_entropy takes two, such as 0 and 1"
        )
        raise DataError(message)
    if t.dtype.kind in "US":
        if len(found) != 2:
            message = (
                f"t holds one label only, {found[0].item()!r}; two are needed to learn "
                "anything"
            )
            raise DataError(message)
        return found
    return np.array([0, 1], dtype=t.dtype) if set(found.tolist()) <= {0, 1} else found
