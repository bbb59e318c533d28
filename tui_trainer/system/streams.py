"""Results on stdout, whose reader may be gone, and warnings on stderr."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tui_trainer.errors import UserError, reason_of
from tui_trainer.system import signals
from tui_trainer.system.folders import printable


@contextmanager
def results() -> Iterator[None]:
    """Print inside this: a reader that went away ends the process as SIGPIPE would, a full disk is a UserError."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        give_up_streams()
        sys.exit(signals.exit_status(signals.BROKEN_PIPE))
    except OSError as error:
        give_up_streams()
        raise UserError(f"the results cannot be written ({reason_of(error)})") from None


def note(text: str) -> None:
    """Print a line on stderr in the program's name."""
    print(f"tui-trainer: {printable(text)}", file=sys.stderr, flush=True)  # noqa: T201


def warn(text: str) -> None:
    """Print a warning on stderr."""
    note(f"warning: {text}")


def give_up_streams() -> None:
    """Let what can no longer be written go nowhere; else the interpreter's last flush would change the exit status."""
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def redirect_output(path: Path) -> None:
    """Append what this process and its libraries print to a file; to nothing, where there can be none."""
    for target in (path, Path(os.devnull)):
        with suppress(OSError):
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            os.close(descriptor)
            return
