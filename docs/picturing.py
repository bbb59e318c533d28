"""The real app without a terminal, for the scripts that make the pictures of the documentation."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager

from textual.pilot import Pilot

from tui_trainer.ui.kit.export import self_contained


@contextmanager
def empty_folder() -> Iterator[None]:
    """Be in a folder that is deleted afterwards: the app keeps its runs where it is started."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        yield


async def until(pilot: Pilot[int], is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    while not is_so():
        await pilot.pause(0.1)


def picture(pilot: Pilot[int], title: str = "tui-trainer") -> str:
    """What is on the screen, as SVG."""
    return self_contained(pilot.app.export_screenshot(title=title))
