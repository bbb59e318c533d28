import math
from dataclasses import replace

import numpy as np
import pytest
from history import story

from tui_trainer.history.history import History
from tui_trainer.history.series import EPOCH, MEAN, STEP, Series, smoothed
from tui_trainer.ui.chart.curve import Curve, Pen, Shown, Stroke
from tui_trainer.ui.chart.curves import curves, whole_course
from tui_trainer.ui.chart.drawings import DRAWINGS
from tui_trainer.ui.chart.raster import BRAILLE
from tui_trainer.ui.chart.view import SMOOTHINGS, Scale, View


def shown(history: History, epochs: int = 5, name: str = "this run") -> Shown:
    return Shown(name, history, epochs)


def drawn(quantity: str, history: History, view: View = View(), others: tuple[Shown, ...] = ()) -> list[Curve]:  # noqa: B008 frozen
    return curves(DRAWINGS[quantity], shown(history), others, view, BRAILLE)


def of(pen: Pen, found: list[Curve]) -> Curve:
    """The last of this pen's."""
    return [curve for curve in found if curve.pen is pen][-1]


@pytest.mark.parametrize("quantity", ["loss", "accuracy"])
def test_a_run_shows_batches_their_average_and_both_epoch_means(quantity: str) -> None:
    found = drawn(quantity, story.told(2))
    assert [curve.names[0] for curve in found if curve.names] == ["recent batches", "epoch mean", "validation"]
    assert of(Pen.TRAINING, found).mark == BRAILLE.training
    assert of(Pen.VALIDATION, found).mark == BRAILLE.validation
    batches, average = of(Pen.BATCHES, found), of(Pen.SMOOTH, found)
    np.testing.assert_allclose(average.points[1], smoothed(batches.points[1], 0.97))


def test_without_smoothing_the_batches_are_the_line() -> None:
    history = story.told(2)
    found = drawn("loss", history, View(smoothing=0))
    np.testing.assert_array_equal(of(Pen.SMOOTH, found).points[1], history.loss.points(STEP)[1])
    assert not [curve for curve in found if curve.stroke is Stroke.FAINT]


def test_a_long_run_is_smoothed_by_its_means_and_with_as_much_of_the_past() -> None:
    history = History()
    history.loss = Series(64)
    for step in range(1, 1001):
        history.add(story.progress(step, loss=9.0 if step % 8 == 0 else 1.0))
    history.drain()
    assert history.loss.density == 16
    found = drawn("loss", history)
    np.testing.assert_allclose(of(Pen.SMOOTH, found).points[1], smoothed(history.loss.points(EPOCH, MEAN)[1], 0.97**16))
    assert of(Pen.SMOOTH, found).points[1] == pytest.approx(np.full(len(history.loss), 2.0), rel=0.05)
    assert of(Pen.BATCHES, found).points[1].max() == 9


@pytest.mark.parametrize(
    ("scale", "first", "last"), [(Scale.EPOCH, 0.1, 2), (Scale.STEP, 1, 20), (Scale.LOG_STEP, 0, math.log10(20)), (Scale.TIME, 0.05, 1)]
)
@pytest.mark.parametrize("quantity", DRAWINGS)
def test_every_quantity_can_be_seen_over_every_scale(quantity: str, scale: Scale, first: float, last: float) -> None:
    history = story.told(2, layers=(story.health("dense_1", 1e-3), story.health("dense_2", 1e-2)))
    view = View(scale=scale)
    found = drawn(quantity, history, view)
    line = next(curve for curve in found if curve.stroke is not Stroke.DOTS and len(curve.points[0]) > 2)
    assert line.points[0][[0, -1]] == pytest.approx([first, last])
    low, high = whole_course(shown(history), (), view)
    for curve in found:
        assert len(curve.points[0]) == len(curve.points[1])
        assert ((low <= curve.points[0]) & (curve.points[0] <= high)).all()


def test_a_logarithmic_loss_is_powers_of_ten_and_nothing_is_a_gap() -> None:
    history = story.told(1, loss=0.0)
    assert np.isnan(of(Pen.BATCHES, drawn("loss", history, View(logarithmic=True))).points[1]).all()
    found = drawn("loss", story.told(1), View(logarithmic=True))
    np.testing.assert_allclose(of(Pen.BATCHES, found).points[1], np.log10(2 / np.arange(1, 11)))
    np.testing.assert_allclose(of(Pen.VALIDATION, found).points[1], [0])
    found = drawn("accuracy", story.told(1, accuracy=0.5), View(logarithmic=True))
    np.testing.assert_allclose(of(Pen.BATCHES, found).points[1], 50)


@pytest.mark.parametrize(
    ("layers", "names"),
    [(0, []), (1, ["dense_1"]), (2, ["dense_1", "dense_2"]), (7, ["dense_1", "dense_4", "dense_7"])],
)
def test_gradients_are_those_of_the_first_the_middle_and_the_last_layer(layers: int, names: list[str]) -> None:
    history = story.told(2, layers=tuple(story.health(f"dense_{index}", 10.0**-index) for index in range(1, layers + 1)))
    named = [curve for curve in drawn("gradients", history) if curve.names and curve.stroke is not Stroke.BAND]
    assert [curve.names[0] for curve in named] == names
    for curve in named:
        np.testing.assert_allclose(curve.points[1], -float(curve.names[1]))


