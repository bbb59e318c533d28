"""How values were distributed over a run: what was counted is never lost, memory has an end, and a picture says where values are."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.history import distributions as module
from tui_trainer.history.distributions import DistributionHistory, rebinned
from tui_trainer.training.events import Distributions, Histogram

BINS = 8


def counted(low: float = 0.0, high: float = 1.0, *, at: int = 0, zeros: int = 0, layers: int = 2) -> tuple[Distributions, ...]:
    """A hundred values in each layer, all in one bin."""
    counts = np.zeros(BINS, np.intp)
    counts[at] = 100
    activations, gradients = Histogram(counts, np.linspace(low, high, BINS + 1)), Histogram(counts, np.linspace(-18, 2, BINS + 1), zeros)
    return tuple(Distributions(f"dense_{number}", activations, gradients) for number in range(1, layers + 1))


def told(*measurements: tuple[Distributions, ...]) -> DistributionHistory:
    history = DistributionHistory()
    for step, layers in enumerate(measurements, 1):
        history.add(step, layers)
    return history


MEASURED = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9), st.integers(0, BINS - 1), st.integers(0, 50))
"""The scale's low end and its width, the bin, and zeros."""


@given(st.lists(MEASURED, min_size=1, max_size=200))
def test_no_value_is_lost_however_long_the_run_and_memory_has_an_end(found: list[tuple[float, float, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LEAST", 4)
        patch.setattr(module, "MOST_HISTOGRAMS", 16)
        history = told(*(counted(low, low + span, at=at, zeros=zeros) for low, span, at, zeros in found))
    assert len(history) <= 8
    buckets = history.kept
    assert (buckets[0].first, buckets[-1].last) == (1, len(found))
    assert all(later.first == earlier.last + 1 for earlier, later in pairwise(buckets))
    for layer in range(2):
        activations = [bucket.layers[layer].activations for bucket in buckets]
        assert sum(each.counts.sum() for each in activations) == pytest.approx(100 * len(found))
        assert sum(bucket.layers[layer].gradients.elsewhere for bucket in buckets) == sum(zeros for *_, zeros in found)
    lows = min(low for low, *_ in found)
    assert min(bucket.layers[0].activations.edges[0] for bucket in buckets) == pytest.approx(lows)


@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 300))
def test_a_picture_holds_all_of_each_moment(rows: int, columns: int, steps: int) -> None:
    history = told(*(counted(-1, 1, at=step % BINS, zeros=25) for step in range(steps)))
    picture = history.picture(1, "gradients", steps, rows, columns)
    assert picture is not None
    assert picture.shares.shape == (rows, columns)
    np.testing.assert_allclose(picture.shares.sum(axis=0) + picture.elsewhere, 1)
    np.testing.assert_allclose(picture.elsewhere, 0.2)
    assert picture.steps[-1] == steps


def test_a_dead_layer_is_a_line_at_its_zero_and_the_highest_values_stand_at_the_top() -> None:
    picture = told(*[counted(0, 4, at=BINS - 1)] * 5, *[counted(0, 4, at=0)] * 5).picture(0, "activations", 10, 4, 20)
    assert picture is not None
    assert (picture.low, picture.high) == (0, 4)
    assert picture.shares[0].tolist() == [*[1] * 12, *[0] * 8]
    assert picture.shares[-1].tolist() == [*[0] * 12, *[1] * 8]


def test_one_that_bursts_leaves_the_others_their_rows() -> None:
    picture = told(*[counted(0, 1, at=4)] * 9, counted(0, 1e30, at=BINS - 1)).picture(0, "activations", 10, 10, 20)
    assert picture is not None
    assert picture.high <= 10
    assert picture.shares[0, -1] == 1, "what lies beyond the scale is in its outermost row"


def test_what_was_not_counted_yet_is_empty_and_what_is_before_the_first_batchs_is_filled() -> None:
    first, later = DistributionHistory(), DistributionHistory()
    first.add(1, counted())
    later.add(4, counted())
    shown = [history.picture(0, "activations", 8, 2, 4) for history in (first, later)]
    found = [np.isnan(picture.steps).tolist() for picture in shown if picture]
    assert found == [[False, True, True, True], [True, True, False, True]]
    assert DistributionHistory().picture(0, "activations", 8, 2, 4) is None
    assert first.picture(7, "activations", 8, 2, 4) is None, "there is no such layer"


def test_the_moment_that_is_asked_for() -> None:
    history = told(*(counted(at=step % BINS) for step in range(1, 11)))
    latest, fourth, earliest = history.at(), history.at(4.5), history.at(0)
    assert latest
    assert fourth
    assert earliest
    assert (latest.last, fourth.last, earliest.last) == (10, 4, 1)
    assert DistributionHistory().at() is None


def test_another_network_begins_anew() -> None:
    history = told(*[counted()] * 3, counted(layers=1))
    assert (history.names, len(history)) == (("dense_1",), 1)


def test_rebinning_between_the_same_edges_changes_nothing() -> None:
    counts = np.arange(BINS)
    edges = np.linspace(-2, 3, BINS + 1)
    np.testing.assert_allclose(rebinned(Histogram(counts, edges), edges), counts)
