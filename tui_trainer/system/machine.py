"""The processor and the memory, and how much of them there is for this process."""

import ctypes
import os
import platform
import sys
from contextlib import suppress


def cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def give_way() -> int:
    """The address of the system's function, without arguments, that offers this thread's core to others."""
    library = ctypes.CDLL("kernel32") if sys.platform == "win32" else ctypes.CDLL(None)
    function = library.SwitchToThread if sys.platform == "win32" else library.sched_yield
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def processor() -> str:
    """The processor's name as the kernel gives it, or nothing where it gives none."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:  # noqa: PTH123 a device of the kernel's, not a file
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()


def memory() -> int | None:
    """The bytes of memory that this process may use: the machine's, or its control group's limit; None where the system does not tell."""
    known = []
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf, and not every system these names
        known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    # A container's limit; the file says "max" where there is none.
    with suppress(ValueError, OSError), open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:  # noqa: PTH123 the kernel's
        known.append(int(file.read()))
    return min(known, default=None)


def resident() -> int | None:
    """The bytes of memory that this process holds now; None where the system does not tell."""
    with suppress(AttributeError, ValueError, OSError, IndexError), open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None
