"""What a second worker is worth to a sweep, what a run costs beside its training, and how much memory a worker takes.

    python benchmarks/sweeping.py    # ten minutes

Two workers on two cores should need little more than half the time of one. Each measurement is a whole `tui-trainer sweep`, from its start
to its end; one and two workers by turns.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

ROUNDS = 2

NETWORKS = {
    "256, 4 epochs": ["--hidden", "256", "--epochs", "4"],
    "32, 8 epochs": ["--hidden", "32", "--epochs", "8"],
}
RUNS = 48


class Memory(threading.Thread):
    """Looks at what the workers of a sweep hold: most of what any of them shares with nobody, and most of all of them together."""

    def __init__(self, parent: int) -> None:
        super().__init__(daemon=True)
        self._parent = parent
        self._ended = threading.Event()
        self.own = self.together = 0.0

    def run(self) -> None:
        # Seldom, because looking takes time from the workers.
        while not self._ended.wait(2):
            held = [_memory(process) for process in _children(self._parent)]
            held = [each for each in held if each["Pss"] > 20]
            self.own = max([self.own, *(each["Private_Dirty"] + each["Private_Clean"] for each in held)])
            self.together = max(self.together, sum(each["Pss"] for each in held))

    def end(self) -> None:
        self._ended.set()
        self.join()


def _children(parent: int) -> list[int]:
    text = "".join(task.read_text() for task in Path(f"/proc/{parent}/task").glob("*/children"))
    return [int(word) for word in text.split()]


def _memory(process: int) -> dict[str, float]:
    """In MiB."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        lines = []
    held = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}
    return {name: held.get(name, 0.0) for name in ("Pss", "Private_Dirty", "Private_Clean")}


def sweep(options: list[str], workers: int, runs: int = RUNS) -> tuple[float, float, float, float]:
    """Seconds from start to end, of training alone, and the workers' memory."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tui_trainer", "sweep", "--seed", f"0:{runs}", *options, "--workers", str(workers)]
        started = time.perf_counter()
        with subprocess.Popen([*command, "--format", "json", "--output", f"{folder}/sweep"], stdout=subprocess.PIPE, text=True) as process:
            memory = Memory(process.pid)
            memory.start()
            output, _ = process.communicate()
            memory.end()
        seconds = time.perf_counter() - started
    trained = [json.loads(line)["seconds"] for line in output.splitlines() if '"event": "run"' in line]
    return seconds, sum(trained), memory.own, memory.together


def main() -> None:
    """Print the table."""
    heads = [
        f"{RUNS} runs of",
        "one worker, s",
        "two, s",
        "two ÷ one",
        "each run's training, two ÷ one",
        "beside training, ms a run",
        "own memory of a worker, MiB",
        "of both, MiB",
    ]
    print(f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for name, options in NETWORKS.items():
        sweep(options, 2, 2)  # the files of the program, and what numba has compiled, are in memory from here on
        rounds = [(sweep(options, 1), sweep(options, 2)) for _ in range(ROUNDS)]
        alone = median(one[0] for one, _ in rounds)
        together = median(two[0] for _, two in rounds)
        ratio = median(two[0] / one[0] for one, two in rounds)
        # Runs that are trained at a time share caches and memory: where this is above 1, so much of the second core is lost to that.
        slower = median(two[1] / one[1] for one, two in rounds)
        beside = median((one[0] - one[1]) / RUNS for one, _ in rounds)
        own, both = max(two[2] for _, two in rounds), max(two[3] for _, two in rounds)
        print(
            f"| {name} | {alone:.1f} | {together:.1f} | {ratio:.2f} | {slower:.2f} | {1000 * beside:.0f} | {own:.0f} | {both:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
