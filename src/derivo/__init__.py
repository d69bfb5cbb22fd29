"""derivo: write the forward pass; read, check, run and ship the backward pass."""

from derivo.derivation import Derivation as Derivation
from derivo.derivation import derive as derive
from derivo.graph.spec import Spec as Spec
from derivo.run.load import load as load
from derivo.train.network import Network as Network
from derivo.ops.scan import scan as scan
