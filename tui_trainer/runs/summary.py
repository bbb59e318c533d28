"""A run as one JSON object, and whether it can be resumed."""

import os
from collections.abc import Mapping
from typing import Any

from tui_trainer.datasets.dataset import MNIST
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import Best, RunRecord
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.listing import run_status
from tui_trainer.runs.resumable import ends_at_once, latest_options, obstacle


def run_document(run: RunRecord) -> dict[str, Any]:
    """All that the run's files tell, as strict JSON takes it."""
    return {
        "name": run.path.absolute().name,
        "path": str(run.path),
        "status": run_status(run),
        "started": run.started.isoformat(),
        "tags": list(run.tags),
        "config": dict(run.config),
        "changes": [change.model_dump() for change in run.changes],
        "parameters": run.parameters,
        "training_samples": run.training_samples,
        "layers": [layer.model_dump() for layer in run.layers],
        "environment": dict(run.environment),
        "epochs": [row for _, row in epoch_rows(run)],
        "best_validation_accuracy": _best(run.best_accuracy),
        "best_validation_loss": _best(run.best_loss),
        "test_loss": run.test_loss,
        "test_accuracy": run.test_accuracy,
        "seconds": run.seconds,
        "divergence": run.divergence.model_dump() if run.divergence else None,
    }


def epoch_rows(run: RunRecord) -> list[tuple[int, dict[str, Any]]]:
    """For each epoch how many batches were trained by its end, and its figures by their names."""
    return [
        (
            step,
            {
                "epoch": epoch.number,
                "step": step,
                "train_loss": epoch.train_loss,
                "train_accuracy": epoch.train_accuracy,
                "validation_loss": epoch.validation_loss,
                "validation_accuracy": epoch.validation_accuracy,
                "learning_rate": epoch.learning_rate,
                "seconds": epoch.seconds,
                "gradient_norms": dict(epoch.gradient_norms),
            },
        )
        for step, epoch in zip(run.steps(), run.epochs, strict=True)
    ]


def outlook(run: RunRecord) -> tuple[bool, str]:
    """Whether the run can be resumed now, and from where, or why not."""
    if reason := obstacle(run):
        return False, reason
    # Checkpoints are read with their tensors: what is broken shows now.
    from tui_trainer.runs.resumption import read_resumption  # noqa: PLC0415 only this needs it, and it takes a tenth of a second

    try:
        found = read_resumption(RunDirectory(run.path), {})
    except UserError as error:
        return False, str(error)
    data = found.config.data
    if data != MNIST and not os.path.exists(data):  # noqa: PTH110 of any text
        return False, f"--data {data}: no such file or folder; give --data where it is now"
    place = f"from step {found.state.step:,}, {found.state.epochs} whole {'epoch' if found.state.epochs == 1 else 'epochs'}"
    if ends_at_once(run, latest_options(run)):
        return True, f"{place}, {'but with other options' if run.status == 'diverged' else 'with more epochs (--epochs)'}"
    return True, place


def _best(best: Best | None) -> Mapping[str, Any] | None:
    return best._asdict() if best else None
