"""derivo: write the forward pass; read, check, run and ship the backward pass."""

from __future__ import annotations

from importlib import import_module

__version__: str  # found when it is asked for

# What `typing` calls so. To load that module here takes longer than all the rest.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from derivo import data as data
    from derivo import distributed as distributed
    from derivo import layers as layers
    from derivo.derivation import Derivation as Derivation
    from derivo.derivation import derive as derive
    from derivo.explain.explanation import Explanation as Explanation
    from derivo.graph.spec import Spec as Spec
    from derivo.ops.custom import rule as rule
    from derivo.ops.custom import stop_gradient as stop_gradient
    from derivo.ops.scan import scan as scan
    from derivo.run.load import load as load
    from derivo.train.network import Network as Network
    from derivo.train.training_step import training_step as training_step
    from derivo.transforms import grad as grad
    from derivo.transforms import hessian as hessian
    from derivo.transforms import hvp as hvp
    from derivo.transforms import jacobian as jacobian
    from derivo.transforms import jvp as jvp
    from derivo.transforms import value_and_grad as value_and_grad
    from derivo.transforms import vjp as vjp
    from derivo.verify.backward import check_backward as check_backward
    from derivo.verify.gradcheck import gradcheck as gradcheck

# Each public name and where it is; loaded when first asked for, so that `import derivo`
# stays quick. A name that is a module is its own place.
_PLACES = {
    "Derivation": "derivo.derivation",
    "Explanation": "derivo.explain.explanation",
    "Network": "derivo.train.network",
    "Spec": "derivo.graph.spec",
    "check_backward": "derivo.verify.backward",
    "data": "derivo.data",
    "derive": "derivo.derivation",
    "distributed": "derivo.distributed",
    "gradcheck": "derivo.verify.gradcheck",
    "layers": "derivo.layers",
    "grad": "derivo.transforms",
    "hessian": "derivo.transforms",
    "hvp": "derivo.transforms",
    "jacobian": "derivo.transforms",
    "jvp": "derivo.transforms",
    "value_and_grad": "derivo.transforms",
    "vjp": "derivo.transforms",
    "load": "derivo.run.load",
    "rule": "derivo.ops.custom",
    "scan": "derivo.ops.scan",
    "stop_gradient": "derivo.ops.custom",
    "training_step": "derivo.train.training_step",
}


if not TYPE_CHECKING:  # or a type checker would believe in any name

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            return _version()
        if name not in _PLACES:
            message = f"module 'derivo' has no attribute {name!r}"
            raise AttributeError(message)
        module = import_module(_PLACES[name])
        value = getattr(module, name, module)
        globals()[name] = value  # asked once
        return value


def _version() -> str:
    """Read the version of what is installed; the files themselves do not state it."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("derivo")
    except PackageNotFoundError:
        return "0+unknown"


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES, "__version__"})
