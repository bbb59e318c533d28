"""The real app without a terminal, for the scripts that make the pictures of the documentation."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, chdir, contextmanager
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.kit.export import self_contained

DOCS: Final = Path(__file__).parents[1].absolute() / "docs"


@contextmanager
def empty_folder() -> Iterator[None]:
    """Be in a folder that is deleted afterwards: the app keeps its runs where it is started."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        yield


@asynccontextmanager
async def opened(
    app: TrainerApp, size: tuple[int, int], picture: Path | None = None, title: str = "tui-trainer"
) -> AsyncIterator[Pilot[int]]:
    """The app in a terminal of this many columns and rows. What its screen shows at the end is saved as `picture`, an SVG."""
    async with app.run_test(size=size) as pilot:
        yield pilot
        if picture:
            picture.write_text(self_contained(app.export_screenshot(title=title)), encoding="utf-8")


async def train(pilot: Pilot[int], has_ended: Callable[[], bool]) -> None:
    """Start what the screen describes, and see it to its end, and to the screen that shows it."""
    await pilot.press("ctrl+r")
    await until(pilot, has_ended)
    await pilot.pause(0.5)


async def until(pilot: Pilot[int], is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    while not is_so():
        await pilot.pause(0.1)
