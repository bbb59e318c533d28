"""What is said of a network's inside, against NumPy by hand."""

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.errors import UserError
from tui_trainer.nn.network import Network
from tui_trainer.trained.activity import as_inputs
from tui_trainer.trained.inspection import Examination, FirstLayer, examine, say, with_scaling
from tui_trainer.trained.restore import network_alone, restore
from tui_trainer.training.batch_loader import BatchLoader
from tui_trainer.training.control import Control
from tui_trainer.training.events import EpochEnded, Snapshot
from tui_trainer.training.loop import Training
from tui_trainer.training.model import build_network

RNG = np.random.default_rng(3)


def network(inputs: int = 9, classes: int = 3, **options: Any) -> Network:
    built = build_network(Config.parse({"hidden": "4", **options}), inputs, classes)
    built.initialize(np.random.default_rng(1))
    return built


def images(count: int = 1200, features: int = 9, classes: int = 3) -> Split:
    return Split(RNG.integers(0, 256, (count, features), dtype=np.uint8), RNG.integers(0, classes, count))


def finished(steps: Generator[None, None, Examination]) -> tuple[Examination, int]:
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, count
        count += 1


def examined(model: Network, split: Split) -> Examination:
    return finished(examine(model, BatchLoader(split), split))[0]


def test_probabilities_losses_and_mistakes_are_those_of_numpy() -> None:
    model, split = network(), images()
    examination, batches = finished(examine(model, BatchLoader(split), split))
    assert batches == 3  # between which something more urgent may be done
    x = split.images.astype(np.float64) / 255
    hidden = np.maximum(x @ model.tensors["dense_1.weight"] + model.tensors["dense_1.bias"], 0)
    logits = hidden @ model.tensors["dense_2.weight"] + model.tensors["dense_2.bias"]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(examination.probabilities, probabilities, rtol=1e-4)
    np.testing.assert_allclose(examination.losses, -np.log(probabilities[np.arange(1200), split.labels]), rtol=1e-4)
    assert examination.accuracy == np.mean(logits.argmax(axis=1) == split.labels)
    wrong = examination.mistakes()
    assert set(wrong) == set(np.flatnonzero(logits.argmax(axis=1) != split.labels))
    assert (np.diff(examination.losses[wrong]) <= 0).all()
    for label in range(3):
        np.testing.assert_allclose(examination.outputs[label], hidden[split.labels == label].mean(axis=0), rtol=1e-3, atol=1e-6)


def examination(labels: list[int], predicted: list[int], sure: list[float] | None = None, classes: int = 3) -> Examination:
    probabilities = np.full((len(labels), classes), 0.01)
    probabilities[np.arange(len(labels)), predicted] = sure or [0.9] * len(labels)
    losses = -np.log(probabilities[np.arange(len(labels)), labels])
    return Examination(np.array(labels), probabilities, losses, np.zeros((classes, 1)), np.zeros(1, np.bool_))


def test_rows_of_the_confusion_are_true_and_columns_predicted() -> None:
    found = examination([0, 0, 0, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1, 2])
    assert found.confusion.tolist() == [[1, 2, 0], [0, 3, 1], [0, 0, 0]]
    assert found.recall[:2].tolist() == [1 / 3, 3 / 4]
    assert np.isnan(found.recall[2])  # of which there is no image
    assert found.accuracy == 4 / 7


def test_a_cell_holds_its_images_the_surest_first() -> None:
    found = examination([0, 0, 1, 0], [1, 1, 1, 1], [0.5, 0.9, 0.8, 0.7])
    assert found.cell(0, 1).tolist() == [1, 3, 0]
    assert found.cell(1, 1).tolist() == [2]
    assert found.cell(2, 0).tolist() == []


def test_a_loss_that_float32_would_call_infinite_is_a_number() -> None:
    model = network(2, 2, hidden="none")
    model.tensors["dense_1.weight"][:] = [[300, -300], [0, 0]]
    found = examined(model, Split(np.array([[1, 0]], np.float32), np.array([1])))
    assert found.losses.tolist() == [600.0]
    assert found.is_finite


def test_a_network_that_diverged_is_told_from_others() -> None:
    model, split = network(), images(20)
    assert examined(model, split).is_finite
    model.tensors["dense_2.weight"][0, 0] = np.inf
    assert not examined(model, split).is_finite
    assert FirstLayer.of(model).is_finite
    model.tensors["dense_1.weight"][0, 0] = np.nan
    assert not FirstLayer.of(model).is_finite


