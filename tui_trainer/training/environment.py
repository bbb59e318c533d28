"""The environment of a run. Equal options give equal bytes in an equal environment."""

import os
import platform
import sys
from collections.abc import Mapping
from functools import cache

import numpy as np

from tui_trainer.training.blas import blas_name


@cache
def environment() -> Mapping[str, str]:
    """Python, NumPy, its BLAS, the machine and the system, each as one line of text."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": blas_name(),
        "machine": f"{platform.machine()} {processor()}".strip(),
        "system": sys.platform,
    }


def cores() -> int:
    """The number of cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as the kernel gives it; empty where it gives none."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:  # noqa: PTH123 a device of the kernel's, not a file
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()
