"""The sweeps there are, and a new one: what is the same for all its runs stands in the form, what is swept in a line."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import ScreenResume
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from tui_trainer import paths
from tui_trainer.command import essentials
from tui_trainer.commands.sweep import read_plan
from tui_trainer.config import Config, as_text
from tui_trainer.errors import UserError
from tui_trainer.language import N_, _, ngettext
from tui_trainer.paths import printable
from tui_trainer.runs.archive import run_name
from tui_trainer.runs.directory import fresh_folder
from tui_trainer.sweep.board import Board, Onlooker, find_sweeps
from tui_trainer.sweep.plan import Plan, extent
from tui_trainer.sweep.space import describe
from tui_trainer.sweep.workers import cores
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.explanation import Explanation
from tui_trainer.ui.messages import RunFailed
from tui_trainer.ui.screens.fitted import FittedScreen
from tui_trainer.ui.screens.sweep import SweepScreen
from tui_trainer.ui.sweep_runner import SweepOpened, SweepRefused
from tui_trainer.ui.sweeping import SweepingApp
from tui_trainer.ui.widgets.footer import KeyFooter

EXAMPLE = "--activation relu,elu --lr log:1e-4:1:7 --seed 0:3"

PAUSE = 0.2
"""Seconds without a key after which what was typed is read."""

MOST_WORKERS = 1024

KEYS = (
    ("relu,elu", N_("These values; 64;128,64 where a value has commas of its own")),
    ("0:5", N_("Whole numbers from 0 to 4; 0:10:2 in steps of two")),
    ("log:1e-4:1:7", N_("Seven numbers in equal ratios; lin:0:0.5:6 six in equal steps")),
    ("--samples 20", N_("Draw so many configurations; then lin:0:0.5 and log:1e-4:1 need no count")),
)

NOTES = (
    N_("All other options are those of the main screen's form. --seed 0:5 trains each configuration with five seeds."),
    N_("Each sweep has a folder of its own in sweeps/; `tui-trainer sweep --output` with it goes on with it too."),
    N_("Runs are trained by processes with one thread each; as many workers as cores are fastest."),
)


@dataclass
class SweepsFound(Message):
    """What there is: boards by folders, or why one cannot be read."""

    sweeps: Mapping[Path, Board | str]
    problem: str = ""


class SweepsScreen(FittedScreen[None]):
    """Takes the form's options, None while one of them is wrong."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "start", "Start", tooltip="Start the new sweep (in its field: enter)", priority=True),
        Binding("enter", "open", "Open", tooltip="In the list: open the sweep (mouse: click)"),
        Binding("g", "go_on", "Go on", tooltip="In the list: train what is left of the sweep, and open it"),
        Binding("r", "find", "Read again", tooltip="Read the list again", show=False),
        Binding("escape", "leave", "Back", tooltip="Leave a field, or go back to the main screen", key_display="esc"),
    ]

    AUTO_FOCUS = "#swept"

    def __init__(self, config: Config | None, marks: Marks) -> None:
        super().__init__()
        self._config = config
        self._marks = marks
        self._plan: Plan | None = None
        self._sweeps: Mapping[Path, Board | str] = {}
        self._reading: Timer | None = None

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self,), N_("In the field"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """The list over the new one."""
        with Horizontal(classes="header"):
            yield Label(_("sweeps"), classes="brand")
        with Vertical(id="found") as found:
            found.border_title = _("Sweeps")
            yield OptionList(compact=True, id="list")
            yield Static(id="none")
        with Vertical(id="new") as new:
            new.border_title = _("New sweep")
            with Horizontal(classes="line"):
                yield Label(_("swept"))
                yield Input(placeholder=EXAMPLE, compact=True, id="swept")
            yield Static(id="told")
            yield Static(id="fixed")
            with Horizontal(classes="line"):
                yield Label(_("workers"))
                yield Input(str(cores()), type="integer", compact=True, id="workers")
                yield Button(_("Start"), id="start", variant="primary", compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Look what there is."""
        self._show_fixed()
        self._tell_what_to_type()
        self.query_one("#none").display = False
        self.action_find()

    @on(ScreenResume)
    def _look_again(self) -> None:
        """What was opened may have gone on meanwhile."""
        if self.query("#list"):
            self.action_find()

    # What there is

    def action_find(self) -> None:
        """Read the list, in a thread: there may be many, on a slow disk."""
        threading.Thread(target=self._find, name="finding sweeps", daemon=True).start()

    def _find(self) -> None:
        found: dict[Path, Board | str] = {}
        try:
            for folder in find_sweeps(paths.sweeps()):
                onlooker = Onlooker(folder)
                try:
                    found[folder] = onlooker.look()
                except UserError as error:
                    found[folder] = str(error)
                finally:
                    onlooker.close()
            self.post_message(SweepsFound(found))
        except UserError as error:
            self.post_message(SweepsFound({}, str(error)))
        except BaseException as error:
            self.app.post_message(RunFailed(self, error))

    @on(SweepsFound)
    def _found(self, event: SweepsFound) -> None:
        if not self.query("KeyFooter"):  # this screen closes
            return
        chosen, self._sweeps = self._chosen(), event.sweeps
        choices = self.query_one("#list", OptionList)
        choices.clear_options()
        choices.add_options(Option(Content.assemble((run_name(path), "bold"), "  ", _told(each))) for path, each in event.sweeps.items())
        if event.sweeps:
            choices.highlighted = list(event.sweeps).index(chosen) if chosen and chosen in event.sweeps else 0
        choices.display = bool(event.sweeps)
        nothing = self.query_one("#none", Static)
        nothing.display = not event.sweeps
        nothing.update(Content(printable(event.problem or _("No sweeps in {folder} yet.").format(folder=paths.sweeps().absolute()))))

    def _chosen(self) -> Path | None:
        place = self.query_one("#list", OptionList).highlighted
        return list(self._sweeps)[place] if place is not None and place < len(self._sweeps) else None

    @on(OptionList.OptionSelected, "#list")
    def _selected(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Show the sweep."""
        if folder := self._chosen():
            self.app.push_screen(SweepScreen(folder, self._marks))

    def action_go_on(self) -> None:
        """Train what is left of the sweep."""
        if folder := self._chosen():
            board = self._sweeps[folder]
            if isinstance(board, Board) and board.is_complete and not board.standings.failed:
                self.notify(_("All its runs are trained: enter opens it."), severity="warning")
            else:
                self._begin(folder, None)

    # A new one

    def _show_fixed(self) -> None:
        if self._config is None:
            text = _("an option of the form is wrong: escape, and mend it first")
        else:
            given = {name: as_text(value) for name, value in self._fixed().items()}
            text = _("for all runs: {options} (the form)").format(options=describe(given, _) if given else _("the options' defaults"))
        self.query_one("#fixed", Static).update(Content(printable(text)))

    def _fixed(self) -> Mapping[str, Any]:
        values = essentials(self._config) if self._config else {}
        return {name: as_text(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @on(Input.Changed, "#swept")
    def _typed(self) -> None:
        if self._reading:
            self._reading.stop()
        self._reading = self.set_timer(PAUSE, self._read)

    def _read(self) -> None:
        """Say how many runs that is, or what is wrong."""
        if self._reading:
            self._reading.stop()
        self._plan = None
        text = self.query_one("#swept", Input).value
        if not text.strip():
            self._tell_what_to_type()
            return
        try:
            plan = read_plan(text, self._fixed())
            configurations, seeds = extent(plan)
        except UserError as error:
            self._tell(f"✗ {printable(str(error))}", is_wrong=True)
            return
        self._plan = plan
        counted = ngettext("{count:,} configuration", "{count:,} configurations", configurations).format(count=configurations)
        repeated = _(" × {seeds} seeds = {runs:,} runs").format(seeds=seeds, runs=configurations * seeds)
        self._tell(counted + (repeated if seeds > 1 else _(", one run each")))

    def _tell_what_to_type(self) -> None:
        self._tell(_("what differs among the runs, such as {example}").format(example=EXAMPLE))

    def _tell(self, text: str, *, is_wrong: bool = False) -> None:
        told = self.query_one("#told", Static)
        told.set_class(is_wrong, "-wrong")
        told.update(Content(text))

    @on(Input.Submitted)
    @on(Button.Pressed, "#start")
    def _start_wanted(self) -> None:
        self.action_start()

    def action_start(self) -> None:
        """Start the new sweep."""
        self._read()
        if self._config is None:
            self.notify(_("An option of the form is wrong: mend it first."), severity="error")
        elif self._plan is None:
            if not self.query_one("#told").has_class("-wrong"):
                self._tell(f"✗ {_('nothing is swept yet; type something like {example}').format(example=EXAMPLE)}", is_wrong=True)
            self.query_one("#swept").focus()
        else:
            self._begin(None, self._plan)

    def _is_free(self) -> bool:
        busy = isinstance(self.app, SweepingApp) and self.app.sweep_goes_on
        if busy:
            self.notify(_("A sweep is going on: stop it first."), severity="warning")
        return not busy

    def _begin(self, folder: Path | None, plan: Plan | None) -> None:
        """Train a sweep in its folder, or a new one in a fresh one."""
        workers = self.query_one("#workers", Input).value
        count = int(workers) if workers.isascii() and workers.isdigit() else 0
        if not 1 <= count <= MOST_WORKERS:
            self._tell(f"✗ {_('workers: a number from 1 to {most:,}').format(most=MOST_WORKERS)}", is_wrong=True)
            self.query_one("#workers").focus()
        elif self._is_free() and isinstance(self.app, SweepingApp):
            try:
                folder = folder or fresh_folder(paths.sweeps())
            except OSError as error:
                self._tell(f"✗ {paths.sweeps()}: {(error.strerror or str(error)).lower()}", is_wrong=True)
            else:
                self._tell(_("reading the images, starting the workers"))
                self.app.begin_sweep(folder, plan, count)

    @on(SweepOpened)
    def _opened(self, event: SweepOpened) -> None:
        if not self.is_current:
            return
        self._read()
        self.app.push_screen(SweepScreen(event.runner.folder, self._marks))

    @on(SweepRefused)
    def _refused(self, event: SweepRefused) -> None:
        self._tell(f"✗ {printable(event.reason)}", is_wrong=True)

    def action_leave(self) -> None:
        """Leave the field for the list, or the screen."""
        if isinstance(self.focused, Input) and self._sweeps:
            self.query_one("#list").focus()
        else:
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A sweep is opened from the list, where one sees which it is."""
        return action not in ("open", "go_on") or isinstance(self.focused, OptionList)


def _told(sweep: Board | str) -> str:
    """A sweep in a line."""
    if isinstance(sweep, str):
        return f"✗ {printable(sweep)}"
    standings = sweep.standings
    state = _("going on") if sweep.going_on else _("complete") if sweep.is_complete else _("stopped")
    runs = _("{ended:,} of {total:,} runs").format(ended=standings.done + standings.failed, total=standings.total)
    best = _(", best {accuracy:.2%}").format(accuracy=sweep.best.mean) if sweep.best and sweep.best.mean else ""
    names = " × ".join(_(name.replace("_", " ")) for name in sweep.names)
    return f"{state}, {runs}{best}\n  {printable(names)}"
