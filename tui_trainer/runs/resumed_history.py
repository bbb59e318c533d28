"""The course of a run before it is resumed, so that its charts show all of it."""

from tui_trainer.history.history import History
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.replay import shown
from tui_trainer.runs.run import Run


def past(run: Run) -> History:
    """What the files tell of a run that is about to be resumed, up to where it stands. Raises UserError."""
    record, standing = read_run(run.directory), run.standing
    history = shown(record, until_step=standing.step).history
    # What is trained now counts from here.
    history.progress, history.seconds = standing, record.seconds
    return history
