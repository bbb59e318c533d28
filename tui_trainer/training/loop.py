"""The training loop: a generator of events that prints and writes nothing. It works only while its events are consumed."""

from collections.abc import Iterator
from datetime import datetime
from math import inf, isfinite, nan
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from tui_trainer.config.changes import Change
from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.network import Network
from tui_trainer.nn.optimizers import clip_by_norm
from tui_trainer.nn.schedules import SCHEDULES
from tui_trainer.training import health
from tui_trainer.training.batch_loader import BatchLoader, evaluate
from tui_trainer.training.blas import BlasThreads
from tui_trainer.training.control import Control
from tui_trainer.training.engines import engine_for, has_engine
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
    Noted,
    Progress,
    Snapshot,
    Started,
)
from tui_trainer.training.health import PROBE_SAMPLES
from tui_trainer.training.model import parameters
from tui_trainer.training.training_state import Order, TrainingState
from tui_trainer.version import __version__

if TYPE_CHECKING:
    from tui_trainer.engine.engine import Engine

KEPT_EVERY = 512
"""Steps after which the state of a run whose layers are followed is kept: at most so many are trained again after a divergence."""


def split_up(config: Config, data: Dataset) -> tuple[Split, Split | None]:
    """The samples to train on, and those to validate on. Raises UserError when the data cannot be split or batched as the options say."""
    if config.early_stopping and not config.validation:
        raise UserError("needs a validation set", option="--early-stopping", colon=False, hint="give --validation a number above 0")
    if SCHEDULES[config.schedule].validates and not config.validation:
        raise UserError(
            f"{config.schedule} needs a validation set", option="--schedule", colon=False, hint="give --validation a number above 0"
        )
    training, validation = data.hold_out(config.validation)
    samples = len(training.labels)
    if config.batch_size > samples:
        raise UserError(f"must be at most the {samples:,} training samples, not {config.batch_size:,}", option="--batch-size", colon=False)
    return training, validation


