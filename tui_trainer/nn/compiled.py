"""Compiled loops for the busiest part of training, when numba is installed (`pip install 'tui-trainer[fast]'`).

NumPy walks over all parameters once per operation; a compiled loop walks over them once per step. Each loop is its rule written out for
one parameter, in the order of operations of the NumPy code it stands in for, without fast-math: the results are equal to the last bit.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

Kernel: TypeAlias = Callable[..., None]


@cache
def kernel(name: str) -> Kernel | None:
    """The compiled loop called `name`, or None when numba is not installed."""
    if find_spec("numba") is None:
        return None
    loop: Any = getattr(import_module("tui_trainer.nn.kernels"), name)
    return loop  # type: ignore[no-any-return]
