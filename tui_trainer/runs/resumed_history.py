"""The history of a run before it is resumed, so that its charts show all of it."""

from tui_trainer.history.history import History
from tui_trainer.runs.archive import read_history
from tui_trainer.runs.run import Run


def resumed_history(run: Run) -> History:
    """The history, from the run's files, up to the step at which it is resumed. Raises UserError."""
    progress = run.progress_so_far
    history = read_history(run.directory, until_step=progress.step)
    # The next batches follow this one.
    history.progress = progress
    return history
