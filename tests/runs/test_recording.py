"""Curves drawn from a run's files: those that the app drew while it trained, and none that the files do not bear out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tui_trainer.config.options import Config
from tui_trainer.history.history import History
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.series import Series
from tui_trainer.runs.archive import lines_with_ends, read_history, read_run
from tui_trainer.runs.recording import Recording
from tui_trainer.runs.run import Run
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress
from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.chart.curves import curves, whole_course
from tui_trainer.ui.chart.drawings import DRAWINGS
from tui_trainer.ui.chart.notes import changes
from tui_trainer.ui.chart.raster import BRAILLE
from tui_trainer.ui.chart.view import Scale, View

pytestmark = pytest.mark.long

SERIES = ("loss", "accuracy", "learning_rate", "training_loss", "training_accuracy", "validation_loss", "validation_accuracy")

STEPS = 38
"""Of the run below: 16 of 32 images, 4 of 32 and 8 of 50, 10 of 50."""


@pytest.fixture(scope="module")
def trained(digits_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, History]:
    """A run of three epochs with changes, and what the app would have known of it."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    options = {"data": str(digits_file), "validation": 100, "threads": 1, "hidden": "8,8", "epochs": 3}
    run = Run.create(Config.parse({**options, "changes": "20 batch_size=50 learning_rate=0.01"}), folder)
    history = History()
    for event in run.events(Control()):
        history.add(event)
    history.drain()
    return folder, history


def table(series: Series) -> np.ndarray[Any, Any]:
    return np.array(series.rows()).reshape(-1, 4)


def test_the_curves_are_those_that_were_drawn_live(trained: tuple[Path, History]) -> None:
    folder, live = trained
    found = read_history(folder)
    for name in SERIES:
        np.testing.assert_allclose(table(getattr(found, name)), table(getattr(live, name)), rtol=1e-6, err_msg=name)
    assert len(found.loss) == STEPS
    assert [change.changes for change in found.changes] == [{"batch_size": 50, "learning_rate": 0.01}]
    np.testing.assert_allclose(found.course_at([20]), live.course_at([20]), rtol=1e-6)
    assert found.ended is not None
    assert live.ended is not None
    assert replace(found.ended, best_epoch=live.ended.best_epoch) == live.ended
    assert found.seconds == pytest.approx(live.seconds)
    assert list(found.gradient_norms) == ["dense_1", "dense_2", "dense_3"]
    assert live.progress is not None
    assert found.progress is not None
    assert found.progress[:4] == live.progress[:4]
    assert found.progress.samples == live.progress.samples
    assert found.progress.position == live.progress.position


def test_told_bit_by_bit_it_is_the_same(trained: tuple[Path, History]) -> None:
    folder, _ = trained
    rows = np.fromfile(folder / "batches.f32", "<f4").reshape(-1, 5)
    recording, lines = Recording(), [line for line, _ in lines_with_ends(folder / "metrics.jsonl")]
    # As they are read when somebody watches: first the start and one epoch, then the rest.
    for line in lines[:2]:
        recording.take(line)
    recording.add_batches(rows[:7])
    recording.add_batches(rows[7:18])
    for line in lines[2:]:
        recording.take(line)
    for start in range(18, STEPS, 7):
        recording.add_batches(rows[start : start + 7])
    recording.history.drain()
    whole = read_history(folder)
    for name in SERIES:
        np.testing.assert_array_equal(table(getattr(recording.history, name)), table(getattr(whole, name)), err_msg=name)
    assert recording.history.progress == whole.progress


def test_nothing_later_than_a_step_counts(trained: tuple[Path, History]) -> None:
    folder, live = trained
    found = read_history(folder, until_step=18)
    assert (len(found.loss), len(found.training_loss), len(found.changes)) == (18, 1, 0)
    assert found.seconds == pytest.approx(table(live.training_loss)[0, 2])
    assert found.progress is not None
    assert (found.progress.epoch, found.progress.step) == (2, 18)
    assert len(read_history(folder, until_step=0).loss) == 0
    assert len(read_history(folder, until_step=20).changes) == 1


def test_a_history_from_disk_goes_on_live(trained: tuple[Path, History]) -> None:
    """As it does when a run is resumed in the app."""
    folder, live = trained
    found = read_history(folder, until_step=28)
    step, position, seconds = table(live.loss)[28, :3]
    found.add(Progress(3, 1, 10, int(step), 0.5, 0.9, seconds - found.seconds, 0.01, position, 50))
    found.drain()
    np.testing.assert_allclose(table(found.loss)[:29, :3], table(live.loss)[:29, :3], rtol=1e-6)


