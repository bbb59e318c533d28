"""The curves of a run that is on disk."""

import numpy as np

from tui_trainer.runs.archive import RunRecord
from tui_trainer.ui.chart.curves import Shown
from tui_trainer.ui.chart.history import History
from tui_trainer.ui.chart.series import Series

GREATEST = 1e300
"""What an axis can still be made for; a file may claim more."""


def shown(record: RunRecord) -> Shown:
    """The run as a chart takes it: a point for each epoch."""
    history = History()
    epochs = record.epochs
    course = np.array([record.steps(), [epoch.number for epoch in epochs], np.cumsum([epoch.seconds for epoch in epochs])], np.float64)
    # What a file says of its batches may contradict itself, and a chart relies on a course that never goes back.
    course = np.maximum.accumulate(course, axis=1)

    def fill(series: Series, values: list[float | None], unit: float = 1.0) -> None:
        column = unit * np.array(values, np.float64)
        column[~(np.abs(column) < GREATEST)] = np.nan
        series.extend(np.vstack([course, column]))

    if epochs:
        fill(history.training_loss, [epoch.train_loss for epoch in epochs])
        fill(history.training_accuracy, [epoch.train_accuracy for epoch in epochs], 100)
        fill(history.learning_rate, [epoch.learning_rate for epoch in epochs])
        if record.best_loss:
            fill(history.validation_loss, [epoch.validation_loss for epoch in epochs])
        if record.best_accuracy:
            fill(history.validation_accuracy, [epoch.validation_accuracy for epoch in epochs], 100)
        for name in epochs[-1].gradient_norms:
            history.gradient_norms[name] = series = Series()
            fill(series, [epoch.gradient_norms.get(name) for epoch in epochs])
        history.seconds = float(course[2, -1])
    return Shown(record.name, history, record.last_epoch)
