"""A learning-rate range test beside the form, in a thread of its own: what `lr-find` finds, to be marked on the rate's picture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from textual.message import Message

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.run import settle
from tui_trainer.training.control import Control
from tui_trainer.training.lr_finder import range_test, suggest
from tui_trainer.ui.kit.background import Background

LOWEST, HIGHEST, STEPS = 1e-6, 10.0, 1000
"""As `lr-find` tests by itself."""

BESIDE_THE_TEST: Final = frozenset(
    {
        *("learning_rate", "schedule", "decay", "decay_every", "warmup", "epochs", "validation", "early_stopping"),
        *("changes", "threads", "checkpoint_every"),
    }
)
"""Options that change nothing of what is found."""


class RatesFound(NamedTuple):
    """What a range test found."""

    suggested: float | None
    """A tenth of the rate of the lowest loss; None where the loss was not finite from the first step on."""
    bursts: float | None
    """The rate at which the loss burst; None where it did not."""


@dataclass
class RatesTested(Message):
    """A test has come to its end, or why it could not."""

    config: Config
    found: RatesFound | None
    problem: UserError | None = None


class RateTest(Background):
    """Tests one network's rates."""

    def __init__(self, config: Config, post: Callable[[Message], object]) -> None:
        super().__init__("rates", post)
        self._config = config

    def work(self) -> None:
        config, data = settle(self._config)
        points = []
        for point in range_test(config, data, Control(), lowest=LOWEST, highest=HIGHEST, steps=STEPS):
            if self.is_stopping:
                return
            points.append(point)
        bursts = points[-1].learning_rate if points and len(points) < STEPS else None if points else LOWEST
        self.post(RatesTested(self._config, RatesFound(suggest(points), bursts)))

    def refuse(self, error: UserError) -> None:
        self.post(RatesTested(self._config, None, error))


def alike_for_a_test(one: Config, other: Config) -> bool:
    """Whether a test of one says the same of the other."""
    first, second = one.record(), other.record()
    return all(first[name] == second[name] for name in first.keys() - BESIDE_THE_TEST)