def test_compared_runs_are_behind_and_have_names_marks_and_pens_of_their_own() -> None:
    others = tuple(shown(story.told(epochs), name=f"run {epochs}") for epochs in (1, 3))
    for quantity in ("loss", "accuracy"):
        found = drawn(quantity, story.told(2), others=others)
        assert [curve.names[0] for curve in found if curve.names][:2] == ["run 1", "run 3"]
        assert len({(curve.pen, curve.mark) for curve in found if curve.names}) == 5
    np.testing.assert_allclose(of(Pen.RUN_2, drawn("loss", story.told(2), others=others)).points[1], [1, 1 / 2, 1 / 3])


def test_a_run_without_validation_is_compared_by_its_epoch_means() -> None:
    history = History()
    for epoch in (1, 2):
        history.add(story.epoch_ended(epoch, validation_loss=None, validation_accuracy=None))
    history.drain()
    found = drawn("loss", story.told(1), others=(shown(history),))
    np.testing.assert_allclose(of(Pen.RUN_1, found).points[1], [1.5, 0.75])
    found = drawn("loss", story.told(1), View(scale=Scale.LOG_STEP), others=(shown(history),))
    assert all(np.isfinite(curve.points[0]).all() for curve in found)


def test_a_ghost_is_behind_all_others_and_ends_where_they_do() -> None:
    ghost = replace(shown(story.told(7), 7, "before: uniform"), faded=True)
    for quantity in ("loss", "accuracy", "rate"):
        first, *rest = drawn(quantity, story.told(2), others=(shown(story.told(3), name="run 3"), ghost))
        assert (first.pen, first.stroke, first.names) == (Pen.GHOST, Stroke.GHOST, ("before: uniform",))
        assert {curve.pen for curve in rest} >= {Pen.RUN_1, Pen.SMOOTH}
    np.testing.assert_allclose(
        of(Pen.GHOST, drawn("loss", story.told(2), others=(ghost,))).points[1],
        of(Pen.SMOOTH, drawn("loss", ghost.history)).points[1],
    )
    assert whole_course(shown(story.told(1), 1), (ghost,), View()) == (0, 1)
    assert whole_course(None, (ghost,), View()) == (0, 7)


def test_the_ghost_of_a_run_without_batches_is_its_epochs() -> None:
    history = story.told(3)
    history.forget_batches()
    ghost = replace(shown(history), faded=True)
    np.testing.assert_allclose(of(Pen.GHOST, drawn("loss", story.told(1), others=(ghost,))).points[1], [1.5, 0.75, 0.5])


@pytest.mark.parametrize("epochs", [0, 1, 100])
@pytest.mark.parametrize("scale", Scale)
def test_a_run_with_no_data_yet_has_an_axis(scale: Scale, epochs: int) -> None:
    low, high = whole_course(shown(History(), epochs), (), View(scale=scale))
    assert (low, high) == (0, max(epochs, 1) if scale is Scale.EPOCH else 1)
    assert whole_course(None, (), View(scale=scale)) == (0, 1)


def test_the_whole_course_grows_in_steps_and_ends_where_the_run_will() -> None:
    for epochs, end in ((1, 1), (3, 5), (6, 8)):
        assert whole_course(shown(story.told(epochs), 8), (), View()) == (0, end)
        assert whole_course(shown(story.told(epochs), 8), (), View(scale=Scale.STEP)) == (0, 10 * end)
    assert whole_course(shown(story.told(3)), (shown(story.told(7), 7),), View()) == (0, 7)


WHOLE = (0.0, 10.0)


def test_zooming_keeps_what_is_looked_at_in_its_place() -> None:
    view = View().zoomed(0.5, 4, WHOLE)
    assert view.window == (2, 7)
    assert view.zoomed(0.5, 7, WHOLE).window == (4.5, 7)


def test_zooming_out_shows_all_again() -> None:
    assert View(window=(2, 7)).zoomed(10, 4, WHOLE).window is None
    assert View().zoomed(2, 4, WHOLE).window is None


def test_zooming_in_ends_somewhere() -> None:
    view = View()
    for _ in range(200):
        view = view.zoomed(0.7, 4, WHOLE)
    assert view.window is not None
    low, high = view.window
    assert 1e-6 <= high - low < 1e-4
    assert low <= 4 <= high


def test_panning_stays_within_the_run() -> None:
    view = View(window=(2, 4))
    assert view.panned(0.5, WHOLE).window == (3, 5)
    assert view.panned(-5, WHOLE).window == (0, 2)
    assert view.panned(50, WHOLE).window == (8, 10)
    assert View().panned(0.5, WHOLE).window is None


def test_another_scale_begins_with_all_and_they_go_round() -> None:
    view = View(window=(2, 4), cursor=3)
    seen = []
    for _ in Scale:
        view = view.rescaled()
        assert (view.window, view.cursor) == (None, None)
        seen.append(view.scale)
    assert seen == [Scale.STEP, Scale.LOG_STEP, Scale.TIME, Scale.EPOCH]


def test_the_smoothings_go_round() -> None:
    view, seen = View(), []
    for _ in SMOOTHINGS:
        view = view.resmoothed()
        seen.append(view.smoothing)
    assert sorted(seen) == sorted(SMOOTHINGS)
    assert view == View()
    assert replace(view, smoothing=0.5).resmoothed().smoothing in SMOOTHINGS
