"""Whether the compiled engine serves, which needs numba and a BLAS that can be called; where it does not, NumPy trains."""

import ctypes
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tui_trainer.datasets.sparse import Samples, SparseRows
from tui_trainer.nn.layers import Layer
from tui_trainer.nn.network import Network
from tui_trainer.nn.optimizers import Optimizer
from tui_trainer.system.machine import give_way
from tui_trainer.training.blas import matrix_product

if TYPE_CHECKING:
    from tui_trainer.engine.engine import Engine, Machine


class Service(NamedTuple):
    """The engine's machine; None where NumPy trains."""

    machine: "Machine | None"
    name: str
    """What trains, in a few words: `numba 0.62.1`, or `numpy` and why."""


@cache
def service() -> Service:
    """What trains here."""
    if find_spec("numba") is None:
        return Service(None, "numpy: numba is not installed")
    try:
        from tui_trainer.engine.engine import Machine  # noqa: PLC0415
        from tui_trainer.engine.library import address  # noqa: PLC0415
        from tui_trainer.engine.program import Product  # noqa: PLC0415

        # What every run needs: where it is not kept from before, numba shows here whether it works.
        address("work")
    except Exception as error:
        return Service(None, f"numpy: numba does not work here ({' '.join(str(error).split())[:100]})")
    product = matrix_product()
    if product is None or ctypes.sizeof(ctypes.c_ssize_t) != 8 or sys.byteorder != "little":
        return Service(None, "numpy: its matrix product cannot be called from compiled code")
    return Service(Machine(Product(*product), give_way()), f"numba {version('numba')}")


def has_engine() -> bool:
    """Whether the engine serves here."""
    return service().machine is not None


def compiles(layers: Sequence[Layer], optimizer: type[Optimizer]) -> bool:
    """Whether the engine serves here, and all parts of a run have a compiled form."""
    if service().machine is None:
        return False
    from tui_trainer.engine.formulas import FormulaError, update_of  # noqa: PLC0415
    from tui_trainer.engine.program import blocks_of  # noqa: PLC0415

    try:
        update_of(optimizer)
    except FormulaError:
        return False
    return blocks_of(layers) is not None


def engine_for(network: Network, optimizer: Optimizer, samples: Samples, threads: int) -> "Engine | None":
    """The engine of a run, for training on `samples` and the like; None where NumPy has to train it."""
    machine = service().machine
    if machine is None or network.dtype != np.float32 or not compiles(network.layers, type(optimizer)):
        return None
    from tui_trainer.engine.engine import Engine  # noqa: PLC0415

    return Engine(network, optimizer, isinstance(samples.inputs, SparseRows), threads, machine)
