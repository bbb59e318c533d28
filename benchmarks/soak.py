"""Half an hour in the app: `python benchmarks/soak.py [MINUTES]`, with the program and pexpect installed.

A network trains in a real pseudo-terminal at 120×40, its charts live at two looks a second. The table shows the resident memory as it
goes, and how long a key takes to be answered: help is opened and closed.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic

from line import CTRL_R, Line

EVERY = 5
"""Minutes between two rows."""

KEYS_A_ROW = 9


def resident(process: int) -> float:
    """MiB in memory."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def answer(line: Line) -> float:
    """Milliseconds from a key to the help that it opens."""
    pressed = monotonic()
    line.press("?")
    line.until(b"Keys", 10, every=0.005)
    seconds = monotonic() - pressed
    line.press("\x1b")
    line.read(0.5)
    return 1000 * seconds


def main() -> None:
    """Print a row every few minutes."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    with tempfile.TemporaryDirectory() as folder:
        line = Line(120, 40, folder, ["--epochs", "100000"])
        line.until(b"Start")
        line.press(CTRL_R)
        line.until(b"images/s")
        began = monotonic()
        print("| minutes | resident memory, MiB | kB/s | help after, ms |\n| --- | --- | --- | --- |")
        passed = 0.0
        while True:
            length = min(1.0 if passed < 1 else EVERY, minutes - passed) * 60
            written = len(line.read(length - 20))
            answers = [answer(line) for _ in range(KEYS_A_ROW)]
            passed = (monotonic() - began) / 60
            kilobytes = written / (length - 20) / 1000
            print(f"| {passed:.0f} | {resident(line.process_id):.0f} | {kilobytes:.1f} | {median(answers):.0f} |", flush=True)
            if passed >= minutes - 0.5:
                break
        line.close()


if __name__ == "__main__":
    main()
