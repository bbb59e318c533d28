"""The sweeps there are, and a new one, which is built from lists."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import ScreenResume
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui_trainer.config.options import Config
from tui_trainer.errors import reason_of
from tui_trainer.history.history import History
from tui_trainer.runs.archive import run_name
from tui_trainer.runs.directory import fresh_folder
from tui_trainer.sweep.board import Board
from tui_trainer.sweep.forecast import Measured
from tui_trainer.sweep.plan import Plan
from tui_trainer.system import folders
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.fitted import FittedScreen
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.plugins import read_again
from tui_trainer.ui.kit.titles import header
from tui_trainer.ui.sweeps.finder import SweepFinder, SweepsFound
from tui_trainer.ui.sweeps.marking import OptionLines, ValueLines
from tui_trainer.ui.sweeps.new_sweep import NewSweep
from tui_trainer.ui.sweeps.runner import SweepOpened, SweepRefused
from tui_trainer.ui.sweeps.sweep import SweepScreen
from tui_trainer.ui.sweeps.sweeping import SweepingApp

KEYS = (
    ("tab, shift+tab", N_("Go to the next part, or to the one before")),
    ("relu,elu", N_("These values; 64;128,64 where a value has commas of its own")),
    ("0:5", N_("Whole numbers from 0 to 4; 0:10:2 in steps of two")),
    ("log:1e-4:1:7", N_("Seven numbers in equal ratios; lin:0:0.5:6 six in equal steps")),
    ("--samples 20", N_("Draw so many configurations; then lin:0:0.5 and log:1e-4:1 need no count")),
)

NOTES = (
    N_("All other options are those of the main screen's form. --seed 0:5 trains each configuration with five seeds."),
    N_("Each sweep has a folder of its own in sweeps/; `tui-trainer sweep --output` with it resumes it too."),
    N_("Runs are trained by processes with one thread each; as many workers as cores are fastest."),
)


class SweepsScreen(FittedScreen[None]):
    """Takes the form's options, None while one of them is wrong."""

    SHEET = "sweeps/sweeps.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "start", "Start", tooltip="Start the new sweep (in its command: enter)", priority=True),
        Binding("enter", "open", "Open", tooltip="In the list: open the sweep (mouse: click)"),
        Binding("g", "go_on", "Resume", tooltip="In the list: train what is left of the sweep, and open it"),
        Binding("c", "type", "Command", tooltip="Type the new sweep's command"),
        Binding("k", "copy", "Copy", tooltip="Copy the new sweep's command, with the form's options", show=False),
        Binding("r", "find", "Read again", tooltip="Read the list again", show=False),
        Binding("escape", "leave", "Back", tooltip="Go back to the list, or to the main screen", key_display="esc"),
    ]

    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012 so does Textual declare it

    AUTO_FOCUS = "#options"

    def __init__(self, config: Config | None, marks: Marks, latest: History | None = None) -> None:
        super().__init__()
        self._config = config
        self._latest = latest
        """A run of which it is known how long its epochs took."""
        self._marks = marks
        self._sweeps: Mapping[Path, Board | str] = {}
        self._finder = SweepFinder(self.post_message)
        self._is_listed = asyncio.Event()

    async def ready(self) -> None:
        """Wait for the list."""
        await self._is_listed.wait()

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self, OptionLines, ValueLines), N_("In the command"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """The list over the new one."""
        yield header(_("sweeps"))
        with Vertical(id="found", classes="pane") as found:
            found.border_title = _("Sweeps")
            yield OptionList(compact=True, id="list")
            yield Static(id="none")
        yield NewSweep(self._config, id="new")
        yield KeyFooter("k")

    def on_mount(self) -> None:
        """Look what there is."""
        self.query_one("#none").display = False
        self._finder.start()
        self.action_find()

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._finder.stop()

    @on(ScreenResume)
    def _look_again(self) -> None:
        """What was opened may have been trained meanwhile."""
        if self.query("#list"):
            self.action_find()

    # What there is

    def action_find(self) -> None:
        """Read the list."""
        self._finder.wake()

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
        self.query_one(NewSweep).learn(self._measured())
        nothing = self.query_one("#none", Static)
        nothing.display = not event.sweeps
        self._is_listed.set()
        nothing.update(Content(printable(event.problem or _("No sweeps in {folder} yet.").format(folder=folders.sweeps().absolute()))))

    def _measured(self) -> list[Measured]:
        """How long epochs took, of the runs of all sweeps and of the latest one."""
        results = [result for board in self._sweeps.values() if isinstance(board, Board) for result in board.results]
        found = [Measured(each.config, each.figures.seconds / each.figures.epochs) for each in results if each.figures.epochs]
        if self._latest and self._latest.config and self._latest.epochs:
            found.append(Measured(self._latest.config.record(), self._latest.epochs[-1].seconds))
        return found

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
            if isinstance(board, Board) and board.is_complete and not board.progress.failed:
                self.notify(_("All its runs are trained: enter opens it."), severity="warning")
            else:
                self._begin(folder, None)

    # A new one

    @on(NewSweep.Wanted)
    async def _start_wanted(self) -> None:
        await self.action_start()

    async def action_start(self) -> None:
        """Start the new sweep, with plugins as they are now, unless a run goes on with them as they were."""
        if isinstance(self.app, SweepingApp) and not self.app.is_training and await read_again(self) is None:
            return
        new = self.query_one(NewSweep)
        plan = new.read()
        if self._config is None:
            self.notify(_("An option of the form is wrong: mend it first."), severity="error")
        elif plan is None:
            new.ask_for_plan()
        else:
            self._begin(None, plan)

    def _is_free(self) -> bool:
        busy = isinstance(self.app, SweepingApp) and self.app.sweep_goes_on
        if busy:
            self.notify(_("A sweep is going on: stop it first."), severity="warning")
        return not busy

    def _begin(self, folder: Path | None, plan: Plan | None) -> None:
        """Train a sweep in its folder, or a new one in a fresh one."""
        new = self.query_one(NewSweep)
        if self._is_free() and isinstance(self.app, SweepingApp):
            try:
                folder = folder or fresh_folder(folders.sweeps())
            except OSError as error:
                new.complain(f"{folders.sweeps()}: {reason_of(error)}")
            else:
                new.tell(_("reading the images, starting the workers"))
                self.app.begin_sweep(folder, plan, new.workers_wanted())

    @on(SweepOpened)
    def _opened(self, event: SweepOpened) -> None:
        if not self.is_current:
            return
        self.query_one(NewSweep).read()
        self.app.push_screen(SweepScreen(event.runner.folder, self._marks))

    @on(SweepRefused)
    def _refused(self, event: SweepRefused) -> None:
        self.query_one(NewSweep).complain(printable(event.reason))

    def action_type(self) -> None:
        """Type the command."""
        self.query_one(NewSweep).type_command()

    def action_copy(self) -> None:
        """Copy the command."""
        command = self.query_one(NewSweep).command
        self.app.copy_to_clipboard(command)
        self.notify(f"{_('copied')}: {printable(command)}", timeout=4, markup=False)

    def action_leave(self) -> None:
        """Leave the new sweep for the list, where there is one, and the list for the screen below."""
        new = self.query_one(NewSweep)
        if self._sweeps and new.has_focus_within:
            self.query_one("#list").focus()
        elif not new.leave_part():
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A sweep is opened from the list, where one sees which it is."""
        return action not in ("open", "go_on") or (self.focused is not None and self.focused.id == "list")


def _told(sweep: Board | str) -> str:
    """A sweep in a line."""
    if isinstance(sweep, str):
        return f"✗ {printable(sweep)}"
    counts = sweep.progress
    state = _("going on") if sweep.is_running else _("complete") if sweep.is_complete else _("stopped")
    runs = _("{ended:,} of {total:,} runs").format(ended=counts.done + counts.failed, total=counts.total)
    best = _(", best {accuracy:.2%}").format(accuracy=sweep.best.mean) if sweep.best and sweep.best.mean else ""
    names = " × ".join(_(name.replace("_", " ")) for name in sweep.names)
    return f"{state}, {runs}{best}\n  {printable(names)}"
