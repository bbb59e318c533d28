import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.ui.chart import axes
from tui_trainer.ui.chart.axes import Axis
from tui_trainer.ui.chart.curve import Curve, Pen, Stroke


def curve(y: object, stroke: Stroke = Stroke.FAINT) -> Curve:
    values = np.asarray(y, np.float64)
    return Curve((np.arange(float(len(values))), values), Pen.BATCHES, stroke)


def test_first_batches_do_not_squeeze_the_rest() -> None:
    y = np.full(1000, 0.1)
    y[:10] = 2.3
    assert axes.loss([curve(y), curve(y, Stroke.LINE)], 20, whole=True).high < 0.3
    assert axes.loss([curve(np.tile(y, 200))], 20, whole=True).high < 0.3


def test_the_loss_axis_reaches_what_the_epochs_say() -> None:
    assert axes.loss([curve(np.full(100, 0.1)), curve([4.0], Stroke.DOTS)], 20, whole=True).high > 4


def test_the_loss_axis_reaches_where_the_curve_is_now() -> None:
    y = np.full(1000, 0.1)
    y[-5:] = 30
    assert axes.loss([curve(y, Stroke.LINE)], 20, whole=True).high > 30
    assert axes.accuracy([curve(100 - y, Stroke.LINE)], 20, whole=True).low <= 70


def test_what_bursts_does_not_flatten_what_was_before() -> None:
    y = np.array([2.9, 2.0, 3.0, 5000.0, 1e33])
    assert axes.loss([replace(curve(y, Stroke.LINE), burst=True)], 20, whole=True, near=math.log(10)).high < 12
    assert axes.loss([curve([0.5, 0.4, 1e10], Stroke.DOTS)], 20, whole=True).high < 12
    powers = axes.logarithmic([curve(np.log10(y), Stroke.LINE)], 20, 8, math.log10(math.log(10)))
    assert powers.low < 0.5
    assert powers.high < 12


def test_another_run_does_not_flatten_the_one_that_a_chart_is_about() -> None:
    own, other = curve([0.5, 0.3], Stroke.DOTS), replace(curve([5000.0, 4000.0], Stroke.DOTS), pen=Pen.RUN_1)
    assert axes.loss([other, own], 20, whole=True).high < 3
    assert axes.loss([other], 20, whole=True).high > 5000
    assert axes.loss([replace(other, burst=True), replace(own, pen=Pen.RUN_2)], 20, whole=True).high < 3, "a lasting run sets the measure"


def test_an_axis_takes_in_what_is_little_beyond_its_end() -> None:
    y = [2.2, 2.1, 2.0]
    assert axes.loss([curve(y, Stroke.DOTS)], 20, whole=True, near=2.4).high > 2.4
    assert axes.loss([curve([0.1], Stroke.DOTS)], 20, whole=True, near=2.4).high < 0.2


@pytest.mark.parametrize(("y", "high"), [([11.0, 12.0], 20), ([22.0], 30), ([45.0], 100), ([97.0], 100), ([], 100)])
def test_the_accuracy_of_a_run_that_learns_nothing_has_an_axis_that_fits(y: list[float], high: float) -> None:
    assert axes.fitted_accuracy([curve(y, Stroke.DOTS)], 20, whole=True, near=10).high == high


def test_a_long_series_of_lowest_and_highest_values_is_judged_by_both() -> None:
    y = np.tile([1.0, 3.0], 50_000)
    axis = axes.loss([curve(y)], 20, whole=False)
    assert axis.low < 1
    assert axis.high > 3


def test_the_loss_axis_without_data_is_that_of_ten_digits() -> None:
    axis = axes.loss([], 20, whole=True)
    assert axis.low == 0
    assert axis.high > math.log(10)
    assert axes.loss([curve([0.0, 0.0])], 20, whole=True).high == 1


def test_a_part_of_the_loss_has_an_axis_of_its_own() -> None:
    axis = axes.loss([curve([0.52, 0.5, 0.51], Stroke.LINE)], 20, whole=False)
    assert 0.4 < axis.low <= 0.5
    assert 0.52 <= axis.high < 0.6


@pytest.mark.parametrize(("y", "low"), [([97.2, 99], 97), ([82, 99], 80), ([99.9, 100], 99), ([10, 11], 10), ([], 0)])
def test_the_accuracy_axis_begins_below_the_curve_and_ends_at_100(y: list[float], low: float) -> None:
    axis = axes.accuracy([curve(y, Stroke.DOTS)], 20, whole=True)
    assert (axis.low, axis.high) == (low, 100)
    assert axis.ticks[-1] == 100
    assert axis.labels[-1] in ("100%", "100.0%")


def test_a_part_of_the_accuracy_ends_above_the_curve() -> None:
    axis = axes.accuracy([curve([60, 65], Stroke.DOTS)], 20, whole=False)
    assert axis.low == 60
    assert 65 < axis.high < 66


