"""Training without a screen: the run's events as a progress bar, text lines or JSON lines, ended cleanly by signals."""

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import IntEnum
from math import nan
from typing import Literal, Protocol, TypeVar

from tui_trainer.config.changes import describe_change
from tui_trainer.config.layer_sizes import format_hidden
from tui_trainer.config.options import Config, as_text
from tui_trainer.config.source import option
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.diagnose import Rhythm, diagnose
from tui_trainer.diagnosis.finding import Finding, Options
from tui_trainer.diagnosis.rules import RULES
from tui_trainer.errors import UserError, reason_of
from tui_trainer.history.history import History
from tui_trainer.history.measurements import measurement
from tui_trainer.history.staircase import descent, stairs
from tui_trainer.plugins.quiet import quietly
from tui_trainer.runs.directory import line
from tui_trainer.runs.log import EndLine, EpochLine, StartLine
from tui_trainer.runs.run import Run
from tui_trainer.system import signals
from tui_trainer.system.folders import path_text, printable
from tui_trainer.system.streams import give_up_streams, note, warn
from tui_trainer.training.control import Control
from tui_trainer.training.events import Changed, Ended, EpochEnded, Event, LayerHealth, Noted, Progress, Started, record

MOST_LAYERS = 12
"""Lines about the layers; neighbours of a deeper network share one."""

Format = Literal["auto", "text", "json", "quiet"]

Heard_contra = TypeVar("Heard_contra", contravariant=True)


class Exit(IntEnum):
    """What the process ends with; after a signal it is 128 and the signal's number."""

    FINISHED = 0
    FAULT = 1
    BAD_INPUT = 2
    DIVERGED = 3
    NOT_WELL = 4


def _warn_before(run: Run, form: Format) -> None:
    for warning in run.warnings:
        warn(warning)
    for text in run.notes if form != "quiet" else ():
        note(text)


class Listener(Protocol[Heard_contra]):
    """A consumer of events."""

    def hear(self, event: Heard_contra, /) -> None:
        """Handle an event."""

    def close(self) -> None:
        """Handle the end of the events."""


def run_headless(run: Run, form: Format, stop_when: Collection[str] = ()) -> int:
    """Train to the end, or to a finding of `stop_when`; print the events in the given form, and return the exit status."""
    control = Control()
    control.measure_layers()
    doctor = Doctor(stop_when) if form != "quiet" or stop_when else None
    status: int = Exit.FINISHED
    lost: OSError | None = None
    _warn_before(run, form)
    with (
        signals.heeded(lambda _number: control.stop("interrupted")) as received,
        told(_listeners(form, path_text(run.directory))) as listeners,
    ):
        for event in quietly(run.events(control)):
            try:
                if isinstance(event, Noted) and not event.explains_wait:
                    warn(event.text)
                elif isinstance(event, Noted) and sys.stderr.isatty():
                    note(event.text)
                found = doctor.hear(event) if doctor else ()
                _tell(listeners, event, found)
                if any(finding.name in stop_when for finding in found):
                    status = Exit.NOT_WELL
                    control.stop()
            except OSError as error:
                # The reader or the terminal is gone, or the disk is full: end the run and keep what was learned.
                lost = lost or error
                control.stop("interrupted")
            if isinstance(event, Ended) and event.status == "diverged" and status == Exit.FINISHED:
                status = Exit.DIVERGED
    if lost:
        give_up_streams()
    # When a terminal hangs up, a write may fail before the signal comes; the signal decides the exit status.
    if received:
        return signals.exit_status(received[0])
    if isinstance(lost, BrokenPipeError):
        return signals.exit_status(signals.BROKEN_PIPE)
    if save_error := run.save_error:
        save_error.hint = "what was written before is whole"
        raise save_error
    if lost:
        raise UserError(f"the results cannot be written ({reason_of(lost)})", hint=f"they are in {run.directory}")
    return status


def _tell(listeners: list[Listener[Event | Finding]], event: Event, found: tuple[Finding, ...]) -> None:
    # The end is the last to be told.
    news: tuple[Event | Finding, ...] = (*found, event) if isinstance(event, Ended) else (event, *found)
    for heard in news:
        for listener in listeners:
            listener.hear(heard)


