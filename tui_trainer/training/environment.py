"""What the numbers of a run depend on besides its options: equal bytes are promised for an equal environment."""

import platform
import sys
from collections.abc import Mapping
from functools import cache

import numpy as np
from threadpoolctl import threadpool_info


@cache
def environment() -> Mapping[str, str]:
    """The machine, Python, NumPy and its BLAS, each as one line of text."""
    blas = next((info for info in threadpool_info() if info["user_api"] == "blas"), None)
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": f"{blas['internal_api']} {blas['version']} {blas.get('architecture', '')}".strip() if blas else "unknown",
        "machine": f"{platform.machine()} {processor()}".strip(),
        "system": sys.platform,
    }


def processor() -> str:
    """The processor's name as the kernel gives it, or nothing where it gives none."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:  # noqa: PTH123 a device of the kernel's, not a file
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()
