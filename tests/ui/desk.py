"""Somebody who sits at the app: keys and mouse to steer it, and what can be read on its screen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.ansi import AnsiDecoder
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from textual.app import ScreenStackError
from textual.events import Key, MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.widget import Widget
from waiting import PATIENCE

from tui_trainer.runs.archive import RunRecord
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.run_panel import Phase

from .brisk import frames, hastened, in_between, unseen

SMALL = (80, 24)
USUAL = (120, 40)
LARGE = (200, 60)

KEYS = {",": "comma", ".": "full_stop", "-": "minus", " ": "space", ":": "colon", "=": "equals_sign", "_": "underscore"}
"""What Textual calls the keys of these."""


QUIET_TURNS, TURNS = 5, 200
"""Of the event loop: an app has heard all that it was told after so many without a message, or after so many if it is never quiet."""


@contextmanager
def attended(app: TrainerApp) -> Iterator[None]:
    """Let the pilot wait for the app's messages, and not until its process is idle, which it is not while it trains."""

    async def until_all_is_heard(*_: float) -> None:
        quiet = turns = 0
        parts: list[MessagePump] = []
        while quiet < QUIET_TURNS and turns < TURNS:
            await asyncio.sleep(0)
            turns += 1
            # Where nothing was heard nothing was added.
            if not quiet:
                try:
                    parts = [app, *app.screen.walk_children(with_self=True)]
                except ScreenStackError:
                    parts = [app]
            quiet = 0 if app.takes_inputs or any(part.message_queue_size for part in parts) else quiet + 1
        frames.catch_up()

    with hastened(), patch("textual.app.wait_for_idle", until_all_is_heard), patch("textual.pilot.wait_for_idle", until_all_is_heard):
        yield


@asynccontextmanager
async def seated(app: TrainerApp, size: tuple[int, int] = USUAL) -> AsyncIterator["Desk"]:
    """Somebody at this app, once its first screen is whole; in the end nothing has broken."""
    with attended(app):
        async with app.run_test(size=size, notifications=True) as pilot:
            desk = Desk(app, pilot)
            # The footer is the last to be there.
            await desk.until(lambda: bool(app.screen.query("FooterKey")))
            await desk.settle()
            yield desk
    assert app.fault is None


