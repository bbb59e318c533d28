"""A sweep, while it is trained or afterwards: its runs or configurations in a table, a map of two options, and curves over each other."""

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import run_name
from tui_trainer.runs.follow import Follower
from tui_trainer.sweep.board import Board
from tui_trainer.sweep.store import RUNS
from tui_trainer.sweep.table import Table
from tui_trainer.system.folders import printable
from tui_trainer.system.machine import cores
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.kit.charts import CHART_KEYS
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.meter import Meter
from tui_trainer.ui.kit.panes import PaneScreen
from tui_trainer.ui.kit.titles import ViewTabs, header
from tui_trainer.ui.runs.watch import WatchScreen
from tui_trainer.ui.sweeps.curves import MOST, SweepCurves
from tui_trainer.ui.sweeps.heat_map import SweepHeat
from tui_trainer.ui.sweeps.runner import SweepOver, SweepRefused, SweepRunner
from tui_trainer.ui.sweeps.runs import SweepRuns
from tui_trainer.ui.sweeps.state import State, outcome, progress
from tui_trainer.ui.sweeps.sweeping import SweepingApp
from tui_trainer.ui.sweeps.table import SweepTable
from tui_trainer.ui.sweeps.watcher import CurvesRead, SweepSeen, SweepWatcher

VIEWS = ("table", "map", "curves")
"""What a small terminal shows one at a time; a large one shows all."""

LOOKS_PER_SECOND = 1.0

KEYS = (
    ("tab, shift+tab", N_("Go from the table to the map, to the charts, and back")),
    (N_("wheel"), N_("Mouse: go through the table")),
)

NOTES = (
    N_("A filter's words must all occur in a row; activation=relu or act=relu is that value and no other. escape takes the filter away."),
    N_("The charts show the run under the cursor in full, and the marked runs by their validation set."),
    N_("A cell of the map is the mean over its runs, ± the standard deviation over the seeds of a configuration, its shade its rank."),
    N_(
        "A diverged run counts as right in 0 of all images. "
        "The validation set chooses; the test set is shown to what was chosen, in the end."
    ),
    N_("A sweep that was started here goes on when this screen is left; leaving the app asks first, and stops it."),
)


SWEEP_KEYS = (
    Binding("c", "group", "Group", tooltip="A row for each run, or for each configuration, whose seeds are one", show=False),
    Binding("slash", "filter", "Find", tooltip="Show the rows alone in which some words occur: relu 0.01, activation=relu", show=False),
    Binding("s", "stop", "Stop", tooltip="Stop the sweep; its runs keep what they have learned, and can be resumed"),
    Binding("g", "go_on", "Resume", tooltip="Train what is left of the sweep"),
    Binding("u", "unmark", "Unmark", tooltip="Take all marks away", show=False),
    Binding("1", "view('table')", "Table", tooltip="Go to the table", show=False),
    Binding("2", "view('map')", "Map", tooltip="Go to the map of two options", show=False),
    Binding("3", "view('curves')", "Curves", tooltip="Go to the curves", show=False),
    Binding("escape", "leave", "Back", tooltip="Leave a filter, an enlarged pane, or the sweep", key_display="esc"),
)