def test_without_batches_epochs_are_drawn(trained: tuple[Path, History], tmp_path: Path) -> None:
    folder, live = trained
    (tmp_path / "metrics.jsonl").write_bytes((folder / "metrics.jsonl").read_bytes())
    for found in (read_history(tmp_path), read_run(folder).history):
        assert (len(found.loss), len(found.accuracy), len(found.learning_rate)) == (0, 0, 3)
        np.testing.assert_allclose(table(found.training_loss), table(live.training_loss), rtol=1e-6)
        assert found.progress is not None
        assert (found.progress.epoch, found.progress.step) == (3, STEPS)
        np.testing.assert_allclose(found.course_at([20])[0, :2], live.course_at([20])[0, :2], atol=0.1)


def test_the_layers_past_is_that_of_the_epochs(trained: tuple[Path, History]) -> None:
    folder, live = trained
    found = read_history(folder).health
    assert found.names == live.health.names == ("dense_1", "dense_2", "dense_3")
    for figure in FIGURES.values():
        one, other = (health.cells(figure, STEPS, 10) for health in (found, live.health))
        np.testing.assert_allclose(one.values, other.values, rtol=1e-6, err_msg=figure.name)
        np.testing.assert_allclose(one.judged, other.judged, rtol=1e-5, err_msg=figure.name)
        np.testing.assert_array_equal(one.last, other.last)
    assert len(read_history(folder, until_step=18).health) == 1


def altered(trained: tuple[Path, History], tmp_path: Path, rows: np.ndarray[Any, Any]) -> History:
    (tmp_path / "metrics.jsonl").write_bytes((trained[0] / "metrics.jsonl").read_bytes())
    (tmp_path / "batches.f32").write_bytes(rows.astype("<f4").tobytes())
    return read_history(tmp_path)


def rows_of(trained: tuple[Path, History]) -> np.ndarray[Any, Any]:
    return np.fromfile(trained[0] / "batches.f32", "<f4").reshape(-1, 5)


def test_batches_that_were_lost_are_a_gap(trained: tuple[Path, History], tmp_path: Path) -> None:
    rows = rows_of(trained)
    rows[14:20] = 0
    found = altered(trained, tmp_path, rows)
    steps, values = found.loss.points(0)
    assert steps.tolist() == list(range(1, STEPS + 1))
    assert np.isnan(values[14:20]).all()
    assert np.isfinite(values[[13, 20]]).all()
    _, seconds = found.loss.points(2, 2)
    np.testing.assert_allclose(seconds[20:], table(trained[1].loss)[20:, 2], rtol=1e-6)


@pytest.mark.parametrize("fault", ["backwards", "another run's", "not a number", "beyond"])
def test_batches_that_contradict_the_epochs_are_not_drawn(trained: tuple[Path, History], tmp_path: Path, fault: str) -> None:
    rows = rows_of(trained)
    match fault:
        case "backwards":
            rows[10] = rows[5]
        case "another run's":
            rows[:, 0] *= 2
        case "not a number":
            rows[3, 0] = np.nan
        case _:
            rows[-1, 0] = 1e30
    found = altered(trained, tmp_path, rows)
    assert (len(found.loss), len(found.learning_rate), len(found.training_loss)) == (0, 3, 3)


def test_values_that_cannot_be_are_gaps(trained: tuple[Path, History], tmp_path: Path) -> None:
    rows = rows_of(trained)
    rows[1, 1:] = np.inf, 7, -1, np.nan
    rows[2, 1:] = -3, -1, np.inf, -5
    found = altered(trained, tmp_path, rows)
    for series in (found.loss, found.accuracy, found.learning_rate):
        _, values = series.points(0)
        assert np.isnan(values[1:3]).all()
        assert np.isfinite(np.delete(values, [1, 2])).all()


def test_a_change_cannot_write_on_the_terminal(tmp_path: Path) -> None:
    change = {"event": "change", "epoch": 1, "batch": 2, "step": 2, "changes": {"\x1b[31m": "\x1b" * 90}}
    start = {"event": "start", "config": {"batch_size": 10}, "training_samples": 100}
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (start, change)))
    ((_, text),) = changes(read_history(tmp_path), View())
    assert text.startswith("\\x1b[31m")
    assert len(text) <= 200


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=600) | arrays.arrays("<f4", st.tuples(st.integers(0, 30), st.just(5))).map(lambda rows: rows.tobytes()))
def test_whatever_stands_in_the_file_can_be_drawn(trained: tuple[Path, History], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "metrics.jsonl").write_bytes((trained[0] / "metrics.jsonl").read_bytes())
    (tmp_path / "batches.f32").write_bytes(content)
    found = Shown("run", read_history(tmp_path), 3)
    for series in (getattr(found.history, name) for name in SERIES):
        course = table(series)[:, :3]
        assert np.isfinite(course).all()
        assert (np.diff(course, axis=0) >= 0).all()
    for scale in Scale:
        view = View(scale)
        low, high = whole_course(found, [], view)
        assert low < high < np.inf
        for quantity in DRAWINGS.values():
            curves(quantity, found, [found], view, BRAILLE)
