import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.training.events import Progress
from tui_trainer.ui.history import History
from tui_trainer.ui.series import Series, Smooth, envelope


def test_a_series_keeps_its_points_in_order() -> None:
    series = Series()
    for index in range(1000):
        series.append(index / 10, index)
    x, y = series.points()
    np.testing.assert_array_equal(y, np.arange(1000, dtype=np.float32))
    np.testing.assert_array_equal(x, np.arange(1000) / 10)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_becomes_a_gap(value: float) -> None:
    series = Series()
    series.append(1, value)
    assert math.isnan(series.points()[1][0])


def test_a_full_series_is_thinned_but_keeps_its_spikes() -> None:
    series = Series(capacity=1024)
    for index in range(100_000):
        series.append(index, 50.0 if index in (700, 90_000) else index % 2)
    x, y = series.points()
    assert len(x) <= 1024
    assert (y == 50).sum() == 2
    assert (np.diff(x) >= 0).all()
    assert x[-1] == pytest.approx(99_999, rel=0.01)


def test_the_envelope_has_every_spike() -> None:
    y = np.zeros(10_000, np.float32)
    y[4321], y[777] = 9, -9
    _, reduced = envelope(np.arange(10_000.0), y, 80)
    assert len(reduced) == 160
    assert (reduced.max(), reduced.min()) == (9, -9)


def test_the_envelope_leaves_few_points_alone() -> None:
    x, y = np.arange(160.0), np.arange(160, dtype=np.float32)
    assert envelope(x, y, 80) == (x, y)


def test_gaps_do_not_hide_their_neighbours() -> None:
    y = np.full(1000, np.nan, np.float32)
    y[10] = 3
    _, reduced = envelope(np.arange(1000.0), y, 10)
    assert np.nanmax(reduced) == 3
    assert np.isnan(reduced[4:]).all()


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=400), st.integers(1, 50))
def test_the_envelope_has_the_extremes_of_anything(values: list[float], columns: int) -> None:
    y = np.array(values, np.float32)
    x, reduced = envelope(np.arange(len(y), dtype=np.float64), y, columns)
    assert len(x) == len(reduced) <= max(2 * columns, len(y))
    assert (reduced.min(), reduced.max()) == (y.min(), y.max())
    assert (np.diff(x) >= 0).all()


def test_smoothing_starts_at_the_first_value_and_follows() -> None:
    smooth = Smooth(9)
    assert smooth(4.0) == pytest.approx(4.0)
    # keep = 0.8: (0.8 · 4 + 1) / (0.8 + 1)
    assert smooth(1.0) == pytest.approx(4.2 / 1.8)
    assert smooth(math.nan) == pytest.approx(4.2 / 1.8)
    for _ in range(100):
        smooth(1.0)
    assert smooth(1.0) == pytest.approx(1.0)


def test_the_history_counts_epochs_and_percent() -> None:
    history = History()
    for batch in range(1, 5):
        history.add_progress(Progress(epoch=2, batch=batch, batches=4, step=4 + batch, loss=0.5, accuracy=0.25, seconds=1.0))
    x, y = history.accuracy(100).batches
    np.testing.assert_allclose(x, [1.25, 1.5, 1.75, 2.0])
    np.testing.assert_allclose(y, 25)
    assert history.loss(100).latest == (0.5, None, None)
    assert history.progress is not None
    assert history.progress.step == 8
