"""Histograms of activations and gradients: counted right, only when asked for, and without a trace in what is learned."""

from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.training import health
from tui_trainer.training.control import Control
from tui_trainer.training.events import Distributions, Ended, Progress
from tui_trainer.training.loop import Training


def run(data: Dataset, ask_at: int | None, **options: Any) -> tuple[list[Progress], Ended]:
    control = Control(batch_by_batch=True)
    config = Config.parse({"hidden": "16,8", "validation": 100, "epochs": 1, "threads": 1, "batch_size": 50, **options})
    steps = []
    for event in Training(config, data).events(control):
        if isinstance(event, Progress):
            steps.append(event)
            if event.step == ask_at:
                control.count_distributions()
        if isinstance(event, Ended):
            return steps, event
    raise AssertionError("a run ends with its end")


def counted(data: Dataset, **options: Any) -> tuple[Distributions, ...]:
    steps, _ = run(data, 3, **options)
    return steps[3].distributions


def test_they_come_once_with_the_next_batch_when_asked_for(digits: Dataset) -> None:
    steps, _ = run(digits, 3)
    assert [bool(step.distributions) for step in steps] == [step.step == 4 for step in steps]
    assert [layer.name for layer in steps[3].layers] == [each.name for each in steps[3].distributions] == ["dense_1", "dense_2", "dense_3"]
    assert not any(step.distributions for step in run(digits, None)[0])


def test_counting_leaves_no_trace_in_the_weights(digits: Dataset) -> None:
    (_, one), (_, other) = run(digits, 3), run(digits, None)
    assert one.snapshot
    assert other.snapshot
    for name, tensor in one.snapshot.tensors.items():
        assert tensor.tobytes() == other.snapshot.tensors[name].tobytes()


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "elu"])
def test_every_value_is_counted(digits: Dataset, activation: str) -> None:
    sizes = {"dense_1": (784 * 16, 16), "dense_2": (16 * 8, 8), "dense_3": (8 * 10, 10)}
    for found in counted(digits, activation=activation):
        weights, units = sizes[found.name]
        for histogram, total in ((found.activations, health.COUNTED_SAMPLES * units), (found.gradients, weights)):
            assert histogram.counts.sum() + histogram.elsewhere == total
            assert len(histogram.edges) == len(histogram.counts) + 1
            assert (np.diff(histogram.edges) > 0).all()


def test_activations_lie_between_the_functions_bounds(digits: Dataset) -> None:
    for activation, bounds in (("sigmoid", (0, 1)), ("tanh", (-1, 1))):
        edges = counted(digits, activation=activation)[0].activations.edges
        assert (edges[0], edges[-1]) == bounds
    rectified = counted(digits, activation="relu")[0].activations
    assert rectified.edges[0] == 0
    # More than half of what a rectifier gives is 0, and so in the first bin.
    assert rectified.counts[0] > 0.3 * rectified.counts.sum()


def test_bins_are_those_that_numpy_finds() -> None:
    values = np.random.default_rng(1).normal(size=1000).astype(np.float32)
    histogram = health.evenly(values, None)
    expected, _ = np.histogram(values.astype(np.float64), histogram.edges)
    assert np.abs(histogram.counts - expected).sum() <= 4  # a value on an edge may fall to either side


@pytest.mark.parametrize("values", [[0.0] * 5, [3.0] * 5, [-2.0, -2.0], [np.nan, np.inf, 1.0]])
def test_values_that_are_all_the_same_or_not_finite_are_counted(values: list[float]) -> None:
    array = np.array(values, np.float32)
    histogram = health.evenly(array, None)
    assert histogram.counts.sum() == np.isfinite(array).sum()
    assert histogram.elsewhere == len(array) - np.isfinite(array).sum()
    assert histogram.edges[0] < histogram.edges[-1]


def test_magnitudes_are_counted_between_powers_of_two() -> None:
    values = np.array([1.0, -1.5, 2.0, 0.25, 0.0, -0.0, np.inf, np.nan, 1e-30, 1e-42, 1e30], np.float32)
    histogram = health.by_magnitude(values)
    assert histogram.elsewhere == 2, "zeros have no magnitude"
    powers = np.rint(histogram.edges[:-1] / np.log10(2)).astype(int)
    found = {int(power): int(count) for power, count in zip(powers, histogram.counts, strict=True) if count}
    assert found == {0: 2, 1: 1, -2: 1, health.SMALLEST: 2, health.GREATEST - 1: 3}
