"""How a sweep stands, in two lines."""

from enum import Enum

from textual.content import Content

from tui_trainer.paths import printable
from tui_trainer.sweep.board import Board
from tui_trainer.sweep.space import describe
from tui_trainer.sweep.statistics import Group
from tui_trainer.sweep.store import Standing
from tui_trainer.sweep.sweep import Standings
from tui_trainer.sweep.telling import duration, rate_text
from tui_trainer.ui.sweep_runner import SweepRunner


class State(Enum):
    """What becomes of it; the value is what is said of that."""

    PREPARING = "… reading the images, starting the workers"
    GOING_ON = "▶ going on"
    STOPPING = "■ stopping: what the runs have learned is being saved"
    STOPPED = "■ stopped"
    COMPLETE = "✓ complete"
    BROKEN = "✗"

    @classmethod
    def of(cls, board: Board | None, problem: str, runner: SweepRunner | None) -> "State":
        """The state of a sweep, which `runner` may be training."""
        if runner and runner.is_stopping:
            return cls.STOPPING
        if board is None:
            return cls.BROKEN if problem and not runner else cls.PREPARING
        if board.going_on:
            return cls.GOING_ON
        if runner and not runner.standings:
            return cls.PREPARING
        return cls.COMPLETE if board.is_complete else cls.STOPPED


def progress(state: State, board: Board | None, standings: Standings | None, problem: str) -> Content:
    """How far it is and how fast it goes."""
    if state is State.BROKEN:
        return Content(f"{state.value} {printable(problem)}")
    if standings is None or state is State.PREPARING:
        return Content(state.value)
    parts = [f"{standings.done + standings.failed:,} of {standings.total:,} runs"]
    parts += [f"{standings.failed:,} failed"] if standings.failed else []
    if board and (diverged := board.count(Standing.DIVERGED)):
        parts.append(f"{diverged:,} diverged")
    if board and (pruned := board.count(Standing.PRUNED)):
        parts.append(f"{pruned:,} given up")
    if state is State.GOING_ON:
        if standings.trained and standings.seconds:
            parts.append(rate_text(standings))
        if standings.seconds_left is not None:
            parts.append(f"{duration(standings.seconds_left)} left")
    return Content.assemble((state.value, "bold"), "  ", ", ".join(parts))


def outcome(board: Board | None) -> Content:
    """The best so far; in the end the chosen configuration, and what it says about the test set."""
    if board is None or board.best is None:
        return Content("")
    best, test = board.best, board.test
    options, score = printable(describe(best.point)), _score(best, board.seeds)
    if test is None or test.test_accuracy is None:
        return Content.assemble(("best so far  ", "bold"), f"{score}: {options}")
    # First what a narrow terminal may not cut.
    return Content.assemble(("chosen  ", "bold"), (f"test accuracy {test.test_accuracy:.2%}", "bold"), f", validation {score}: {options}")


def _score(group: Group, seeds: int) -> str:
    deviation = "" if group.deviation is None else f" ±{100 * group.deviation:.2f}"
    of = f" ({len(group.scores)} of {seeds} seeds)" if len(group.scores) < seeds else ""
    return f"{group.mean or 0.0:.2%}{deviation}{of}"
