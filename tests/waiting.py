"""Waiting for what another thread or process does: the one place where tests sleep."""

import asyncio
import fcntl
import termios
import time
from array import array
from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")

PATIENCE = 60.0
"""Seconds: nothing waited for takes one, but a machine may have much else to do."""

INTERVAL = 0.01


def until(condition: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """What the condition gives as soon as that is true; an AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in vain for {seconds} s"
        time.sleep(INTERVAL)
    return found


async def until_so(condition: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """The same, while the event loop goes on."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in vain for {seconds} s"
        await asyncio.sleep(INTERVAL)
    return found


def until_full(line: Any, least: int) -> None:
    """Wait until the process at the other end of a pipe or terminal is held up, since nobody reads what it writes: `least` bytes at least.

    What waits to be read has grown no more for longer than a process that is only slow takes.
    """
    waiting, before, same = array("i", [0]), -1, 0

    def is_full() -> bool:
        nonlocal before, same
        fcntl.ioctl(line, termios.FIONREAD, waiting)
        same = same + 1 if waiting[0] == before else 0
        before = waiting[0]
        return before >= least and same * INTERVAL >= 0.5

    until(is_full)
