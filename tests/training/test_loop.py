"""The stream of events: what it says, in which order, and that the same seed gives the same numbers."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.history.history import History
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.training.control import Control
from tui_trainer.training.events import Changed, Ended, EpochEnded, Event, Progress, Snapshot, Started, record
from tui_trainer.training.loop import Training


def events(data: Dataset, control: Control | None = None, **options: Any) -> Iterator[Event]:
    config = Config.parse({"hidden": "16", "validation": 100, "epochs": 2, "threads": 1, **options})
    return Training(config, data).events(control or Control())


def last(stream: Iterator[Event]) -> Ended:
    *_, end = stream
    assert isinstance(end, Ended)
    return end


def tensors(snapshot: Snapshot | None) -> dict[str, bytes]:
    assert snapshot is not None
    return {name: tensor.tobytes() for name, tensor in snapshot.tensors.items()}


def test_order_and_count_of_events(digits: Dataset) -> None:
    seen = list(events(digits, batch_size=64))
    kinds = [type(event).__name__ for event in seen]
    epoch = ["Progress"] * 8 + ["EpochEnded"]  # 500 samples are seven batches of 64 and one of 52
    assert kinds == ["Started", *epoch, *epoch, "Ended"]
    steps = [event for event in seen if isinstance(event, Progress)]
    assert [event.step for event in steps] == list(range(1, 17))
    assert [(event.epoch, event.batch) for event in steps][7:9] == [(1, 8), (2, 1)]


def test_start_describes_the_network(digits: Dataset) -> None:
    start = next(events(digits, hidden="16,8", activation="prelu"))
    assert isinstance(start, Started)
    table = [(layer.name, layer.type, layer.output_shape, layer.parameters) for layer in start.layers]
    assert table == [
        ("dense_1", "Dense", (16,), 785 * 16),
        ("prelu_1", "PReLU", (16,), 16),
        ("dense_2", "Dense", (8,), 17 * 8),
        ("prelu_2", "PReLU", (8,), 8),
        ("dense_3", "Dense", (10,), 90),
    ]
    assert start.parameters == sum(layer.parameters for layer in start.layers)
    assert (start.training_samples, start.validation_samples, start.test_samples) == (500, 100, 100)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(digits: Dataset, optimizer: str) -> None:
    end = last(events(digits, optimizer=optimizer, learning_rate={"adadelta": 1, "lion": 0.002}.get(optimizer, 0.01), epochs=8))
    assert end.status == "completed"
    assert end.test_accuracy is not None
    assert end.test_accuracy > 0.9


def test_epoch_means_are_those_of_its_batches(digits: Dataset) -> None:
    seen = list(events(digits, batch_size=64, epochs=1))
    batches = [event for event in seen if isinstance(event, Progress)]
    (epoch,) = (event for event in seen if isinstance(event, EpochEnded))
    sizes = [64] * 7 + [52]
    assert epoch.train_loss == pytest.approx(np.average([batch.loss for batch in batches], weights=sizes), rel=1e-12)
    assert epoch.train_accuracy == pytest.approx(np.average([batch.accuracy for batch in batches], weights=sizes), rel=1e-12)


def test_same_seed_same_bytes_and_another_seed_other_bytes(digits: Dataset) -> None:
    one, same, other = (last(events(digits, seed=seed)) for seed in (3, 3, 4))
    assert tensors(one.snapshot) == tensors(same.snapshot)
    assert (one.test_loss, one.test_accuracy) == (same.test_loss, same.test_accuracy)
    assert tensors(one.snapshot) != tensors(other.snapshot)


def test_listening_closely_changes_no_number(digits: Dataset) -> None:
    control, measured = Control(), 0
    for event in events(digits, control):
        if isinstance(event, Progress):
            measured += bool(event.layers)
            control.measure_layers()
            control.take_snapshot()
        if isinstance(event, Ended):
            watched = event
    assert measured == 31  # all but the first step, before anyone could ask
    assert tensors(watched.snapshot) == tensors(last(events(digits)).snapshot)


def test_shuffling_changes_the_order_each_epoch_and_no_shuffle_keeps_file_order(digits: Dataset) -> None:
    def losses(**options: Any) -> list[float]:
        # With a rate this small nothing is learned, so equal batches have equal losses.
        return [
            event.loss
            for event in events(digits, optimizer="sgd", learning_rate=1e-30, batch_size=50, **options)
            if isinstance(event, Progress)
        ]

    kept, shuffled = losses(shuffle=False), losses()
    assert kept[:10] == kept[10:]
    assert shuffled[:10] != shuffled[10:]
    assert np.mean(shuffled[:10]) == pytest.approx(np.mean(kept[:10]), rel=1e-5)


def test_zero_epochs_evaluate_the_first_weights(digits: Dataset) -> None:
    start, end = events(digits, epochs=0)
    assert isinstance(start, Started)
    assert isinstance(end, Ended)
    assert (end.status, end.epochs) == ("completed", 0)
    assert tensors(start.snapshot) == tensors(end.snapshot)
    assert end.test_loss is not None


def test_without_validation_its_figures_are_none(digits: Dataset) -> None:
    epoch = next(event for event in events(digits, validation=0) if isinstance(event, EpochEnded))
    assert epoch.validation_loss is None
    assert epoch.validation_accuracy is None


def test_stopping_keeps_what_was_learned(digits: Dataset) -> None:
    control = Control(batch_by_batch=True)
    for event in events(digits, control, batch_size=50):
        if isinstance(event, Progress) and event.step == 13:
            control.stop()
        if isinstance(event, Ended):
            end = event
    assert (end.status, end.epochs) == ("stopped", 1)
    assert end.snapshot is not None
    assert end.snapshot.scalars["step"] == 13
    assert end.test_accuracy is not None


def test_pause_holds_until_go_on_and_step_trains_one_batch(digits: Dataset) -> None:
    control, seen, arrived = Control(), [], threading.Semaphore(0)
    control.pause()

    def consume() -> None:
        for event in events(digits, control, batch_size=50, epochs=1):
            seen.append(event)
            arrived.release()

    thread = threading.Thread(target=consume, daemon=True)
    thread.start()
    assert arrived.acquire(timeout=5)
    assert not arrived.acquire(timeout=0.2)
    assert [type(event) for event in seen] == [Started]
    control.step()
    assert arrived.acquire(timeout=5)
    assert not arrived.acquire(timeout=0.2)
    assert len(seen) == 2
    # Who looks at what holds sees it as it stands.
    assert isinstance(seen[1], Progress)
    assert seen[1].layers
    assert seen[1].snapshot is not None
    assert seen[1].snapshot.scalars["step"] == seen[1].step == 1
    control.unpause()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert isinstance(seen[-1], Ended)


def test_the_last_batch_before_a_hold_brings_the_snapshot_whenever_it_was_asked_for(digits: Dataset) -> None:
    control = Control(batch_by_batch=True)
    seen: list[Event] = []
    stream = events(digits, control, batch_size=50, epochs=1)
    while len(seen) < 3:
        seen.append(next(stream))
    # As if the wish came while the second batch was trained, which is over: one more batch, and then the hold.
    control.step()
    event = next(stream)
    assert isinstance(event, Progress)
    assert event.snapshot is not None
    assert event.snapshot.scalars["step"] == event.step == 3
    control.stop()
    assert isinstance(list(stream)[-1], Ended)


def test_stop_ends_a_pause(digits: Dataset) -> None:
    control = Control()
    control.pause()
    control.stop()
    assert last(events(digits, control)).status == "stopped"


def test_divergence_names_layer_and_step(digits: Dataset) -> None:
    seen = list(events(digits, optimizer="sgd", learning_rate=1e30, hidden="16,16", epochs=5))
    end = seen[-1]
    assert isinstance(end, Ended)
    assert end.status == "diverged"
    assert end.snapshot is None
    assert end.divergence is not None
    assert end.divergence.layer in {"dense_1", "relu_1", "dense_2", "relu_2", "dense_3"}
    batches = [event for event in seen if isinstance(event, Progress)]
    assert end.divergence.step == len(batches) + 1
    assert all(np.isfinite(event.loss) for event in batches)


def test_vanished_gradients_are_measured_not_rounded_to_zero(digits: Dataset) -> None:
    options: dict[str, Any] = {"hidden": "16x12", "activation": "sigmoid", "initializer": "uniform", "optimizer": "sgd", "epochs": 1}
    epoch = next(event for event in events(digits, **options) if isinstance(event, EpochEnded))
    norms = [layer.gradient_norm for layer in epoch.layers]
    assert [layer.name for layer in epoch.layers] == [f"dense_{number}" for number in range(1, 14)]
    assert 0 < norms[0] < 1e-15
    assert norms[-1] > 1e-2
    assert all(earlier < later for earlier, later in pairwise(norms[:-1]))


@pytest.mark.parametrize("changed", [{"weight_decay": 0.01}, {"clip_norm": 1e-3}])
def test_the_gradient_that_is_measured_is_the_losss_own(digits: Dataset, changed: dict[str, float]) -> None:
    control = Control()
    options: dict[str, Any] = {"hidden": "16x12", "activation": "sigmoid", "initializer": "uniform", "optimizer": "sgd", "epochs": 1}

    def first(**more: Any) -> Progress:
        control.count_distributions()
        return next(event for event in events(digits, control, **options, **more) if isinstance(event, Progress))

    plain, found = first(), first(**changed)
    assert [layer.gradient_norm for layer in found.layers] == [layer.gradient_norm for layer in plain.layers]
    assert found.layers[0].gradient_norm < 1e-15
    for one, other in zip(found.distributions, plain.distributions, strict=True):
        np.testing.assert_array_equal(one.gradients.counts, other.gradients.counts)
    # And yet it is the changed one that the step is made with.
    assert found.layers[-1].update_ratio != plain.layers[-1].update_ratio


def test_dead_and_saturated_shares(digits: Dataset) -> None:
    def health(**options: Any) -> Any:
        return next(event for event in events(digits, epochs=1, **options) if isinstance(event, EpochEnded)).layers[0]

    killed = {"optimizer": "sgd", "learning_rate": 30.0}
    assert health(**killed).dead_fraction > 0.5
    assert health(activation="leaky_relu").dead_fraction == 0
    wide = {"initializer": "uniform", "uniform_limit": 5.0, "optimizer": "sgd", "learning_rate": 1e-6}
    assert health(activation="tanh", **wide).saturated_fraction > 0.9
    assert health(activation="tanh").saturated_fraction < 0.5
    assert 0.2 < health().saturated_fraction < 0.8


def test_update_ratio_is_the_step_over_the_weights(digits: Dataset) -> None:
    options: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 0.5, "batch_size": 500, "epochs": 1}
    start, _, epoch, _ = events(digits, **options)
    assert isinstance(start, Started)
    assert isinstance(epoch, EpochEnded)
    for layer in epoch.layers:
        before = float(np.linalg.norm(start.snapshot.tensors[f"{layer.name}.weight"]))
        after = epoch.snapshot.tensors[f"{layer.name}.weight"]
        assert layer.update_ratio == pytest.approx(0.5 * layer.gradient_norm / before, rel=1e-4)
        assert layer.weight_norm == pytest.approx(float(np.linalg.norm(after)), rel=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": 600}, "--validation must leave samples to train on: at most 599 of 600, not 600"),
        ({"batch_size": 501}, "--batch-size must be at most the 500 training samples, not 501"),
    ],
)
def test_what_the_data_cannot_give_is_refused(digits: Dataset, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as refused:
        next(events(digits, **options))
    assert str(refused.value) == message


def test_one_huge_batch_and_batches_of_one(digits: Dataset) -> None:
    assert last(events(digits, batch_size=500, epochs=1)).status == "completed"
    assert last(events(digits, batch_size=1, epochs=1)).status == "completed"


def test_the_schedule_sets_the_rate_of_each_step(digits: Dataset) -> None:
    def rates(**options: Any) -> list[float]:
        seen = events(digits, learning_rate=0.1, epochs=4, batch_size=100, **options)
        return [event.learning_rate for event in seen if isinstance(event, EpochEnded)]

    assert rates() == [0.1] * 4
    # The last of five steps of an epoch is at its four fifths.
    assert rates(schedule="step", decay=0.5) == pytest.approx([0.1, 0.05, 0.025, 0.0125])
    assert rates(schedule="exponential", decay=0.5) == pytest.approx([0.1 * 0.5 ** (epoch + 0.8) for epoch in range(4)])
    assert rates(warmup=2) == pytest.approx([0.05, 0.1, 0.1, 0.1])
    assert rates(warmup=2, schedule="step", decay=0.5) == pytest.approx([0.05, 0.1, 0.1, 0.05])
    falling = rates(schedule="cosine")
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] < 0.001


def test_a_scheduled_rate_is_the_one_applied(digits: Dataset) -> None:
    once = last(events(digits, optimizer="sgd", learning_rate=0.2, epochs=1, batch_size=500, schedule="cosine"))
    halved = last(events(digits, optimizer="sgd", learning_rate=0.2, epochs=1, batch_size=500))
    assert tensors(once.snapshot) == tensors(halved.snapshot)  # the first step of all is at the full rate
    warm = last(events(digits, optimizer="sgd", learning_rate=0.8, epochs=1, batch_size=500, warmup=4))
    assert tensors(warm.snapshot) == tensors(halved.snapshot)  # and of a warm-up of four steps at a quarter of it


def test_a_warm_up_reaches_the_rate_and_loses_no_step(digits: Dataset) -> None:
    seen = events(digits, learning_rate=0.1, epochs=4, batch_size=50, schedule="cosine", warmup=2)
    rates = [event.learning_rate for event in seen if isinstance(event, Progress)]
    assert rates[:20] == pytest.approx([0.1 * step / 20 for step in range(1, 21)])
    assert rates[20] == max(rates) == pytest.approx(0.1)
    assert rates[20:] == sorted(rates[20:], reverse=True)


def test_early_stopping_waits_and_takes_the_best_weights(digits: Dataset) -> None:
    seen = list(events(digits, optimizer="sgd", learning_rate=0.5, hidden="64", epochs=200, batch_size=10, early_stopping=2))
    epochs = [event for event in seen if isinstance(event, EpochEnded)]
    end = seen[-1]
    assert isinstance(end, Ended)
    assert end.status == "completed"
    assert end.best_epoch is not None
    assert end.epochs == end.best_epoch + 2 < 200
    best = epochs[end.best_epoch - 1]
    assert best.validation_loss == min(event.validation_loss for event in epochs if event.validation_loss is not None)
    assert [event.epoch for event in epochs if event.best][-1] == end.best_epoch
    assert end.snapshot is not None
    for name, tensor in end.snapshot.tensors.items():
        if name.startswith("last."):
            assert tensor.tobytes() == epochs[-1].snapshot.tensors[name.removeprefix("last.")].tobytes()
        elif not name.startswith("optimizer."):
            assert tensor.tobytes() == best.snapshot.tensors[name].tobytes()


def test_early_stopping_without_validation_is_refused(digits: Dataset) -> None:
    with pytest.raises(UserError, match="--early-stopping needs a validation set"):
        next(events(digits, early_stopping=1, validation=0))


def test_dropout_and_decay_are_reproducible_and_change_the_run(digits: Dataset) -> None:
    plain = tensors(last(events(digits)).snapshot)
    for options in ({"dropout": 0.3}, {"weight_decay": 0.1}, {"clip_norm": 0.01}, {"optimizer": "adamw"}):
        one, same = (tensors(last(events(digits, **options)).snapshot) for _ in range(2))
        assert one == same
        assert one != plain


def follow(data: Dataset, change: tuple[int, dict[str, Any]] | None = None, **options: Any) -> tuple[list[Progress], Ended, list[Progress]]:
    """A run whose layers are followed: its batches, its end, and the batches of the same run with the layers measured at each."""
    found: list[tuple[list[Progress], Ended]] = []
    for each_batch in (False, True):
        control, batches = Control(batch_by_batch=True), []
        if not each_batch:
            control.follow_layers()
        for event in events(data, control, **options):
            if isinstance(event, Progress):
                batches.append(event)
            if each_batch:
                control.count_distributions()
            if change and isinstance(event, Progress) and event.step == change[0]:
                control.change(change[1])
            if isinstance(event, Ended):
                found.append((batches, event))
    return *found[0], found[1][0]


def test_layers_that_are_followed_are_measured_from_the_first_batch_on_at_steps_that_no_clock_decides(digits: Dataset) -> None:
    batches, end, _ = follow(digits, batch_size=2)
    measured = [event.step for event in batches if event.layers]
    assert measured == [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 128, 250, 256, 500]  # an epoch ends at 250 and at 500
    assert [event.step for event in batches if event.distributions] == measured
    assert end.last_measured is None, "only a divergence needs it"
    assert tensors(end.snapshot) == tensors(last(events(digits, batch_size=2)).snapshot)


@pytest.mark.parametrize(
    ("at", "options"),
    [
        (20, {}),
        (40, {"dropout": 0.2, "clip_norm": 1.0, "weight_decay": 1e-3}),
        (600, {"batch_size": 4, "optimizer": "momentum", "schedule": "cosine"}),
    ],
)
def test_a_run_that_diverges_tells_its_layers_at_the_step_before(digits: Dataset, at: int, options: dict[str, Any]) -> None:
    """Whatever drew the batches, changed the gradients or was changed meanwhile, the same figures as if each step had been measured."""
    burst = {"learning_rate": 1e30, "batch_size": 20}
    batches, end, closely = follow(digits, (at, burst), epochs=6, **({"optimizer": "sgd"} | options))
    assert end.status == "diverged"
    assert end.divergence is not None
    assert not batches[-1].layers, "no measurement was due there"
    assert end.last_measured is not None
    assert end.last_measured.step == len(batches) == end.divergence.step - 1
    figures, expected = ([layer[1:] for layer in event.layers] for event in (end.last_measured, closely[-1]))
    np.testing.assert_array_equal(figures, expected)  # among them some that are not finite
    history = History()
    for event in batches:
        history.add(event)
    history.add(end)
    history.drain()
    assert history.measured[-1].step == end.last_measured.step
    assert history.distributions.at() == (end.last_measured.step, end.last_measured.step, end.last_measured.distributions)
    for one, other in zip(end.last_measured.distributions, closely[-1].distributions, strict=True):
        np.testing.assert_array_equal(one.gradients.counts, other.gradients.counts)


def test_a_run_that_diverges_at_once_tells_its_layers_as_they_began(digits: Dataset) -> None:
    batches, end, _ = follow(digits, initializer="uniform", uniform_limit=1e30)
    assert not batches
    assert end.last_measured is not None
    assert (end.last_measured.step, len(end.last_measured.layers)) == (0, 2)
    assert end.last_measured.layers[0].weight_norm > 1e30
    first, end, _ = follow(digits, optimizer="sgd", learning_rate=1e30)
    assert [event.step for event in first if event.layers] == list(range(1, len(first) + 1))
    assert end.last_measured is None, "it was measured with its batch"


def test_a_divergence_is_told_alike_whether_the_layers_are_followed_or_not(digits: Dataset) -> None:
    def told(*, followed: bool) -> list[Any]:
        control = Control(batch_by_batch=True)
        if followed:
            control.follow_layers()
        stream = []
        for event in events(digits, control, optimizer="sgd", dropout=0.1, epochs=3):
            if isinstance(event, Progress) and event.step == 23:
                control.change({"learning_rate": 1e30})
            if isinstance(event, Started | Changed | EpochEnded | Ended):
                stream.append(record(event, "run"))
        for line in stream:
            for clock in ("started", "seconds", "samples_per_second"):
                line.pop(clock, None)
        return stream

    assert told(followed=True) == told(followed=False)
