"""Leaving because a signal says so, or because the terminal is gone: what was learned is saved, then the screen left, each in its time."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import sleep

from tui_trainer.system import signals
from tui_trainer.system.terminal import Terminal

PATIENCE = 1.0
"""Seconds that the screen may take to be left in order. A terminal that takes nothing any more would hold up its writer for ever."""


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
        self._terminal = Terminal()
        for work in (self._depart, self._notice_hang_up):
            Thread(target=work, name=work.__name__, daemon=True).start()

    def begin(self, number: int) -> None:
        """Take note of a signal, in its handler."""
        if self._status is None:
            self._status = signals.exit_status(number)
            # A suspended app is woken to be ended, and shall not take the terminal back from the shell.
            signals.wake_silently()
            self._told.set()

    def finish(self) -> None:
        """The screen is left: after a signal the process ends here, for nothing may be flushed to a terminal that is gone."""
        self._over = True
        if self._status is not None:
            self._save()
            os._exit(self._status)

    def leave_at_once(self, status: int) -> None:
        """End the process; the terminal is given back if it is ours and takes what is written."""
        if self._terminal.is_ours():
            self._terminal.give_back()
        os._exit(status)

    def _depart(self) -> None:
        self._told.wait()
        assert self._status is not None
        self._save()
        if self._terminal.is_ours():
            with suppress(RuntimeError):  # the app has just ended by itself
                self._leave()
            sleep(PATIENCE)
        self.leave_at_once(self._status)

    def _notice_hang_up(self) -> None:
        if not self._terminal.wait_for_hang_up() or self._over or signals.hang_up():
            return
        self._terminal.replace()
        self._wait()
        os._exit(0)
