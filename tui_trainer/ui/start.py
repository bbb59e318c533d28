"""Ways into the app: each takes the terminal, runs the app to its end, and gives the program's exit status."""

import gc
import traceback
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from textual.messages import ExitApp
from textual.screen import Screen

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord, read_run
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.follow import Follower
from tui_trainer.runs.resumable import why_not_resumable
from tui_trainer.runs.resumption import read_resumption
from tui_trainer.system import folders, terminal
from tui_trainer.system.streams import warn
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.chart import raster
from tui_trainer.ui.departure import leaving_in_order
from tui_trainer.ui.descent.screen import PICTURES_PER_SECOND, SHOWN, PathsScreen
from tui_trainer.ui.run.view import LOOKS_PER_SECOND
from tui_trainer.ui.settings import Settings
from tui_trainer.ui.sweeps.sweep import SweepScreen
from tui_trainer.ui.web import served


def run_app(
    values: Mapping[str, Any],
    output: Path | None = None,
    resume: Path | None = None,
    *,
    looks_per_second: float = LOOKS_PER_SECOND,
    mouse: bool = True,
    welcome: bool = True,
) -> int:
    """Run the app and return the program's exit status. Raises UserError where there is no terminal to draw on.

    Who has not trained anything here yet, and asks for nothing in particular, has a `welcome`.
    """
    plain = _take_terminal("use --no-ui to train without a screen")
    settings = Settings.load()
    looks: dict[str, Any] = {"plain": plain, "looks_per_second": looks_per_second, "settings": settings}
    if resume:
        record, options = read(resume, values)
        app = TrainerApp(options, resumed=record, given=values, **looks)
    else:
        Config.parse(values)
        # Options that are given stand beside the defaults, not beside those of the last run.
        welcomes = welcome and not values and not settings.options and not folders.runs().exists()
        app = TrainerApp(values or settings.options, output, welcomes=welcomes, **looks)
    return _run(app, mouse=mouse)


def watch_in_app(follower: Follower, *, looks_per_second: float, mouse: bool) -> int:
    """Show a run that another process trains, and return the program's exit status. Raises UserError as `run_app` does."""
    plain = _take_terminal("use --no-ui to watch without a screen")
    return _run(TrainerApp(plain=plain, looks_per_second=looks_per_second, settings=Settings.load(), watched=follower), mouse=mouse)


def show_paths_in_app(
    surface: str, shown: Sequence[str] | None, rates: Mapping[str, float], *, pictures_per_second: float | None, mouse: bool
) -> int:
    """Begin on the screen of the optimizers' paths, and return the program's exit status. Raises UserError as `run_app` does."""

    def opening(marks: raster.Marks) -> Screen[None]:
        pace = PICTURES_PER_SECOND if pictures_per_second is None else pictures_per_second
        return PathsScreen(marks, surface, SHOWN if shown is None else shown, rates, pace)

    plain = _take_terminal("use --no-ui to be told where each ends")
    settings = Settings.load()
    return _run(TrainerApp(settings.options, plain=plain, settings=settings, opening=opening), mouse=mouse)


def watch_sweep_in_app(folder: Path, *, looks_per_second: float, mouse: bool) -> int:
    """Begin on the screen of a sweep, and return the program's exit status. Raises UserError as `run_app` does."""
    plain = _take_terminal("`tui-trainer sweep report` tells of it without a screen")
    settings = Settings.load()
    opening = partial(SweepScreen, folder, looks_per_second=looks_per_second)
    return _run(TrainerApp(settings.options, plain=plain, settings=settings, opening=opening), mouse=mouse)


def _take_terminal(instead: str) -> bool:
    """Make ready to draw, and tell whether that has to be in plain characters.

    Raises UserError where there is no terminal, which says what to do `instead`.
    """
    if served.is_served():
        terminal.leave_terminal()
        return False
    terminal.require_terminal(instead)
    if terminal.writes_utf8():
        return False
    terminal.write_look_alikes()
    return True


def collect_seldom() -> None:
    """Have the garbage collector look at what comes from now on, and not after each seven hundred new objects."""
    # What is there by now stays: to look for garbage among it again and again would hold up the screen each time.
    gc.collect()
    gc.freeze()
    # A screen alone is tens of thousands, which live as long as it does. A look at the 50,000 last ones takes 40 ms.
    gc.set_threshold(10_000, 5)


def _run(app: TrainerApp, *, mouse: bool) -> int:
    with nullcontext() if served.is_served() else leaving_in_order(app.save, lambda: app.post_message(ExitApp()), app.wait):
        collect_seldom()
        try:
            app.run(mouse=mouse)
        finally:
            # A broken screen does not break a run, nor does a page that is closed: the run ends as if it had been stopped.
            if app.return_code != 0:
                app.save("stopped" if app.return_code else "interrupted")
    if app.fault:
        traceback.print_exception(app.fault)
    if app.main.runner and app.main.runner.trouble:
        warn(f"{app.main.runner.trouble}; what was written before is whole")
    if app.refusal:
        raise app.refusal
    return app.return_code or 0


def read(path: Path, given: Mapping[str, Any]) -> tuple[RunRecord, Mapping[str, Any]]:
    """The run to resume, and its options, `given` in their place, checked before there is a screen. Raises UserError."""
    record = read_run(path)
    if problem := why_not_resumable(record):
        raise UserError(problem, option="--resume", path=path)
    config = read_resumption(RunDirectory(path), given).config
    return record, {name: value for name, value in config if value is not None}
