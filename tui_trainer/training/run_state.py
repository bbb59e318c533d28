"""What decides how a run goes on, besides its tensors: read from files, so nothing in it is believed before it is checked."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tui_trainer.config.error_messages import first_problem
from tui_trainer.config.options import MOST_EPOCHS, Config
from tui_trainer.datasets.spec import BYTE_SCALE, DataSpec, times
from tui_trainer.errors import UserError
from tui_trainer.nn.layers import Layer
from tui_trainer.nn.network import buffer_shapes, parameter_shapes
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.training.model import build_layers

LONGEST_COMPLAINT = 160

Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Copy = Literal["best", "last"]
State = TypeVar("State", bound="ModelState")

_MODEL = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ModelState(BaseModel):
    """The network alone: enough to predict."""

    model_config = _MODEL

    config: Annotated[dict[str, Any], Field(max_length=1000)]
    features: Annotated[int, Field(ge=1, lt=1 << 32)]
    classes: Annotated[int, Field(ge=1, lt=1 << 32)]
    sample_shape: Annotated[tuple[Annotated[int, Field(ge=1, lt=1 << 32)], ...], Field(max_length=8)] | None = None
    """None in files of version 0.1.0."""
    scale: Annotated[float, Field(gt=0)] = BYTE_SCALE

    @property
    def spec(self) -> DataSpec:
        """What the network was trained on."""
        return DataSpec(self.sample_shape or (self.features,), self.classes, scale=self.scale)

    @model_validator(mode="after")
    def _check_shape(self) -> Self:
        if self.spec.features != self.features:
            raise ValueError(f"a sample of shape {times(self.spec.sample_shape)} has not {self.features} features")
        return self

    @property
    def options(self) -> Config:
        """The run's options. Raises UserError when this version cannot read them."""
        return Config.parse({name: value for name, value in self.config.items() if value is not None})

    def model_shapes(self) -> dict[str, tuple[int, ...]]:
        """The network's tensors. Raises UserError as `options` does."""
        return {**parameter_shapes(layers := self._layers()), **buffer_shapes(layers)}

    def _layers(self) -> tuple[Layer, ...]:
        return build_layers(self.options, self.features, self.classes)


class RunState(ModelState):
    """Where a run stands."""

    data: str
    """What the images and labels add up to: a run goes on with the same ones."""
    epochs: Annotated[int, Field(ge=0, le=MOST_EPOCHS)]
    """Whole ones."""
    batch: Count
    """Batches of this epoch trained so far."""
    stretch: tuple[Count, Count, Annotated[float, Field(ge=0, lt=1)]]
    """The first batch, the sample and the share of the epoch at which batches of their present size began."""
    step: Count
    changes: Count
    """How many of the config's changes are made; the others are planned."""
    loss_sum: Annotated[float, Field(ge=0)]
    correct: Count
    optimizer: Annotated[dict[str, float], Field(max_length=100)]
    """What the rule remembers besides its tensors."""
    order_state: dict[str, Any]
    mask_state: dict[str, Any]
    best_epoch: Annotated[int, Field(ge=0, le=MOST_EPOCHS)]
    best_loss: Annotated[float, Field(ge=0)] | None
    copies: Annotated[tuple[Copy, ...], Field(max_length=1)]
    """Which of the network's tensors are there twice: `best.…`, those of the best epoch, where they may be wanted back; `last.…`, those to
    go on from, where the best ones took their place at the end."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every tensor. Raises UserError when this version cannot read the options."""
        model, trained = self.model_shapes(), parameter_shapes(self._layers())
        groups = {"": model}
        groups |= {f"optimizer.{slot}.": trained for slot in OPTIMIZERS[self.options.optimizer].slots}
        groups |= {f"{copy}.": model for copy in self.copies}
        return {f"{prefix}{name}": shape for prefix, shapes in groups.items() for name, shape in shapes.items()}


def read_model_state(scalars: Mapping[str, Any]) -> ModelState:
    """The network that a snapshot's scalars tell of. Raises UserError."""
    return _read(ModelState, scalars)


def read_run_state(scalars: Mapping[str, Any]) -> RunState:
    """The run that a snapshot's scalars tell of. Raises UserError."""
    return _read(RunState, scalars)


def _read(kind: type[State], scalars: Mapping[str, Any]) -> State:
    try:
        return kind.model_validate(scalars)
    except ValidationError as error:
        raise UserError(first_problem(error)[:LONGEST_COMPLAINT]) from None
