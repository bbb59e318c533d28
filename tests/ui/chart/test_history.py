import math
import threading

import numpy as np
import pytest

from tui_trainer.history import history as module
from tui_trainer.history.history import History
from tui_trainer.history.series import EPOCH, SECONDS, STEP
from tui_trainer.training.events import Snapshot

from . import story


def test_batches_are_placed_by_step_epoch_and_seconds() -> None:
    history = story.told(2)
    for place, expected in ((STEP, np.arange(1, 21)), (EPOCH, np.arange(1, 21) / 10), (SECONDS, np.arange(1, 21) / 20)):
        x, y = history.loss.points(place)
        np.testing.assert_allclose(x, expected)
        np.testing.assert_allclose(y, 2 / np.arange(1, 21))


def test_accuracies_are_percent() -> None:
    history = story.told(2, accuracy=0.25)
    np.testing.assert_allclose(history.accuracy.points(STEP)[1], 25)
    np.testing.assert_allclose(history.training_accuracy.points(STEP)[1], 80)
    np.testing.assert_allclose(history.validation_accuracy.points(STEP)[1], 90)


def test_epochs_are_placed_where_their_last_batch_is() -> None:
    history = story.told(2)
    for series in (history.training_loss, history.validation_loss):
        for place, expected in ((STEP, [10, 20]), (EPOCH, [1, 2]), (SECONDS, [0.5, 1])):
            np.testing.assert_allclose(series.points(place)[0], expected)
    np.testing.assert_allclose(history.training_loss.points(STEP)[1], [1.5, 0.75])
    np.testing.assert_allclose(history.validation_loss.points(STEP)[1], [1, 0.5])
    assert history.seconds == 1


def test_a_run_without_validation_has_no_such_curve() -> None:
    history = History()
    history.add(story.progress(1))
    history.add(story.epoch_ended(1, validation_loss=None, validation_accuracy=None))
    assert history.drain()
    assert len(history.training_loss) == 1
    assert len(history.validation_loss) == len(history.validation_accuracy) == 0


def test_nothing_shows_before_it_is_drained_and_nothing_twice() -> None:
    history = History()
    assert not history.drain()
    history.add(story.progress(1))
    assert len(history.loss) == 0
    assert history.progress is None
    assert history.drain()
    assert not history.drain()
    assert len(history.loss) == 1


def test_the_last_batch_is_kept_without_its_snapshot() -> None:
    history = History()
    history.add(story.progress(7, snapshot=Snapshot({}, {})))
    history.drain()
    assert history.progress == story.progress(7)


def test_the_learning_rate_is_followed() -> None:
    history = History()
    for step in range(1, 6):
        history.add(story.progress(step, learning_rate=0.1 / step))
    history.drain()
    np.testing.assert_allclose(history.learning_rate.points(STEP)[1], 0.1 / np.arange(1, 6))


def test_each_layer_has_its_gradients() -> None:
    history = History()
    history.add(story.progress(1))
    history.add(story.progress(2, layers=(story.health("dense_1", 1e-3), story.health("dense_2", 2.0))))
    history.add(story.progress(3))
    history.add(story.progress(4, layers=(story.health("dense_1", 1e-4), story.health("dense_2", math.inf))))
    history.drain()
    assert list(history.gradient_norms) == ["dense_1", "dense_2"]
    x, y = history.gradient_norms["dense_1"].points(STEP)
    np.testing.assert_array_equal(x, [2, 4])
    np.testing.assert_array_equal(y, [1e-3, 1e-4])
    np.testing.assert_array_equal(history.gradient_norms["dense_2"].points(STEP)[1], [2, math.nan])
    assert history.layers[0].gradient_norm == 1e-4


def test_an_epochs_measurement_counts_once() -> None:
    layers = (story.health("dense_1", 1e-3),)
    history = History()
    history.add(story.progress(10, layers=layers))
    history.add(story.epoch_ended(1, layers=layers))
    history.add(story.epoch_ended(2, layers=layers))
    history.drain()
    assert history.layers == layers
    history = History()
    history.add(story.epoch_ended(1, layers=layers))
    history.drain()
    assert len(history.gradient_norms["dense_1"]) == 1


def test_a_loss_that_is_not_finite_is_a_gap() -> None:
    history = History()
    for step, loss in enumerate((1.0, math.inf, math.nan), 1):
        history.add(story.progress(step, loss=loss))
    history.drain()
    np.testing.assert_array_equal(history.loss.points(STEP)[1], [1, math.nan, math.nan])


def test_what_waits_for_a_screen_that_does_not_look_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 100)
    history = History()
    for step in range(1, 1051):
        history.add(story.progress(step))
    assert len(history._waiting) < 100
    assert len(history.loss) >= 950
    history.drain()
    np.testing.assert_array_equal(history.loss.points(STEP)[0], np.arange(1, 1051))


def test_one_thread_may_add_while_another_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 50)
    history, steps = History(), 20_000
    events = [story.progress(step) for step in range(1, steps + 1)]

    def train() -> None:
        for event in events:
            history.add(event)

    thread = threading.Thread(target=train)
    thread.start()
    while thread.is_alive():
        history.drain()
        x, y = history.loss.points(STEP)
        assert len(x) == len(y)
    thread.join()
    history.drain()
    np.testing.assert_array_equal(history.loss.points(STEP)[0], np.arange(1, steps + 1))
