"""With numba or without it: the same bits."""

from typing import Any

import numpy as np
import pytest

from tui_trainer.config import Config
from tui_trainer.dataset import Dataset
from tui_trainer.nn import compiled
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, EpochEnded
from tui_trainer.training.loop import Training

pytest.importorskip("numba")


def train(data: Dataset, **options: Any) -> tuple[Ended, list[EpochEnded]]:
    config = Config.parse({"validation": 100, "threads": 1, "epochs": 2, "batch_size": 64, **options})
    events = list(Training(config, data).events(Control()))
    end = events[-1]
    assert isinstance(end, Ended)
    return end, [event for event in events if isinstance(event, EpochEnded)]


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh"])
@pytest.mark.parametrize("hidden", ["none", "24", "24,16,24"])
def test_a_whole_run_gives_the_same_bytes(digits: Dataset, monkeypatch: pytest.MonkeyPatch, activation: str, hidden: str) -> None:
    with_loops, epochs_with = train(digits, activation=activation, hidden=hidden)
    assert compiled.kernels() is not None
    monkeypatch.setattr(compiled, "kernels", lambda: None)
    without, epochs_without = train(digits, activation=activation, hidden=hidden)
    assert with_loops.snapshot is not None
    assert without.snapshot is not None
    for name, tensor in with_loops.snapshot.tensors.items():
        assert tensor.tobytes() == without.snapshot.tensors[name].tobytes(), name
    assert with_loops.test_loss == without.test_loss
    assert [epoch.layers for epoch in epochs_with] == [epoch.layers for epoch in epochs_without]


def test_what_is_not_finite_stays_visible() -> None:
    out = np.array([[np.nan, np.inf, -np.inf, -1.0, 0.0, 2.0]], np.float32)
    compiled.kernels().add_bias_and_rectify(out, np.zeros(6, np.float32))
    np.testing.assert_array_equal(out, [[np.nan, np.inf, 0.0, 0.0, 0.0, 2.0]])
