"""How many threads a run takes: measured, quietly."""

import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.training.threads import measure


@pytest.mark.parametrize("options", [{"optimizer": "sgd", "learning_rate": 1e30}, {"initializer": "uniform", "uniform_limit": 1e25}])
def test_a_run_that_will_overflow_is_timed_without_a_warning(digits: Dataset, options: dict[str, object]) -> None:
    assert measure(Config.parse({"hidden": "16x3", **options}), digits, 2) in (1, 2)
