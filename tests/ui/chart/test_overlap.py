from dataclasses import replace

import numpy as np
import pytest
from history import story

from tui_trainer.history.history import History
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.curve import RUN_PENS, Curve, Pen, Shown, Stroke
from tui_trainer.ui.chart.curves import curves
from tui_trainer.ui.chart.legend import Entry, of_runs, telling
from tui_trainer.ui.chart.overlap import in_turn, twins
from tui_trainer.ui.chart.raster import BRAILLE
from tui_trainer.ui.chart.seeds import by_seed, seed_places
from tui_trainer.ui.chart.view import View
from tui_trainer.ui.chart.widget import Chart

X = np.linspace(0, 1, 20)
AXIS = Axis(0.0, 1.0, (), ())


def line(pen: Pen, y: object, x: np.ndarray = X) -> Curve:
    return Curve((x, np.asarray(y, np.float64)), pen, Stroke.BETWEEN_DOTS)


def test_lines_that_are_at_most_a_dot_apart_are_twins() -> None:
    one, other, far = line(Pen.RUN_1, X), line(Pen.RUN_2, X + 0.02), line(Pen.RUN_3, 1 - X)
    found = twins([one, other, far], AXIS, AXIS, 60, 40)
    assert found == {Pen.RUN_1: [Pen.RUN_1, Pen.RUN_2], Pen.RUN_2: [Pen.RUN_1, Pen.RUN_2]}
    assert twins([one, line(Pen.RUN_2, X + 0.1)], AXIS, AXIS, 60, 40) == {}


@pytest.mark.parametrize("y", [np.full(20, np.nan), np.zeros(0)])
def test_what_has_no_points_or_hardly_any_lies_on_nothing(y: np.ndarray) -> None:
    x = X[: len(y)]
    assert twins([line(Pen.RUN_1, X), line(Pen.RUN_2, y, x)], AXIS, AXIS, 60, 40) == {}
    assert twins([line(Pen.RUN_1, X), line(Pen.RUN_2, X[:4], X[:4])], AXIS, AXIS, 60, 40) == {}


def test_twins_are_drawn_dash_by_dash_and_dot_by_dot() -> None:
    pens = [Pen.RUN_1, Pen.RUN_2]
    dots = [Curve((X, X), pen, Stroke.DOTS) for pen in pens]
    drawn = list(in_turn([line(Pen.RUN_1, X), line(Pen.RUN_2, X), *dots], dict.fromkeys(pens, pens)))
    assert [curve.turn for curve in drawn[:2]] == [(0, 1), (1, 2)]
    assert not set(drawn[2].points[0]) & set(drawn[3].points[0])
    assert len(drawn[2].points[0]) + len(drawn[3].points[0]) == len(X)


def test_a_legend_says_which_curves_lie_on_each_other() -> None:
    chart = Chart("loss")
    chart.follow(None, [Shown("he", story.told(3), 3), Shown("glorot", story.told(3), 3)])
    assert "glorot 0.333 ≈▲" in "".join(piece for piece, _ in chart.draw(60, 12)[0])


def of_names(names: list[str], width: int, most: int = 2) -> list[str]:
    entries = [Entry("*", pen, (name, tail), "0.123") for name, tail, pen in zip(names, telling(names), RUN_PENS, strict=False)]
    return ["".join(piece for piece, _ in row) for row in of_runs(entries, [], width, most)]


@pytest.mark.parametrize("width", [24, 37, 76, 120])
@pytest.mark.parametrize(
    "names", [["ReLU, rate 0.001", "leaky ReLU, rate 0.01", "ELU, rate 0.01"], ["a", "b"], ["학습률이 큰 것", "작은 것"]]
)
def test_every_run_has_at_least_the_beginning_of_its_name_in_a_legend_of_any_width(names: list[str], width: int) -> None:
    rows = of_names(names, width)
    assert len(rows) <= 2
    for name in telling(names):
        assert f"* {name[0]}" in " ".join(rows)


