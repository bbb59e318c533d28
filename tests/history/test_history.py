import math
import threading
import weakref

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.history import history as module
from tui_trainer.history import measurements
from tui_trainer.history.derived import slope_change
from tui_trainer.history.history import History
from tui_trainer.history.series import EPOCH, SECONDS, STEP
from tui_trainer.training.events import Changed, Ended, Snapshot, Started, Status

from . import story


def test_batches_are_placed_by_step_epoch_and_seconds() -> None:
    history = story.told(2)
    for place, expected in ((STEP, np.arange(1, 21)), (EPOCH, np.arange(1, 21) / 10), (SECONDS, np.arange(1, 21) / 20)):
        x, y = history.loss.points(place)
        np.testing.assert_allclose(x, expected)
        np.testing.assert_allclose(y, 2 / np.arange(1, 21))


def test_accuracies_are_shares() -> None:
    history = story.told(2, accuracy=0.25)
    np.testing.assert_allclose(history.accuracy.points(STEP)[1], 0.25)
    np.testing.assert_allclose(history.training_accuracy.points(STEP)[1], 0.8)
    np.testing.assert_allclose(history.validation_accuracy.points(STEP)[1], 0.9)


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


def test_what_measuring_takes_is_what_its_batch_takes_longer() -> None:
    history = History()
    seconds = [0.01, 0.02, 0.03, 0.34, 0.35, 0.36]
    for step, passed in enumerate(seconds, 1):
        history.add(story.progress(step, seconds=passed, layers=(story.health("dense_1", 1.0),) if step == 4 else ()))
    history.drain()
    assert history.measuring_seconds == pytest.approx(0.3)
    # The first batch of an epoch begins to count anew.
    history.add(story.progress(10, seconds=0.4))
    history.add(story.progress(11, seconds=0.01, layers=(story.health("dense_1", 1.0),)))
    history.drain()
    assert history.measuring_seconds == pytest.approx(0.3)


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
    assert len(history.loss) > 1050 - 100
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


def test_a_run_is_told_from_its_start_to_its_end() -> None:
    history, config = History(), Config.parse({"hidden": "8"})
    history.add(Started("1", "", config, 0, 99, (), 500, 100, 50, 1, {}, Snapshot({"dense_1.weight": np.ones(1000)}, {})))
    history.add(story.progress(1))
    history.add(Ended("completed", 1, 1, 0.3, 0.9, 2.5, None, Snapshot({}, {})))
    history.drain()
    assert (history.config, history.parameters, history.samples, history.steps) == (config, 99, 500, 1)
    assert history.ended == Ended("completed", 1, 1, 0.3, 0.9, 2.5, None, None)


@pytest.mark.parametrize(
    ("status", "is_complete", "has_diverged"),
    [("completed", True, False), ("diverged", True, True), ("stopped", False, False), ("interrupted", False, False)],
)
def test_it_is_known_how_a_run_ended(status: Status, is_complete: bool, has_diverged: bool) -> None:
    history = History()
    assert (history.complete, history.diverged) == (False, False)
    history.add(Ended(status, 1, 1, None, None, 2.5, None, None))
    history.drain()
    assert (history.complete, history.diverged) == (is_complete, has_diverged)


def test_epochs_are_kept_exactly_and_the_best_of_them_is_known() -> None:
    history = History()
    for epoch, loss, accuracy in ((1, 0.5, 0.8), (2, 1 / 3, 0.9), (3, 0.4, 0.9), (4, math.inf, 0.7)):
        history.add(story.epoch_ended(epoch, validation_loss=loss, validation_accuracy=accuracy))
    history.drain()
    assert [epoch.validation_loss for epoch in history.epochs] == [0.5, 1 / 3, 0.4, math.inf]
    assert history.best_loss == (1 / 3, 2)
    assert history.best_accuracy == (0.9, 2)
    short = history.condensed()
    assert (short.best_loss, short.best_accuracy, short.last_epoch, short.seconds) == ((1 / 3, 2), (0.9, 2), 4, history.seconds)
    assert [epoch.number for epoch in short.epochs] == [2, 4]


def test_of_an_epoch_that_is_told_again_the_latter_counts() -> None:
    history = story.told(3)
    history.add(story.epoch_ended(2, train_loss=9.0, seconds=2.0))
    history.drain()
    assert [epoch.train_loss for epoch in history.epochs] == [1.5, 9.0, 0.5]
    assert history.training_loss.points(STEP)[1].tolist() == [1.5, 9.0, 0.5]
    assert history.seconds == 3.0


def test_changes_before_one_step_are_one() -> None:
    history, config = story.told(1), Config.parse({})
    for changes in ({"batch_size": 10}, {"learning_rate": 0.5}):
        history.add(Changed(2, 0, 10, changes, config))
    history.add(Changed(2, 5, 15, {"epochs": 3}, config))
    history.drain()
    assert [(each.step, each.changes) for each in history.changes] == [(10, {"batch_size": 10, "learning_rate": 0.5}), (15, {"epochs": 3})]
    np.testing.assert_allclose(history.course_at([10])[0], [10, 1, story.SECONDS])


def test_slopes_are_those_before_and_after_each_epoch() -> None:
    after = Snapshot({"prelu_1.alpha": np.array([0.1, 0.3]), "prelu_2.alpha": np.array([0.5, 0.7]), "dense_1.weight": np.ones(2)}, {})
    before = Snapshot({name: np.full(2, 0.25) for name in ("prelu_1.alpha", "prelu_2.alpha")}, {})
    history = History()
    history.add(story.epoch_ended(1, snapshot=before))
    history.add(story.epoch_ended(2, snapshot=after))
    history.drain()
    assert history.slopes == [(0.25, 0.25), (pytest.approx(0.2), pytest.approx(0.6))]
    assert slope_change(history.slopes) == pytest.approx(0.35)


def test_measurements_are_kept_exactly_and_of_very_many_the_first_and_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measurements, "MOST_MEASURED", 100)
    history = History()
    for step in range(1, 1001):
        history.add(story.progress(step, layers=(story.health("dense_1", 1 / step),)))
        if step == 90:
            history.drain()
            assert [each.layers[0].gradient_norm for each in history.measured] == [1 / step for step in range(1, 91)]
    history.drain()
    assert len(history.measured) <= 100
    assert (history.measured[0].step, history.measured[-1].step) == (1, 1000)
    assert len(history.gradient_norms["dense_1"]) == 1000
    assert len(history.health) == 1000


def test_a_branch_takes_batches_of_its_own() -> None:
    history = story.told(2)
    other = history.branched()
    assert (len(other.loss), len(other.training_loss)) == (0, 2)
    other.add(story.progress(1))
    other.drain()
    assert (len(other.loss), len(history.loss)) == (1, 20)


def test_nothing_large_waits_or_is_kept() -> None:
    large = Snapshot({"dense_1.weight": np.ones(1000)}, {})
    kept = weakref.ref(large.tensors["dense_1.weight"])
    history = History()
    history.add(story.epoch_ended(1, snapshot=large))
    history.add(Ended("completed", 1, 1, None, None, 1.0, None, large))
    del large
    assert kept() is None
    assert history.drain()
