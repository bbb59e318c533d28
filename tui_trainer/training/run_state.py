"""The scalars of a snapshot: everything besides the tensors that a resumed run depends on. Read from files, and so validated."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tui_trainer.config.error_messages import first_problem
from tui_trainer.config.options import MOST_EPOCHS, Config
from tui_trainer.datasets.labels import LONGEST_NAME
from tui_trainer.datasets.scaling import BYTE_SCALE, Scaling
from tui_trainer.datasets.spec import DataSpec, times
from tui_trainer.errors import UserError
from tui_trainer.nn.layers import Layer
from tui_trainer.nn.network import buffer_shapes, parameter_shapes
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.training.model import build_layers

LONGEST_PROBLEM = 160

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Copy = Literal["best", "last"]
State = TypeVar("State", bound="ModelState")

_MODEL = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ScalingState(BaseModel):
    """What a `Scaling` is kept as."""

    model_config = _MODEL

    name: Literal["none", "255", "unit", "standard"]
    offset: Annotated[tuple[float, ...], Field(min_length=1, max_length=1 << 24)]
    divisor: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1, max_length=1 << 24)]
    low: float
    high: float

    @property
    def scaling(self) -> Scaling:
        """The scaling."""
        return Scaling(self.name, self.offset, self.divisor, self.low, self.high)


class ModelState(BaseModel):
    """The network's part of the scalars, enough to predict."""

    model_config = _MODEL

    config: Annotated[dict[str, Any], Field(max_length=1000)]
    features: Annotated[int, Field(ge=1, lt=1 << 32)]
    classes: Annotated[int, Field(ge=1, lt=1 << 32)]
    sample_shape: Annotated[tuple[Annotated[int, Field(ge=1, lt=1 << 32)], ...], Field(max_length=8)] | None = None
    """None in files of version 0.1.0."""
    scale: Annotated[float, Field(gt=0)] = BYTE_SCALE
    scaling: ScalingState | None = None
    """None in files of before 0.4."""
    labels: Any = None
    """What the classes are called; what is no such list calls none."""
    is_table: bool = False
    feature_names: Annotated[tuple[Annotated[str, Field(max_length=1000)], ...], Field(max_length=1 << 20)] = ()

    @cached_property
    def spec(self) -> DataSpec:
        """The description of the data that the network was trained on."""
        return DataSpec(
            self.sample_shape or (self.features,),
            self.classes,
            _names(self.labels, self.classes),
            scale=self.scale,
            scaling=self.scaling.scaling if self.scaling else None,
            feature_names=self.feature_names,
            is_table=self.is_table,
        )

    @model_validator(mode="after")
    def _check_shape(self) -> Self:
        if self.spec.features != self.features:
            raise ValueError(f"a sample of shape {times(self.spec.sample_shape)} has not {self.features} features")
        if self.scaling and not {len(self.scaling.offset), len(self.scaling.divisor)} <= {1, self.features}:
            raise ValueError(f"its scaling is not of {self.features} features")
        return self

    @property
    def options(self) -> Config:
        """The run's options. Raises UserError when this version cannot read them."""
        values = {name: value for name, value in self.config.items() if value is not None}
        if "scale" not in values and self.sample_shape is not None:
            # Before there was a choice, bytes were divided by 255 and all else was taken as it was.
            values["scale"] = "255" if self.scale == BYTE_SCALE else "none"
        return Config.parse(values)

    def model_shapes(self) -> dict[str, tuple[int, ...]]:
        """Each tensor's shape by name. Raises UserError as `options` does."""
        return {**parameter_shapes(layers := self._layers()), **buffer_shapes(layers)}

    def _layers(self) -> tuple[Layer, ...]:
        return build_layers(self.options, self.features, self.classes)


class RunState(ModelState):
    """The whole training state's scalars."""

    data: str
    """The fingerprint of the images and labels: a run is resumed on the same ones."""
    epochs: Annotated[int, Field(ge=0, le=MOST_EPOCHS)]
    """Whole epochs trained so far."""
    batch: Count
    """Batches of this epoch trained so far."""
    stretch: tuple[Count, Count, Annotated[float, Field(ge=0, lt=1)]]
    """The present `BatchSegment`, by the name that files give it."""
    step: Count
    changes: Count
    """The number of applied changes in the config; the others are planned."""
    loss_sum: Annotated[float, Field(ge=0)]
    correct: Count
    optimizer: Annotated[dict[str, float], Field(max_length=100)]
    """The optimizer's scalars."""
    schedule: Annotated[dict[str, float], Field(max_length=100)] = {}
    """The schedule's; not in files of before there were schedules with any."""
    order_state: dict[str, Any]
    mask_state: dict[str, Any]
    best_epoch: Annotated[int, Field(ge=0, le=MOST_EPOCHS)]
    best_loss: Annotated[float, Field(ge=0)] | None
    copies: Annotated[tuple[Copy, ...], Field(max_length=1)]
    """A second copy of the network's tensors, if any: `best.…` from the best epoch, for early stopping; `last.…` to resume from, where the
    best epoch's are the run's result."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor's shape by name. Raises UserError when this version cannot read the options."""
        model, trained = self.model_shapes(), parameter_shapes(self._layers())
        groups = {"": model}
        groups |= {f"optimizer.{slot}.": trained for slot in OPTIMIZERS[self.options.optimizer].slots}
        groups |= {f"{copy}.": model for copy in self.copies}
        return {f"{prefix}{name}": shape for prefix, shapes in groups.items() for name, shape in shapes.items()}


def _names(labels: Any, classes: int) -> tuple[str | int, ...]:
    """The names of the classes in a file; none where they are their numbers."""
    if not isinstance(labels, list | tuple) or len(labels) != classes or not all(isinstance(each, str | int | float) for each in labels):
        return ()
    names = tuple(each if isinstance(each, int) else str(each)[:LONGEST_NAME] for each in labels)
    return () if names == tuple(range(classes)) else names


def read_model_state(scalars: Mapping[str, Any]) -> ModelState:
    """A snapshot's scalars, validated as far as they describe the network. Raises UserError."""
    return _read(ModelState, scalars)


def read_run_state(scalars: Mapping[str, Any]) -> RunState:
    """A snapshot's scalars, validated as a training state. Raises UserError."""
    return _read(RunState, scalars)


def _read(kind: type[State], scalars: Mapping[str, Any]) -> State:
    try:
        return kind.model_validate(scalars)
    except ValidationError as error:
        raise UserError(first_problem(error)[:LONGEST_PROBLEM]) from None
