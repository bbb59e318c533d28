"""A sweep without a screen: its events, then the results, as text or JSON lines."""

import sys
from collections.abc import Sequence
from typing import Any, Literal

from tui_trainer.headless.run import Exit, Listener, told
from tui_trainer.headless.tables import say, say_json, say_table
from tui_trainer.sweep.configurations import NONE, configurations
from tui_trainer.sweep.phrases import conclusion, duration, rate_text
from tui_trainer.sweep.space import describe
from tui_trainer.sweep.statistics import Group, paired, ranked
from tui_trainer.sweep.store import RUNS, Result, RunStatus
from tui_trainer.sweep.sweep import RunChanged, Sweep, SweepEnded, SweepEvent, SweepNoted, SweepProgress, SweepStarted
from tui_trainer.system.folders import printable
from tui_trainer.system.signals import exit_status, heeded
from tui_trainer.system.streams import results, warn

LEFT_OUT = 5
"""The exit status when some runs could not be trained."""

MOST_SHOWN = 40
"""The most configurations in the final table; `sweep report` has all."""

Form = Literal["auto", "text", "json", "quiet"]


def tell_sweep(sweep: Sweep, form: Form) -> int:
    """Train all runs, print their events and the results, and return the exit status. Raises UserError."""
    status: int = Exit.FINISHED
    with results(), heeded(lambda _number: sweep.stop()) as received:
        with told(_listeners(form)) as listeners:
            for event in sweep.events():
                if isinstance(event, SweepNoted):
                    warn(event.text)
                for listener in listeners:
                    listener.hear(event)
                if isinstance(event, SweepEnded) and event.failed:
                    status = LEFT_OUT
        if received:
            return exit_status(received[0])
    return status


def _listeners(form: Form) -> list[Listener[SweepEvent]]:
    if form == "quiet":
        return []
    if form == "json":
        return [JSONLines()]
    return [Bar(), Lines()] if form == "auto" and sys.stderr.isatty() else [Lines()]


class JSONLines:
    """JSON objects for the start, each ended run, each configuration, and the end; each flushed."""

    def __init__(self) -> None:
        self._folder = ""

    def hear(self, event: SweepEvent) -> None:
        """Print all but what is not over."""
        match event:
            case SweepStarted():
                self._folder = str(event.folder)
                numbers = {"runs": event.total, "done": event.done, "seeds": event.seeds, "workers": event.workers}
                self._say({"event": "sweep", "directory": self._folder, **numbers})
            case RunChanged() if event.result.status is not RunStatus.RUNNING:
                self._say({"event": "run", **run_record(event.result), "run_directory": f"{self._folder}/{RUNS}/{event.result.key}"})
            case SweepEnded():
                for group in ranked(event.groups, event.seeds):
                    self._say({"event": "configuration", **group_record(group, event.groups[0])})
                self._say({"event": "end", **end_record(event), "directory": self._folder})

    def close(self) -> None:
        """Nothing is held back."""

    def _say(self, record: dict[str, Any]) -> None:
        say_json(record)
        sys.stdout.flush()


