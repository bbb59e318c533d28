"""The training state: everything that a run's next batch depends on. It can be saved at any batch and restored to the last bit."""

from collections.abc import Callable, Mapping
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tui_trainer.config.changes import Change
from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.network import Network
from tui_trainer.nn.parts import Part
from tui_trainer.training.epoch_progress import EpochProgress
from tui_trainer.training.events import Snapshot
from tui_trainer.training.model import build_network, build_optimizer, build_schedule
from tui_trainer.training.run_state import RunState, read_run_state

if TYPE_CHECKING:
    from tui_trainer.engine.engine import Engine

Order: TypeAlias = NDArray[np.intp]
"""The indices of all training samples in the order of an epoch."""


class BestEpoch(NamedTuple):
    """The epoch of the lowest validation loss so far, 0 for none; with early stopping, also the network's state there."""

    epoch: int = 0
    loss: float = 0.0
    weights: Array | None = None


class TrainingState:
    """The network with its optimizer, the options and their changes, the random streams, the position and the best epoch.

    `spec` describes the data, `samples` is their number per epoch, `data` their fingerprint.
    """

    def __init__(self, config: Config, spec: DataSpec, samples: int, data: str) -> None:
        self.config = config
        """The run's options at its start, with every applied and planned change."""
        self.options = config
        """The present options, after the applied changes."""
        self._planned = list(config.changes)
        self._spec, self._data = spec, data
        # Separate streams, so that drawing from one never shifts another.
        initial, order, masks = np.random.SeedSequence(config.seed).spawn(3)
        self._network = build_network(config, spec.features, spec.classes)
        self._network.initialize(np.random.default_rng(initial))
        self._mask_rng = np.random.default_rng(masks)
        self._network.draw_from(self._mask_rng)
        self.optimizer = build_optimizer(config, self._network)
        self.engine: Engine | None = None
        """What trains in place of the network's own passes, with parameters of its own."""
        self._course = build_schedule(config)
        self.schedule: Callable[[float, float], float] = self._course
        """The factor of the learning rate for a step between two positions."""
        self.best = BestEpoch()
        self._order_rng = np.random.default_rng(order)
        self._order_state = self._order_rng.bit_generator.state
        self.position = EpochProgress(samples, config.batch_size)

    # The network

    @property
    def network(self) -> Network:
        """The network as it is now."""
        if self.engine is not None:
            self.engine.store()
        return self._network

    def take(self, weights: Array) -> None:
        """Give the network this state."""
        np.copyto(self.network.state, weights)
        if self.engine is not None:
            self.engine.load()

    # The options

    @property
    def _applied(self) -> tuple[Change, ...]:
        return self.config.changes[: len(self.config.changes) - len(self._planned)]

    def next_due_change(self) -> Change | None:
        """Remove and return the next planned change if it is due at this step."""
        return self._planned.pop(0) if self._planned and self._planned[0].step <= self.optimizer.steps else None

    @property
    def steps_to_change(self) -> float:
        """The steps before the next planned change; infinite without one."""
        return self._planned[0].step - self.optimizer.steps if self._planned else inf

    def add_change(self, values: Mapping[str, Any]) -> Change:
        """Add a change at this step to the config, before the planned ones, and return it."""
        change = Change(self.optimizer.steps, values)
        self.config = self.config.model_copy(update={"changes": (*self._applied, change, *self._planned)})
        return change

    def apply(self, change: Change) -> None:
        """Change options from the next batch on."""
        before, self.options = self.options, self.options.model_copy(update=dict(change.values))
        before_it = self._course.schedule
        self.schedule = self._course = build_schedule(self.options)
        if type(self._course.schedule) is type(before_it):
            self._course.schedule.remember(before_it.memory())
        self.optimizer.decay_weights(self.options.weight_decay)
        if self.options.batch_size != before.batch_size:
            self.position.resize(self.options.batch_size)

    # The epochs

    def order(self) -> Order:
        """Draw the epoch's order of samples. The generator's state before is kept, so that a resumed epoch draws the same order."""
        if not self.config.shuffle:
            return np.arange(self.position.samples)
        self._order_state = self._order_rng.bit_generator.state
        return self._order_rng.permutation(self.position.samples)

    def end_epoch(self, validation_loss: float | None) -> None:
        """Begin the next epoch, and keep this one if it is the best. The loss is None where there is none, or it is not finite."""
        self.position.end_epoch()
        self._course.schedule.end_epoch(validation_loss)
        if validation_loss is not None and (validation_loss < self.best.loss or not self.best.epoch):
            weights = self.network.state.copy() if self.config.early_stopping else None
            self.best = BestEpoch(self.position.epochs, validation_loss, weights)
        # The next epoch's order is drawn from here.
        self._order_state = self._order_rng.bit_generator.state

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are trained, or early stopping's patience has run out."""
        epochs, patience = self.position.epochs, self.config.early_stopping
        return epochs >= self.options.epochs or (patience > 0 and epochs > 0 and epochs - self.best.epoch >= patience)

    # Snapshots

    def snapshot(self, kept: Array | None = None) -> Snapshot:
        """Copies of the whole training state and nothing else: equal runs give equal snapshots.

        `kept`, a state of the network, replaces the last one as the run's result; the last one is then copied beside it.
        """
        network, best = self.network.state, self.best.weights
        tensors = self._copies("", network if kept is None else kept)
        for slot, vector in self.optimizer.state.items():
            tensors |= self._copies(f"optimizer.{slot}.", vector)
        if kept is not None:
            tensors |= self._copies("last.", network)
        elif best is not None:
            tensors |= self._copies("best.", best)
        scalars: Mapping[str, Any] = {
            "config": self.config.record(),
            **self._spec.record(),
            "data": self._data,
            "epochs": self.position.epochs,
            "batch": self.position.batch,
            "stretch": self.position.segment,
            "step": self.optimizer.steps,
            "changes": len(self._applied),
            "loss_sum": self.position.loss_sum,
            "correct": self.position.correct,
            "optimizer": _numbers(self.optimizer, self.optimizer.memory()),
            "schedule": _numbers(self._course.schedule, self._course.schedule.memory()),
            "order_state": self._order_state,
            "mask_state": self._mask_rng.bit_generator.state,
            "best_epoch": self.best.epoch,
            "best_loss": self.best.loss if self.best.epoch else None,
            "copies": [] if best is None else ["best" if kept is None else "last"],
        }
        return Snapshot(tensors, scalars)

    def _copies(self, prefix: str, vector: Array) -> dict[str, Array]:
        return {f"{prefix}{name}": tensor.copy() for name, tensor in self.network.named(vector).items()}

    def restore(self, snapshot: Snapshot) -> None:
        """Return to a snapshot, whose options differ from the present ones only where they may change.

        Raises UserError when the snapshot does not match the options or the data, or contradicts itself; the state is not usable then.
        """
        state = read_run_state(snapshot.scalars)
        if state.data != self._data:
            raise UserError("the data is not what the run was trained on")
        if state.shapes().keys() - snapshot.tensors.keys():
            raise UserError("tensors are missing")
        self._restore_position(state)
        last = "last." if "last" in state.copies else ""
        self._fill(self.network.state, last, snapshot)
        for slot, vector in self.optimizer.state.items():
            self._fill(vector, f"optimizer.{slot}.", snapshot)
        if self.config.early_stopping and state.best_epoch:
            weights = zeros(self.network.state.size, self.network.dtype)
            self._fill(weights, "best." if "best" in state.copies else "", snapshot)
            self.best = self.best._replace(weights=weights)
        self.optimizer.steps = state.step
        try:
            self.optimizer.remember(state.optimizer)
            self._course.schedule.remember(state.schedule)
            self._order_rng.bit_generator.state = state.order_state
            self._mask_rng.bit_generator.state = state.mask_state
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
            detail = " ".join(str(error).split())[:100]
            raise UserError(f"its random state, its schedule's or its optimizer's is not what it should be ({detail})") from None
        self._order_state = self._order_rng.bit_generator.state
        if self.engine is not None:
            self.engine.load()

    def _restore_position(self, state: RunState) -> None:
        for _ in range(state.changes):
            if not self._planned:
                raise UserError("it tells of more changes than there are")
            self.apply(self._planned.pop(0))
        self.best = BestEpoch(state.best_epoch, state.best_loss or 0.0)
        self.position.restore(state)
        if (state.best_epoch > 0) != (state.best_loss is not None):
            raise UserError("it does not tell its best epoch and that one's loss together")

    def _fill(self, vector: Array, prefix: str, snapshot: Snapshot) -> None:
        for name, tensor in self.network.named(vector).items():
            np.copyto(tensor, snapshot.tensors[f"{prefix}{name}"])


def _numbers(part: Part, memory: Mapping[str, Any]) -> dict[str, float]:
    """What a part remembers, as a checkpoint can hold it. Raises TypeError and ValueError for anything but finite numbers."""
    found = {name: value if type(value) is int else float(value) for name, value in memory.items()}
    if not all(map(isfinite, found.values())):
        raise ValueError(f"{type(part).__name__}.memory returns a number that is not finite, which no checkpoint can hold")
    return found