def test_a_dead_unit_is_told() -> None:
    model = network()
    model.tensors["dense_1.bias"][2] = -1e6
    model.tensors["dense_1.weight"][:, 1] = 1
    split = images()
    found, first = examined(model, split), FirstLayer.of(model)
    assert found.constant.tolist()[1:3] == [False, True]
    assert first.headline(2, found) == "#2 dead"
    assert "dead: gives 0 for every test image" in first.describe(2, found)
    assert "dead" not in first.headline(1, found)


def test_the_digit_a_unit_speaks_for_is_read_from_the_next_layer_alone() -> None:
    model = network()
    # A number that all classes are given alike says nothing: softmax leaves it out.
    model.tensors["dense_2.weight"][:] = np.array([[0, 1, 2], [9, 7, 5], [5, 5, 4], [-3, -1, -2]])
    first = FirstLayer.of(model)
    assert [first.speaks(unit) for unit in range(4)] == [(2, 0), (0, 2), (0, 2), (1, 0)]
    assert first.headline(1, None) == "#1 for 0"
    assert first.describe(1, None)[-2:] == ["speaks for 0 (+2.00)", "and against 2 (-2.00)"]
    np.testing.assert_array_equal(first.weights, model.tensors["dense_1.weight"].T)


def test_of_output_units_each_speaks_for_its_own_digit() -> None:
    first = FirstLayer.of(network(hidden="none"))
    assert first.is_output
    assert first.headline(2, None) == "for 2"
    assert "speaks for 2" in first.describe(2, None)


def test_in_a_deep_network_a_unit_is_told_by_what_it_fires_at() -> None:
    model = network(hidden="4,4")
    first, split = FirstLayer.of(model), images()
    assert first.speaks(0) is None
    assert first.headline(0, None) == "#0"
    found = examined(model, split)
    strongest = int(found.outputs[:, 0].argmax())
    assert first.headline(0, found) == f"#0 at {strongest}"
    assert any(line.startswith(f"fires most at {strongest}") for line in first.describe(0, found))


@pytest.mark.parametrize(
    ("split", "complaint"),
    [
        (images(features=4), "the test images have 4 pixels, and this network takes 9"),
        (images(classes=5), "a test image is labelled 4, and this network knows 3 classes"),
    ],
)
def test_data_of_another_kind_is_refused(split: Split, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        examined(network(), split)


def test_a_run_s_snapshot_becomes_the_same_network_and_the_next_one_takes_its_place(digits: Any) -> None:
    config = Config.parse({"hidden": "8", "epochs": 2, "batch_size": 50, "validation": 100, "threads": 1})
    epochs = [event for event in Training(config, digits).events(Control()) if isinstance(event, EpochEnded)]
    first, second = (network_alone(epoch.snapshot) for epoch in epochs)
    assert sorted(first.tensors) == ["dense_1.bias", "dense_1.weight", "dense_2.bias", "dense_2.weight"]
    model = restore(first)
    for name, tensor in first.tensors.items():
        np.testing.assert_array_equal(model.tensors[name], tensor)
        assert not np.shares_memory(model.tensors[name], tensor)
    assert restore(second, model) is model
    np.testing.assert_array_equal(model.tensors["dense_1.weight"], second.tensors["dense_1.weight"])
    other = Snapshot(network(784, 10).tensors, {"config": {"hidden": [4]}, "features": 784, "classes": 10})
    assert restore(other, model) is not model


def test_one_image_is_said_what_many_are() -> None:
    model, split = network(), images(30)
    found = examined(model, split)
    for index in (0, 7):
        np.testing.assert_allclose(say(model, as_inputs(split.images[index])), found.probabilities[index], rtol=1e-5)


def test_images_of_any_numbers_are_drawn_from_their_lowest_to_their_highest() -> None:
    data = np.array([[-1, 0, 1, 3]], np.float32)
    scaled = with_scaling(DataSpec((2, 2), scale=1.0), Split(data, np.zeros(1, np.intp)))
    assert scaled.levels(data[0]).tolist() == [[0, 64], [128, 255]]
    np.testing.assert_allclose(scaled.of_levels(np.array([[0, 255], [0, 0]], np.uint8)), [-1, 3, -1, -1])
    blank = with_scaling(DataSpec((1, 2), scale=1.0), Split(np.zeros((1, 2), np.float32), np.zeros(1, np.intp)))
    assert blank.levels(np.zeros(2, np.float32)).tolist() == [[0, 0]]
    assert DataSpec((1, 2)).levels(np.array([3, 9], np.uint8)).tolist() == [[3, 9]]
