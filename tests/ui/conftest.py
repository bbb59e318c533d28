import time
from pathlib import Path

import pytest

from .desk import Desks


@pytest.fixture
def sit_down(digits_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desks:
    """Opens the app in a folder of its own, its form filled in for the small data set."""
    monkeypatch.chdir(tmp_path)
    # Textual's pilot waits until the process is idle, which it is not while it trains: the screen's own thread is meant.
    monkeypatch.setattr("textual._wait.process_time", time.thread_time)
    return Desks({"data": str(digits_file), "validation": 100, "batch_size": 20, "epochs": 2, "hidden": "16", "threads": 1})
