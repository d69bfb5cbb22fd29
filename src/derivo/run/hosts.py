"""Several devices, of one machine or many, that make the same steps together.

The examples of a batch are shared out, the parameters are on every device, and JAX
adds the gradients up. Finding each other and moving numbers is left to its runtime.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import TracebackType
from typing import Any

import numpy as np

from derivo.errors import LostProcessError, UsageError
from derivo.run.jax_load import import_jax

AXIS = "examples"


@dataclass(frozen=True)
class Hosts:
    """The processes of a run, each with its devices.

    Attributes
    ----------
    rank
        Number of this process, from 0.
    processes
        How many there are.
    devices
        How many devices they have together.
    """

    rank: int
    processes: int
    devices: int

    @property
    def is_first(self) -> bool:
        """Whether this is the process that prints and saves."""
        return self.rank == 0


class _Started:
    """What `start` has begun in this process."""

    hosts: Hosts | None = None


def start(
    address: str | None = None, processes: int | None = None, rank: int | None = None,
    *, seconds_to_meet: int = 300,
) -> Hosts:  # fmt: skip
    """Join the processes of a run; from then on ``engine="jax"`` trains on all of them.

    Every process runs the same program, and calls this before JAX is used for anything
    else. An error that ends one process ends the others, too.

    Parameters
    ----------
    address
        ``"HOST:PORT"`` of process 0, which the others can reach. None where JAX finds
        out for itself (Slurm, Open MPI, Cloud TPU), or for one process with all devices
        of its machine (``processes=1``).
    processes
        How many there are.
    rank
        Number of this one, from 0.
    seconds_to_meet
        How long to wait for the others.

    Returns
    -------
    Hosts
        Which process this is.

    Raises
    ------
    UsageError
        Called twice, numbers that do not fit, or processes that do not meet.
    NotSupportedError
        JAX is not installed.
    """
    if _Started.hosts is not None:
        message = "derivo.distributed.start was called before; call it once, at first"
        raise UsageError(message)
    _check(address, processes, rank)
    jax = import_jax()
    if processes != 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        try:
            jax.distributed.initialize(
                address, processes, rank, initialization_timeout=seconds_to_meet
            )
        except (RuntimeError, ValueError) as error:
            message = (
                f"the processes of the run did not meet at {address}: {error}. Check "
                "that all of them run, that the address is that of process 0, and that "
                "start comes before anything else that uses JAX"
            )
            raise UsageError(message) from None
        _end_at_once_on_errors()
    hosts = Hosts(jax.process_index(), jax.process_count(), len(jax.devices()))
    _Started.hosts = hosts
    return hosts


def _check(address: str | None, processes: int | None, rank: int | None) -> None:
    given = [a is not None for a in (address, processes, rank)]
    if processes == 1 and address is None:
        return
    if any(given) and not all(given):
        message = (
            "start takes all of address, processes and rank, such as "
            "start('10.0.0.1:9000', 4, 0), or none of them"
        )
        raise UsageError(message)
    if processes is not None and rank is not None and not 0 <= rank < processes:
        message = f"rank={rank} must be from 0 to {processes - 1}, of {processes}"
        raise UsageError(message)


def _end_at_once_on_errors() -> None:
    """Let an error end the process without waiting for the others.

    JAX would wait for them at exit, and they for this one.
    """
    show = sys.excepthook

    def hook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        show(kind, error, trace)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)

    sys.excepthook = hook


class Shares:
    """How arrays lie on the devices: in one piece, or shared out along an axis.

    Without `start` there is one device, and nothing is shared out.
    """

    def __init__(self) -> None:
        self.jax = import_jax()
        self.count = 1
        self.mesh: Any = None
        if _Started.hosts is not None:
            devices = np.array(self.jax.devices())
            self.count = len(devices)
            self.mesh = self.jax.sharding.Mesh(devices, (AXIS,))

    def _sharding(self, *axes: str | None) -> Any:
        sharding = self.jax.sharding
        return sharding.NamedSharding(self.mesh, sharding.PartitionSpec(*axes))

    def whole(self, array: Any) -> Any:
        """Put an array of NumPy on every device."""
        if self.mesh is None:
            return self.jax.numpy.array(array)
        array = np.asarray(array)
        return self.jax.make_array_from_callback(
            array.shape, self._sharding(), lambda place: array[place]
        )

    def shared_out(self, array: Any, axis: int) -> Any:
        """Share an array out among the devices, where it is traced.

        An axis that does not divide stays whole: each device does all of it.
        """
        if self.mesh is None or array.shape[axis] % self.count:
            return array
        axes = [AXIS if k == axis else None for k in range(array.ndim)]
        constrained = self.jax.lax.with_sharding_constraint
        return constrained(array, self._sharding(*axes))

    def kept_whole(self, array: Any) -> Any:
        """Keep an array on every device, where it is traced."""
        if self.mesh is None:
            return array
        return self.jax.lax.with_sharding_constraint(array, self._sharding())


def refuse_differences(what: str, arrays: Sequence[Any]) -> None:
    """Refuse to go on where the processes of a run hold different arrays.

    Raises
    ------
    UsageError
        They do; each would train something else, and the sum would mean nothing.
    """
    hosts = _Started.hosts
    if hosts is None or hosts.processes == 1:
        return
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    own = np.frombuffer(digest.digest()[:4], np.uint32)
    gather: Callable[..., Any] = import_module(
        "jax.experimental.multihost_utils"
    ).process_allgather
    with others_may_be_lost():
        every = np.asarray(gather(own)).reshape(-1)
    odd = [int(k) for k in np.flatnonzero(every != every[0])]
    if odd:
        message = (
            f"process {odd[0]} has other {what} than process 0. Every process runs the "
            "same program: give the same data, the same initial values and the same "
            "seed to each; the batches are shared out by derivo"
        )
        raise UsageError(message)


@contextmanager
def others_may_be_lost() -> Iterator[None]:
    """Tell what it means if JAX cannot reach the others.

    Raises
    ------
    LostProcessError
        A process of the run has ended.
    """
    hosts = _Started.hosts
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if hosts is None or hosts.processes == 1 or not _is_about_others(error):
            raise
        said = str(error).split("\n")[0]
        message = (
            f"another process of this run has ended, or cannot be reached (this one is "
            f"{hosts.rank} of {hosts.processes}, counted from 0). Look at what it "
            "printed last. The parameters are those after the last whole epoch; a run "
            f"starts again with all its processes\n  JAX: {said}"
        )
        raise LostProcessError(message) from None


def _is_about_others(error: Exception) -> bool:
    """Tell whether JAX reports the connection to other processes."""
    words = ("Gloo", "NCCL", "Connection", "UNAVAILABLE", "heartbeat", "collective")
    return any(word.lower() in str(error).lower() for word in words)