@contextmanager
def told(listeners: list[Listener[Heard_contra]]) -> Iterator[list[Listener[Heard_contra]]]:
    """The listeners, always closed at the end: a bar left on a terminal keeps its cursor hidden."""
    try:
        yield listeners
    finally:
        for listener in listeners:
            with suppress(OSError):
                listener.close()


def _listeners(form: Format, run_directory: str) -> list[Listener[Event | Finding]]:
    if form == "quiet":
        return []
    if form == "json":
        return [JSONLines(run_directory)]
    if form == "auto" and sys.stderr.isatty():
        return [ProgressBar(), PlainLines(run_directory), Advice()]
    return [PlainLines(run_directory), Advice()]


class JSONLines:
    """One JSON object per event or finding on stdout, each flushed."""

    def __init__(self, run_directory: str) -> None:
        self._run_directory = run_directory

    def hear(self, event: Event | Finding) -> None:
        """Print all but progress and notes."""
        if isinstance(event, Finding):
            print(line(event.record()), flush=True)  # noqa: T201
        elif not isinstance(event, Progress | Noted):
            print(line(record(event, self._run_directory)), flush=True)  # noqa: T201

    def close(self) -> None:
        """Nothing is held back."""


class PlainLines:
    """ASCII lines on stdout: one for the network, one per epoch, one for the result."""

    def __init__(self, run_directory: str) -> None:
        self._run_directory = run_directory
        self._epochs = 0

    def hear(self, event: Event | Finding) -> None:
        """Print all but progress and findings."""
        if isinstance(event, Started):
            self._epochs = event.config.epochs
            self._print(describe(event.config, event))
            self._print(f"run directory {printable(self._run_directory)}")
            if event.step:
                self._print(f"resumed after step {event.step:,}")
        elif isinstance(event, Changed):
            self._epochs = event.changes.get("epochs", self._epochs)
            self._print(f"from step {event.step + 1:,} on: {describe_change(event.changes)}")
        elif isinstance(event, EpochEnded):
            self._print(describe_epoch(event, self._epochs))
        elif isinstance(event, Ended):
            for text in conclusion(event):
                self._print(text)

    def close(self) -> None:
        """Nothing is held back."""

    def _print(self, text: str) -> None:
        print(text, flush=True)  # noqa: T201


class Doctor:
    """Looks at the run as it goes on, after its first batch and after epochs, and finds each thing once."""

    def __init__(self, stop_when: Collection[str] = ()) -> None:
        self._stop_when = stop_when
        self._history = History()
        self._options: Config | None = None
        self._known: set[str] = set()
        self._rhythm = Rhythm()

    def hear(self, event: Event) -> tuple[Finding, ...]:
        """What is found with this event and was not before, causes before symptoms; nothing of a run that is cut short."""
        # Of a batch this is all: thousands come in a second.
        if type(event) is Progress:
            self._history.add(event._replace(snapshot=None) if event.snapshot else event)
            if event.step > 1:
                return ()
        elif not isinstance(event, Noted):
            self._history.add(event)
        if isinstance(event, Started):
            self._options = event.options
        elif isinstance(event, Changed) and self._options:
            self._options = self._options.model_copy(update=dict(event.changes))
        is_cut_short = isinstance(event, Ended) and event.status not in ("completed", "diverged")
        is_early = isinstance(event, EpochEnded) and not self._rhythm.is_due(event.epoch)
        if self._options is None or is_cut_short or is_early or not isinstance(event, Progress | EpochEnded | Ended):
            return ()
        self._history.drain()
        case = Case(self._options, self._history)
        new = tuple(finding for finding in diagnose(case, self._stop_when) if finding.name not in self._known)
        self._known |= {finding.name for finding in new}
        return new


class Advice:
    """Lines on stderr with what is wrong, as it is found, and the cure; at the end of an ailing run how each layer fares."""

    def __init__(self) -> None:
        self._told: list[str] = []
        self._layers: tuple[LayerHealth, ...] = ()

    def hear(self, event: Event | Finding) -> None:
        """Print a finding, unless one that may be its cause was told before."""
        if isinstance(event, Finding):
            names = list(RULES)
            if all(names.index(event.name) < names.index(name) for name in self._told):
                note(describe_finding(event))
            self._told.append(event.name)
        elif isinstance(event, Progress | EpochEnded):
            self._layers = event.layers or self._layers
        elif isinstance(event, Ended) and self._told and self._layers:
            for text in describe_layers(self._layers):
                note(text)

    def close(self) -> None:
        """Nothing is held back."""


