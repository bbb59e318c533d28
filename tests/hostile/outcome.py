"""What the program makes of its arguments: in this process, or in one whose memory is measured."""

import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import NamedTuple

from program import call

ESCAPES = "\x1b]0;title\x07\x1b[31m\x9b2J\x00\r\n\b[red]x[/red][/]\u202egnp.\u200b\u2066\ufeff\x7f"
"""What a terminal or a screen would obey: OSC, CSI of seven and of eight bits, markup, and what has no width or turns text around."""

LONGEST = 1500
"""Characters of a complaint: it names a file, of which the path may be long, and quotes little of it."""

_MEASURED = """
import re, sys
from pathlib import Path
from tui_trainer.__main__ import main
try:
    main()
finally:
    Path(sys.argv[0]).write_text(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


class Outcome(NamedTuple):
    status: int
    stdout: str
    stderr: str
    megabytes: int = 0


def outcome(*arguments: str) -> Outcome:
    done = call(*arguments)
    return Outcome(done.returncode, done.stdout, done.stderr)


def measured(folder: Path, *arguments: str, seconds: float = 60) -> Outcome:
    """In a process of its own, which may address 4 GiB and is asked how much it has really held."""
    note = folder / "megabytes"
    code = f"import sys; sys.argv = {[str(note), *arguments]!r}\n{_MEASURED}"
    command = ["sh", "-c", 'ulimit -v 4194304; exec "$0" -c "$1"', sys.executable, code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, cwd=folder)
    return Outcome(done.returncode, done.stdout, done.stderr, int(note.read_text()) >> 10 if note.exists() else 0)


def is_harmless(text: str) -> bool:
    """Whether a terminal shows the text and does nothing else."""
    return all(character == "\n" or unicodedata.category(character)[0] != "C" for character in text)


def is_one_line(text: str) -> bool:
    return text.isprintable() and 0 < len(text) <= LONGEST


def is_refusal(found: Outcome) -> bool:
    """Whether one clear line says what is wrong."""
    line = found.stderr
    return found.status == 2 and line.startswith("tui-trainer: ") and line.endswith("\n") and is_one_line(line[:-1])
