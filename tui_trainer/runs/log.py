"""The lines of a metrics.jsonl, validated, and their events."""

from collections.abc import Mapping
from functools import lru_cache
from math import nan
from operator import attrgetter
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, TypeAdapter, ValidationError
from pydantic_core import from_json

from tui_trainer.config.error_messages import first_problem
from tui_trainer.config.layer_sizes import MOST_LAYERS
from tui_trainer.config.options import MOST_EPOCHS
from tui_trainer.system.folders import printable
from tui_trainer.training.events import Divergence, Ended, EpochEnded, LayerHealth, Snapshot, Status

LONGEST_PROBLEM: Final = 200
"""In characters; the problem may quote the file."""

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Share = Annotated[float, Field(ge=0, le=1)]
Figure = Annotated[float, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Name = Annotated[str, Field(max_length=100)]
Environment = Annotated[dict[Name, Annotated[str, Field(max_length=1000)]], Field(max_length=100)]
Options = Annotated[dict[Name, JsonValue], Field(max_length=1000)]
Changed = Annotated[dict[Name, Annotated[str, Field(max_length=100)] | int | float | bool | None], Field(max_length=100)]

_STRICT: Final = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


_NOTHING: Final = Snapshot({}, {})


_figures: Final = attrgetter(*LayerHealth._fields[1:])


@lru_cache(1 << 12)
def _shown(name: str) -> str:
    return printable(name)


def _number(value: float | None) -> float:
    return nan if value is None else value


class Layer(BaseModel):
    """A Dense layer's health. An earlier version may not have measured all of it."""

    model_config = _STRICT

    name: Name
    gradient_norm: Figure | None
    weight_norm: Figure | None = None
    update_ratio: Figure | None = None
    activation_mean: float | None = None
    activation_std: Figure | None = None
    dead_fraction: Share | None = None
    saturated_fraction: Share | None = None

    def health(self) -> LayerHealth:
        """The health, NaN where not finite or not measured."""
        return LayerHealth._make([_shown(self.name), *[nan if value is None else value for value in _figures(self)]])


class LayerShape(BaseModel):
    """A layer with parameters."""

    model_config = _STRICT

    name: Name
    output_shape: Annotated[list[Count], Field(min_length=1, max_length=8)]
    parameters: Count


class StartLine(BaseModel):
    """A run's start."""

    model_config = _STRICT

    config: Options
    parameters: Count | None = None
    training_samples: Annotated[int, Field(ge=1, lt=1 << 40)] | None = None
    validation_samples: Count | None = None
    test_samples: Count | None = None
    threads: Count | None = None
    layers: Annotated[list[LayerShape], Field(max_length=MOST_LAYERS * 2 + 1)] = []
    environment: Environment = {}


class ResumeLine(BaseModel):
    """The run was resumed in another environment than before."""

    model_config = _STRICT

    step: Count
    environment: Environment


class EpochLine(BaseModel):
    """The end of an epoch."""

    model_config = _STRICT

    epoch: Annotated[int, Field(ge=1, le=MOST_EPOCHS)]
    train_loss: Figure | None
    train_accuracy: Share | None
    validation_loss: Figure | None
    validation_accuracy: Share | None
    learning_rate: Figure | None
    seconds: Seconds
    samples_per_second: Figure | None = None
    layers: Annotated[list[Layer], Field(max_length=MOST_LAYERS + 1)] = []

    def event(self, *, in_short: bool = False) -> EpochEnded:
        """The event, NaN where not finite; `in_short` without the layers."""
        loss, accuracy = self.validation_loss, self.validation_accuracy
        return EpochEnded(
            epoch=self.epoch,
            train_loss=_number(self.train_loss),
            train_accuracy=_number(self.train_accuracy),
            validation_loss=None if accuracy is None and loss is None else _number(loss),
            validation_accuracy=accuracy,
            learning_rate=_number(self.learning_rate),
            seconds=self.seconds,
            samples_per_second=_number(self.samples_per_second),
            best=False,
            layers=() if in_short else tuple({layer.name: layer.health() for layer in self.layers}.values()),
            snapshot=_NOTHING,
        )


class ChangeLine(BaseModel):
    """A change of options during the run."""

    model_config = _STRICT

    epoch: Annotated[int, Field(ge=0, le=MOST_EPOCHS + 1)]
    batch: Count
    step: Count
    changes: Changed


class Place(BaseModel):
    """The first numbers that are not finite."""

    model_config = _STRICT

    layer: Name
    epoch: Annotated[int, Field(ge=1, le=MOST_EPOCHS)]
    step: Count


class EndLine(BaseModel):
    """A run's end."""

    model_config = _STRICT

    status: Status
    test_loss: Figure | None
    test_accuracy: Share | None
    epochs: Annotated[int, Field(ge=0, le=MOST_EPOCHS)] | None = None
    seconds: Seconds | None = None
    divergence: Place | None = None

    def event(self, epochs: int, seconds: float) -> Ended:
        """The event; `epochs` is used where an earlier version did not write it."""
        place = self.divergence
        return Ended(
            status=self.status,
            epochs=epochs if self.epochs is None else self.epochs,
            best_epoch=None,
            test_loss=self.test_loss,
            test_accuracy=self.test_accuracy,
            seconds=seconds if self.seconds is None else self.seconds,
            divergence=Divergence(place.layer, place.epoch, place.step) if place else None,
            snapshot=None,
        )


class OtherLine(BaseModel):
    """An event that this version does not know."""

    model_config = _STRICT

    event: str


Line = StartLine | ResumeLine | EpochLine | ChangeLine | EndLine | OtherLine


def _kind(value: Any) -> str:
    event = value["event"] if isinstance(value, dict) and isinstance(value.get("event"), str) else ""
    return event if event in ("start", "resume", "epoch", "change", "end") else "line"


_LINE: TypeAdapter[Line] = TypeAdapter(
    Annotated[
        Annotated[StartLine, Tag("start")]
        | Annotated[ResumeLine, Tag("resume")]
        | Annotated[EpochLine, Tag("epoch")]
        | Annotated[ChangeLine, Tag("change")]
        | Annotated[EndLine, Tag("end")]
        | Annotated[OtherLine, Tag("line")],
        Discriminator(_kind),
    ]
)

_OPTIONS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(Options, config=ConfigDict(strict=True, allow_inf_nan=False))


class MalformedError(ValueError):
    """A malformed line or table; its text says why."""


class NotJSONError(MalformedError):
    """A line that is not JSON, perhaps because it is incomplete."""


def parse_object(text: bytes) -> dict[str, Any]:
    """The JSON object in a line. Raises MalformedError."""
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        raise NotJSONError("not JSON") from None
    if not isinstance(value, dict):
        raise MalformedError("not a JSON object")
    return value


def parse_line(text: bytes) -> Line:
    """The event in a line. Raises MalformedError."""
    try:
        return _LINE.validate_python(parse_object(text))
    except ValidationError as error:
        raise MalformedError(first_problem(error)[:LONGEST_PROBLEM]) from None


def parse_options(values: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The table as plain data. Raises MalformedError."""
    try:
        return _OPTIONS.validate_python(values)
    except ValidationError as error:
        raise MalformedError(first_problem(error)[:LONGEST_PROBLEM]) from None
