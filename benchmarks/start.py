"""How long it takes to start: `python benchmarks/start.py`, with the program installed.

The shortest of some starts, warm: until `--help` is printed, until a run without epochs has ended, and until the app's first screen is
painted in a terminal of its own. `--imports` lists what takes longest to be imported on the way.
"""

import argparse
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

PROGRAM = [sys.executable, "-m", "tui_trainer"]
ROUNDS = 7


def process(*arguments: str) -> float:
    """Seconds until the program has ended."""
    started = perf_counter()
    subprocess.run([*PROGRAM, *arguments], stdout=subprocess.DEVNULL, check=True)
    return perf_counter() - started


def headless() -> float:
    """Seconds of a run without epochs: data read, network made and examined, files written."""
    with tempfile.TemporaryDirectory() as folder:
        return process("--no-ui", "--epochs", "0", "--format", "quiet", "--output", f"{folder}/run")


def painted() -> float:
    """Seconds until the app's form is on the screen."""
    started = perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
        os.execv(PROGRAM[0], [*PROGRAM, "--no-welcome"])
    seen = b""
    while b"Start" not in seen:
        seen += os.read(terminal, 1 << 16)
    seconds = perf_counter() - started
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)
    return seconds


def imports(*arguments: str) -> None:
    """Print what takes longest."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tui_trainer", *arguments], capture_output=True, text=True, check=False
    )
    found = re.findall(r"import time:\s*(\d+) \|\s*(\d+) \|(.*)", told.stderr)
    for own, total, name in sorted(found, key=lambda line: -int(line[1]))[:25]:
        print(f"{int(total) / 1000:8.1f} ms {int(own) / 1000:8.1f} ms alone  {name.strip()}")


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--imports", action="store_true")
    os.chdir(tempfile.gettempdir())
    if parser.parse_args().imports:
        imports("--no-ui", "--epochs", "0", "--output", str(Path(tempfile.mkdtemp()) / "run"))
        return
    print("| | seconds |\n| --- | --- |")
    for title, seconds in (
        ("`--help`", lambda: process("--help")),
        ("`--no-ui --epochs 0`", headless),
        ("the app's first screen", painted),
    ):
        print(f"| {title} | {min(seconds() for _ in range(ROUNDS)):.2f} |", flush=True)


if __name__ == "__main__":
    main()
