"""State that a layer keeps besides its parameters, by the example of a layer made for it: kept and restored, never trained."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.layers import Layer, LayerRun, RunInputs, Shapes
from tui_trainer.nn.network import perceptron_layers
from tui_trainer.runs import checkpoint
from tui_trainer.trained.restore import restore
from tui_trainer.training import model
from tui_trainer.training.batch_loader import BatchLoader, evaluate
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, Progress, Snapshot
from tui_trainer.training.loop import Training
from tui_trainer.training.run_state import read_run_state


class Centre(Layer):
    """x - m + s: m is the mean of the batch in training and a running mean in evaluation, s a shift that is learned."""

    kind = "Centre"
    prefix = "centre"
    continues = True

    def shapes(self) -> Shapes:
        return {"shift": (self.units,)}

    def buffers(self) -> Shapes:
        return {"mean": (self.units,), "batches": (1,)}

    def bind(self, tensors: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        super().bind(tensors, gradients)
        self.shift, self.mean, self.batches = tensors["shift"], tensors["mean"], tensors["batches"]
        self.shift_gradient = gradients["shift"]

    def run(self, inputs: RunInputs) -> LayerRun | None:
        out = inputs.allocate(self.units)
        gradient = inputs.allocate(self.units) if inputs.gradient is None else inputs.gradient
        forward = self.train if inputs.training else self.evaluate
        return LayerRun(
            self, inputs.x, out, gradient, inputs.gradient, (partial(forward, inputs.x, out),), (partial(self.backward, gradient),)
        )

    def train(self, x: Array, out: Array) -> None:
        mean = x.mean(axis=0)
        self.mean += 0.1 * (mean - self.mean)
        self.batches += 1
        out[:] = x - mean + self.shift

    def evaluate(self, x: Array, out: Array) -> None:
        out[:] = x - self.mean + self.shift

    def backward(self, gradient: Array) -> None:
        self.shift_gradient[:] = gradient.sum(axis=0)
        gradient -= gradient.mean(axis=0)


@pytest.fixture(autouse=True)
def with_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every network that a config describes has the layer after its first one."""

    def layers(*arguments: Any, **options: Any) -> tuple[Layer, ...]:
        first, *others = perceptron_layers(*arguments, **options)
        centre = Centre(first.units, first.units)
        centre.name = "centre_1"
        return first, centre, *others

    monkeypatch.setattr(model, "perceptron_layers", layers)


OPTIONS = {"hidden": "16,8", "validation": 100, "epochs": 3, "threads": 1, "batch_size": 50, "optimizer": "adamw", "early_stopping": 3}


def train(data: Dataset, stop_at: int | None = None, resumed: Snapshot | None = None) -> Snapshot:
    training, control = Training(Config.parse(OPTIONS), data), Control()
    if resumed is not None:
        training.restore(resumed)
    for event in training.events(control):
        if isinstance(event, Progress) and event.step == stop_at:
            control.stop()
        if isinstance(event, Ended):
            assert event.snapshot is not None
            return event.snapshot
    raise AssertionError("a run ends with its end")


def test_a_snapshot_holds_them_and_the_optimizer_has_nothing_for_them(digits: Dataset) -> None:
    snapshot = train(digits, stop_at=14)
    assert snapshot.tensors["centre_1.batches"].tolist() == [14]
    assert snapshot.tensors["best.centre_1.batches"].tolist() == [10]  # those of the best epoch
    assert snapshot.tensors["centre_1.mean"].any()
    assert {name for name in snapshot.tensors if name.startswith("optimizer.") and "centre" in name} == {
        "optimizer.gradient_sum.centre_1.shift",
        "optimizer.square_sum.centre_1.shift",
    }
    assert {name: tensor.shape for name, tensor in snapshot.tensors.items()} == read_run_state(snapshot.scalars).shapes()


def test_a_run_goes_on_with_them_from_a_file_to_the_same_bytes(digits: Dataset, tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "c.safetensors", train(digits, stop_at=14))
    kept = checkpoint.read(tmp_path / "c.safetensors", lambda scalars: read_run_state(scalars).shapes())
    resumed, whole = train(digits, resumed=kept), train(digits)
    assert whole.tensors.keys() == resumed.tensors.keys() > {"centre_1.mean", "last.centre_1.mean"}
    for name, tensor in whole.tensors.items():
        assert tensor.tobytes() == resumed.tensors[name].tobytes(), name


def test_the_optimizer_moves_the_parameters_alone(digits: Dataset) -> None:
    state = Training(Config.parse(OPTIONS), digits).state
    network = state.network
    before = {name: tensor.copy() for name, tensor in network.tensors.items()}
    network.tensors["centre_1.mean"][:] = 7
    network.gradients[:] = 1
    state.optimizer.step(0.1)
    assert (network.tensors["centre_1.mean"] == 7).all()
    assert (network.tensors["centre_1.shift"] != before["centre_1.shift"]).all()
    assert network.parameter_count == 785 * 16 + 16 + 17 * 8 + 9 * 10


def test_evaluation_reads_what_training_wrote_and_changes_nothing(digits: Dataset) -> None:
    snapshot = train(digits)
    network = restore(snapshot)
    kept = network.state.copy()
    assert digits.test is not None
    loss, accuracy = evaluate(network, BatchLoader(digits.test))
    np.testing.assert_array_equal(network.state, kept)
    network.tensors["centre_1.mean"][:] = 0
    assert evaluate(network, BatchLoader(digits.test)) != (loss, accuracy)
