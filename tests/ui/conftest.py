from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.kit import pace
from tui_trainer.ui.sweeps.sweep import SweepScreen

from .desk import USUAL, Desk, Desks, Watching, seated


@pytest.fixture
def sit_down(digits_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desks:
    """Opens the app in a folder of its own, its form filled in for the small data set."""
    monkeypatch.chdir(tmp_path)
    return Desks({"data": str(digits_file), "validation": 100, "batch_size": 20, "epochs": 2, "hidden": "16", "threads": 1})


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learned is shown at once: a run that a test waits beside costs more than all drawing does."""
    monkeypatch.setattr(pace, "SHARE", 1.0)


@pytest.fixture
def watching(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Watching:
    """Opens the board of a sweep, as `tui-trainer sweep watch` does."""
    monkeypatch.chdir(tmp_path)

    @asynccontextmanager
    async def watch(folder: Path, size: tuple[int, int] = USUAL, *, plain: bool = False) -> AsyncIterator[Desk]:
        app = TrainerApp(plain=plain, opening=lambda marks: SweepScreen(folder, marks, looks_per_second=20))
        async with seated(app, size) as desk:
            yield desk

    return watch
