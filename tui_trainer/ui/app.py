"""The application: one main screen, the way out, and the palette's commands."""

import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui_trainer.config import Config
from tui_trainer.errors import UserError
from tui_trainer.ui import plot
from tui_trainer.ui.messages import RunEnded, RunFailed, RunRefused
from tui_trainer.ui.screens.help import HelpScreen
from tui_trainer.ui.screens.main import MainScreen
from tui_trainer.ui.screens.quit import QuitScreen

ON_A_FAULT_WAIT = 10.0
"""Seconds that a run has to save what it learned when the screen has broken down."""


class TrainerApp(App[int]):
    """Ends with 0 when it is left; while a run goes on it asks first, and waits until what was learned is saved."""

    TITLE = "tui-trainer"
    CSS_PATH = "app.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", "Help", tooltip="Show all keys", key_display="f1"),
        Binding("ctrl+q", "quit", "Quit", tooltip="Leave; asks first while a run is going on", priority=True),
        Binding("ctrl+p", "command_palette", "Palette", tooltip="Search all commands, themes among them", priority=True, show=False),
    ]

    def __init__(self, values: Mapping[str, Any] | None = None, output: Path | None = None, *, plain: bool | None = None) -> None:
        super().__init__()
        plain = not _writes_utf8() if plain is None else plain
        self.main = MainScreen(values or {}, output, plot.PLAIN if plain else plot.BRAILLE)
        self.set_class(plain, "-plain")
        self.fault: BaseException | None = None
        self._leaving = False

    def get_default_screen(self) -> Screen[None]:
        """Everything is on one screen."""
        return self.main

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Add what the main screen can do now to the palette."""
        yield from super().get_system_commands(screen)
        if screen is self.main:
            for binding in _bindings(self.main):
                if binding.action != "leave" and self.main.check_action(binding.action.partition("(")[0], ()):
                    yield SystemCommand(binding.description, binding.tooltip, self._runs(binding.action))
        yield SystemCommand("Help", "Show all keys", self.action_help)

    def _runs(self, action: str) -> Any:
        async def run() -> None:
            await self.run_action(action, self.main)

        return run

    def action_help(self) -> None:
        """Show what each key does."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen([*_bindings(self.main), *_bindings(self)]))

    async def action_quit(self) -> None:
        """Leave, or ask first; insisting leaves at once."""
        if self._leaving or not self.main.phase.going_on:
            self.exit(0)
        elif isinstance(self.screen, QuitScreen):
            self.screen.dismiss(True)
        else:
            self.push_screen(QuitScreen(), self._leave_if)

    def action_help_quit(self) -> None:
        """Textual tells whoever presses ctrl+c how to leave; on the way out it is meant."""
        if self._leaving:
            self.exit(0)
        else:
            super().action_help_quit()

    def _leave_if(self, wanted: bool | None) -> None:
        if not wanted:
            return
        if not self.main.phase.going_on:
            self.exit(0)
            return
        self._leaving = True
        self.main.action_stop()
        self.notify("Saving what was learned. ctrl+q again leaves at once.", title="Leaving")

    def on_run_ended(self, _event: RunEnded) -> None:
        """The files are written: whoever waited for that may go."""
        if self._leaving:
            self.exit(0)

    def on_run_refused(self, _event: RunRefused) -> None:
        """There is nothing to wait for any more."""
        if self._leaving:
            self.exit(0)

    def on_run_failed(self, event: RunFailed) -> None:
        """A fault of the program's: there is nothing to go on with."""
        self.fault = event.error
        self.exit(return_code=1)


def run_app(values: Mapping[str, Any], output: Path | None = None) -> int:
    """Run the app and return the program's exit status. Raises UserError where there is no terminal to draw on."""
    _require_terminal()
    Config.parse(values)
    app = TrainerApp(values, output)
    app.run()
    if app.fault:
        traceback.print_exception(app.fault)
    status = app.return_code or 0
    runner = app.main.runner
    if status and runner:
        # A broken screen does not break a run: it ends as if it had been stopped.
        runner.control.stop()
        runner.join(ON_A_FAULT_WAIT)
    return status


def _require_terminal() -> None:
    # Textual reads keys from stdin and draws on stderr, and would do so into a pipe too.
    terminal = sys.__stdin__ is not None and sys.__stdin__.isatty() and sys.__stderr__ is not None and sys.__stderr__.isatty()
    if not terminal:
        raise UserError("the app needs a terminal for its keys and its screen; use --no-ui to train without one")
    if os.environ.get("TERM", "") in ("dumb", "unknown"):
        raise UserError(f"the app cannot draw on a terminal of type {os.environ['TERM']!r}; use --no-ui to train without a screen")


def _writes_utf8() -> bool:
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "").startswith("utf")


def _bindings(node: App[int] | Screen[None]) -> Iterator[Binding]:
    """A node's own bindings, without those that every Textual app has."""
    for binding in node.BINDINGS:
        if isinstance(binding, Binding):
            yield binding
