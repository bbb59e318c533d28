"""What is kept of a run of a lesson: enough to judge its claim and to draw the curves that decide it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from types import MappingProxyType
from typing import Literal, NamedTuple

import numpy as np

from tui_trainer.config.options import Config
from tui_trainer.nn.activations import PReLU
from tui_trainer.training.events import Ended, EpochEnded, Event, LayerHealth, Progress, Snapshot, Started

Layer = Literal["first", "last", "output"] | int
"""A Dense layer: the first, the last hidden one, the output layer, or a number counted from 1."""

Trace = tuple[np.ndarray, np.ndarray]
"""x and y of a curve."""

WINDOWS = 25
"""Parts of an epoch whose batches are drawn as one point: single batches scatter so much that curves over each other hide one another."""


class Place(NamedTuple):
    """Where on a run's course something was."""

    steps: float
    epochs: float
    seconds: float


class Measured(NamedTuple):
    """The layers' health at one step."""

    place: Place
    layers: tuple[LayerHealth, ...]


class Means(NamedTuple):
    """An epoch's figures; None where nothing is held out."""

    place: Place
    training_loss: float
    validation_loss: float | None
    validation_accuracy: float | None


@dataclass
class Course:
    """One run's course, as its events tell it. One thread takes events in; any may read, and sees what was complete."""

    config: Config
    parameters: int = 0
    batches: int = 1
    """In an epoch."""
    places: list[Place] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)
    """Of every batch."""
    health: list[Measured] = field(default_factory=list)
    epochs: list[Means] = field(default_factory=list)
    slopes: list[tuple[float, ...]] = field(default_factory=list)
    """PReLU's mean slope in each of its layers, before training and after each epoch."""
    ended: Ended | None = None
    _seconds: float = 0.0

    def take(self, event: Event) -> None:
        """Note what matters of an event, and nothing that is large."""
        match event:
            case Started():
                self.parameters = event.parameters
                self._take_slopes(event.snapshot)
            case Progress():
                place = Place(event.step, event.position, self._seconds + event.seconds)
                self.batches = event.batches
                self.losses.append(event.loss)
                self.accuracies.append(event.accuracy)
                self.places.append(place)
                # The run's last batches may be of weights that have burst.
                if event.layers:
                    self.health.append(Measured(place, event.layers))
            case EpochEnded():
                self._seconds += event.seconds
                place = Place(self.places[-1].steps, event.epoch, self._seconds)
                self.epochs.append(Means(place, event.train_loss, event.validation_loss, event.validation_accuracy))
                self._take_slopes(event.snapshot)
            case Ended():
                self.ended = replace(event, snapshot=None)

    def _take_slopes(self, snapshot: Snapshot) -> None:
        alphas = PReLU.slopes_in(snapshot.tensors)
        if alphas:
            self.slopes.append(tuple(float(alpha.mean(dtype=np.float64)) for alpha in alphas))

    @property
    def diverged(self) -> bool:
        """Whether the run ended because its numbers were not finite any more."""
        return self.ended is not None and self.ended.status == "diverged"

    @property
    def complete(self) -> bool:
        """Whether the run came to an end of its own."""
        return self.ended is not None and self.ended.status in ("completed", "diverged")


def of_layer(layers: tuple[LayerHealth, ...], layer: Layer) -> LayerHealth | None:
    """The health of one layer; None where the network has no such layer."""
    index = {"first": 0, "last": len(layers) - 2, "output": len(layers) - 1}[layer] if isinstance(layer, str) else layer - 1
    return layers[index] if 0 <= index < len(layers) else None


def gradient_ratio(layers: tuple[LayerHealth, ...]) -> float | None:
    """How much of the output layer's gradient is left in the first layer."""
    return layers[0].gradient_norm / layers[-1].gradient_norm if layers[-1].gradient_norm else None


def dead_fraction(layers: tuple[LayerHealth, ...]) -> float | None:
    """The share of dead units, averaged over the hidden layers."""
    hidden = [layer.dead_fraction for layer in layers[:-1]]
    return sum(hidden) / len(hidden) if hidden else None


