from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui_trainer.plugins.loaded import loaded, unload

from .files import text_of


@pytest.fixture(autouse=True)
def _unloaded() -> Iterator[None]:
    """A plugin outlasts a command, but no test."""
    yield
    for plugin in reversed(loaded()):
        unload(plugin)


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[..., Path]:
    """Writes the file of one of the plugins, or of another text."""

    def write(name: str, text: str | None = None) -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(text_of(name) if text is None else text)
        return path

    return write
