"""What the training thread tells the screens. Progress is not among them: the screen looks at the run's history when it wants to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.message import Message

from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError
from tui_trainer.training.events import Divergence, Status


@dataclass
class RunMessage(Message):
    """About one run; `run` tells which, so that what an earlier one still has to say is passed over."""

    run: object


@dataclass
class RunStarted(RunMessage):
    """The network is built and training begins."""

    directory: Path
    spec: DataSpec
    """What it is trained on."""
    warnings: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass
class RunChanged(RunMessage):
    """Options have other values from the next batch on; `step` batches were trained before."""

    step: int
    changes: Mapping[str, Any]


@dataclass
class RunEnded(RunMessage):
    """The run is over and its files are written."""

    status: Status
    epochs: int
    test_loss: float | None
    test_accuracy: float | None
    seconds: float
    divergence: Divergence | None
    trouble: UserError | None = None
    """Why the run's folder lacks something of it."""


@dataclass
class RunNoted(RunMessage):
    """A notice about the run; `trouble` is why its folder lacks something, while it does."""

    text: str
    trouble: UserError | None


@dataclass
class RunRefused(RunMessage):
    """The run cannot start or continue, for a reason that its user can mend."""

    error: UserError
