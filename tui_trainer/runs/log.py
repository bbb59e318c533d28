"""What the lines of a metrics.jsonl may be, and what they amount to. Nothing in a line is believed before it is checked."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from math import inf, nan
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, TypeAdapter, ValidationError
from pydantic_core import from_json

from tui_trainer.config.changes import MOST_CHANGES
from tui_trainer.config.error_messages import first_complaint
from tui_trainer.config.layer_sizes import MOST_LAYERS
from tui_trainer.config.options import MOST_EPOCHS
from tui_trainer.history.quantities import FIGURES
from tui_trainer.training.events import Status

LONGEST_COMPLAINT: Final = 200
"""Characters: it may quote the file."""

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Share = Annotated[float, Field(ge=0, le=1)]
Figure = Annotated[float, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Name = Annotated[str, Field(max_length=100)]
Environment = Annotated[dict[Name, Annotated[str, Field(max_length=1000)]], Field(max_length=100)]
Options = Annotated[dict[Name, JsonValue], Field(max_length=1000)]
Changed = Annotated[dict[Name, Annotated[str, Field(max_length=100)] | int | float | bool | None], Field(max_length=100)]

_STRICT: Final = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


class Layer(BaseModel):
    """How a Dense layer fared. An earlier version may not have measured all of it."""

    model_config = _STRICT

    name: Name
    gradient_norm: Figure | None
    weight_norm: Figure | None = None
    update_ratio: Figure | None = None
    activation_mean: float | None = None
    activation_std: Figure | None = None
    dead_fraction: Share | None = None
    saturated_fraction: Share | None = None


class LayerShape(BaseModel):
    """A layer that has parameters."""

    model_config = _STRICT

    name: Name
    output_shape: Annotated[list[Count], Field(min_length=1, max_length=8)]
    parameters: Count


class StartLine(BaseModel):
    """The run began, or was resumed."""

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
    """An epoch ended."""

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


class ChangeLine(BaseModel):
    """Somebody changed options while the run went on."""

    model_config = _STRICT

    epoch: Annotated[int, Field(ge=0, le=MOST_EPOCHS + 1)]
    batch: Count
    step: Count
    changes: Changed


class Place(BaseModel):
    """Where the numbers stopped being finite."""

    model_config = _STRICT

    layer: Name
    epoch: Annotated[int, Field(ge=1, le=MOST_EPOCHS)]
    step: Count


class EndLine(BaseModel):
    """The run ended."""

    model_config = _STRICT

    status: Status
    test_loss: Figure | None
    test_accuracy: Share | None
    epochs: Annotated[int, Field(ge=0, le=MOST_EPOCHS)] | None = None
    seconds: Seconds | None = None
    divergence: Place | None = None


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
    """A line or a table is not what it should be; its text says what is wrong."""


class NotJSONError(MalformedError):
    """A line is no JSON, perhaps because it is only the start of one."""


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
        raise MalformedError(first_complaint(error)[:LONGEST_COMPLAINT]) from None


def parse_options(values: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The table as plain data. Raises MalformedError."""
    try:
        return _OPTIONS.validate_python(values)
    except ValidationError as error:
        raise MalformedError(first_complaint(error)[:LONGEST_COMPLAINT]) from None


class Epoch(NamedTuple):
    """One epoch, as it was logged. A number that was not finite, or not measured, is None."""

    number: int
    train_loss: float | None
    train_accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float | None
    seconds: float
    gradient_norms: Mapping[str, float | None]
    """Of each Dense layer, by its name."""
    figures: Sequence[float] = ()
    """Of the same layers, one after the other, all that diagnosis tells of: infinite what was not finite, NaN what was not measured."""


_NONE: Final[Mapping[str, float | None]] = {}
"""For all epochs of which no layer was logged: a file may hold a million."""


def _figures(layer: Layer) -> Iterator[float]:
    # Of an earlier version's run the norm is all that was measured: null elsewhere may mean either.
    for name in FIGURES:
        value = getattr(layer, name)
        yield value if value is not None else inf if name == "gradient_norm" else nan


class Log:
    """What the lines so far amount to. A run that was resumed starts more than once; of an epoch logged twice the latter counts."""

    def __init__(self) -> None:
        self.start: StartLine | None = None
        self.end: EndLine | None = None
        self.health: Sequence[Layer] = ()
        """How they fared at the end of the latest epoch."""
        self.environment: Mapping[str, str] = {}
        """In which the run was trained last."""
        self.config: dict[str, JsonValue] | None = None
        self.status: Status | Literal["unfinished"] = "unfinished"
        self.parameters: int | None = None
        self.training_samples: int | None = None
        self.test_loss: float | None = None
        self.test_accuracy: float | None = None
        self._epochs: dict[int, Epoch] = {}
        self._changes: dict[int, ChangeLine] = {}

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """In order, each once."""
        return tuple(self._epochs[number] for number in sorted(self._epochs))

    @property
    def changes(self) -> tuple[ChangeLine, ...]:
        """In order, one for each step."""
        return tuple(self._changes[step] for step in sorted(self._changes))

    def take(self, line: Line) -> None:
        """Read on."""
        match line:
            case StartLine():
                self.start, self.end, self.environment = line, None, line.environment
                self.config, self.parameters, self.training_samples = line.config, line.parameters, line.training_samples
                self.status, self.test_loss, self.test_accuracy = "unfinished", None, None
            case ResumeLine():
                self.environment = line.environment
            case EpochLine():
                means = line.train_loss, line.train_accuracy, line.validation_loss, line.validation_accuracy
                layers = {layer.name: layer for layer in line.layers}
                norms = {name: layer.gradient_norm for name, layer in layers.items()} or _NONE
                # Of plain numbers, for there may be many thousand epochs.
                figures = array("f", (figure for layer in layers.values() for figure in _figures(layer))) or ()
                self._epochs[line.epoch] = Epoch(line.epoch, *means, line.learning_rate, line.seconds, norms, figures)
                self.health = line.layers
            case ChangeLine() if len(self._changes) < MOST_CHANGES:
                # Several may be made before one step.
                before = self._changes.get(line.step)
                self._changes[line.step] = before.model_copy(update={"changes": before.changes | line.changes}) if before else line
            case EndLine():
                self.end = line
                self.status, self.test_loss, self.test_accuracy = line.status, line.test_loss, line.test_accuracy
