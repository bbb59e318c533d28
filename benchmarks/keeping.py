"""What it costs to keep a run: `python benchmarks/keeping.py [FOLDER]`, with the program installed; FOLDER is on the disk to measure.

The program's own loop and its writer, as a run has them, and the time that goes into each: the snapshots, the files with their fsyncs,
the batches. One epoch's training is the measure.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from threadpoolctl import threadpool_limits

from tui_trainer import Config, Control, load_data
from tui_trainer.runs.batches import BatchFile
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.runs.run_writer import RunWriter
from tui_trainer.training.events import EpochEnded, Progress, Started
from tui_trainer.training.loop import Training

NETWORKS = ("256", "128x8", "100x30", "1024x3")
EPOCHS = 4


def costs(hidden: str, parent: str | None) -> None:
    """Train for a few epochs, and print a row."""
    config = Config.parse({"hidden": hidden, "epochs": EPOCHS, "threads": 1})
    training, control = Training(config, load_data("mnist")), Control()
    epochs, epoch_ends, in_batches = [], [], 0.0
    with tempfile.TemporaryDirectory(dir=parent) as name:
        folder = RunDirectory(Path(name))
        writer = RunWriter(folder, LockedLog.hold(folder.metrics, create=True), BatchFile(folder.batches), config.checkpoint_every)
        for event in training.events(control):
            started = perf_counter()
            if isinstance(event, Progress):
                writer.add_batch(event, control)
                # A checkpoint within an epoch would count as batches.
                in_batches += (perf_counter() - started) if not event.snapshot else 0.0
            else:
                writer.add_event(event)
                if isinstance(event, EpochEnded):
                    epochs.append(event.seconds)
                    epoch_ends.append(perf_counter() - started)
            if isinstance(event, Started):
                in_batches = 0.0
        size = folder.checkpoint.stat().st_size / 1e6
    started = perf_counter()
    training.state.snapshot()
    copying = perf_counter() - started
    epoch, writing = median(epochs), median(epoch_ends)
    shares = f"{copying / epoch:.2%} | {writing / epoch:.2%} | {in_batches / sum(epochs):.2%}"
    print(f"| {hidden} | {size:.1f} | {epoch:.2f} | {shares} | {(copying + writing) / config.checkpoint_every:.2%} |", flush=True)


def main() -> None:
    """Print the table."""
    threadpool_limits(1, user_api="blas")
    parent = sys.argv[1] if len(sys.argv) > 1 else None
    print("| hidden layers | checkpoint, MB | epoch, s | snapshot | files at an epoch's end | batches | a checkpoint every 30 s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for hidden in NETWORKS:
        costs(hidden, parent)


if __name__ == "__main__":
    main()