class Desk:
    """An app, somebody's hands on its keys and eyes on its screen."""

    def __init__(self, app: TrainerApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        """What can be read."""
        return self._shown(styles=False)

    @property
    def lines(self) -> list[Text]:
        """What can be read, in its colours."""
        return list(AnsiDecoder().decode(self._shown(styles=True)))

    def _shown(self, *, styles: bool) -> str:
        # A screenshot is all that Textual gives of a whole screen, and an SVG of it takes its time.
        with patch.object(Console, "export_svg", lambda console, **_: console.export_text(styles=styles)):
            return self.app.export_screenshot().removesuffix("\n")

    @property
    def notes(self) -> list[str]:
        """The notifications that are shown, each in one line."""
        return [" ".join(self.read(toast).split()) for toast in self.app.screen.query("Toast").results(Widget)]

    def is_noted(self, text: str) -> bool:
        """Whether a notification says this, wherever its lines are broken."""
        return any("".join(text.split()) in "".join(note.split()) for note in self.notes)

    def charts(self) -> list[Chart]:
        """Those that can be seen."""
        return [chart for chart in self.app.main.query(Chart) if chart.is_on_screen]

    def read(self, widget: Widget) -> str:
        """What can be read inside a widget."""
        return "\n".join(widget.render_line(y).text for y in range(widget.size.height))

    def phase(self) -> Phase:
        return self.app.main.phase

    def at_main_screen(self) -> bool:
        return self.app.screen is self.app.main

    async def press(self, *keys: str) -> None:
        with unseen():
            await self.pilot.press(*keys)
        await self.settle()
        await self.until_drawn()

    async def burst(self, *inputs: str | tuple[int, int]) -> None:
        """Press keys, and click on places of the screen, faster than the app can act on them."""
        for given in inputs:
            if isinstance(given, str):
                key = KEYS.get(given, given)
                self.app.post_message(Key(key, given if len(given) == 1 else None))
                continue
            for kind in (MouseDown, MouseUp):
                self.app.post_message(kind(None, *given, 0, 0, 1, False, False, False, *given))
        await self.until(lambda: not (self.app.message_queue_size or self.app.takes_inputs))
        await self.settle()

    async def settle(self) -> None:
        """Let the app lay out and draw what it has heard."""
        with unseen():
            await self.pilot.pause()
        # What is laid out may ask for more.
        with in_between():
            await self.pilot.pause()
        frames.catch_up()

    async def type(self, text: str) -> None:
        await self.press(*(KEYS.get(letter, letter) for letter in text))

    async def click(self, selector: str) -> None:
        clicked = self.app.screen.query_one(selector)
        # A button that is still drawn as pressed takes no click.
        await self.until(lambda: not clicked.has_class("-active"))
        # What has just been shown may still move what is clicked.
        place = None
        while place != (place := clicked.region):
            await self.settle()
        assert await self.pilot.click(selector)
        await self.settle()

    async def scroll(self, widget: Widget, by: int, offset: tuple[int, int] = (1, 1)) -> None:
        """Turn the mouse's wheel over a place in a widget, its border included."""
        kind = MouseScrollDown if by > 0 else MouseScrollUp
        x, y = (place + at for place, at in zip(widget.region.offset, offset, strict=True))
        for _ in range(abs(by)):
            self.app.screen.post_message(kind(widget, x, y, 0, by, 0, False, False, False, x, y))
            await self.settle()

    async def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press the mouse's button at one place of the screen, and let go of it at another."""
        for kind, place in ((MouseDown, start), (MouseMove, end), (MouseUp, end)):
            self.app.post_message(kind(None, *place, 0, 0, 1, False, False, False, *place))
            await self.settle()
        await self.until_drawn()

    async def come_to_rest(self) -> None:
        """Wait until nothing on the screen changes any more."""
        seen = None
        while seen != (seen := self.screen):
            await self.pilot.pause(0.05)

    async def resize(self, size: tuple[int, int]) -> None:
        await self.pilot.resize_terminal(*size)
        # Textual takes a moment in which further sizes may come, and then lays the screen out.
        await self.until(lambda: self.app.screen.outer_size == size)
        await self.until_drawn()
        lines = self.screen.split("\n")
        assert (cell_len(lines[0]), len(lines)) == size

    async def until(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        # What takes longer is asked for less often: reading a screen takes more time than a run's step.
        interval = 0.005
        while not condition():
            assert time.monotonic() < deadline, f"in vain:\n{self.screen}"
            with in_between():
                await self.pilot.pause(interval)
            interval = min(1.5 * interval, 0.05)
        await self.pilot.pause()

    async def until_phase(self, *phases: Phase) -> None:
        await self.until(lambda: self.app.main.phase in phases)
        await self.settle()

    async def until_read(self, text: str) -> None:
        await self.until(lambda: text in self.screen)
        # What changes with it may be laid out a moment later.
        await self.until_drawn()

    async def until_drawn(self) -> None:
        """Wait until the screen has been refreshed with all that it was told."""
        for _ in range(2):  # what is laid out may ask for more
            drawn = asyncio.Event()
            self.app.screen.call_after_refresh(drawn.set)
            # A screen that is left meanwhile draws no more.
            with suppress(TimeoutError):
                await asyncio.wait_for(drawn.wait(), 0.5)

    def value(self, option: str) -> Any:
        return self.app.main.query_one(ConfigForm).fields[option].value


class Desks:
    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    @asynccontextmanager
    async def __call__(
        self,
        size: tuple[int, int] = USUAL,
        *,
        output: Path | None = None,
        plain: bool = False,
        resumed: RunRecord | None = None,
        given: Mapping[str, Any] | None = None,
        welcomes: bool = False,
        **options: Any,
    ) -> AsyncIterator[Desk]:
        app = TrainerApp(self.options | options, output, plain=plain, resumed=resumed, given=given, welcomes=welcomes)
        async with seated(app, size) as desk:
            try:
                yield desk
            finally:
                if app.main.runner is not None:
                    app.main.runner.control.stop()
                    assert app.main.runner.join(PATIENCE)


Watching = Callable[..., AbstractAsyncContextManager[Desk]]

LONG: dict[str, Any] = {"epochs": 100_000}
"""Options of a run that does not end by itself."""