class Lines:
    """A line for each ended run, a table of the configurations, and the chosen one."""

    def hear(self, event: SweepEvent) -> None:
        """Print all but what is not over."""
        match event:
            case SweepStarted():
                before = f", {event.done:,} of them done before" if event.done else ""
                say(f"{event.total:,} {'run' if event.total == 1 else 'runs'}{before}; {event.workers} at a time")
                say(f"sweep directory {printable(str(event.folder))}")
            case RunChanged() if event.result.status is not RunStatus.RUNNING:
                say(run_line(event.result, event.progress))
            case SweepEnded():
                say_groups(event.groups, event.seeds)
                for line in conclusion(event):
                    say(line)
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing is held back."""


class Bar:
    """A progress bar on stderr, with the best run so far and the time left."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 pipes and batch jobs need not wait for it
        from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

        self._bar = Progress(
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} runs"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("best {task.fields[best]}"),
            TextColumn("{task.fields[left]}"),
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._best = 0.0

    def hear(self, event: SweepEvent) -> None:
        """Move the bar."""
        if isinstance(event, RunChanged):
            progress = event.progress
            if event.result.status is RunStatus.COMPLETED:
                self._best = max(self._best, event.result.figures.validation_accuracy or 0.0)
            if not self._bar.task_ids:
                self._bar.add_task("", total=None, rate="", best="", left="")
                self._bar.start()
            self._bar.update(
                self._bar.task_ids[0],
                completed=progress.done + progress.failed,
                total=progress.total,
                rate=rate_text(progress),
                best=f"{self._best:.2%}" if self._best else NONE,
                left="" if progress.seconds_left is None else f"{duration(progress.seconds_left)} left",
            )
        elif isinstance(event, SweepEnded):
            self.close()

    def close(self) -> None:
        """Remove the bar."""
        self._bar.stop()


def run_line(result: Result, progress: SweepProgress) -> str:
    """A line for an ended run."""
    figures = result.figures
    outcome = [str(result.status)]
    if figures.validation_accuracy is not None and result.status is not RunStatus.FAILED:
        outcome += [f"validation accuracy {figures.validation_accuracy:.2%}", f"loss {figures.validation_loss or 0.0:.4f}"]
    outcome.append(f"{figures.seconds:.1f} s")
    done = progress.done + progress.failed
    return f"{done:{len(str(progress.total))}}/{progress.total}  {printable(describe(result.point))}: {', '.join(outcome)}"


def say_groups(groups: Sequence[Group], seeds: int, most: int = MOST_SHOWN) -> None:
    """Print the configurations, the best first."""
    groups = [group for group in groups if group.scores]
    if not groups:
        return
    say("")
    names = list(dict.fromkeys(name for group in groups for name in group.point))
    heads, rows = configurations(ranked(groups, seeds)[:most], groups[0], names, seeds)
    say_table(heads, [[printable(cell) for cell in row] for row in rows], range(len(names), len(heads)))
    if len(groups) > most:
        say(f"and {len(groups) - most:,} more: tui-trainer sweep report")


def run_record(result: Result) -> dict[str, Any]:
    """A run as plain data."""
    figures = result.figures
    return {
        "key": result.key,
        "config": result.config,
        "options": result.point,
        "status": str(result.status),
        "train_loss": figures.train_loss,
        "train_accuracy": figures.train_accuracy,
        "validation_loss": figures.validation_loss,
        "validation_accuracy": figures.validation_accuracy,
        "epochs": figures.epochs,
        "seconds": figures.seconds,
        "digest": figures.digest,
        "note": result.note,
    }


def group_record(group: Group, first: Group) -> dict[str, Any]:
    """A configuration as plain data."""
    against = paired(group, first)
    return {
        "options": group.point,
        "keys": [result.key for result in group.results],
        "seeds": {str(seed): score for seed, score in group.scores.items()},
        "mean": group.mean,
        "deviation": group.deviation,
        "interval": group.interval,
        "against_first": None if against is None else against._asdict(),
        **{str(status): group.count(status) for status in (RunStatus.DIVERGED, RunStatus.PRUNED, RunStatus.FAILED)},
        "seconds": group.seconds,
    }


def end_record(event: SweepEnded) -> dict[str, Any]:
    """The end as plain data."""
    best = None
    if event.best:
        examined = event.examined
        best = {
            "options": event.best.point,
            "validation_accuracy": event.best.mean,
            "test_loss": examined.test_loss if examined else None,
            "test_accuracy": examined.test_accuracy if examined else None,
        }
    return {
        "status": event.status,
        "runs": event.progress.total,
        "done": event.progress.done,
        "chosen": best,
        "examined_configurations": event.looks,
        "left_out": [{"key": result.key, "options": result.point, "note": result.note} for result in event.failed],
        "seconds": event.progress.seconds,
    }
