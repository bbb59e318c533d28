"""Leaving because a signal says so, or because the terminal is gone: what was learned is saved, then the screen left, each in its time."""

import errno
import os
import select
import signal
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import sleep
from typing import Any, Final

from tui_trainer.system import signals

PATIENCE = 1.0
"""Seconds that the screen may take to be left in order. A terminal that takes nothing any more would hold up its writer for ever."""

FAREWELL: Final = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # the mouse is not reported,
    b"\x1b[?2004l\x1b[?2048l\x1b[?1004l"  # nor are pastes, sizes and focus;
    b"\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"  # lines wrap, keys are plain, the alternate screen is left and the cursor shown
)


@contextmanager
def leaving_in_order(save: Callable[[], object], leave: Callable[[], object], wait: Callable[[], object]) -> Iterator[None]:
    """While inside, the signals of `signals.SIGNALS` end the process with 128 and their number, after `save`.

    `save` ends what is going on and returns when it is saved. `leave` asks the screen to end, from another thread, and the block is left
    when it has; where that takes too long, the terminal is put in order without it. Where hang-ups are ignored (nohup), what is going on
    goes on unseen when the terminal is gone; `wait` returns when it has ended, and so does the process.
    """
    departure = _Departure(save, leave, wait)
    with signals.heeded(departure.begin, departure.leave_at_once):
        try:
            yield
        finally:
            departure.finish()


class _Departure:
    def __init__(self, save: Callable[[], object], leave: Callable[[], object], wait: Callable[[], object]) -> None:
        self._save, self._leave, self._wait = save, leave, wait
        self._status: int | None = None
        self._told = Event()
        self._over = False
        self._keys, self._screen = sys.__stdin__.fileno(), sys.__stderr__.fileno()  # type: ignore[union-attr] # they are a terminal
        self._modes: list[Any] = termios.tcgetattr(self._keys)
        for work in (self._depart, self._notice_hang_up):
            Thread(target=work, name=work.__name__, daemon=True).start()

    def begin(self, number: int) -> None:
        """Take note of a signal, in its handler."""
        if self._status is None:
            self._status = 128 + number
            # A suspended app is woken to be ended, and shall not take the terminal back from the shell.
            signal.signal(signal.SIGCONT, lambda *_: None)
            self._told.set()

    def finish(self) -> None:
        """The screen is left: after a signal the process ends here, for nothing may be flushed to a terminal that is gone."""
        self._over = True
        if self._status is not None:
            self._save()
            os._exit(self._status)

    def leave_at_once(self, status: int) -> None:
        """End the process; the terminal is given back if it is ours and takes what is written."""
        if self._is_ours():
            with suppress(OSError, termios.error):
                termios.tcsetattr(self._keys, termios.TCSANOW, self._modes)
                if select.select([], [self._screen], [], 0)[1]:
                    os.write(self._screen, FAREWELL)
        os._exit(status)

    def _depart(self) -> None:
        self._told.wait()
        assert self._status is not None
        self._save()
        if self._is_ours():
            with suppress(RuntimeError):  # the app has just ended by itself
                self._leave()
            sleep(PATIENCE)
        self.leave_at_once(self._status)

    def _is_ours(self) -> bool:
        """Whether the terminal is there, and not with the shell, to which a suspended process has given it back."""
        try:
            return os.tcgetpgrp(self._keys) == os.getpgrp()
        except OSError as error:
            return error.errno == errno.ENOTTY  # there, but nobody controls jobs on it

    def _notice_hang_up(self) -> None:
        poller = select.poll()
        poller.register(self._keys, 0)  # a hang-up alone, which is always reported
        if not poller.poll()[0][1] & select.POLLHUP or self._over:
            return
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            os.kill(os.getpid(), signal.SIGHUP)
            return
        # Keys that never come, and a screen that takes all: else the app would read the end of its keys again and again.
        os.dup2(os.pipe()[0], self._keys)
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._screen)
        self._wait()
        os._exit(0)
