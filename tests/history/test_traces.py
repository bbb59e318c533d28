"""Figures over the course of a run, and layer by layer, from events whose figures are known."""

import numpy as np
import pytest
from lessons.tiny import epoch_ended, health, progress, told

from tui_trainer.history.history import History
from tui_trainer.history.quantities import CURVES, PROFILES, RUNS
from tui_trainer.history.series import EPOCH, SECONDS, STEP, Points
from tui_trainer.history.traces import profile, trace

BATCHES = 50
"""In an epoch: two for each point of a curve."""


@pytest.fixture
def run() -> History:
    events = [
        progress(step, BATCHES, float(step), *((health(1, 0.1 * step), health(2, 1.0)) if step % 25 == 0 else ())) for step in range(1, 51)
    ]
    return told(*events, epoch_ended(1, 0.8), progress(51, BATCHES, 7.0), progress(52, BATCHES, 9.0))


def curve(run: History, name: str, place: int = EPOCH) -> Points:
    return trace(run, CURVES[name], place)


def test_batches_are_drawn_as_the_means_of_neighbours(run: History) -> None:
    x, y = curve(run, "loss")
    assert y.tolist() == [*np.arange(1.5, 50, 2), 8.0]
    assert x[[0, 24, 25]].tolist() == [0.04, 1.0, 1.04]


def test_a_run_that_was_thinned_has_the_same_curve() -> None:
    whole = told(*(progress(step, 200, float(step)) for step in range(1, 1025)))
    thinned = History()
    thinned.loss = type(thinned.loss)(512)
    for step in range(1, 1025):
        thinned.add(progress(step, 200, float(step)))
    thinned.drain()
    assert thinned.loss.density > 1
    for found, expected in zip(curve(thinned, "loss", STEP), curve(whole, "loss", STEP), strict=True):
        assert len(found) == len(expected)
        np.testing.assert_allclose(found, expected, atol=4)


def test_seconds_go_on_from_epoch_to_epoch(run: History) -> None:
    x, _ = curve(run, "loss", SECONDS)
    assert x[[0, 24]].tolist() == [0.2, 5.0]
    # The epoch took a second by its own account, and two batches a fifth of one.
    assert x[25] == pytest.approx(1.2)


def test_what_is_measured_now_and_then(run: History) -> None:
    x, y = curve(run, "gradient_norm", STEP)
    assert x.tolist() == [25, 50]
    assert y.tolist() == [2.5, 5.0]
    assert curve(run, "gradient_ratio")[1].tolist() == [2.5, 5.0]
    assert curve(run, "validation_accuracy")[1].tolist() == [0.8]


@pytest.mark.parametrize("name", CURVES)
def test_every_curve_of_a_run_that_never_began_is_empty(name: str) -> None:
    x, y = curve(told(), name)
    assert len(x) == len(y) == 0


def test_layer_by_layer_at_the_start_and_at_the_end() -> None:
    first = (health(1, 1.0, 2.0), health(2, 2.0, float("inf")), health(3, 3.0, 9.0))
    last = (health(1, 1.5, 3.0), health(2, 2.5, 4.0), health(3, 3.5, 9.0))
    run = told(progress(1, 2, 1.0, *first), progress(2, 2, 1.0, *last))
    x, y = profile(run, PROFILES["spread"], start=True)
    assert x.tolist() == [1, 2]
    assert y[0] == 2.0
    assert np.isnan(y[1])
    assert profile(run, PROFILES["spread"], start=False)[1].tolist() == [3.0, 4.0]
    assert profile(run, PROFILES["gradient_norm"], start=True)[1].tolist() == [1.0, 2.0, 3.0]
    assert not len(profile(run, PROFILES["slopes"], start=False)[1])
    assert not len(profile(told(), PROFILES["spread"], start=True)[0])


def noise(losses: np.ndarray) -> float | None:
    return RUNS["loss_noise"].take(told(*(progress(step, 100, float(loss)) for step, loss in enumerate(losses, 1))))  # type: ignore[no-any-return]


def test_noise_is_what_scatters_and_not_what_falls() -> None:
    rng = np.random.default_rng(0)
    scatter = rng.normal(0, 0.2, 20_000)
    assert noise(scatter + np.linspace(9, 1, 20_000)) == pytest.approx(0.2, rel=0.03)
    assert noise(np.linspace(9, 1, 200)) == pytest.approx(0, abs=1e-9)
    assert noise(np.arange(1.0, 5.0)) is None
