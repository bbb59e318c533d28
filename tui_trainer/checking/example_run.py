"""A small real run for checks: ten noisy prototypes, learned within a second."""

from functools import cache
from typing import Any

import numpy as np

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.diagnosis.case import Case, DataFacts
from tui_trainer.history.history import History
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, EpochEnded
from tui_trainer.training.loop import Training

OPTIONS: dict[str, Any] = {"hidden": "16x2", "epochs": 3, "validation": 100, "batch_size": 20, "threads": 1, "learning_rate": 0.01}


@cache
def prototypes() -> Dataset:
    """Images of 8×8 in five classes, 400 to train on and 100 to test with."""
    rng = np.random.default_rng(7)
    centres = rng.integers(0, 256, (5, 64))

    def draw(samples: int) -> Split:
        labels = np.arange(samples) % 5
        return Split(np.clip(centres[labels] + rng.normal(0, 60, (samples, 64)), 0, 255).astype(np.uint8), labels.astype(np.intp))

    return Dataset("example", draw(400), draw(100), DataSpec((8, 8), 5))


def cases(**options: Any) -> list[Case]:
    """A run as a diagnosis sees it: before its first batch, after each epoch, and at its end."""
    config = Config.parse({**OPTIONS, **options})
    training = Training(config, prototypes())
    control, history, found = Control(), History(config), []
    control.follow_layers()
    facts = DataFacts.of(training.learned_from, training.spec.classes)
    found.append(Case(config, History(config), facts))
    for event in training.events(control):
        history.add(event)
        if isinstance(event, EpochEnded | Ended):
            history.drain()
            found.append(Case(config, history, facts))
    return found
