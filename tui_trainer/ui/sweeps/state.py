"""How a sweep stands, in two lines."""

from enum import Enum

from textual.content import Content

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.phrases import duration, rate_text
from tui_trainer.sweep.space import describe
from tui_trainer.sweep.statistics import Group
from tui_trainer.sweep.store import RunStatus
from tui_trainer.sweep.sweep import SweepProgress
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.sweeps.runner import SweepRunner


class State(Enum):
    """What becomes of it; the value is what is said of that."""

    PREPARING = N_("… reading the images, starting the workers")
    GOING_ON = N_("▶ going on")
    STOPPING = N_("■ stopping: what the runs have learned is being saved")
    STOPPED = N_("■ stopped")
    COMPLETE = N_("✓ complete")
    BROKEN = "✗"

    @classmethod
    def of(cls, board: Board | None, problem: str, runner: SweepRunner | None) -> "State":
        """The state of a sweep, which `runner` may be training."""
        if runner and runner.is_stopping:
            return cls.STOPPING
        if board is None:
            return cls.BROKEN if problem and not runner else cls.PREPARING
        if board.is_running:
            return cls.GOING_ON
        if runner and not runner.progress:
            return cls.PREPARING
        return cls.COMPLETE if board.is_complete else cls.STOPPED


def progress(state: State, board: Board | None, counts: SweepProgress | None, problem: str) -> Content:
    """How far it is and how fast it goes."""
    if state is State.BROKEN:
        return Content(f"{state.value} {printable(problem)}")
    if counts is None or state is State.PREPARING:
        return Content(_(state.value))
    parts = [_("{ended:,} of {total:,} runs").format(ended=counts.done + counts.failed, total=counts.total)]
    if counts.failed:
        parts.append(_("{count:,} failed").format(count=counts.failed))
    if board and (diverged := board.count(RunStatus.DIVERGED)):
        parts.append(_("{count:,} diverged").format(count=diverged))
    if board and (pruned := board.count(RunStatus.PRUNED)):
        parts.append(_("{count:,} given up").format(count=pruned))
    if state is State.GOING_ON:
        if counts.trained and counts.seconds:
            parts.append(rate_text(counts, _))
        if counts.seconds_left is not None:
            parts.append(_("{time} left").format(time=duration(counts.seconds_left, _)))
    return Content.assemble((_(state.value), "bold"), "  ", ", ".join(parts))


def outcome(board: Board | None) -> Content:
    """The best so far; in the end the chosen configuration, and what it says about the test set."""
    if board is None or board.best is None:
        return Content("")
    best, test = board.best, board.test
    options, score = printable(describe(best.point, _)), _score(best, board.seeds)
    if test is None or test.test_accuracy is None:
        return Content.assemble((f"{_('best so far')}  ", "bold"), f"{score}: {options}")
    # First what a narrow terminal may not cut.
    accuracy = _("test accuracy {accuracy:.2%}").format(accuracy=test.test_accuracy)
    validation = _(", validation {score}: {options}").format(score=score, options=options)
    return Content.assemble((f"{_('chosen')}  ", "bold"), (accuracy, "bold"), validation)


def _score(group: Group, seeds: int) -> str:
    deviation = "" if group.deviation is None else f" ±{100 * group.deviation:.2f}"
    of = _(" ({count} of {seeds} seeds)").format(count=len(group.scores), seeds=seeds) if len(group.scores) < seeds else ""
    return f"{group.mean or 0.0:.2%}{deviation}{of}"
