"""Signals as a clean way out: what was learned is kept before the process ends."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
"""The last is what Slurm is asked to warn with, before it takes a machine away."""


@contextmanager
def heeded(heed: Callable[[int], object], at_once: Callable[[int], object] = os._exit) -> Iterator[list[int]]:
    """While inside, a signal is noted in the list and `heed` told of its number; a second ctrl+c calls `at_once` with the exit status.

    `heed` runs in the main thread between any two of its instructions, so it may take no lock that this thread could hold.
    """
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        # Only a person insists. Machines repeat themselves: a hang-up comes from the shell and from the kernel, and `timeout` signals
        # its child and then the whole group.
        if received and number == signal.SIGINT:
            at_once(128 + number)
        received.append(number)
        heed(number)

    # What is ignored stays ignored: nohup and background jobs rely on it.
    before = {number: signal.signal(number, handle) for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
