"""Signals as a clean way out: what was learned is kept before the process ends. The only module that knows their numbers."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

INTERRUPT: Final = int(signal.SIGINT)

if sys.platform == "win32":
    SIGNALS: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
    BROKEN_PIPE: Final = 13
else:
    SIGNALS: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
    """The last is what Slurm is asked to warn with, before it takes a machine away."""
    BROKEN_PIPE: Final = int(signal.SIGPIPE)
    """What ends a process that writes to a reader who went away, where nothing is done about it."""


def exit_status(number: int) -> int:
    """The exit status of a process that a signal ended, as shells tell it."""
    return 128 + number


def is_heeded(number: int) -> bool:
    """Whether the signal is not ignored. What is ignored stays so: nohup and background jobs rely on it."""
    return signal.getsignal(number) is not signal.SIG_IGN


@contextmanager
def heeded(heed: Callable[[int], object], at_once: Callable[[int], object] = os._exit) -> Iterator[list[int]]:
    """While inside, a signal is noted in the list and `heed` told of its number; a second ctrl+c calls `at_once` with the exit status.

    `heed` runs in the main thread between any two of its instructions, so it may take no lock that this thread could hold.
    """
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        # Only a person insists. Machines repeat themselves: a hang-up comes from the shell and from the kernel, and `timeout` signals
        # its child and then the whole group.
        if received and number == INTERRUPT:
            at_once(exit_status(number))
        received.append(number)
        heed(number)

    before = {number: signal.signal(number, handle) for number in SIGNALS if is_heeded(number)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class TookTooLongError(BaseException):
    """What `at_most` raises; no `except Exception` of what runs inside may take it for its own."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise TookTooLongError when what is inside takes longer; in the main thread, and where the system has such an alarm."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLongError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def interruptible_waits() -> Iterator[Callable[[float], int]]:
    """A function that waits for so many seconds, or until a signal comes, of which it returns the number; else 0."""
    if sys.platform == "win32":
        # A sleep ends there with ctrl+c, for which Python waits in the main thread.
        from threading import Event  # noqa: PLC0415

        came = Event()
        with heeded(lambda _number: came.set()) as received:

            def pause(seconds: float) -> int:
                came.wait(seconds)
                return received[0] if received else 0

            yield pause
        return

    import select  # noqa: PLC0415 what it waits for are files only here

    woken, wake = os.pipe()
    try:
        with heeded(lambda _number: os.write(wake, b".")) as received:

            def wait(seconds: float) -> int:
                select.select([woken], [], [], seconds)
                return received[0] if received else 0

            yield wait
    finally:
        os.close(woken)
        os.close(wake)


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Whatever takes hold of ctrl+c inside, as importing some libraries does, does not keep it. Only the main thread can do so."""
    heard = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def hang_up() -> bool:
    """Send this process what it gets when its terminal is gone, and tell whether it heeds that."""
    if sys.platform == "win32":
        return False
    if heeds := is_heeded(signal.SIGHUP):
        os.kill(os.getpid(), signal.SIGHUP)
    return heeds


def wake_silently() -> None:
    """From now on a suspended process that is woken goes on as it is: whoever would have taken the terminal back does not hear of it."""
    if sys.platform != "win32":
        signal.signal(signal.SIGCONT, lambda *_: None)


def name_of(number: int) -> str:
    """`SIGSEGV` and the like; nothing where there is no such signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
