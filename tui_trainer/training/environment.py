"""The environment of a run. Equal options give equal bytes in an equal environment."""

import platform
import sys
from collections.abc import Mapping
from functools import cache

import numpy as np

from tui_trainer.system.machine import processor
from tui_trainer.training.blas import blas_name
from tui_trainer.training.engines import service


@cache
def environment() -> Mapping[str, str]:
    """Python, NumPy, its BLAS, what trains, the machine and the system, each as one line of text."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas_name(),
        "engine": service().name,
        "machine": f"{platform.machine()} {processor()}".strip(),
        "system": sys.platform,
    }