class SweepScreen(PaneScreen[None]):
    """Looks at the folder again and again, whichever process trains the sweep; where that is this app, it can be stopped here."""

    SHEET = "sweeps/sweeps.tcss"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide"), (180, "-vast")]  # noqa: RUF012 so does Textual declare it

    BINDINGS: ClassVar[list[BindingType]] = [*CHART_KEYS, *SWEEP_KEYS]

    PANES = (Chart, SweepTable, SweepHeat)
    VIEWED = "#sweep"
    AUTO_FOCUS = "SweepTable"

    def __init__(self, folder: Path, marks: Marks, looks_per_second: float = LOOKS_PER_SECOND) -> None:
        super().__init__(marks)
        self.folder = folder
        self._looks_per_second = looks_per_second
        self._watcher = SweepWatcher(folder, looks_per_second, self.post_message)
        self._seen = SweepSeen(None, Table((), ()), Table((), ()))

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((SweepTable, SweepHeat, SWEEP_KEYS, CHART_KEYS, PaneScreen, Chart), N_("Between the parts"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """Lay out every part; the style sheet decides what a small terminal shows."""
        yield header(_("sweep {name}").format(name=run_name(self.folder)), ViewTabs(VIEWS), Static(id="marked"))
        with Horizontal(id="sweep", classes=f"-{VIEWS[0]}"):
            with Vertical(id="left"):
                yield SweepRuns(id="table")
                yield SweepHeat(id="map")
            yield SweepCurves(id="overlays")
        with Horizontal(id="state"):
            yield Static(id="sentence")
            yield Meter()
            yield Button(_("Stop"), id="stop", compact=True)
        yield Static(id="outcome")
        yield KeyFooter("c", "slash")

    def on_mount(self) -> None:
        """Begin to look."""
        self._show_state()
        self._watcher.start()

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._watcher.stop()

    @property
    def board(self) -> Board | None:
        """What is known by now."""
        return self._seen.board

    @property
    def runner(self) -> SweepRunner | None:
        """The thread that trains this sweep, if this app does."""
        found = self.app.sweep if isinstance(self.app, SweepingApp) else None
        return found if found and found.goes_on and found.folder.absolute() == self.folder.absolute() else None

    # What is seen

    @on(SweepSeen)
    def _sweep_seen(self, event: SweepSeen) -> None:
        if not self.query("KeyFooter"):  # this screen closes
            return
        self._seen = event
        self.query_one(SweepRuns).show(event)
        self.query_one(SweepCurves).board = event.board
        if event.board:
            self.query_one(SweepHeat).show(event.board)
        self._show_state()

    def _show_state(self) -> None:
        runner, board = self.runner, self.board
        counts = runner.progress if runner else board.progress if board else None
        problem = self._seen.problem.below_folder(self.folder) if self._seen.problem else ""
        state = State.of(board, problem, runner)
        sentence = self.query_one("#sentence", Static)
        sentence.set_classes(f"-{state.name.lower()}")
        sentence.update(progress(state, board, counts, problem))
        self.query_one("#outcome", Static).update(outcome(board))
        self.query_one(Meter).show((counts.done + counts.failed) / counts.total if counts and counts.total else None)
        self.query_one("#stop", Button).display = runner is not None
        self.query_one("#stop", Button).disabled = state is State.STOPPING
        self.refresh_bindings()

    # Curves

    @on(SweepTable.Pointed)
    def _pointed(self) -> None:
        if self.query("KeyFooter"):
            row = self.query_one(SweepTable).chosen
            self.query_one(SweepCurves).point(row.keys[0] if row else None)

    @on(SweepTable.Marked)
    def _mark_row(self) -> None:
        row = self.query_one(SweepTable).chosen
        if row and not self.query_one(SweepCurves).toggle(row.keys):
            self.notify(_("{most} runs are marked: take a mark away first.").format(most=MOST), severity="warning", timeout=3)

    def action_unmark(self) -> None:
        """Take all marks away."""
        self.query_one(SweepCurves).unmark()

    @on(SweepCurves.Wanted)
    def _show_marks(self) -> None:
        curves = self.query_one(SweepCurves)
        marks = curves.marks(self.marks)
        self.query_one(SweepTable).show_marks(marks)
        self.query_one("#marked", Static).update(
            _("{count} of {most} marked").format(count=len({mark.pen for mark in marks.values()}), most=MOST)
        )
        self._watcher.want(curves.wanted)

    @on(CurvesRead)
    def _curves_read(self, event: CurvesRead) -> None:
        if self.query("KeyFooter"):
            self.query_one(SweepCurves).draw(event.curves)

    # What keys and the mouse do

    def action_group(self) -> None:
        """Show configurations instead of runs, or back."""
        self.query_one(SweepRuns).group()
        self._watcher.compute_intervals()

    def action_filter(self) -> None:
        """Ask for words."""
        self.action_view("table")
        self.query_one(SweepRuns).ask_filter()

    @on(SweepHeat.Chosen)
    def _cell_chosen(self) -> None:
        self.action_view("table")
        self.query_one(SweepRuns).filter(self.query_one(SweepHeat).query_text)

    @on(SweepTable.Opened)
    def _open(self) -> None:
        key = self.query_one(SweepCurves).pointed
        if key is None:
            return
        folder = self.folder / RUNS / key
        if not folder.exists():
            self.notify(_("This run waits for a worker."), timeout=3)
            return
        try:
            follower = Follower(folder)
        except UserError as error:
            self.notify(printable(str(error)), severity="warning", markup=False)
        else:
            self.app.push_screen(WatchScreen(follower, self.marks, self._looks_per_second, of_sweep=True))

    def action_stop(self) -> None:
        """End the sweep that is trained here."""
        if self.runner:
            self.runner.stop()
            self._show_state()

    @on(Button.Pressed, "#stop")
    def _stop_pressed(self) -> None:
        self.action_stop()

    def action_go_on(self) -> None:
        """Train the rest."""
        if isinstance(self.app, SweepingApp) and not self.app.sweep_goes_on:
            self.app.begin_sweep(self.folder, None, cores())
            self._show_state()

    @on(SweepRefused)
    @on(SweepOver)
    def _over(self) -> None:
        self._watcher.hurry()
        self._show_state()

    def action_view(self, view: str) -> None:
        """Go to one part; where there is no room for all, it is the only one."""
        super().action_view(view)
        self.refresh_bindings()
        self.query({"table": "SweepTable", "map": "SweepHeat", "curves": "Chart"}[view]).first().focus()

    def take_marks(self, marks: Marks) -> None:
        super().take_marks(marks)
        # The table has them too.
        self._show_marks()

    def leave(self) -> None:
        """Leave the filter, or the screen."""
        if self.query_one(SweepRuns).is_filtered:
            self.query_one(SweepRuns).filter("")
        else:
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer in the footer what makes sense now."""
        if action == "stop":
            return (runner := self.runner) is not None and (not runner.is_stopping or None)
        if action == "go_on":
            is_free = isinstance(self.app, SweepingApp) and not self.app.sweep_goes_on
            return is_free and self.board is not None and not self.board.is_running and not self.board.is_complete
        # Where the table cannot be seen, the footer has its room for what can.
        return action not in ("group", "filter") or not self.has_class("-narrow") or bool(self.query("#sweep.-table"))
