"""The training loop: a generator of events that prints nothing and writes nothing. Whoever stops consuming it stops the work."""

from collections.abc import Iterator, Mapping
from math import isfinite, nan
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from tui_trainer import __version__
from tui_trainer.changes import Change
from tui_trainer.config import Config
from tui_trainer.dataset import Dataset, Split
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array, zeros
from tui_trainer.nn.layers import Dropout
from tui_trainer.nn.optimizers import clip_by_norm
from tui_trainer.training import health
from tui_trainer.training.blas import BlasThreads
from tui_trainer.training.control import Control
from tui_trainer.training.environment import environment
from tui_trainer.training.events import (
    Changed,
    Distributions,
    Divergence,
    Ended,
    EpochEnded,
    Event,
    LayerHealth,
    LayerSummary,
    Progress,
    Snapshot,
    Started,
)
from tui_trainer.training.feed import Feed, evaluate
from tui_trainer.training.health import PROBE_SAMPLES
from tui_trainer.training.model import build_network, build_optimizer, build_schedule
from tui_trainer.training.position import Position
from tui_trainer.training.state import RunState, read_run_state


class Best(NamedTuple):
    """The epoch of the lowest validation loss so far, 0 for none, and its parameters where they will be wanted back."""

    epoch: int = 0
    loss: float = 0.0
    weights: Array | None = None


