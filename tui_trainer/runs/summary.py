"""A run as one JSON object, and whether it can be resumed."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tui_trainer.datasets.dataset import MNIST
from tui_trainer.errors import UserError
from tui_trainer.history.history import BestValue
from tui_trainer.history.quantities import EPOCHS
from tui_trainer.history.quantity import finite
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.listing import run_status
from tui_trainer.runs.resumable import ends_at_once, latest_options, why_not_resumable


def run_document(run: RunRecord) -> dict[str, Any]:
    """The run's record as strict JSON."""
    return {
        "name": run.path.absolute().name,
        "path": str(run.path),
        "status": run_status(run),
        "started": run.started.isoformat(),
        "tags": list(run.tags),
        "config": dict(run.config),
        "changes": [change._asdict() for change in run.changes],
        "parameters": run.parameters,
        "training_samples": run.training_samples,
        "layers": [layer.model_dump() for layer in run.layers],
        "environment": dict(run.environment),
        "epochs": epoch_rows(run),
        "best_validation_accuracy": _best(run.history.best_accuracy),
        "best_validation_loss": _best(run.history.best_loss),
        "test_loss": run.test_loss,
        "test_accuracy": run.test_accuracy,
        "seconds": run.seconds,
        "divergence": asdict(run.divergence) if run.divergence else None,
    }


def epoch_rows(run: RunRecord) -> list[dict[str, Any]]:
    """Each epoch's figures by name; None where not measured or not finite."""
    return [
        {
            **{name: finite(figure.take(epoch)) for name, figure in EPOCHS.items()},
            "gradient_norms": {name: finite(norm) for name, norm in epoch.gradient_norms.items()},
        }
        for epoch in run.epochs
    ]


def outlook(run: RunRecord) -> tuple[bool, str]:
    """Whether the run can be resumed now, and the step, or the reason why not."""
    if reason := why_not_resumable(run):
        return False, reason
    # Reads the checkpoint with its tensors, so that damage shows now.
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


def _best(best: BestValue | None) -> Mapping[str, Any] | None:
    return best._asdict() if best else None
