"""The terminal that the app draws on: whether it can be drawn on, and in which characters."""

import codecs
import io
import locale
import os
import sys
import unicodedata

from rich.cells import cell_len

from tui_trainer.errors import UserError

LOOK_ALIKES = str.maketrans(
    "─━╸╺═╌┄│┃║┊‖▏▕" + "┌┐└┘├┤┬┴┼╭╮╰╯" + "▶►◀◄▲▼↑↓→←" + "○●◆■★✓✗×·•…σ√≤≥–—",
    "-=--=--|||:|||" + "+++++++++++++" + ">><<^v^v><" + "o*x#*vxx.*.sv<>--",
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
