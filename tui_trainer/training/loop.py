"""The training loop: a generator of events that prints nothing and writes nothing. Whoever stops consuming it stops the work."""

from collections.abc import Iterator
from math import isfinite, nan
from time import perf_counter

import numpy as np

from tui_trainer.config.changes import Change
from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.errors import UserError
from tui_trainer.nn.optimizers import clip_by_norm
from tui_trainer.training import health
from tui_trainer.training.batch_loader import BatchLoader, evaluate
from tui_trainer.training.blas import BlasThreads
from tui_trainer.training.control import Control
from tui_trainer.training.environment import environment
from tui_trainer.training.epoch_progress import EpochProgress
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
from tui_trainer.training.health import PROBE_SAMPLES
from tui_trainer.training.model import parameters
from tui_trainer.training.training_state import Order, TrainingState
from tui_trainer.version import __version__


class Training:
    """A run in progress: what it trains, and the data that it is trained, validated and tested on.

    `config.threads` is a number by now. Raises UserError when the data cannot be split or batched as asked.
    """

    def __init__(self, config: Config, data: Dataset) -> None:
        self._threads = BlasThreads(int(config.threads))
        if config.early_stopping and not config.validation:
            raise UserError("needs a validation set", option="--early-stopping", colon=False, hint="give --validation a number above 0")
        self.warnings = tuple(f"--data {config.data}: no training image is labelled {label}" for label in data.missing_classes)
        training, validation = data.hold_out(config.validation)
        samples = len(training.labels)
        if config.batch_size > samples:
            raise UserError(
                f"must be at most the {samples:,} training samples, not {config.batch_size:,}", option="--batch-size", colon=False
            )
        self.learner = TrainingState(config, data.spec, samples, data.fingerprint)
        sparse = data.sparse_parts(samples)
        self._training = BatchLoader(training, config.batch_size, sparse[0])
        self._validation = BatchLoader(validation, sparse=sparse[1]) if validation else None
        self._test = BatchLoader(data.test) if data.test else None
        self.spec = data.spec
        """What each sample is."""
        self.test = data.test
        """What the network is examined on."""
        self.probe = BatchLoader(Split(training.images[:PROBE_SAMPLES], training.labels[:PROBE_SAMPLES]), PROBE_SAMPLES)
        """What its layers are measured on."""
        self._learning_rate = 0.0
        self._seconds = 0.0
        """Training time of the whole epochs."""

    @property
    def step(self) -> int:
        """Batches trained so far."""
        return self.learner.optimizer.steps

    @property
    def position(self) -> EpochProgress:
        """How far the run is."""
        return self.learner.position

    def restore(self, snapshot: Snapshot, seconds: float = 0.0, epoch_seconds: float = 0.0) -> None:
        """Go on from where `snapshot` was taken. Raises UserError as `TrainingState.restore` does; the run is of no use then.

        `seconds` is the training time of the whole epochs before, `epoch_seconds` that of the one begun.
        """
        self.learner.restore(snapshot)
        self._resize()
        self._seconds, self.position.seconds = seconds, epoch_seconds

    def standing(self) -> Progress:
        """Where the run stands, in the words of a batch, but without a loss and an accuracy."""
        return self._progress(nan, nan)

    def events(self, control: Control) -> Iterator[Event]:
        """The run, from where it stands to its end."""
        yield self._started()
        divergence = None
        yield from self._change(control)
        while not (self.learner.is_finished or divergence or control.stopping):
            layers: tuple[LayerHealth, ...] = ()
            order = self.learner.order()
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

    def _change(self, control: Control) -> Iterator[Changed]:
        """Make the changes that are planned for this step, and those that somebody wants now."""
        while change := self.learner.due():
            yield self._make(change)
        for values in control.changes():
            yield self._make(self.learner.note(values))

    def _make(self, change: Change) -> Changed:
        self.learner.make(change)
        # A change that there is no memory for must fail before it is told of: what was told is made again when a run is resumed.
        self._resize()
        return Changed(self.position.epochs + 1, self.position.batch, self.step, change.values, self.learner.config)

    def _resize(self) -> None:
        """Take batches of the size that is wanted now."""
        if self._training.rows != self.learner.options.batch_size:
            self._training.resize(self.learner.options.batch_size)
            self._training.allocate(self.learner.network)

    @np.errstate(all="ignore")  # a loss that is not finite ends the run with an explanation, not with a warning
    def _train_batch(self, order: Order, control: Control) -> tuple[Progress, Divergence | None]:
        network, optimizer, options, position = self.learner.network, self.learner.optimizer, self.learner.options, self.position
        indices = order[position.sample : position.sample + options.batch_size]
        batch = self._training.load(network, indices, training=True)
        batch.forward()
        loss_sum, correct = batch.loss()
        start = position.passed
        position.batch += 1
        self._learning_rate = options.learning_rate * self.learner.schedule(start, position.passed)
        divergence = None
        layers: tuple[LayerHealth, ...] = ()
        distributions: tuple[Distributions, ...] = ()
        if isfinite(loss_sum):
            position.loss_sum += loss_sum
            position.correct += correct
            batch.backward()
            counted = control.wants_distributions()
            measured = position.is_at_end or control.wants_layers() or counted
            # Clipping and L2 regularization change the gradients in place; what is measured is the loss's own.
            parameters, gradients = (network.parameters.copy(), network.gradients.copy()) if measured else (None, None)
            if options.clip_norm is not None:
                clip_by_norm(network.gradients, options.clip_norm)
            optimizer.step(self._learning_rate)
            if parameters is not None and gradients is not None:
                probe = self.probe.first(network)
                layers = health.measure(network, probe, parameters, gradients)
                distributions = health.distributions(network, probe, gradients) if counted else ()
        else:
            layer = health.first_not_finite(network, batch) or network.layers[-1].name
            divergence = Divergence(layer, position.epochs + 1, optimizer.steps + 1)
        snapshot = None
        # After the epoch's last batch comes a snapshot anyway, and of weights that have burst none is of use.
        if divergence is None and not position.is_at_end and control.wants_snapshot() and self._check_weights() is None:
            snapshot = self.learner.snapshot()
        rows = len(indices)
        return self._progress(loss_sum / rows, correct / rows, layers, snapshot, distributions), divergence

    def _progress(
        self,
        loss: float,
        accuracy: float,
        layers: tuple[LayerHealth, ...] = (),
        snapshot: Snapshot | None = None,
        distributions: tuple[Distributions, ...] = (),
    ) -> Progress:
        position = self.position
        return Progress(
            position.epochs + 1,
            position.batch,
            position.batches,
            self.step,
            loss,
            accuracy,
            position.seconds,
            self._learning_rate,
            position.passed,
            position.sample,
            layers,
            snapshot,
            distributions,
        )

    def _check_weights(self) -> Divergence | None:
        """The last step of an epoch has no later loss that would tell."""
        layer = health.first_not_finite(self.learner.network)
        return None if layer is None else Divergence(layer, self.position.epochs + 1, self.step)

    def _end_epoch(self, layers: tuple[LayerHealth, ...]) -> EpochEnded:
        position = self.position
        validation_loss, validation_accuracy = self._evaluate(self._validation) if self._validation else (None, None)
        train_loss, train_accuracy, seconds = position.loss_sum / position.samples, position.correct / position.samples, position.seconds
        self.learner.end_epoch(validation_loss if validation_loss is not None and isfinite(validation_loss) else None)
        self._seconds += seconds
        return EpochEnded(
            epoch=position.epochs,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=self._learning_rate,
            seconds=seconds,
            samples_per_second=position.samples / seconds,
            best=self.learner.best.epoch == position.epochs,
            layers=layers,
            snapshot=self.learner.snapshot(),
        )

    def _evaluate(self, feed: BatchLoader) -> tuple[float, float]:
        with self._threads:
            return evaluate(self.learner.network, feed)

    def _started(self) -> Started:
        network, config = self.learner.network, self.learner.config
        learning = [layer for layer in network.layers if layer.shapes()]
        return Started(
            version=__version__,
            config=config,
            step=self.step,
            parameters=network.parameter_count,
            layers=tuple(LayerSummary(layer.name, layer.kind, (layer.units,), parameters(layer)) for layer in learning),
            training_samples=self._training.samples,
            validation_samples=self._validation.samples if self._validation else 0,
            test_samples=self._test.samples if self._test else 0,
            threads=int(config.threads),
            environment=environment(),
            snapshot=self.learner.snapshot(),
        )

    def _ended(self, control: Control, divergence: Divergence | None) -> Ended:
        best, is_finished = self.learner.best, self.learner.is_finished
        kept = best.weights if is_finished and divergence is None else None
        snapshot = None if divergence else self.learner.snapshot(kept)
        test_loss = test_accuracy = None
        # A signal leaves no time for an examination.
        if self._test is not None and control.stopping != "interrupted":
            if kept is not None:
                np.copyto(self.learner.network.state, kept)
            test_loss, test_accuracy = self._evaluate(self._test)
        return Ended(
            status="diverged" if divergence else "completed" if is_finished else control.stopping or "stopped",
            epochs=self.position.epochs,
            best_epoch=best.epoch or None,
            test_loss=test_loss,
            test_accuracy=test_accuracy,
            seconds=self._seconds + self.position.seconds,
            divergence=divergence,
            snapshot=snapshot,
        )
