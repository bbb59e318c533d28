"""Trains or resumes one run of a sweep. Its figures are those of the validation set alone."""

import json
from hashlib import sha256
from pathlib import Path

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError, may_pass, reason_of
from tui_trainer.history.quantity import finite
from tui_trainer.runs import checkpoint
from tui_trainer.runs.archive import RunRecord, is_run, read_run
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.run import Run
from tui_trainer.sweep.store import Figures, RunStatus
from tui_trainer.system.locks import is_held
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended


class CutShortError(Exception):
    """The run was stopped before its end, and can be resumed."""


def train_run(config: Config, folder: Path, data: Dataset, control: Control) -> tuple[RunStatus, Figures]:
    """The status and figures of a run, trained or resumed in its folder unless it has ended.

    Raises CutShortError after `control` stopped it, and UserError when it cannot be trained or saved.
    """
    refuse_link(folder)
    if known := outcome(folder):
        return known
    run = _resumed(folder, data) or Run.create(config, folder, data)
    for event in run.events(control):
        if isinstance(event, Ended) and event.status in {"stopped", "interrupted"}:
            raise CutShortError
    if run.save_error:
        raise run.save_error
    return _outcome(read_run(folder))


def refuse_link(folder: Path) -> None:
    """Raise UserError where the run's folder is a link: its target does not belong to the sweep."""
    if folder.is_symlink():
        raise UserError("a link is where the run's own folder belongs", path=folder, hint="remove it")


def outcome(folder: Path) -> tuple[RunStatus, Figures] | None:
    """The status and figures of a run that has ended, of which a killed sweep may not know; None if it has not ended."""
    try:
        record = read_run(folder)
    except UserError:
        return None
    has_ended = record.status == "diverged" or (record.status == "completed" and record.has_checkpoint)
    return _outcome(record) if has_ended else None


def latest(folder: Path) -> Figures | None:
    """A running run's figures so far; None before its first epoch has ended."""
    try:
        record = read_run(folder)
    except UserError:  # its folder is being created
        return None
    return figures(record) if record.epochs else None


def figures(record: RunRecord, status: RunStatus = RunStatus.RUNNING) -> Figures:
    """The figures from a run's files; for a diverged run only its length."""
    digest = None
    if status is RunStatus.DIVERGED:
        return Figures(epochs=record.last_epoch, seconds=record.seconds)
    if status is RunStatus.COMPLETED:
        digest = _digest(RunDirectory(record.path).checkpoint)
    kept = record.epochs[-1] if record.epochs else None
    if record.config.get("early_stopping") and (best := record.history.best_loss):
        kept = next(epoch for epoch in record.epochs if epoch.number == best.epoch)
    if kept is None:
        return Figures(digest=digest)
    return Figures(
        finite(kept.train_loss),
        finite(kept.train_accuracy),
        finite(kept.validation_loss),
        finite(kept.validation_accuracy),
        record.last_epoch,
        record.seconds,
        digest,
    )


def _outcome(record: RunRecord) -> tuple[RunStatus, Figures]:
    status = RunStatus.DIVERGED if record.status == "diverged" else RunStatus.COMPLETED
    return status, figures(record, status)


def _resumed(folder: Path, data: Dataset) -> Run | None:
    """The run, resumed; None, with its folder cleared, where it cannot be resumed and has to start again."""
    if not is_run(folder):
        return None
    own = RunDirectory(folder)
    try:
        return Run.resume(folder, data=data)
    except UserError as error:
        # A temporary read error says nothing of the files.
        if may_pass(error) or is_held(own.metrics):
            raise
    try:
        own.clear()
    except OSError as error:
        raise UserError(f"nothing to resume, and it cannot be cleared ({reason_of(error)})", path=folder) from error
    return None


def _digest(file: Path) -> str:
    """SHA-256 of the weights. The other contents of a checkpoint, such as times, differ between equal runs."""
    snapshot = checkpoint.read(file)
    hashed = sha256()
    for name in sorted(snapshot.tensors):
        tensor = snapshot.tensors[name]
        hashed.update(json.dumps([name, tensor.shape]).encode())
        hashed.update(tensor.data)
    return hashed.hexdigest()
