"""derivo: write the forward pass; read, check, run and ship the backward pass."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from derivo.derivation import Derivation as Derivation
from derivo.derivation import derive as derive
from derivo.graph.spec import Spec as Spec
from derivo.ops.scan import scan as scan
from derivo.run.load import load as load

if TYPE_CHECKING:
    from derivo import data as data
    from derivo import layers as layers
    from derivo.train.network import Network as Network

# Loaded when first asked for, so that `import derivo` stays quick.
_MODULES = ("data", "layers")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"derivo.{name}")
    if name == "Network":
        return import_module("derivo.train.network").Network
    message = f"module 'derivo' has no attribute {name!r}"
    raise AttributeError(message)
