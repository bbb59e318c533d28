"""What charts say in words, read from their rows."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from history import story

from tui_trainer.history.history import AppliedChange, History
from tui_trainer.training.events import Divergence, Ended, LayerHealth
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.curve import Pen, Shown
from tui_trainer.ui.chart.notes import guess_of, notes
from tui_trainer.ui.chart.plot import STYLES, painted
from tui_trainer.ui.chart.raster import BRAILLE, PLAIN, Marks
from tui_trainer.ui.chart.view import Scale, View
from tui_trainer.ui.chart.widget import Chart

WIDE, SMALL = (76, 14), (37, 8)


def text(history: History, name: str = "loss", size: tuple[int, int] = WIDE, marks: Marks = BRAILLE, view: View = View()) -> str:  # noqa: B008 frozen
    chart = Chart(name)
    chart.set_reactive(Chart.marks, marks)
    chart.set_reactive(Chart.view, view)
    chart.follow(Shown("this run", history, 3))
    return "\n".join("".join(piece for piece, _ in row) for row in chart.draw(*size))


def told(losses: list[float], classes: int = 10, **others: Any) -> History:
    """A run of these batches."""
    history = History()
    history.classes = classes
    for step, loss in enumerate(losses, 1):
        history.add(story.progress(step, loss=loss, **others))
    history.drain()
    return history


def ended(history: History, status: Any = "stopped", divergence: Divergence | None = None) -> History:
    history.add(Ended(status, 0, None, None, None, 1.0, divergence, None))
    history.drain()
    return history


def burst() -> History:
    return ended(told([2.9, 5000.0, 1e33]), "diverged", Divergence("dense_1", 1, 4))


def test_guessing_is_a_dashed_line_with_the_classes_of_the_run() -> None:
    assert "guessing: ln 10 = 2.30" in text(told([2.35, 2.3, 2.31]))
    assert "guessing: ln 3 = 1.10" in text(told([1.2, 1.1, 1.1], classes=3))
    assert "guessing: 1 in 10 = 10%" in text(told([2.3] * 9, accuracy=0.11), "accuracy")
    assert "guessing: 1 in 3 = 33.3%" in text(told([1.1] * 9, 3, accuracy=0.3), "accuracy")
    assert "┄┄┄" in text(told([2.35, 2.0, 1.5]))


def test_guessing_is_left_out_where_it_would_squash_the_curve_or_is_unknown() -> None:
    assert "guess" not in text(told([0.3, 0.2, 0.1]))
    assert "guess" in text(told([2.1, 2.0, 2.0])), "little beyond the curve"
    assert "guess" not in text(told([2.3, 2.3], classes=0))
    assert "guess" not in text(told([2.3, 2.3]), "rate")
    assert guess_of("loss", [told([1.0]), told([1.0], classes=3)]) is None
    assert "guess" not in text(told([2.3] * 9, accuracy=0.97), "accuracy")


@pytest.mark.parametrize("size", [WIDE, SMALL, (200, 30), (20, 5)])
@pytest.mark.parametrize("name", ["loss", "accuracy", "gradients"])
def test_words_on_a_plain_chart_are_ascii_and_each_row_as_wide_as_it_is(name: str, size: tuple[int, int]) -> None:
    history = burst()
    for step in (1, 2):
        history.add_change(AppliedChange(1, step, step, {"learning_rate": 0.1 * step}))
    rows = text(history, name, size, PLAIN).splitlines()
    assert "".join(rows).isascii()
    assert all(len(row) <= size[0] for row in rows[1:])


def test_a_burst_is_told_and_does_not_flatten_what_was_before() -> None:
    found = text(burst())
    assert "burst" in found
    assert "e+" not in "".join(line.split("┤")[0] for line in found.splitlines()[1:])
    assert "burst at step 4" in text(burst(), "accuracy")
    assert "1e+10" in text(burst(), view=View(logarithmic=True))


def test_the_axis_of_a_run_that_ended_ends_with_it() -> None:
    losses = [2.0, 1.5, 1.0]
    assert " 0.3" in text(ended(told(losses))).splitlines()[-1]
    assert " 1.0" in text(told(losses)).splitlines()[-1]


def measured(*shares: float) -> tuple[LayerHealth, ...]:
    return tuple(story.health(f"dense_{number}", 0.1)._replace(dead_fraction=share) for number, share in enumerate(shares, 1))


def test_layers_are_told_to_have_died_where_they_were_first_found_dead() -> None:
    history = History()
    for step, layers in ((1, measured(0.0, 0.39, 0.0)), (4, measured(0.0, 0.4, 1.0)), (6, measured(1.0, 0.0, 1.0)), (9, ())):
        history.add(story.progress(step, layers=layers))
    history.drain()
    drawing = Chart("loss").drawing
    found = {note.words[0]: note.at for note in notes(drawing, history, View(scale=Scale.STEP))}
    assert found == {"dense_2 died": 4, "dense_1 died": 6}, "the outputs are no units"
    assert "dense_2 died" in text(history)
    assert [note.at for note in notes(drawing, history, View(scale=Scale.LOG_STEP))] == [math.log10(4), math.log10(6)]


def test_layers_that_died_together_are_counted() -> None:
    history = told([2.0, 1.0], layers=measured(0.5, 0.9, 0.0))
    assert "2 layers died" in text(history)


def test_the_best_epoch_is_named_once_later_ones_are_worse() -> None:
    def trained(*losses: float) -> History:
        history = story.told(0)
        for epoch, loss in enumerate(losses, 1):
            history.add(story.epoch_ended(epoch, validation_loss=loss, validation_accuracy=1 - loss))
        history.drain()
        return history

    assert "best" not in text(trained(0.5, 0.4, 0.3))
    assert "best: epoch 2" in text(trained(0.5, 0.3, 0.4))
    assert "best: epoch 2" in text(trained(0.5, 0.3, 0.4), "accuracy")
    assert "best" not in text(trained(0.5, 0.3, 0.4), "rate")


def test_changes_are_told_beside_their_posts_and_do_not_overlap() -> None:
    history = told([2.0] * 29)
    for step in (10, 11, 20):
        history.add_change(AppliedChange(1, step, step, {"learning_rate": step / 1000}))
    found = text(history)
    for step in (10, 11, 20):
        assert f"learning rate {step / 1000:g}" in found
    assert "changed" in text(history, size=(24, 14))


def test_nothing_is_read_beyond_a_runs_end() -> None:
    history = ended(told([2.0, 1.5, 1.0]))
    chart = Chart("loss")
    chart.follow(Shown("this run", history, 3), [Shown("other", story.told(2), 2)])

    def legend(cursor: float) -> str:
        chart.set_reactive(Chart.view, View(cursor=cursor))
        return "\n".join("".join(piece for piece, _ in row) for row in chart.draw(*WIDE)[:2])

    assert "1.490" in legend(0.3)
    assert "ended" not in legend(0.3)
    beyond = legend(1.5)
    assert "ended at step 3" in beyond
    assert "1.490" not in beyond
    assert "other 1.000" in beyond


def test_the_cursor_stops_where_training_did() -> None:
    chart = Chart("loss")
    chart.follow(Shown("this run", told([2.0, 1.5, 1.0]), 3), [replace(Shown("before", story.told(3), 3), faded=True)])
    chart.draw(*WIDE)
    chart.action_point(-1)
    assert chart.view.cursor == pytest.approx(0.3)
    for _ in range(3):
        chart.action_point(1)
    assert chart.view.cursor == pytest.approx(0.3)


def test_a_word_of_wide_letters_takes_as_many_columns_as_it_has() -> None:
    canvas = raster.Canvas(12, 1)
    assert canvas.write("발산", int(Pen.DANGER), [0], beside=0)
    ((row,),) = (painted(canvas.characters, canvas.pens, STYLES),)
    assert "".join(piece for piece, _ in row).rstrip() == " 발산"
    assert np.count_nonzero(canvas.pens) == 4
    assert not canvas.write("too long for it", int(Pen.DANGER), [0])
