"""The application: one main screen, the way out, and the palette's commands."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.messages import ExitApp
from textual.screen import Screen
from textual.theme import ThemeProvider

from tui_trainer.errors import UserError, reason_of
from tui_trainer.plugins.blame import blamed
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.follow import Follower
from tui_trainer.system import folders
from tui_trainer.text.language import _
from tui_trainer.training.events import Status
from tui_trainer.ui.chart import raster
from tui_trainer.ui.kit.background import WorkFailed
from tui_trainer.ui.kit.contrast import legible
from tui_trainer.ui.kit.explanation import Explained, bindings
from tui_trainer.ui.kit.fitted import Palette
from tui_trainer.ui.kit.help import HelpScreen
from tui_trainer.ui.kit.quit import QuitScreen
from tui_trainer.ui.lessons.tested import LessonTested
from tui_trainer.ui.main import MainScreen
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.messages import RunEnded, RunRefused, RunStarted
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.run.view import LOOKS_PER_SECOND
from tui_trainer.ui.runs.watch import WatchScreen
from tui_trainer.ui.settings import Settings
from tui_trainer.ui.sweeps.runner import SweepRunner
from tui_trainer.ui.sweeps.sweep import SweepScreen
from tui_trainer.ui.sweeps.sweeping import SweepingApp
from tui_trainer.ui.themes import NIGHT, THEMES
from tui_trainer.ui.web import served
from tui_trainer.ui.welcome.screen import WelcomeScreen

FEATURES = ("kit", "chart", "run")
"""Those that are there from the start have their style sheets read then; a later one may overrule an earlier one."""

SAVING = 10.0
"""Seconds that a run has to save what it learned when the screen has broken down or a signal ends the process."""


class TrainerApp(SweepingApp):
    """Ends with 0 when it is left; while a run is trained it asks first, and waits until what was learned is saved.

    Where a run is `resumed` it begins with that, the options `given` in place of its own. Where one is `watched`, which runs
    in another process, it shows that and nothing else. Where there is an `opening` it begins on that screen, over the main one; else
    with the first minute where it `welcomes`.
    """

    TITLE = "tui-trainer"
    CSS_PATH: ClassVar[Any] = [f"{feature}/{feature}.tcss" for feature in FEATURES]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", "Help", tooltip="Show all keys", key_display="f1"),
        Binding("ctrl+q", "quit", "Quit", tooltip="Leave; asks first while a run is going on", priority=True),
        Binding("ctrl+p", "command_palette", "Palette", tooltip="Search all commands, themes among them", priority=True, show=False),
        Binding("ctrl+z", "suspend_process", "Suspend", tooltip="Back to the shell, the run held; `fg` goes on", priority=True, show=False),
    ]

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        output: Path | None = None,
        *,
        plain: bool = False,
        looks_per_second: float = LOOKS_PER_SECOND,
        settings: Settings | None = None,
        resumed: RunRecord | None = None,
        given: Mapping[str, Any] | None = None,
        watched: Follower | None = None,
        opening: Callable[[raster.Marks], Screen[None]] | None = None,
        welcomes: bool = False,
    ) -> None:
        super().__init__()
        self._to_resume, self._given = resumed, given or {}
        self._settings = settings
        self.pane_sizes = {size: dict(panes) for size, panes in settings.panes.items()} if settings else {}
        """Where borders between panes were moved to."""
        if "TEXTUAL_ANIMATIONS" not in os.environ:
            # A slow line has other things to carry than lists that glide into place.
            self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        if "TEXTUAL_THEME" not in os.environ:
            self.theme = NIGHT.name
        marks = raster.PLAIN if plain else raster.BRAILLE
        self.main = MainScreen(values or {}, output, marks, looks_per_second)
        if settings:
            self.main.outcomes.update(settings.lessons)
        self._opening = opening(marks) if opening else None
        self._welcomes = welcomes
        self._watch = WatchScreen(watched, marks, looks_per_second) if watched else None
        self.set_class(plain, "-plain")
        self.fault: BaseException | None = None
        self.refusal: UserError | None = None
        """What a plugin did wrong that the app cannot go on with."""
        self._leaving = False

    def on_mount(self) -> None:
        """Look as it did the last time."""
        if self._settings:
            if self._settings.theme in self.available_themes:
                self.theme = self._settings.theme
            self.theme_changed_signal.subscribe(self, lambda theme: self._remember(theme=theme.name))

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        """The screens that can be seen through the one in front: for Textual also one behind an opaque one, all of which it draws again."""
        is_opaque = bool(self._screen_stack) and self._screen_stack[-1].styles.background.a == 1
        return [] if is_opaque else super()._background_screens

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, where they can be told apart."""
        variables = super().get_css_variables()
        return {**variables, **legible(variables)}

    def _remember(self, **what: Any) -> None:
        if self._settings:
            try:
                self._settings.remember(**what)
            except OSError as error:
                self._settings = None
                problem = _("Theme, options and lessons cannot be remembered: {path}: {reason}")
                problem = problem.format(path=folders.settings(), reason=reason_of(error))
                self.notify(folders.printable(problem), severity="warning", markup=False)

    def remember_panes(self) -> None:
        """Lay out the next time as it is now."""
        self._remember(panes=self.pane_sizes)

    def on_run_started(self, event: RunStarted) -> None:
        """Offer the same options the next time."""
        if isinstance(event.run, Runner) and not event.run.resumes:
            self._remember(config=event.run.config)

    def on_lesson_tested(self, event: LessonTested) -> None:
        """Remember how a lesson came out."""
        self.main.outcomes[event.name] = event.outcome
        self._remember(lessons={event.name: event.outcome})

    def on_ready(self) -> None:
        """Resume a run; an app that is served does not outlive its server."""
        if self._to_resume:
            self.main.resume(self._to_resume, self._given)
        if self._opening:
            self.push_screen(self._opening)
        elif self._welcomes:
            self.action_welcome()
        if served.is_served():
            served.when_the_server_is_gone(lambda: self.post_message(ExitApp()))

    def get_default_screen(self) -> Screen[None]:
        """The run that is watched, or the main screen."""
        return self._watch or self.main

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Add what the main screen can do now to the palette."""
        for title, help_text, callback, discover in super().get_system_commands(screen):
            yield SystemCommand(_(title), _(help_text), callback, discover)
        if isinstance(screen, Explained):
            for binding in bindings(screen):
                if binding.action not in ("leave", "back") and screen.check_action(binding.action.partition("(")[0], ()):
                    yield SystemCommand(_(binding.description), _(binding.tooltip), self._runs(binding.action, screen))
        if screen is self.main:
            yield SystemCommand(_("Compare runs"), _("The same as Runs"), self.main.action_compare)
            yield SystemCommand(_("Welcome"), _("Digits that a network learns to read, and three ways to go on"), self.action_welcome)
        yield SystemCommand(_("Help"), _("Show all keys"), self.action_help)
        for name, theme in self.available_themes.items():
            title = _("Theme {name}, dark") if theme.dark else _("Theme {name}, light")
            yield SystemCommand(title.format(name=name), _("Change the colours"), partial(setattr, self, "theme", name), discover=False)

    def _runs(self, action: str, screen: Screen[Any]) -> Any:
        async def run() -> None:
            await self.run_action(action, screen)

        return run

    def action_command_palette(self) -> None:
        """Search the commands."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(placeholder=_("Search for commands…"), id="--command-palette"))

    def search_themes(self) -> None:
        """Search the themes."""
        self.push_screen(Palette([ThemeProvider], placeholder=_("Search for themes…")))

    def action_help(self) -> None:
        """Show what each key does."""
        if not isinstance(self.screen, HelpScreen):
            explained = self.screen if isinstance(self.screen, Explained) else self.main
            self.push_screen(HelpScreen(explained.explanation(), self))

    def action_welcome(self) -> None:
        """Show the first minute."""
        config = self.main.query_one(ConfigForm).config
        if config and not self.main.phase.going_on:
            self.push_screen(WelcomeScreen(config, self.main, plain=self.has_class("-plain")), self.main.go)

    async def action_quit(self) -> None:
        """Leave, or ask first; insisting leaves at once."""
        if self._leaving or not self._is_busy():
            self.exit(0)
        elif isinstance(self.screen, QuitScreen):
            self.screen.dismiss(True)
        else:
            a_run = _("A run is going on. Stop it, save what it has learned, and leave?")
            a_sweep = _("A sweep is going on. Stop it, save what its runs have learned, and leave?")
            self.push_screen(QuitScreen(a_run if self.main.phase.going_on else a_sweep), self._leave_if)

    @property
    def is_training(self) -> bool:
        return self.main.phase.going_on

    def _is_busy(self) -> bool:
        return self.main.phase.going_on or self.sweep_goes_on

    def action_help_quit(self) -> None:
        """ctrl+c makes Textual say how to leave; on the way out it leaves at once."""
        if self._leaving:
            self.exit(0)
        else:
            super().action_help_quit()

    def action_suspend_process(self) -> None:
        """Go back to the shell. The run holds meanwhile, so that the time until `fg` does not count as training."""
        if self._driver is not None and self._driver.can_suspend:
            with self.main.panel.held():
                super().action_suspend_process()

    @on(Driver.SignalResume)
    def _resumed(self) -> None:
        """Draw all of the screen, which the shell had; Textual draws what changes."""
        self.refresh(layout=True)

    def save(self, status: Status = "interrupted") -> None:
        """Stop the run and the sweep, and wait until their files are written. May be called from any thread."""
        self.stop_sweep()
        if self.main.runner:
            self.main.runner.stop(status)
            self.main.runner.join(SAVING)
        if self.sweep:
            self.sweep.join(SAVING)

    def wait(self) -> None:
        """Wait until the run and the sweep have ended. May be called from any thread."""
        if self.main.runner:
            self.main.runner.join()
        if self.sweep:
            self.sweep.join()

    def _leave_if(self, wanted: bool | None) -> None:
        if not wanted:
            return
        if not self._is_busy():
            self.exit(0)
            return
        self._leaving = True
        self.main.action_stop()
        self.stop_sweep()
        self.notify(_("Saving what was learned. ctrl+q again leaves at once."))

    def on_run_ended(self, _event: RunEnded) -> None:
        """The files are written: the app may be left."""
        self._leave_when_idle()

    def on_run_refused(self, _event: RunRefused) -> None:
        """There is nothing to wait for any more."""
        self._leave_when_idle()

    def shows_sweep(self, runner: SweepRunner) -> bool:
        return isinstance(self.screen, SweepScreen) and self.screen.runner is runner

    def sweep_is_over(self) -> None:
        self._leave_when_idle()

    def _leave_when_idle(self) -> None:
        if self._leaving and not self._is_busy():
            self.exit(0)

    def _handle_exception(self, error: Exception) -> None:
        # Textual has no other place where an exception in a screen can be told otherwise than as a traceback.
        self.refusal = blamed(error)
        if self.refusal:
            self.exit(return_code=2)
        else:
            super()._handle_exception(error)

    def on_work_failed(self, event: WorkFailed) -> None:
        """A fault of the program's: the app ends."""
        self.fault = event.error
        self.exit(return_code=1)