class Training:
    """A run in progress: the network, its optimizer, the random streams and the position.

    `config.threads` is a number by now. Raises UserError when the data cannot be split or batched as asked.
    """

    def __init__(self, config: Config, data: Dataset) -> None:
        self._config = config
        self._options = config
        """As they are now, after the changes that were made."""
        self._planned = list(config.changes)
        self._threads = BlasThreads(int(config.threads))
        if config.early_stopping and not config.validation:
            raise UserError("--early-stopping needs a validation set; give --validation a number above 0")
        self.warnings = tuple(f"--data {config.data}: no training image is labelled {label}" for label in data.missing_classes)
        training, validation = data.hold_out(config.validation)
        self._samples = len(training.labels)
        if config.batch_size > self._samples:
            raise UserError(f"--batch-size must be at most the {self._samples:,} training samples, not {config.batch_size:,}")
        # Separate streams: what one consumes never shifts another.
        initial, order, masks = np.random.SeedSequence(config.seed).spawn(3)
        self._network = build_network(config, data.features, data.classes)
        self._network.initialize(np.random.default_rng(initial))
        self._mask_rng = np.random.default_rng(masks)
        for layer in self._network.layers:
            if isinstance(layer, Dropout):
                layer.rng = self._mask_rng
        self._optimizer = build_optimizer(config, self._network)
        self.schedule = build_schedule(config)
        self._learning_rate = 0.0
        self._best = Best()
        self._order_rng = np.random.default_rng(order)
        self._order_state = self._order_rng.bit_generator.state
        self._data = data.fingerprint
        sparse = data.sparse_parts(self._samples)
        self._training = Feed(training, config.batch_size, sparse[0])
        self._validation = Feed(validation, sparse=sparse[1]) if validation else None
        self._test = Feed(data.test) if data.test else None
        self.test = data.test
        """What the network is examined on."""
        self._probe = Feed(Split(training.images[:PROBE_SAMPLES], training.labels[:PROBE_SAMPLES]), PROBE_SAMPLES)
        self.position = Position(self._samples, config.batch_size)
        self._seconds = 0.0
        """Training time of the whole epochs."""

    @property
    def step(self) -> int:
        """Batches trained so far."""
        return self._optimizer.steps

    def standing(self) -> Progress:
        """Where the run stands, in the form that its last batch told it, but for what that batch gave."""
        return Progress(
            self.position.epochs + 1,
            self.position.batch,
            self.position.batches,
            self._optimizer.steps,
            nan,
            nan,
            self.position.seconds,
            self._learning_rate,
            self.position.passed,
            self.position.sample,
        )

    def events(self, control: Control) -> Iterator[Event]:
        """The run, from where it stands to its end."""
        yield self._started()
        divergence = None
        yield from self._change(control)
        while not (self._finished or divergence or control.stopping):
            layers: tuple[LayerHealth, ...] = ()
            order = self._order()
            while not self.position.is_at_end and control.admit():
                yield from self._change(control)
                with self._threads:
                    started = perf_counter()
                    progress, divergence = self._train_batch(order, control)
                    self.position.seconds += perf_counter() - started
                if divergence is not None:
                    break
                layers = progress.layers
                yield progress
            if divergence is None and self.position.is_at_end:
                divergence = self._check_weights()
                if divergence is None:
                    yield self._end_epoch(layers)
                    yield from self._change(control)
        yield self._ended(control, divergence)

    @property
    def _finished(self) -> bool:
        patience = self._config.early_stopping
        waited = self.position.epochs - self._best.epoch
        return self.position.epochs >= self._options.epochs or (patience > 0 and self.position.epochs > 0 and waited >= patience)

    def _change(self, control: Control) -> Iterator[Changed]:
        """Make the changes that are planned for this step, and those that somebody wants now."""
        while self._planned and self._planned[0].step <= self._optimizer.steps:
            yield self._apply(self._planned.pop(0))
        for values in control.changes():
            change = Change(self._optimizer.steps, values)
            self._config = self._config.model_copy(update={"changes": (*self._made, change, *self._planned)})
            yield self._apply(change)

    @property
    def _made(self) -> tuple[Change, ...]:
        return self._config.changes[: len(self._config.changes) - len(self._planned)]

    def _apply(self, change: Change) -> Changed:
        before, self._options = self._options, self._options.model_copy(update=dict(change.values))
        self.schedule = build_schedule(self._options)
        if self._options.batch_size != before.batch_size:
            self._training.resize(self._options.batch_size)
            # A change that there is no memory for must fail before it is told of: what was told is made again when a run is gone on with.
            self._training.allocate(self._network)
            self.position.resize(self._options.batch_size)
        return Changed(self.position.epochs + 1, self.position.batch, self._optimizer.steps, change.values, self._config)

    def _order(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """The epoch's order of samples; the state before the draw is kept, so that a resumed epoch draws the same one."""
        samples = self._samples
        if not self._config.shuffle:
            return np.arange(samples)
        self._order_state = self._order_rng.bit_generator.state
        return self._order_rng.permutation(samples)

    @np.errstate(all="ignore")  # a loss that is not finite ends the run with an explanation, not with a warning
    def _train_batch(self, order: np.ndarray[Any, np.dtype[np.intp]], control: Control) -> tuple[Progress, Divergence | None]:
        options = self._options
        start = self.position.sample
        indices = order[start : start + options.batch_size]
        rows = len(indices)
        batch = self._training.take(self._network, indices, training=True)
        batch.forward()
        loss_sum, correct = batch.loss()
        self._learning_rate = options.learning_rate * self.schedule(self.position.passed)
        self.position.batch += 1
        divergence = None
        layers: tuple[LayerHealth, ...] = ()
        distributions: tuple[Distributions, ...] = ()
        if isfinite(loss_sum):
            self.position.loss_sum += loss_sum
            self.position.correct += correct
            batch.backward()
            if options.clip_norm is not None:
                clip_by_norm(self._network.gradients, options.clip_norm)
            counted = control.wants_distributions()
            if self.position.is_at_end or control.wants_layers() or counted:
                before = self._network.parameters.copy()
                self._optimizer.step(self._learning_rate)
                probe = self._probe.first(self._network)
                layers = health.measure(self._network, probe, before)
                distributions = health.distributions(self._network, probe) if counted else ()
            else:
                self._optimizer.step(self._learning_rate)
        else:
            layer = health.first_not_finite(self._network, batch) or self._network.layers[-1].name
            divergence = Divergence(layer, self.position.epochs + 1, self._optimizer.steps + 1)
        snapshot = None
        # After the epoch's last batch comes a snapshot anyway, and of weights that have burst none is of use.
        if divergence is None and not self.position.is_at_end and control.wants_snapshot() and self._check_weights() is None:
            snapshot = self.snapshot()
        progress = Progress(
            self.position.epochs + 1,
            self.position.batch,
            self.position.batches,
            self._optimizer.steps,
            loss_sum / rows,
            correct / rows,
            self.position.seconds,
            self._learning_rate,
            self.position.passed,
            start + rows,
            layers,
            snapshot,
            distributions,
        )
        return progress, divergence

    def _check_weights(self) -> Divergence | None:
        """The last step of an epoch has no later loss that would tell."""
        layer = health.first_not_finite(self._network)
        return None if layer is None else Divergence(layer, self.position.epochs + 1, self._optimizer.steps)

    def _end_epoch(self, layers: tuple[LayerHealth, ...]) -> EpochEnded:
        samples = self._samples
        validation = self._evaluate(self._validation) if self._validation else None
        train_loss, train_accuracy, seconds = self.position.loss_sum / samples, self.position.correct / samples, self.position.seconds
        self.position.end_epoch()
        self._seconds += seconds
        if validation and isfinite(validation[0]) and (validation[0] < self._best.loss or not self._best.epoch):
            weights = self._network.parameters.copy() if self._config.early_stopping else None
            self._best = Best(self.position.epochs, validation[0], weights)
        # The next epoch's order is drawn from here.
        self._order_state = self._order_rng.bit_generator.state
        return EpochEnded(
            epoch=self.position.epochs,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            validation_loss=validation[0] if validation else None,
            validation_accuracy=validation[1] if validation else None,
            learning_rate=self._learning_rate,
            seconds=seconds,
            samples_per_second=samples / seconds,
            best=self._best.epoch == self.position.epochs,
            layers=layers,
            snapshot=self.snapshot(),
        )

    def _evaluate(self, feed: Feed) -> tuple[float, float]:
        with self._threads:
            return evaluate(self._network, feed)

    def _started(self) -> Started:
        network = self._network
        parameters = {
            layer.name: sum(network.tensors[f"{layer.name}.{parameter}"].size for parameter in layer.shapes()) for layer in network.layers
        }
        return Started(
            version=__version__,
            config=self._config,
            step=self._optimizer.steps,
            parameters=network.parameter_count,
            layers=tuple(
                LayerSummary(layer.name, layer.kind, (layer.units,), parameters[layer.name])
                for layer in network.layers
                if parameters[layer.name]
            ),
            training_samples=self._samples,
            validation_samples=self._validation.samples if self._validation else 0,
            test_samples=self._test.samples if self._test else 0,
            threads=int(self._config.threads),
            environment=environment(),
            snapshot=self.snapshot(),
        )

    def _ended(self, control: Control, divergence: Divergence | None) -> Ended:
        kept = self._best.weights if self._finished and divergence is None else None
        snapshot = None if divergence else self.snapshot(kept)
        test_loss = test_accuracy = None
        # A signal leaves no time for an examination.
        if self._test is not None and control.stopping != "interrupted":
            if kept is not None:
                np.copyto(self._network.parameters, kept)
            test_loss, test_accuracy = self._evaluate(self._test)
        return Ended(
            status="diverged" if divergence else "completed" if self._finished else control.stopping or "stopped",
            epochs=self.position.epochs,
            best_epoch=self._best.epoch or None,
            test_loss=test_loss,
            test_accuracy=test_accuracy,
            seconds=self._seconds + self.position.seconds,
            divergence=divergence,
            snapshot=snapshot,
        )

    def snapshot(self, kept: Array | None = None) -> Snapshot:
        """Copies of everything that decides what comes next, and nothing else: equal runs give equal snapshots.

        `kept` are parameters that take the place of the last ones as the run's result; those are copied beside them.
        """
        parameters, best = self._network.parameters, self._best.weights
        tensors = self._named("", parameters if kept is None else kept)
        for slot, vector in self._optimizer.state.items():
            tensors |= self._named(f"optimizer.{slot}.", vector)
        if kept is not None:
            tensors |= self._named("last.", parameters)
        elif best is not None:
            tensors |= self._named("best.", best)
        scalars: Mapping[str, Any] = {
            "config": self._config.record(),
            "features": self._network.inputs,
            "classes": self._network.classes,
            "data": self._data,
            "epochs": self.position.epochs,
            "batch": self.position.batch,
            "stretch": self.position.stretch,
            "step": self._optimizer.steps,
            "changes": len(self._made),
            "loss_sum": self.position.loss_sum,
            "correct": self.position.correct,
            "optimizer": self._optimizer.memory(),
            "order_state": self._order_state,
            "mask_state": self._mask_rng.bit_generator.state,
            "best_epoch": self._best.epoch,
            "best_loss": self._best.loss if self._best.epoch else None,
            "copies": [] if best is None else ["best" if kept is None else "last"],
        }
        return Snapshot(tensors, scalars)

    def _named(self, prefix: str, vector: Array) -> dict[str, Array]:
        """Copies of a vector's pieces, by the tensors that they belong to."""
        network = self._network
        return {f"{prefix}{name}": vector[network.span(name)].reshape(shape.shape).copy() for name, shape in network.tensors.items()}

    def restore(self, snapshot: Snapshot, seconds: float = 0.0, epoch_seconds: float = 0.0) -> None:
        """Stand where `snapshot` was taken, with options of which only those that may change differ from its own.

        `seconds` is the training time of the whole epochs before, `epoch_seconds` that of the one begun. Raises UserError when the
        snapshot does not fit the options or the data, or contradicts itself; the run is of no use then.
        """
        state = read_run_state(snapshot.scalars)
        if state.data != self._data:
            raise UserError("the data is not what the run was trained on")
        if state.shapes().keys() - snapshot.tensors.keys():
            raise UserError("tensors are missing")
        self._restore_position(state)
        last = "last." if "last" in state.copies else ""
        self._fill(self._network.parameters, last, snapshot)
        for slot, vector in self._optimizer.state.items():
            self._fill(vector, f"optimizer.{slot}.", snapshot)
        if self._config.early_stopping and state.best_epoch:
            weights = zeros(self._network.parameters.size, self._network.dtype)
            self._fill(weights, "best." if "best" in state.copies else "", snapshot)
            self._best = self._best._replace(weights=weights)
        self._optimizer.steps = state.step
        try:
            self._optimizer.remember(state.optimizer)
            self._order_rng.bit_generator.state = state.order_state
            self._mask_rng.bit_generator.state = state.mask_state
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
            detail = " ".join(str(error).split())[:100]
            raise UserError(f"its random state or its optimizer's is not what it should be ({detail})") from None
        self._order_state = self._order_rng.bit_generator.state
        self._seconds, self.position.seconds = seconds, epoch_seconds

    def _restore_position(self, state: RunState) -> None:
        for _ in range(state.changes):
            if not self._planned:
                raise UserError("it tells of more changes than there are")
            self._apply(self._planned.pop(0))
        self._best = Best(state.best_epoch, state.best_loss or 0.0)
        self.position.restore(state)
        if (state.best_epoch > 0) != (state.best_loss is not None):
            raise UserError("it does not tell its best epoch and that one's loss together")

    def _fill(self, vector: Array, prefix: str, snapshot: Snapshot) -> None:
        for name, tensor in self._network.tensors.items():
            np.copyto(vector[self._network.span(name)].reshape(tensor.shape), snapshot.tensors[f"{prefix}{name}"])
