"""The curves of a lesson, from events whose figures are known."""

import numpy as np
import pytest

from tui_trainer.lessons.course import SHOWS, Course, Place, profile
from tui_trainer.training.events import Snapshot

from .tiny import course, ended, epoch_ended, health, progress

BATCHES = 50
"""In an epoch: two for each point of a curve."""


@pytest.fixture
def run() -> Course:
    events = [
        progress(step, BATCHES, float(step), *((health(1, 0.1 * step), health(2, 1.0)) if step % 25 == 0 else ())) for step in range(1, 51)
    ]
    return course(*events, epoch_ended(1, 0.8), progress(51, BATCHES, 7.0), progress(52, BATCHES, 9.0))


def epochs(place: Place) -> float:
    return place.epochs


def test_batches_are_drawn_as_the_means_of_neighbours(run: Course) -> None:
    x, y = SHOWS["loss"].curve(run, epochs, "first")
    assert y.tolist() == [*np.arange(1.5, 50, 2), 8.0]
    assert x[[0, 24, 25]].tolist() == [0.04, 1.0, 1.04]


def test_seconds_go_on_from_epoch_to_epoch(run: Course) -> None:
    x, _ = SHOWS["loss"].curve(run, lambda place: place.seconds, "first")
    assert x[[0, 24]].tolist() == [0.2, 5.0]
    # The epoch took a second by its own account, and two batches a fifth of one.
    assert x[25] == pytest.approx(1.2)


def test_what_is_measured_now_and_then(run: Course) -> None:
    x, y = SHOWS["gradient_norm"].curve(run, lambda place: place.steps, "first")
    assert x.tolist() == [25, 50]
    assert y.tolist() == [2.5, 5.0]
    assert SHOWS["gradient_ratio"].curve(run, epochs, "first")[1].tolist() == [2.5, 5.0]
    assert SHOWS["validation_accuracy"].curve(run, epochs, "first")[1].tolist() == [0.8]


def test_layer_by_layer_at_the_start_and_at_the_end() -> None:
    first = (health(1, 1.0, 2.0), health(2, 2.0, float("inf")), health(3, 3.0, 9.0))
    last = (health(1, 1.5, 3.0), health(2, 2.5, 4.0), health(3, 3.5, 9.0))
    run = course(progress(1, 2, 1.0, *first), progress(2, 2, 1.0, *last))
    x, y = profile(run, "spread", start=True)
    assert x.tolist() == [1, 2]
    assert y[0] == 2.0
    assert np.isnan(y[1])
    assert profile(run, "spread", start=False)[1].tolist() == [3.0, 4.0]
    assert profile(run, "gradient_norm", start=True)[1].tolist() == [1.0, 2.0, 3.0]
    assert not len(profile(run, "slopes", start=False)[1])
    assert not len(profile(course(), "spread", start=True)[0])


def test_it_is_known_how_a_run_ended() -> None:
    assert course(ended()).complete
    assert not course(ended()).diverged
    assert course(ended(diverged_at=1)).diverged
    assert course(ended(diverged_at=1)).complete
    assert not course().complete


def test_nothing_large_is_kept() -> None:
    large = Snapshot({"dense_1.weight": np.ones(1000)}, {})
    run = course(progress(1, 1, 1.0), epoch_ended(1, 0.5, snapshot=large), ended())
    assert run.ended is not None
    assert run.ended.snapshot is None
    assert "array" not in repr(run)
