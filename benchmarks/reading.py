"""What it costs to read runs back: `python benchmarks/reading.py list`, or `… LAYERS` for one log of 47 MiB, with the program installed.

CPU seconds and memory, in a process of its own for each figure, since the most memory that a process took is never less again.
"""

import json
import random
import sys
import tempfile
import tracemalloc
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from time import process_time
from typing import Any

from tui_trainer.runs.archive import read_run
from tui_trainer.runs.listing import list_runs
from tui_trainer.training.events import LayerHealth

RUNS = 200
MOST_BYTES = 47 << 20
START = {"event": "start", "config": {"hidden": "8"}, "parameters": 100, "training_samples": 1000}


def write(folder: Path, epochs: int, layers: int, figures: int) -> None:
    """A run of so many epochs, or as many as fit, of which so many figures of each layer were measured."""
    names = LayerHealth._fields[1 : 1 + figures]
    health = [{"name": f"dense_{layer}", **{name: random.random() for name in names}} for layer in range(1, layers + 1)]
    means: dict[str, Any] = dict.fromkeys(("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate"), 0.5)
    folder.mkdir()
    with (folder / "metrics.jsonl").open("w") as file:
        file.write(json.dumps(START) + "\n")
        for epoch in range(1, epochs + 1):
            line = json.dumps({"event": "epoch", "epoch": epoch, **means, "seconds": 1.5, "layers": health}) + "\n"
            if file.tell() + len(line) > MOST_BYTES:
                break
            file.write(line)


def peak() -> float:
    """The most memory that this process took so far, in MB."""
    return getrusage(RUSAGE_SELF).ru_maxrss / 1000


def listing(folder: Path) -> None:
    """Read many short runs."""
    for number in range(RUNS):
        write(folder / f"run-{number}", epochs=60, layers=8, figures=7)
    list_runs(folder)
    started = process_time()
    list_runs(folder)
    seconds = process_time() - started
    tracemalloc.start()
    found = list_runs(folder)
    kept = tracemalloc.get_traced_memory()[0] / len(found) / 1024
    print(f"{len(found)} runs: {seconds:.2f} s, {kept:.1f} KiB a record")


def one_log(folder: Path, layers: int) -> None:
    """Read a log as long as one may be, of epochs in which only the gradients were measured."""
    write(folder / "run", epochs=1 << 20, layers=layers, figures=1)
    before, started = peak(), process_time()
    run = read_run(folder / "run")
    read, seconds = peak(), process_time() - started
    started = process_time()
    curves = len(run.history.gradient_norms), len(run.history.health), len(run.history.training_loss)
    drawn = process_time() - started
    print(f"{layers} layers, {len(run.epochs)} epochs: {seconds:.2f} s, {before:.0f} MB → {read:.0f} MB; ", end="")
    print(f"curves of {curves[0]} layers: {drawn:.2f} s, {peak():.0f} MB")


def main() -> None:
    """Measure what is asked for."""
    with tempfile.TemporaryDirectory() as name:
        if sys.argv[1] == "list":
            listing(Path(name))
        else:
            one_log(Path(name), int(sys.argv[1]))


if __name__ == "__main__":
    main()
