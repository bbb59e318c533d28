"""What the checks before a run take, and how right they are: `python benchmarks/preflight.py`, with the program installed.

Each network is checked in a process of its own, and then trained for an epoch in another: what was foreseen beside what was needed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

NETWORKS = (
    "--hidden none",
    "--hidden 256",
    "--hidden 100x10",
    "--hidden 100x10 --activation sigmoid --initializer uniform",
    "--hidden 256 --batch-size 4096 --optimizer sgd",
    "--hidden 1024x3",
    "--hidden 2000x2 --early-stopping 2",
)

TRAIN = """
import resource, sys
from tui_trainer.__main__ import main
try:
    main()
except SystemExit:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

MIB = 1 << 20


def row(options: str) -> None:
    """Print a network's row."""
    common = [*options.split(), "--epochs", "1", "--threads", "1"]
    started = perf_counter()
    checked = [sys.executable, "-m", "tui_trainer", "preflight", *common, "--format", "json"]
    told = subprocess.run(checked, capture_output=True, text=True, check=False).stdout
    took = perf_counter() - started
    found = {record["check"]: record for record in map(json.loads, told.splitlines())}
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        trained = [sys.executable, "-c", TRAIN, "--no-ui", "--format", "quiet", "--output", str(run), *common]
        kib = int(subprocess.run(trained, capture_output=True, text=True, check=True).stdout)
        epoch = next(record for record in map(json.loads, (run / "metrics.jsonl").open()) if record["event"] == "epoch")
    memory, time = found["memory"]["value"] / MIB, found["time"]
    needed = kib * 1024 / MIB
    print(
        f"| `{options}` | {took:.1f} | {memory:.0f} | {needed:.0f} | {memory / needed:.2f} "
        f"| {time['value']:.1f} ± {time['error']:.1f} | {epoch['seconds']:.1f} |",
        flush=True,
    )


def main() -> None:
    """Print the table."""
    print("| options | all checks, s | memory foreseen, MiB | needed | ratio | an epoch foreseen, s | needed, training alone |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for options in NETWORKS:
        row(options)


if __name__ == "__main__":
    main()
