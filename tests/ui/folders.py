"""Folders of runs and sweeps that nobody trained, the same at every time and on every machine."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from sweep.story import Story

from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.sweep.store import RUNS


def make_run(path: Path, accuracy: float = 0.9, epochs: int = 3, started: str = "", **config: Any) -> Path:
    """A folder as a run leaves it; one of an earlier version does not tell when it was `started`."""
    path.mkdir(parents=True)
    since = {"version": "0.1.0", "started": started} if started else {}
    options = {"hidden": [16], "batch_size": 10, "epochs": epochs} | config
    lines: list[dict[str, Any]] = [{"event": "start", **since, "config": options, "parameters": 12_730, "training_samples": 100}]
    for epoch in range(1, epochs + 1):
        layers = [{"name": f"dense_{number}", "gradient_norm": 0.1 * number} for number in (1, 2)]
        means = {"train_loss": 1 / epoch, "train_accuracy": accuracy - 0.1 / epoch}
        validation = {"validation_loss": 1.2 / epoch, "validation_accuracy": accuracy - 0.2 / epoch}
        lines.append({"event": "epoch", "epoch": epoch, "learning_rate": 0.1, "seconds": 1.5, "layers": layers} | means | validation)
    lines.append({"event": "end", "status": "completed", "test_loss": 0.3, "test_accuracy": accuracy})
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def make_sweep(folder: Path, story: Story | None = None, *, test: float | None = 0.931) -> Path:
    """A sweep that is over, with the folders of its runs."""
    store = (story or Story()).write(folder, test=test)
    for result in store.results():
        make_run(folder / RUNS / result.key, result.figures.validation_accuracy or 0.5)
    store.close()
    return folder


BATCHES = 50
"""In an epoch."""

START = {
    "event": "start", "config": {"hidden": [16], "activation": "tanh", "batch_size": 10, "epochs": 4}, "parameters": 12_730,
    "training_samples": 10 * BATCHES, "layers": [
        {"name": "dense_1", "type": "Dense", "output_shape": [16], "parameters": 12_560},
        {"name": "dense_2", "type": "Dense", "output_shape": [10], "parameters": 170},
    ],
}  # fmt: skip
END = {"event": "end", "status": "completed", "epochs": 4, "test_loss": 0.1234, "test_accuracy": 0.971, "seconds": 62.0}


def epoch(number: int) -> dict[str, Any]:
    """The line of the log that tells of an epoch's end."""
    health = {"weight_norm": 3.0, "update_ratio": 2e-3, "activation_mean": 0.1, "activation_std": 0.5, "saturated_fraction": 0.25}
    layers = [{"name": f"dense_{layer}", "gradient_norm": 10.0**-layer, "dead_fraction": 0.125 * layer, **health} for layer in (1, 2)]
    return {
        "event": "epoch", "epoch": number, "train_loss": 1 / number, "train_accuracy": 1 - 0.3 / number, "validation_loss": 1.2 / number,
        "validation_accuracy": 1 - 0.4 / number, "learning_rate": 0.01, "seconds": 15.5, "samples_per_second": 32.0, "layers": layers,
    }  # fmt: skip


class GrowingRun:
    """A run's folder, written as another process would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self._journal: LockedLog | None = LockedLog.hold(path / "metrics.jsonl", create=True)

    def tell(self, *lines: dict[str, Any]) -> None:
        assert self._journal
        for line in lines:
            self._journal.add(json.dumps(line))
        self._journal.flush()

    def train(self, first: int, last: int) -> None:
        """Batches from `first` up to `last`, the last one included."""
        step = np.arange(first, last + 1)
        seconds = ((step - 1) % BATCHES + 1) * 0.31
        rows = np.stack([step / BATCHES, 2 / np.sqrt(step), 1 - 0.9 / np.sqrt(step), np.full(len(step), 0.01), seconds], axis=1)
        with (self.path / "batches.f32").open("ab") as file:
            file.write(rows.astype("<f4").tobytes())

    def cut(self, lines: int, batches: int) -> None:
        """Go back, as a run that is gone on with does."""
        assert self._journal
        content = (self.path / "metrics.jsonl").read_bytes().splitlines(keepends=True)
        self._journal.cut(len(b"".join(content[:lines])))
        os.truncate(self.path / "batches.f32", 20 * batches)

    def leave(self) -> None:
        if self._journal:
            self._journal.close()
        self._journal = None

    def take_up(self) -> None:
        self._journal = LockedLog.hold(self.path / "metrics.jsonl")


def make_watched_run(path: Path) -> Path:
    """A run of four epochs that is over, with its batches and a change."""
    run = GrowingRun(path)
    run.tell(START)
    change = {"event": "change", "epoch": 3, "batch": 0, "step": 2 * BATCHES, "changes": {"learning_rate": 0.01}}
    for number in range(1, 5):
        run.train((number - 1) * BATCHES + 1, number * BATCHES)
        run.tell(epoch(number), *([change] if number == 2 else []))
    run.tell(END)
    run.leave()
    return path
