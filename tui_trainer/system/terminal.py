"""The terminal that the app draws on: whether it can be drawn on, in which characters, and how it is given back."""

import codecs
import errno
import io
import locale
import os
import sys
import threading
import unicodedata
from contextlib import suppress
from typing import Any, Final

from rich.cells import cell_len

from tui_trainer.errors import UserError

if sys.platform != "win32":
    import select
    import termios

FAREWELL: Final = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # the mouse is not reported,
    b"\x1b[?2004l\x1b[?2048l\x1b[?1004l"  # nor are pastes, sizes and focus;
    b"\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"  # lines wrap, keys are plain, the alternate screen is left and the cursor shown
)

LOOK_ALIKES = str.maketrans(
    "─━╸╺═╌┄│┃║┊‖▏▕" + "┌┐└┘├┤┬┴┼╭╮╰╯" + "▶►◀◄▲▼↑↓→←" + "○●◆■★✓✗×÷·•…ασ√≤≥–—",
    "-=--=--|||:|||" + "+++++++++++++" + ">><<^v^v><" + "o*x#*vxx/.*.asv<>--",
)
"""What to write for characters that a terminal without Unicode cannot show, in as many columns."""


def require_terminal(instead: str) -> None:
    """Raise UserError where Textual, which reads keys from stdin and draws on stderr, would do so into a pipe or a teletype.

    What can be done `instead`, without a screen, is said then.
    """
    terminal = sys.__stdin__ is not None and sys.__stdin__.isatty() and sys.__stderr__ is not None and sys.__stderr__.isatty()
    if not terminal:
        raise UserError("the app needs a terminal for its keys and its screen", hint=instead)
    kind = os.environ.get("TERM", "")
    if not kind:
        raise UserError("the app cannot tell what its terminal draws, as TERM is not set", hint=instead)
    if kind in ("dumb", "unknown"):
        raise UserError(f"the app cannot draw on a terminal of type {kind!r}", hint=instead)


def writes_utf8() -> bool:
    """Whether what is drawn is to be sent as UTF-8."""
    return _encoding().lower().replace("-", "").startswith("utf")


def _encoding() -> str:
    """What the terminal reads. In the locale C Python writes UTF-8 all the same, unless somebody has said what it shall write."""
    if sys.flags.utf8_mode and not {"PYTHONUTF8", "PYTHONIOENCODING"} & os.environ.keys():
        return locale.getencoding()
    return getattr(sys.__stderr__, "encoding", None) or "utf-8"


def write_look_alikes() -> None:
    """From now on what the terminal's encoding lacks is written as something like it, and not as an escape of several columns."""
    codecs.register_error("look_alikes", _look_alikes)
    if isinstance(sys.__stderr__, io.TextIOWrapper):
        sys.__stderr__.reconfigure(encoding=_encoding(), errors="look_alikes")


def _look_alikes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(look_alike, error.object[error.start : error.end])), error.end


def look_alike(character: str) -> str:
    """ASCII that takes as many columns as this character."""
    alike = character.translate(LOOK_ALIKES)
    if alike.isascii():
        return alike
    if "\u2800" <= character <= "\u28ff":  # braille
        return " " if character == "\u2800" else "*"
    if "\u2580" <= character <= "\u259f":  # blocks
        return "#"
    columns = cell_len(character)
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters if len(letters) == columns else "?" * columns


class Terminal:
    """The terminal of this process as it is now, to be put in order without the app that draws on it."""

    def __init__(self) -> None:
        self._keys, self._screen = sys.__stdin__.fileno(), sys.__stderr__.fileno()  # type: ignore[union-attr] # they are a terminal
        if sys.platform != "win32":
            self._modes: list[Any] = termios.tcgetattr(self._keys)

    def is_ours(self) -> bool:
        """Whether the terminal is there, and not with the shell, to which a suspended process has given it back."""
        if sys.platform == "win32":
            return True
        try:
            return os.tcgetpgrp(self._keys) == os.getpgrp()
        except OSError as error:
            return error.errno == errno.ENOTTY  # there, but nobody controls jobs on it

    def give_back(self) -> None:
        """Put it in order, if it takes what is written: one that takes nothing any more would hold up its writer for ever."""
        if sys.platform != "win32":
            with suppress(OSError, termios.error):
                termios.tcsetattr(self._keys, termios.TCSANOW, self._modes)
                if select.select([], [self._screen], [], 0)[1]:
                    os.write(self._screen, FAREWELL)

    def wait_for_hang_up(self) -> bool:
        """Return when it is gone; whether it is gone, and not only no terminal any more."""
        return wait_for_hang_up(self._keys)

    def replace(self) -> None:
        """Have keys that never come, and a screen that takes all: else the app would read the end of its keys again and again."""
        os.dup2(os.pipe()[0], self._keys)
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._screen)


def wait_for_hang_up(descriptor: int) -> bool:
    """Return when a pipe or a terminal has no other end any more, and tell whether that is so. Where nobody can tell, wait for ever."""
    if sys.platform == "win32":
        threading.Event().wait()
        return False
    else:  # noqa: RET505 mypy looks at what is in here for other systems alone
        poller = select.poll()
        poller.register(descriptor, 0)  # a hang-up alone, which is always reported
        return bool(poller.poll()[0][1] & select.POLLHUP)


def leave_terminal() -> None:
    """Take no signals from the terminal that this process was started from: ctrl+c and a hang-up are others' to answer."""
    if sys.platform != "win32" and os.getpgrp() != os.getpid():
        os.setsid()
