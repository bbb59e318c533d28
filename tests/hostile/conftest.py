from collections.abc import Iterator
from pathlib import Path

import pytest
from compiled_engine import cache_of_its_own

from tui_trainer.config.options import Config
from tui_trainer.runs.run import Run
from tui_trainer.training.control import Control
from tui_trainer.training.events import Progress


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is measured or remembered here is none of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            patch.setenv(name, str(cache_of_its_own(tmp_path_factory.mktemp("home"))))
        yield


@pytest.fixture(scope="session")
def stopped_run(digits_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs that was stopped in the middle of the second one, after a change; with dropout and a rule with a memory."""
    path = tmp_path_factory.mktemp("stopped") / "run"
    options = {"data": str(digits_file), "validation": 100, "threads": 1, "hidden": "6,4", "epochs": 3, "batch_size": 100}
    further = {"dropout": 0.2, "optimizer": "nadam", "early_stopping": 9, "changes": "3 batch_size=50, 99 clip_norm=1"}
    control = Control()
    for event in Run.create(Config.parse({**options, **further}), path).events(control):
        if isinstance(event, Progress) and event.step == 9:
            control.stop()
    return path
