"""The history of a run before it is resumed, so that its charts show all of it."""

from tui_trainer.history.history import History
from tui_trainer.runs.archive import read_history
from tui_trainer.runs.run import Run


def past(run: Run) -> History:
    """What the files tell of a run that is about to be resumed, up to where it stands. Raises UserError."""
    standing = run.standing
    history = read_history(run.directory, until_step=standing.step)
    # What is trained now counts from here.
    history.progress = standing
    return history
