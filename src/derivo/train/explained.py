"""Explaining a network: its loss with its present parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from derivo.train.settings import output_kind
from derivo.train.targets import Targets

if TYPE_CHECKING:
    from derivo.train.network import Network

ROWS = 4


def explain_network(
    network: Network, level: Any = "all", *, x: Any = None, t: Any = None,
    language: str = "en",
) -> Any:  # fmt: skip
    """Show where the gradients of a network come from.

    Parameters
    ----------
    network
        Built or trained.
    level, language
        As for `Derivation.explain`.
    x, t
        Examples as for `Network.fit`, or None. With them every step shows its numbers,
        at the present parameters; the first four rows are taken.

    Returns
    -------
    derivo.explain.explanation.Explanation
    """
    loss = network.derivation.loss
    if x is None or t is None:
        return loss.explain(level, language=language)
    rows = np.asarray(x)[:ROWS].astype(network.dtype)
    units = network.layers[-1].units
    targets = Targets.read(t, units, output_kind(network.layers[-1], network.loss))
    target = targets.encode(np.asarray(t)[:ROWS], network.dtype)
    arrays = {"x": rows, "t": target}
    return loss.explain(
        level, language=language, arrays={**arrays, **network.parameters}
    )
