import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.history.series import EPOCH, MEAN, SECONDS, STEP, Series, envelope, smoothed, window


def table(y: object) -> np.ndarray:
    """Values at steps 0, 1, 2 …, ten to the epoch and a hundred to the second."""
    values = np.asarray(y, np.float64)
    step = np.arange(len(values), dtype=np.float64)
    return np.stack([step, step / 10, step / 100, values])


def filled(capacity: int, y: object, at_once: int) -> Series:
    series, columns = Series(capacity), table(y)
    for start in range(0, columns.shape[1], at_once):
        series.extend(columns[:, start : start + at_once])
    return series


def test_a_series_keeps_its_points_in_order() -> None:
    series = filled(1 << 17, np.arange(1000), at_once=7)
    assert len(series) == 1000
    assert series.density == 1
    for place, per_step in ((STEP, 1), (EPOCH, 10), (SECONDS, 100)):
        x, y = series.points(place)
        np.testing.assert_array_equal(y, np.arange(1000))
        np.testing.assert_array_equal(x, np.arange(1000) / per_step)
    np.testing.assert_array_equal(series.points(STEP, MEAN)[1], np.arange(1000))


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_becomes_a_gap(value: float) -> None:
    series = filled(16, [1.0, value], at_once=1)
    np.testing.assert_array_equal(series.points(STEP)[1], [1, math.nan])


@pytest.mark.parametrize("at_once", [1, 977, 100_000])
def test_a_full_series_is_thinned_but_keeps_its_spikes(at_once: int) -> None:
    y = np.arange(100_000) % 2.0
    y[[700, 90_000]] = 50
    y[60_000] = -50
    series = filled(1024, y, at_once)
    x, kept = series.points(STEP)
    assert 512 <= len(kept) <= 1024
    assert (kept == 50).sum() == 2
    assert (kept == -50).sum() == 1
    assert (np.diff(x) >= 0).all()
    assert x[kept == 50] == pytest.approx([700, 90_000], abs=series.density)
    assert x[-1] == pytest.approx(99_999, rel=0.01)
    assert len(series) * series.density == pytest.approx(100_000, abs=2 * series.density)


def test_a_thinned_series_knows_the_mean_where_extremes_mislead() -> None:
    y = np.where(np.arange(10_000) % 10 == 0, 10.0, 0.0)
    series = filled(256, y, at_once=100)
    assert series.density > 16
    means = series.points(STEP, MEAN)[1]
    assert means == pytest.approx(np.ones(len(means)), rel=0.2)
    assert means.mean() == pytest.approx(1, rel=0.01)
    extremes = series.points(STEP)[1]
    assert extremes.mean() == pytest.approx(5, rel=0.01)


def test_a_gap_among_thinned_values_hides_neither_mean_nor_spike() -> None:
    y = np.ones(1000)
    y[100:103] = math.nan
    y[103] = 9
    y[500:600] = math.nan
    series = filled(512, y, at_once=1000)
    x, extremes = series.points(STEP)
    means = series.points(STEP, MEAN)[1]
    assert (extremes == 9).any()
    np.testing.assert_array_equal(means[(x > 99) & (x < 104)], [9, 9])
    assert np.isnan(means[(x > 504) & (x < 595)]).all()
    assert np.isfinite(means[x > 604]).all()


def test_what_was_read_does_not_change_when_more_comes() -> None:
    series = filled(64, np.arange(63), at_once=63)
    x, y = series.points(STEP)
    series.extend(table(np.full(1000, 7)))
    np.testing.assert_array_equal(y, np.arange(63))
    np.testing.assert_array_equal(x, np.arange(63))


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=600), st.integers(1, 40), st.sampled_from([4, 8, 64]))
def test_a_thinned_series_has_the_extremes_of_all_that_it_took_in(values: list[float], at_once: int, capacity: int) -> None:
    series = filled(capacity, values, at_once)
    x, y = series.points(STEP)
    assert len(series) <= capacity
    assert (np.diff(x) >= 0).all()
    # What waits until a neighbourhood is whole is not there yet.
    taken_in = values[: int(len(series) * series.density)]
    if taken_in:
        assert (y.min(), y.max()) == (min(taken_in), max(taken_in))
        assert series.points(STEP, MEAN)[1].mean() == pytest.approx(np.mean(taken_in), rel=1e-9, abs=1e-6)
    assert len(values) - len(taken_in) < 2 * series.density


def test_the_envelope_has_every_spike() -> None:
    y = np.zeros(10_000)
    y[4321], y[777] = 9, -9
    x, reduced = envelope((np.arange(10_000.0), y), 0, 10_000, 80)
    assert len(reduced) == 160
    assert (reduced.max(), reduced.min()) == (9, -9)
    assert x[reduced == 9] == pytest.approx(4321, abs=10_000 / 80)


def test_the_envelope_leaves_few_points_alone() -> None:
    points = np.arange(160.0), np.arange(160.0)
    assert envelope(points, 0, 160, 80) == points