def test_names_without_what_all_share() -> None:
    assert telling(["ReLU, rate 0.001", "leaky ReLU, rate 0.01"]) == ["0.001", "leaky 0.01"]
    assert telling(["20260107-000000", "20260107-000001"]) == ["000000", "000001"]
    assert telling(["one"]) == ["one"]
    assert telling(["same", "same"]) == ["same", "same"]


def seeded(seed: int, loss: float, activation: str = "relu") -> Shown:
    history = History()
    history.options = {"activation": activation, "seed": seed}
    for epoch in (1, 2, 3):
        history.add(story.epoch_ended(epoch, validation_loss=loss / epoch))
    history.drain()
    return Shown(f"{activation} seed {seed}", history, 3)


def test_runs_that_differ_in_nothing_but_their_seed_are_a_mean_in_a_band() -> None:
    runs = [seeded(1, 1.0), seeded(1, 2.0, "tanh"), seeded(2, 3.0)]
    assert [[run.name for run in group] for group in by_seed(runs)] == [["relu seed 1", "relu seed 2"], ["tanh seed 1"]]
    assert seed_places(runs) == [0, 1, 0]
    found = curves(Chart("loss").drawing, None, runs, View(), BRAILLE)
    (band,) = (curve for curve in found if curve.stroke is Stroke.BAND)
    assert band.pen is Pen.RUN_1
    np.testing.assert_allclose(band.points[1], [1, 1 / 2, 1 / 3])
    assert band.upper is not None
    np.testing.assert_allclose(band.upper, [3, 3 / 2, 1])
    mean = next(curve for curve in found if curve.pen is Pen.RUN_1 and curve.stroke is Stroke.DOTS)
    np.testing.assert_allclose(mean.points[1], [2, 1, 2 / 3])
    assert [curve.names[0] for curve in found if curve.names] == ["relu 2 seeds", "tanh seed 1"]


def test_runs_of_which_no_options_are_known_stay_apart() -> None:
    assert len(by_seed([Shown("a", story.told(1), 1), Shown("b", story.told(1), 1)])) == 2


def test_all_layers_gradients_are_in_a_band_and_one_of_0_lies_at_its_foot() -> None:
    norms = [0.0, 1e-30, 1e-20, 1e-10, 1.0]
    history = story.told(2, layers=tuple(story.health(f"dense_{number}", norm) for number, norm in enumerate(norms, 1)))
    chart = Chart("gradients")
    chart.follow(Shown("this run", history, 2))
    rows = ["".join(piece for piece, _ in row) for row in chart.draw(76, 14)]
    assert "▒ all 5 layers" in rows[0]
    assert "◆ 1 0 " in rows[0]
    assert any("1e-20┤" in row for row in rows)
    band = next(curve for curve in curves(chart.drawing, Shown("", history, 2), [], View(), BRAILLE) if curve.stroke is Stroke.BAND)
    assert np.isneginf(band.points[1]).all()
    assert band.upper is not None
    np.testing.assert_allclose(band.upper, 0)
    assert sum("⠅" in row for row in rows) > 8


def test_a_ghost_has_its_title_in_the_legend_and_no_readings() -> None:
    chart = Chart("loss")
    ghost = Shown("before: uniform", story.told(3, loss=1.5), 3, faded=True)
    chart.follow(Shown("this run", story.told(2), 3), [Shown("other", story.told(3), 3), ghost])
    legend = ["".join(piece for piece, _ in row).rstrip() for row in chart.draw(76, 14)[:2]]
    assert legend[1] == " ▲ other 0.333  ╌ before: uniform"
    chart.follow(Shown("this run", story.told(3), 3), [replace(ghost, history=story.told(3))])
    assert "before: uniform ≈━" in "".join(piece for piece, _ in chart.draw(76, 14)[1]), "it is hidden behind the run's own line"
    assert curves(chart.drawing, None, [ghost], View(), BRAILLE)[0].pen is Pen.GHOST
