"""Training on several machines: see `docs/scale.md`.

Each process calls `start`, and then `fit` with ``engine="jax"`` as on one machine.
"""

from derivo.run.hosts import Hosts, start

__all__ = ["Hosts", "start"]
