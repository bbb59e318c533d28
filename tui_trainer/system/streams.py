"""Results on stdout, which somebody may have stopped reading, and warnings on stderr."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tui_trainer.errors import UserError, reason_of
from tui_trainer.system.folders import printable


@contextmanager
def results() -> Iterator[None]:
    """Print inside this: a reader that went away ends the process as SIGPIPE would, a full disk is a UserError."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        give_up_streams()
        sys.exit(128 + signal.SIGPIPE)
    except OSError as error:
        give_up_streams()
        raise UserError(f"the results cannot be written ({reason_of(error)})") from None


def warn(text: str) -> None:
    """Tell on stderr what somebody should know, and what ends nothing."""
    print(f"tui-trainer: warning: {printable(text)}", file=sys.stderr, flush=True)  # noqa: T201


def give_up_streams() -> None:
    """Let what can no longer be written go nowhere; else the interpreter's last flush would change the exit status."""
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