class ProgressBar:
    """A progress bar on stderr, with the loss and the time left."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 pipes and batch jobs need not wait for it
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.progress import Progress as Bar  # noqa: PLC0415

        self._bar = Bar(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TextColumn("batch {task.fields[batch]}"),
            TextColumn("loss {task.fields[loss]:.4f}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            refresh_per_second=4,
            # When only stderr is the terminal, lines for stdout must not end up in the bar's stream.
            redirect_stdout=sys.stdout.isatty(),
        )
        self._epochs = 0

    def hear(self, event: Event | Finding) -> None:
        """Move the bar."""
        if isinstance(event, Started):
            self._epochs = event.config.epochs
        elif isinstance(event, Changed):
            self._epochs = event.changes.get("epochs", self._epochs)
        elif isinstance(event, Progress):
            if not self._bar.task_ids:
                self._bar.add_task("", total=self._epochs, epoch="", batch="", loss=event.loss)
                self._bar.start()
            self._bar.update(
                self._bar.task_ids[0],
                completed=event.position,
                total=self._epochs,
                epoch=f"{event.epoch}/{self._epochs}",
                batch=f"{event.batch:,}/{event.batches:,}",
                loss=event.loss,
            )
        elif isinstance(event, Ended):
            self.close()

    def close(self) -> None:
        """Remove the bar."""
        self._bar.stop()


def describe(config: Config, event: Started | StartLine) -> str:
    """A line that describes the run."""
    return (
        f"{format_hidden(config.hidden)} {', '.join(config.parts())}, {config.optimizer} {config.learning_rate:g}, "
        f"batch {config.batch_size}, seed {config.seed}: {event.parameters:,} parameters, {event.training_samples:,} training, "
        f"{event.validation_samples:,} validation and {event.test_samples:,} test images, "
        f"{event.threads} {'thread' if event.threads == 1 else 'threads'}"
    )


def describe_epoch(event: EpochEnded | EpochLine, epochs: int) -> str:
    """A line for an epoch; figures may be missing in a file."""
    parts = [f"epoch {event.epoch}/{epochs}", f"loss {_known(event.train_loss):.4f}", f"accuracy {_known(event.train_accuracy):.1%}"]
    if event.validation_loss is not None and event.validation_accuracy is not None:
        parts += [f"validation loss {event.validation_loss:.4f}", f"validation accuracy {event.validation_accuracy:.1%}"]
    parts.append(f"{event.seconds:.1f} s")
    if event.samples_per_second is not None:
        parts.append(f"{event.samples_per_second:,.0f} images/s")
    return "  ".join(parts)


def _known(value: float | None) -> float:
    return nan if value is None else value


def describe_finding(finding: Finding) -> str:
    """The problem, and the options that cure it, ready to copy."""
    remedies = [as_options(remedy) for remedy in finding.remedies]
    return finding.say(finding.symptom) + (f"; try {', or '.join(remedies)}" if remedies else "")


def describe_layers(layers: Sequence[LayerHealth]) -> Iterator[str]:
    """A line for each layer of weights, or for neighbours, and what becomes of the gradient; nothing where all is well."""
    measured = measurement(layers)
    found = stairs(measured, MOST_LAYERS)
    if not any(stair.ails for stair in found):
        return
    for stair in found:
        yield f"{printable(stair.name)}: gradient {stair.gradient:.1e}" + (f", {stair.meaning.word}" if stair.meaning else "")
    if told := descent(measured):
        yield printable(told)


def as_options(remedy: Options) -> str:
    """A remedy as it stands on a command line."""
    return " ".join(f"{option(name)} {as_text(value)}" for name, value in remedy.items())


def conclusion(event: Ended | EndLine) -> list[str]:
    """A line or two for the run's end."""
    lines = []
    if event.divergence is not None:
        where = event.divergence
        lines.append(f"diverged in epoch {where.epoch}, at step {where.step}: {printable(where.layer)} gave numbers that are not finite")
    elif event.status != "completed":
        lines.append(
            f"{event.status} after {event.epochs} {'epoch' if event.epochs == 1 else 'epochs'}; the checkpoint holds what was learned"
        )
    if event.test_accuracy is not None and event.test_loss is not None:
        lines.append(f"test accuracy {event.test_accuracy:.1%}  test loss {event.test_loss:.4f}")
    return lines