def test_a_rate_begins_at_0() -> None:
    axis = axes.positive([curve([0.001, 0.004])], 20, whole=True)
    assert axis.low == 0
    assert 0.004 < axis.high < 0.005
    assert axis.labels[:2] == ("0.000", "0.001")


@pytest.mark.parametrize(("rows", "labels"), [(40, ("0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2")), (6, ("0.01", "0.1", "1"))])
def test_powers_of_ten_have_as_many_ticks_as_there_is_room_for(rows: int, labels: tuple[str, ...]) -> None:
    axis = axes.logarithmic([curve([-2.0, 0.4])], rows)
    assert axis.labels == labels
    np.testing.assert_allclose(axis.ticks, np.log10([float(label) for label in labels]))


def test_what_is_next_to_nothing_does_not_squeeze_the_powers() -> None:
    assert axes.logarithmic([curve([-40.0, 0.0])], 20).low > -9
    assert axes.logarithmic([curve([-19.0, 0.0])], 20, powers=20).low < -19


@pytest.mark.parametrize(("x", "epochs", "end"), [(0.1, 100, 1), (1.01, 100, 2), (3, 100, 5), (7, 8, 8), (60, 70, 70), (0, 0, 1)])
def test_the_x_axis_grows_in_steps(x: float, epochs: int, end: int) -> None:
    assert axes.horizon(x, epochs) == end


@pytest.mark.parametrize(
    ("last", "columns", "labels"),
    [
        (5, 40, ("0", "1", "2", "3", "4", "5")),
        (10, 40, ("0", "2", "4", "6", "8", "10")),
        (1, 40, ("0.0", "0.2", "0.4", "0.6", "0.8", "1.0")),
        (1_000_000, 60, ("0", "200,000", "400,000", "600,000", "800,000", "1,000,000")),
    ],
)
def test_x_ticks_are_round(last: float, columns: int, labels: tuple[str, ...]) -> None:
    axis = axes.of_window(0, last, columns)
    assert axis.labels == labels
    np.testing.assert_allclose(axis.ticks, [float(label.replace(",", "")) for label in labels])


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 5, ("0 s", "1 s", "2 s", "3 s", "4 s", "5 s")),
        (0, 240, ("0:00", "1:00", "2:00", "3:00", "4:00")),
        (0, 7200, ("0:00", "30:00", "1:00:00", "1:30:00", "2:00:00")),
        (100, 102, ("100.0 s", "100.5 s", "101.0 s", "101.5 s", "102.0 s")),
    ],
)
def test_time_is_read_as_on_a_clock(low: float, high: float, labels: tuple[str, ...]) -> None:
    assert axes.of_window(low, high, 48, clock=True).labels == labels


def test_steps_on_a_logarithmic_axis_are_read_as_steps() -> None:
    assert axes.of_window(0, 4, 60, log=True).labels == ("1", "10", "100", "1000", "10000")


@given(st.floats(0, 1e7), st.floats(1e-5, 1e8), st.integers(20, 200), st.booleans())
def test_labels_leave_one_another_room(low: float, width: float, columns: int, clock: bool) -> None:
    axis = axes.of_window(low, low + width, columns, clock=clock)
    places = [share * (columns - 1) for share in axis.share(np.array(axis.ticks))]
    for (left, text), (right, other) in pairwise(zip(places, axis.labels, strict=True)):
        assert right - left > (len(text) + len(other)) / 2 or columns < 50
        assert text != other


@given(st.floats(1e-12, 1e30), st.integers(4, 60))
def test_a_loss_of_any_size_has_ticks_in_order_with_labels_that_differ(highest: float, rows: int) -> None:
    axis = axes.loss([curve([0.0, highest], Stroke.DOTS)], rows, whole=True)
    assert 2 <= len(axis.ticks) == len(axis.labels) == len(set(axis.labels)) <= max(4, rows // 3 + 1)
    assert list(axis.ticks) == sorted(axis.ticks)
    assert axis.low <= axis.ticks[0]
    assert axis.ticks[-1] <= axis.high * (1 + 1e-9)


def test_enormous_and_tiny_numbers_stay_short() -> None:
    assert axes.figure(1.23456e35, 2) == "1.2e+35"
    assert axes.figure(0.12345, 2) == "0.12"
    assert axes.figure(1.5e-6, 3) == "1.5e-6"
    assert axes.figure(0, 3) == "0.000"
    assert axes.figure(0, 7) == "0"


def test_a_share_is_0_at_the_low_end_and_1_at_the_high_end() -> None:
    np.testing.assert_array_equal(Axis(10, 30, (), ()).share(np.array([10.0, 20.0, 30.0])), [0, 0.5, 1])


@pytest.mark.parametrize(("x", "end"), [(1, 1.2), (7.9, 8), (101, 120), (0.31, 0.35)])
def test_time_ends_a_little_beyond_now(x: float, end: float) -> None:
    assert axes.nice_end(x) == pytest.approx(end)
