"""Somebody who sits at the app: keys and mouse to steer it, and what can be read on its screen."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widget import Widget

from tui_trainer.runs.archive import RunRecord
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.run_panel import Phase

SMALL = (80, 24)
USUAL = (120, 40)
LARGE = (200, 60)

KEYS = {",": "comma", ".": "full_stop", "-": "minus", " ": "space", ":": "colon", "=": "equals_sign", "_": "underscore"}
"""What Textual calls the keys of these."""


class Desk:
    """An app, somebody's hands on its keys and eyes on its screen."""

    def __init__(self, app: TrainerApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        """What can be read."""
        lines = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join("".join(segment.text for segment in line) for line in lines)

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
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*(KEYS.get(letter, letter) for letter in text))

    async def click(self, selector: str) -> None:
        # What has just been shown may still move what is clicked.
        place = None
        while place != (place := self.app.screen.query_one(selector).region):
            await self.pilot.pause(0.05)
        assert await self.pilot.click(selector)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"in vain:\n{self.screen}"
            await asyncio.sleep(0.02)
            await self.pilot.pause()

    async def until_phase(self, *phases: Phase) -> None:
        await self.until(lambda: self.app.main.phase in phases)
        await self.pilot.pause()

    async def until_read(self, text: str) -> None:
        await self.until(lambda: text in self.screen)

    def value(self, option: str) -> Any:
        return self.app.main.query_one(ConfigForm)._fields[option].value


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
        **options: Any,
    ) -> AsyncIterator[Desk]:
        app = TrainerApp(self.options | options, output, plain=plain, resumed=resumed, given=given)
        async with app.run_test(size=size, notifications=True) as pilot:
            desk = Desk(app, pilot)
            # The footer is the last to be there.
            await desk.until(lambda: bool(app.screen.query("FooterKey")))
            try:
                yield desk
            finally:
                if app.main.runner is not None:
                    app.main.runner.control.stop()
                    assert app.main.runner.join(20)
        assert app.fault is None


Watching = Callable[..., AbstractAsyncContextManager[Desk]]

LONG: dict[str, Any] = {"epochs": 100_000}
"""Options of a run that does not end by itself."""