class Training:
    """A run: its training state, and the data for training, validation and test.

    `config.threads` must be a number. Raises UserError when the data cannot be split or batched as the options say.
    """

    def __init__(self, config: Config, data: Dataset) -> None:
        training, validation = split_up(config, data)
        lacking = [f"no training image is labelled {data.spec.names[label]}" for label in data.missing_classes]
        self.warnings = tuple(f"--data {config.data}: {text}" for text in (*lacking, *data.warnings))
        self.notes = tuple(f"--data {config.data}: {text}" for text in data.notes)
        samples = len(training.labels)
        self.state = TrainingState(config, data.spec, samples, data.fingerprint)
        sparse = data.sparse_parts(samples)
        self._training = BatchLoader(training, config.batch_size, sparse[0])
        self._validation = BatchLoader(validation, sparse=sparse[1]) if validation else None
        self._test = BatchLoader(data.test) if data.test else None
        self._start_engine()
        # The engine's threads each call the BLAS for themselves.
        self._threads = BlasThreads(1 if self.state.engine else int(config.threads))
        self.spec = data.spec
        self.learned_from = training
        """What is trained on."""
        self.test = data.test
        self.probe = BatchLoader(Split(training.images[:PROBE_SAMPLES], training.labels[:PROBE_SAMPLES]), PROBE_SAMPLES)
        """The images that the layers' health is measured on."""
        self._fingerprint = data.fingerprint
        self._kept: Snapshot | None = None
        """A state of some steps ago, if the layers are followed."""
        self._learning_rate = 0.0
        self._seconds = 0.0
        """Training time of whole epochs."""

    @property
    def step(self) -> int:
        """Batches trained so far."""
        return self.state.optimizer.steps

    @property
    def position(self) -> EpochProgress:
        """The run's position."""
        return self.state.position

    def restore(self, snapshot: Snapshot, seconds: float = 0.0, epoch_seconds: float = 0.0) -> None:
        """Return to a snapshot. Raises UserError as `TrainingState.restore` does; the run is not usable then.

        `seconds` is the training time of whole epochs before, `epoch_seconds` that of the present one.
        """
        self.state.restore(snapshot)
        self._resize()
        self._seconds, self.position.seconds = seconds, epoch_seconds

    def progress_so_far(self) -> Progress:
        """The run's position as a Progress event, with loss and accuracy NaN."""
        return self._progress(nan, nan)

    def events(self, control: Control) -> Iterator[Event]:
        """Train from the present position to the end."""
        try:
            if self.state.engine:
                self.state.engine.load()
            yield from self._events(control)
        finally:
            if self.state.engine:
                self.state.engine.close()

    def _events(self, control: Control) -> Iterator[Event]:
        yield self._started()
        engine, options = self.state.engine, self.state.options
        if engine:
            what = self._training.whole, self._training.rows, options.clip_norm
            if engine.has_to_compile(*what):
                yield Noted("the steps of such a training are compiled: once, in a few seconds", explains_wait=True)
            engine.prepare(*what)
        divergence = None
        layers: tuple[LayerHealth, ...] = ()
        last: Progress | None = None
        yield from self._apply_changes(control)
        while not (self.state.is_finished or divergence or control.stopping):
            order = self.state.order()
            while not self.position.is_at_end and control.wait_while_paused():
                yield from self._apply_changes(control)
                with self._threads:
                    started = perf_counter()
                    if control.follows_layers and (self._kept is None or self.step % KEPT_EVERY == 0):
                        self._kept = self.state.snapshot()
                    trained, divergence = self._train(order, control)
                    self.position.seconds += perf_counter() - started
                failed = trained.pop() if divergence else None
                yield from trained[:-1]
                if trained:
                    layers = trained[-1].layers
                    yield self._with_snapshot(trained[-1], control)
                if failed is not None:
                    # The batch before is more telling than this one, but may have been measured already.
                    last = None if layers else self._last_before_divergence() or (failed if failed.layers else None)
                    break
            if divergence is None and self.position.is_at_end:
                divergence = self._check_weights()
                if divergence is None:
                    yield self._end_epoch(layers)
                    yield from self._apply_changes(control)
        yield self._ended(control, divergence, last)

    def _start_engine(self) -> None:
        state = self.state
        state.engine = engine_for(state.network, state.optimizer, self._training.whole, int(state.config.threads)) if has_engine() else None

    def _apply_changes(self, control: Control) -> Iterator[Changed]:
        """Apply the changes planned for this step, then the requested ones."""
        while change := self.state.next_due_change():
            yield self._apply(change)
        for values in control.take_changes():
            yield self._apply(self.state.add_change(values))

    def _apply(self, change: Change) -> Changed:
        self.state.apply(change)
        # A change without the memory for it must fail before its event: a resumed run applies every change in the log.
        self._resize()
        return Changed(self.position.epochs + 1, self.position.batch, self.step, change.values, self.state.config)

    def _resize(self) -> None:
        """Load batches of the present size."""
        if self._training.rows != self.state.options.batch_size:
            self._training.resize(self.state.options.batch_size)
            if self.state.engine:
                self.state.engine.prepare(self._training.whole, self._training.rows, self.state.options.clip_norm)
            else:
                self._training.allocate(self.state.network)

    def _train(self, order: Order, control: Control, most: float = inf) -> tuple[list[Progress], Divergence | None]:
        """Train the next batch, or as many as take no time to speak of, at most `most`. The last one's loss may be the divergence."""
        engine = self.state.engine
        if engine is None:
            progress, divergence = self._train_batch(order, control)
            return [progress], divergence
        return self._train_batches(engine, order, control, most)

    @np.errstate(all="ignore")  # a loss that is not finite ends the run with an explanation, not with a warning
    def _train_batches(self, engine: "Engine", order: Order, control: Control, most: float) -> tuple[list[Progress], Divergence | None]:
        options, position, optimizer, step = self.state.options, self.position, self.state.optimizer, self.step
        is_last = position.batch + 1 == position.batches
        counted = control.wants_distributions() or (control.follows_layers and (is_last or health.is_early_moment(step + 1)))
        measured = control.wants_layers() or is_last or counted
        batches = 1 if measured or control.batch_by_batch else self._batches_at_once(engine, control, most)
        first, rows = position.sample, min(options.batch_size, position.samples - position.sample)
        places: list[tuple[int, float, float, int]] = []
        for _ in range(batches):
            start = position.epochs_passed
            position.batch += 1
            rate = options.learning_rate * self.state.schedule(start, position.epochs_passed)
            places.append((position.batch, rate, position.epochs_passed, position.sample))
        parameters = self.state.network.parameters.copy() if measured else None
        indices = order[first : first + batches * rows]
        trained = engine.train(
            self._training.whole, indices, rows, [rate for _, rate, *_ in places], clip_norm=options.clip_norm, keeps=measured
        )
        count = len(trained.losses)
        losses, correct = trained.losses.tolist(), trained.correct.tolist()
        for loss_sum, right in zip(losses[: count - trained.diverged], correct, strict=False):
            position.loss_sum += loss_sum
            position.correct += right
        position.batch, self._learning_rate, *_ = places[count - 1]
        divergence = None
        layers: tuple[LayerHealth, ...] = ()
        distributions: tuple[Distributions, ...] = ()
        network = self.state.network if measured or trained.diverged else None
        if network is not None and trained.diverged:
            batch = self._training.load(network, indices[(count - 1) * rows : count * rows], training=True)
            batch.forward()
            layer = health.first_not_finite(network, batch) or network.layers[-1].name
            divergence = Divergence(layer, position.epochs + 1, optimizer.steps + 1)
            if control.follows_layers:
                batch.loss()
                batch.backward()
                parameters = network.parameters
        elif network is not None:
            engine.store_gradients()
        if network is not None and parameters is not None:
            layers, distributions = self._measure(network, parameters, network.gradients, counted=counted or divergence is not None)
        number, each = position.epochs + 1, position.batches
        found = [
            Progress(number, batch, each, step + done, loss / rows, right / rows, position.seconds, rate, share, samples)
            for done, ((batch, rate, share, samples), loss, right) in enumerate(zip(places, losses, correct, strict=False), 1)
        ]
        found[-1] = found[-1]._replace(step=self.step, layers=layers, distributions=distributions)
        return found, divergence

    def _batches_at_once(self, engine: "Engine", control: Control, most: float) -> int:
        """How many batches may be trained before anything else is due: a measurement, a change, a state to be kept, the epoch's end."""
        step, position = self.step, self.position
        due = [engine.batches_at_once(self._training.rows), most, position.batches - position.batch - 1, self.state.steps_to_change]
        if control.follows_layers:
            due += [KEPT_EVERY - step % KEPT_EVERY, health.next_early_moment(step) - step - 1]
        return max(1, int(min(due)))

    @np.errstate(all="ignore")  # a loss that is not finite ends the run with an explanation, not with a warning
    def _train_batch(self, order: Order, control: Control) -> tuple[Progress, Divergence | None]:
        network, optimizer, options, position = self.state.network, self.state.optimizer, self.state.options, self.position
        indices = order[position.sample : position.sample + options.batch_size]
        batch = self._training.load(network, indices, training=True)
        batch.forward()
        loss_sum, correct = batch.loss()
        start = position.epochs_passed
        position.batch += 1
        self._learning_rate = options.learning_rate * self.state.schedule(start, position.epochs_passed)
        divergence = None
        layers: tuple[LayerHealth, ...] = ()
        distributions: tuple[Distributions, ...] = ()
        if isfinite(loss_sum):
            position.loss_sum += loss_sum
            position.correct += correct
            batch.backward()
            due = position.is_at_end or health.is_early_moment(optimizer.steps + 1)
            counted = control.wants_distributions() or (control.follows_layers and due)
            measured = control.wants_layers() or position.is_at_end or counted
            # Clipping and L2 regularization change the gradients in place; health is measured on the loss's own.
            parameters, gradients = (network.parameters.copy(), network.gradients.copy()) if measured else (None, None)
            if options.clip_norm is not None:
                clip_by_norm(network.gradients, options.clip_norm)
            optimizer.step(self._learning_rate)
            if parameters is not None and gradients is not None:
                layers, distributions = self._measure(network, parameters, gradients, counted=counted)
        else:
            layer = health.first_not_finite(network, batch) or network.layers[-1].name
            divergence = Divergence(layer, position.epochs + 1, optimizer.steps + 1)
            if control.follows_layers:
                batch.backward()
                layers, distributions = self._measure(network, network.parameters, network.gradients, counted=True)
        rows = len(indices)
        return self._progress(loss_sum / rows, correct / rows, layers, distributions), divergence

    def _measure(
        self, network: Network, parameters: Array, gradients: Array, *, counted: bool
    ) -> tuple[tuple[LayerHealth, ...], tuple[Distributions, ...]]:
        """The layers' health at a step from these parameters with these gradients, and, if they are counted, their distributions."""
        probe = self.probe.first(network)
        layers = health.measure(network, probe, parameters, gradients)
        return layers, health.distributions(network, probe, gradients) if counted else ()

    def _with_snapshot(self, progress: Progress, control: Control) -> Progress:
        """The last trained batch, with a snapshot if one is wanted; the epoch's last is followed by one anyway."""
        if self.position.is_at_end or not control.wants_snapshot() or self._check_weights() is not None:
            return progress
        return progress._replace(snapshot=self.state.snapshot())

    def _progress(
        self,
        loss: float,
        accuracy: float,
        layers: tuple[LayerHealth, ...] = (),
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
            position.epochs_passed,
            position.sample,
            layers,
            distributions=distributions,
        )

    def _check_weights(self) -> Divergence | None:
        """The divergence of the last step, which no later loss of the epoch would show."""
        layer = health.first_not_finite(self.state.network)
        return None if layer is None else Divergence(layer, self.position.epochs + 1, self.step)

    def _end_epoch(self, layers: tuple[LayerHealth, ...]) -> EpochEnded:
        position = self.position
        validation_loss, validation_accuracy = self._evaluate(self._validation) if self._validation else (None, None)
        train_loss, train_accuracy, seconds = position.loss_sum / position.samples, position.correct / position.samples, position.seconds
        self.state.end_epoch(validation_loss if validation_loss is not None and isfinite(validation_loss) else None)
        self._seconds += seconds
        snapshot = self.state.snapshot()
        if self._kept is not None:
            # What is trained again from here knows the validation loss.
            self._kept = snapshot
        return EpochEnded(
            epoch=position.epochs,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=self._learning_rate,
            seconds=seconds,
            samples_per_second=position.samples / seconds,
            best=self.state.best.epoch == position.epochs,
            layers=layers,
            snapshot=snapshot,
        )

    def _evaluate(self, loader: BatchLoader) -> tuple[float, float]:
        with self._threads:
            return self.state.engine.evaluate(loader.whole, loader.rows) if self.state.engine else evaluate(self.state.network, loader)

    def _started(self) -> Started:
        network, config = self.state.network, self.state.config
        learning = [layer for layer in network.layers if layer.shapes()]
        return Started(
            version=__version__,
            started=datetime.now().astimezone().isoformat(),
            config=config,
            step=self.step,
            parameters=network.parameter_count,
            layers=tuple(LayerSummary(layer.name, layer.kind, (layer.units,), parameters(layer)) for layer in learning),
            training_samples=self._training.samples,
            validation_samples=self._validation.samples if self._validation else 0,
            test_samples=self._test.samples if self._test else 0,
            threads=int(config.threads),
            environment=environment(),
            snapshot=self.state.snapshot(),
        )

    def _last_before_divergence(self) -> Progress | None:
        """The last batch that was trained, with its layers; None where no state from before it is kept, or there is no memory.

        The state that was kept is trained up to there once more, beside the one that diverged: to the same bits.
        """
        kept, step, rate, diverged = self._kept, self.step, self._learning_rate, self.state
        if kept is None or kept.scalars["step"] == step:
            return None
        try:
            self.state = TrainingState(diverged.config, self.spec, self.position.samples, self._fingerprint)
            self._start_engine()
            self.state.restore(kept)
            self._resize()
            with self._threads:
                return self._train_until(step)
        except MemoryError:
            return None
        finally:
            if self.state.engine:
                self.state.engine.close()
            self.state, self._learning_rate = diverged, rate

    def _train_until(self, step: int) -> Progress | None:
        """Train up to this step, with the options' changes, and measure the layers there."""
        progress, control = None, Control()
        while self.step < step:
            order = self.state.order()
            while self.step < step and not self.position.is_at_end:
                while change := self.state.next_due_change():
                    self._apply(change)
                left = step - self.step
                if left == 1:
                    control.count_distributions()
                (*_, progress), _divergence = self._train(order, control, left - 1)
            if self.step < step:
                self.state.end_epoch(None)
        return progress

    def _ended(self, control: Control, divergence: Divergence | None, last: Progress | None) -> Ended:
        best, is_finished = self.state.best, self.state.is_finished
        kept = best.weights if is_finished and divergence is None else None
        snapshot = None if divergence else self.state.snapshot(kept)
        test_loss = test_accuracy = None
        # An interruption leaves no time for the test.
        if self._test is not None and control.stopping != "interrupted":
            if kept is not None:
                self.state.take(kept)
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
            last_measured=last,
        )