def loss_noise(losses: list[float]) -> float | None:
    """The standard deviation of a batch's loss around its neighbours', over the last half of the run.

    From second differences, in which a trend cancels out and whose variance is six times that of the values (von Neumann 1941).
    """
    half = np.array(losses[len(losses) // 2 :], np.float64)
    return float(np.sqrt(np.mean(np.diff(half, 2) ** 2) / 6)) if len(half) >= 3 else None


Curve = Callable[[Course, Callable[[Place], float], Layer], Trace]


def _windows(values: Callable[[Course], list[float]]) -> Curve:
    def curve(course: Course, x: Callable[[Place], float], _layer: Layer) -> Trace:
        size = max(1, course.batches // WINDOWS)
        count = len(course.places) // size
        means = np.array(values(course)[: count * size], np.float64).reshape(count, size).mean(axis=1)
        return np.array([x(course.places[(index + 1) * size - 1]) for index in range(count)]), means

    return curve


def _epochs(value: Callable[[Means], float | None]) -> Curve:
    def curve(course: Course, x: Callable[[Place], float], _layer: Layer) -> Trace:
        known = [(x(epoch.place), figure) for epoch in course.epochs if (figure := value(epoch)) is not None]
        return np.array([at for at, _ in known]), np.array([figure for _, figure in known])

    return curve


def _measured(value: Callable[[tuple[LayerHealth, ...], Layer], float | None]) -> Curve:
    def curve(course: Course, x: Callable[[Place], float], layer: Layer) -> Trace:
        known = [(x(each.place), figure) for each in tuple(course.health) if (figure := value(each.layers, layer)) is not None]
        return np.array([at for at, _ in known]), np.array([figure for _, figure in known])

    return curve


def _norm(layers: tuple[LayerHealth, ...], layer: Layer) -> float | None:
    health = of_layer(layers, layer)
    return health.gradient_norm if health else None


class Shows(NamedTuple):
    """What a chart of a lesson may show over the course of its runs."""

    title: str
    curve: Curve
    scale: Literal["loss", "share", "log"]


SHOWS: Mapping[str, Shows] = MappingProxyType(
    {
        "loss": Shows("Loss of recent batches (nats)", _windows(lambda course: course.losses), "loss"),
        "accuracy": Shows("Accuracy of recent batches", _windows(lambda course: course.accuracies), "share"),
        "validation_loss": Shows("Validation loss (nats)", _epochs(lambda epoch: epoch.validation_loss), "loss"),
        "validation_accuracy": Shows("Validation accuracy", _epochs(lambda epoch: epoch.validation_accuracy), "share"),
        "gradient_norm": Shows("Gradient norm, {layer} layer", _measured(_norm), "log"),
        "gradient_ratio": Shows("First layer's gradient over the output's", _measured(lambda layers, _: gradient_ratio(layers)), "log"),
        "dead_fraction": Shows("Dead units", _measured(lambda layers, _: dead_fraction(layers)), "share"),
    }
)


class Profile(NamedTuple):
    """What a chart may show layer by layer, at one moment."""

    title: str
    of_layer: Callable[[LayerHealth], float] | None
    scale: Literal["loss", "share", "log"]
    hidden: bool
    """Whether it is about the hidden layers alone."""


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "spread": Profile("Spread of activations", lambda layer: layer.activation_std, "log", True),
        "gradient_norm": Profile("Gradient norm", lambda layer: layer.gradient_norm, "log", False),
        "dead_fraction": Profile("Dead units", lambda layer: layer.dead_fraction, "share", True),
        "slopes": Profile("Mean slope below 0", None, "loss", True),
    }
)


def profile(course: Course, shows: str, *, start: bool) -> Trace:
    """A figure of each layer over the layer's number: when it was first measured, or last."""
    kind = PROFILES[shows]
    values: list[float] = []
    if kind.of_layer is None:
        values = list(course.slopes[0 if start else -1]) if course.slopes else []
    elif course.health:
        layers = course.health[0 if start else -1].layers
        values = [kind.of_layer(layer) for layer in (layers[:-1] if kind.hidden else layers)]
    return np.arange(1.0, len(values) + 1), np.array([value if isfinite(value) else np.nan for value in values])
