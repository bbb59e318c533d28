"""Work in a thread of its own, so that neither long computations nor a slow disk hold up the screen."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message

from tui_trainer.errors import UserError
from tui_trainer.plugins.blame import blamed


@dataclass
class WorkFailed(Message):
    """The program has a fault."""

    error: BaseException


class Background:
    """A subclass says in `work` what is done; it tells the screen by `post` alone, which must be safe to call from any thread.

    A plain daemon thread and not a Textual worker: asyncio joins a worker's pool before the program may end, so a disk that hangs
    would hold up a user who insists on leaving.
    """

    def __init__(self, name: str, post: Callable[[Message], object]) -> None:
        self.post = post
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def work(self) -> None:
        """Do all there is to do; ends soon after `is_stopping`. May raise UserError."""
        raise NotImplementedError

    def refuse(self, error: UserError) -> None:
        """Tell why the work ended, a reason that its user can mend."""

    def start(self) -> None:
        """Begin, and return at once."""
        self._thread.start()

    def stop(self) -> None:
        """Have the work end soon, and return at once."""
        self._stopping.set()
        self._woken.set()

    def join(self, seconds: float | None = None) -> bool:
        """Wait until the work has ended, at most so long, and tell whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        """Whether the work was told to end."""
        return self._stopping.is_set()

    def wake(self) -> None:
        """End a rest: there is something to do."""
        self._woken.set()

    def rest(self, seconds: float | None = None) -> None:
        """Wait, in the work, until it is woken or told to end, or so long."""
        self._woken.wait(seconds)
        self._woken.clear()

    def _run(self) -> None:
        try:
            self.work()
        except UserError as error:
            self.refuse(error)
        except BaseException as error:
            if told := blamed(error):
                self.refuse(told)
            else:
                self.post(WorkFailed(error))