def test_a_smooth_fall_stays_a_fall() -> None:
    y = np.linspace(1, 0, 5000)
    assert (np.diff(envelope((np.arange(5000.0), y), 0, 5000, 60)[1]) <= 0).all()
    assert (np.diff(filled(256, y, at_once=100).points(STEP)[1]) <= 0).all()


def test_gaps_do_not_hide_their_neighbours() -> None:
    y = np.full(1000, np.nan)
    y[10] = 3
    _, reduced = envelope((np.arange(1000.0), y), 0, 1000, 10)
    assert np.nanmax(reduced) == 3
    assert np.isnan(reduced[4:]).all()


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=400), st.integers(1, 50), st.booleans())
def test_the_envelope_has_the_extremes_of_anything(values: list[float], columns: int, logarithmic: bool) -> None:
    y, x = np.array(values), np.arange(1.0, len(values) + 1)
    x = np.log10(x) if logarithmic else x
    reduced_x, reduced = envelope((x, y), 0, float(x[-1]) or 1.0, columns)
    assert len(reduced_x) == len(reduced) <= max(2 * columns, len(y))
    assert (reduced.min(), reduced.max()) == (y.min(), y.max())
    assert (np.diff(reduced_x) >= 0).all()
    assert x[0] <= reduced_x[0]
    assert reduced_x[-1] <= x[-1]


def test_a_window_ends_where_the_line_is_at_its_edges() -> None:
    points = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 10.0, 20.0, 10.0])
    x, y = window(points, 0.5, 2.5)
    np.testing.assert_array_equal(x, [0.5, 1, 2, 2.5])
    np.testing.assert_array_equal(y, [5, 10, 20, 15])
    x, y = window(points, 1.2, 1.4)
    np.testing.assert_allclose(y, [12, 14])
    np.testing.assert_array_equal(window(points, 1, 2)[0], [1, 2])
    np.testing.assert_array_equal(window(points, -5, 50)[0], points[0])


def test_a_window_on_dots_invents_none() -> None:
    points = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 10.0, 20.0, 10.0])
    np.testing.assert_array_equal(window(points, 0.5, 2.5, edges=False)[0], [1, 2])
    assert len(window(points, 1.2, 1.4, edges=False)[0]) == 0


@pytest.mark.parametrize(("low", "high"), [(5, 6), (-2, -1)])
def test_a_window_beside_the_points_is_empty(low: float, high: float) -> None:
    assert len(window((np.arange(4.0), np.arange(4.0)), low, high)[0]) == 0
    assert len(window((np.empty(0), np.empty(0)), low, high)[0]) == 0


@given(
    st.lists(st.floats(-100, 100), max_size=60),
    st.floats(-1, 61),
    st.floats(0, 30),
)
def test_a_window_has_what_is_inside_and_nothing_else(values: list[float], low: float, width: float) -> None:
    points = np.arange(float(len(values))), np.array(values, np.float64)
    x, y = window(points, low, low + width)
    assert ((x >= low) & (x <= low + width)).all()
    assert (np.diff(x) >= 0).all()
    assert set(points[0][(points[0] >= low) & (points[0] <= low + width)]) <= set(x)
    np.testing.assert_allclose(y, np.interp(x, *points) if len(x) else [], atol=1e-9)


def plainly_smoothed(values: list[float], weight: float) -> list[float]:
    average, total, result = 0.0, 0.0, []
    for value in values:
        if math.isfinite(value):
            average = weight * average + (1 - weight) * value
            total = weight * total + (1 - weight)
        result.append(average / total if math.isfinite(value) else math.nan)
    return result


@pytest.mark.parametrize("weight", [0.6, 0.9, 0.97, 0.99, 0.999, 1e-12])
@pytest.mark.parametrize("length", [1, 2, 31, 32, 33, 1024, 1025, 5000])
def test_smoothing_equals_the_plain_recurrence(weight: float, length: int) -> None:
    values = np.random.default_rng(length).gamma(1, 1, length)
    np.testing.assert_allclose(smoothed(values, weight), plainly_smoothed(values.tolist(), weight), rtol=1e-10)


@given(st.lists(st.one_of(st.floats(-1e3, 1e3), st.just(math.nan)), max_size=150), st.sampled_from([0.6, 0.97, 0.999]))
def test_smoothing_passes_over_gaps(values: list[float], weight: float) -> None:
    np.testing.assert_allclose(smoothed(np.array(values, np.float64), weight), plainly_smoothed(values, weight), rtol=1e-8, atol=1e-8)


def test_smoothing_starts_at_the_first_value_and_stays_among_the_values() -> None:
    y = np.array([4.0, 1.0, *[1.0] * 300])
    result = smoothed(y, 0.8)
    assert result[0] == pytest.approx(4)
    # (0.8 · 4 + 1) / (0.8 + 1)
    assert result[1] == pytest.approx(4.2 / 1.8)
    assert result[-1] == pytest.approx(1)
    assert ((result <= 4) & (result >= 1 - 1e-12)).all()


def test_no_smoothing_changes_nothing() -> None:
    y = np.array([3.0, math.nan, 1.0])
    assert smoothed(y, 0.0) is y
