"""The events of a run, as frozen values: numbers and copies, never live weights."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

import numpy as np

from tui_trainer.config.options import Config
from tui_trainer.nn.arrays import Array

Status = Literal["completed", "stopped", "interrupted", "diverged"]


class LayerSummary(NamedTuple):
    """A row of the layer table."""

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int


class LayerHealth(NamedTuple):
    """The health of a Dense layer and the activation after it at one step.

    Norms are Euclidean, over the weight matrix. `gradient_norm` is that of the loss's gradient, before clipping and without weight decay;
    `update_ratio` is the norm of the step over the norm of the weights. Activations are those of a fixed probe of training images:
    `saturated_fraction` is the share at which the function is (nearly) flat, `dead_fraction` the share of units saturated for every image.
    """

    name: str
    gradient_norm: float
    weight_norm: float
    update_ratio: float
    activation_mean: float
    activation_std: float
    dead_fraction: float
    saturated_fraction: float


class Histogram(NamedTuple):
    """The number of values in each bin; a bin excludes its upper edge."""

    counts: np.ndarray
    edges: np.ndarray
    elsewhere: int = 0
    """Values outside the scale, such as NaN."""


class Distributions(NamedTuple):
    """The distributions of a Dense layer's activations and gradients at one step.

    Activations are those after the activation function, for some images of the probe; gradients are binned by log10 of their magnitude,
    over the weight matrix, zeros `elsewhere`, and those that are not finite in the highest bin.
    """

    name: str
    activations: Histogram
    gradients: Histogram


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything needed to resume to the same bits: copies of all tensors, and the scalars."""

    tensors: Mapping[str, Array]
    scalars: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Started:
    """Training is about to begin; the network is initialised, or restored."""

    version: str
    started: str
    """When, as an ISO 8601 time with its zone."""
    config: Config
    step: int
    """Batches trained before; 0 unless the run is resumed."""
    parameters: int
    layers: tuple[LayerSummary, ...]
    training_samples: int
    validation_samples: int
    test_samples: int
    threads: int
    environment: Mapping[str, str]
    snapshot: Snapshot

    @property
    def options(self) -> Config:
        """The options at this step, with the changes that were applied before it."""
        applied = self.config.changes[: self.snapshot.scalars["changes"]]
        return self.config.model_copy(update={name: value for change in applied for name, value in change.values.items()})


class Progress(NamedTuple):
    """One batch was trained. The only kind of event that a listener may drop or merge."""

    epoch: int
    """Counted from 1."""
    batch: int
    """Batches of this epoch trained so far."""
    batches: int
    """Batches in an epoch."""
    step: int
    """Batches trained since the run began."""
    loss: float
    """Mean over this batch, before its step."""
    accuracy: float
    seconds: float
    """Training time of this epoch so far."""
    learning_rate: float
    position: float
    """Epochs trained so far, with the share of this one."""
    samples: int
    """Images of this epoch trained so far."""
    layers: tuple[LayerHealth, ...] = ()
    """Measured at this step, if requested."""
    snapshot: Snapshot | None = None
    """Taken after this step, if requested."""
    distributions: tuple[Distributions, ...] = ()
    """Counted at this step, if requested."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Options have other values from the next batch on; `config` describes the run with this change in it."""

    epoch: int
    """Of the next batch."""
    batch: int
    """Batches of this epoch trained so far."""
    step: int
    changes: Mapping[str, Any]
    config: Config


@dataclass(frozen=True, slots=True)
class EpochEnded:
    """An epoch over all training images has ended. Losses are means in nats, accuracies fractions; None without a validation set."""

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    samples_per_second: float
    best: bool
    """Whether the validation loss is the lowest so far."""
    layers: tuple[LayerHealth, ...]
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first numbers that are not finite: in the output or the weights of `layer`, at `step` of `epoch`."""

    layer: str
    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over. `epochs` counts whole epochs; `seconds` is the run's training time.

    `best_epoch` had the lowest validation loss; with early stopping its weights are tested and kept. The test figures are None after an
    interruption, which leaves no time for them; `snapshot` is None after divergence.
    """

    status: Status
    epochs: int
    best_epoch: int | None
    test_loss: float | None
    test_accuracy: float | None
    seconds: float
    divergence: Divergence | None
    snapshot: Snapshot | None
    last_measured: Progress | None = None
    """The last batch before a divergence with its layers, if they are followed and were not measured with the batch itself."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A one-line message for the user; the run continues."""

    text: str
    explains_wait: bool = False
    """Whether it only says what somebody waits for who looks on."""


Event = Started | Progress | Changed | EpochEnded | Ended | Noted

_NAMES: Mapping[type, str] = {Started: "start", Changed: "change", EpochEnded: "epoch", Ended: "end"}


def record(event: Started | Changed | EpochEnded | Ended, run_directory: str) -> dict[str, Any]:
    """The event as a strict-JSON object, as `--format json` prints it and metrics.jsonl keeps it."""
    values: dict[str, Any] = {"event": _NAMES[type(event)]}
    for field in fields(event):
        if field.name not in ("snapshot", "last_measured"):
            values[field.name] = getattr(event, field.name)
    if isinstance(event, Changed):
        del values["config"]
    if isinstance(event, Started | Ended):
        values["run_directory"] = run_directory
    if isinstance(event, Ended):
        divergence = values.pop("divergence")
        if divergence is not None:
            values["divergence"] = {field.name: getattr(divergence, field.name) for field in fields(divergence)}
    document: dict[str, Any] = plain(values)
    return document


def plain(value: Any) -> Any:
    """The value as strict JSON: a number that is not finite becomes null, with `"finite": false` beside it."""
    if isinstance(value, Config):
        return value.record()
    if isinstance(value, LayerSummary | LayerHealth):
        return plain(value._asdict())
    if isinstance(value, Mapping):
        found = {key: plain(item) for key, item in value.items()}
        if any(isinstance(item, float) and not math.isfinite(item) for item in value.values()):
            found["finite"] = False
        return found
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
