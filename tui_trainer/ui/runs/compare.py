"""Runs beside one another: earlier ones are marked in a list, and their curves, figures and differing options are shown together."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Static

from tui_trainer.runs.archive import RunRecord, read_run, run_name
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.naming import told_apart
from tui_trainer.runs.resumable import why_not_resumable
from tui_trainer.system import folders
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart.curve import RUN_PENS, Pen, Shown
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.seeds import seed_places
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.health.instruments import of_record
from tui_trainer.ui.health.screen import HealthScreen
from tui_trainer.ui.inside.screen import InsideScreen, Source
from tui_trainer.ui.kit.charts import CHART_KEYS
from tui_trainer.ui.kit.choose import ChooseScreen
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.panes import PaneScreen
from tui_trainer.ui.kit.titles import ViewTabs, header
from tui_trainer.ui.runs.comparing import MOST, Choice, Compared, Current, MarkedRuns
from tui_trainer.ui.runs.differences import Differences
from tui_trainer.ui.runs.reader import Reader, RunDrawn, RunsFound, RunsRead, Unreadable
from tui_trainer.ui.runs.run_list import RunList
from tui_trainer.ui.runs.runs_pane import RunsPane
from tui_trainer.ui.why.screen import WhyScreen

LOOK = 1.0
"""Seconds between two looks at the run that is trained: drawing takes time from its training."""

VIEWS = ("runs", "differences", "charts")
"""What a small terminal shows one at a time; a large one shows all."""

CHARTS = ("loss", "accuracy")

NO_GROUPS = N_("no groups")

KEYS = (
    ("tab, shift+tab", N_("Go from the list to the differences, to the charts, and back")),
    ("up, down", N_("Go from run to run, or scroll the differences")),
    ("left, right", N_("Show the columns that have no room")),
)

NOTES = (
    N_("Marked runs stay in the charts of the main screen after escape, until their marks are taken away here."),
    N_("The run of the main screen is drawn with a line of its own; it needs no mark among the six, and the list can hide it here."),
    N_("A run that cannot be read is grey; the line below the list says what is wrong with it."),
    N_("The words after / must all fit a run: its name, an option's value or tag, lr=0.1, act=relu; escape takes them away."),
)


COMPARE_KEYS = (
    Binding("escape", "leave", "Back", tooltip="Go back to the main screen; the marked runs stay in its charts"),
    Binding("g", "resume", "Resume", tooltip="Go back and resume the run under the cursor, from its last checkpoint"),
    Binding("i", "inside", "Look inside", tooltip="Look into the network of the run under the cursor, at its last checkpoint", show=False),
    Binding("h", "health", "Layer health", tooltip="See how the layers of the marked run under the cursor fared", show=False),
    Binding("x", "why", "Why", tooltip="See what is wrong with the run under the cursor, and try remedies", show=False),
    Binding("slash", "filter", "Find", tooltip="List the runs alone that some words fit: relu adam, lr=0.01, diverged", show=False),
    Binding("b", "group", "Group", tooltip="List the runs in groups: by network, activation, learning rate, or what else they differ in"),
    Binding("u", "unmark", "Unmark", tooltip="Take all marks away"),
    Binding("r", "read", "Read again", tooltip="Read the runs on disk again", show=False),
    Binding("1", "view('runs')", "Runs", tooltip="Go to the list of runs", show=False),
    Binding("2", "view('differences')", "Differences", tooltip="Go to what is different", show=False),
    Binding("3", "view('charts')", "Charts", tooltip="Go to the charts", show=False),
    Binding("ctrl+r", "start", "Start", tooltip="Go back and start a run with the form's values", priority=True, show=False),
)


class CompareScreen(PaneScreen[None]):
    """Takes the runs that are marked already and those of this session, which may lie elsewhere, and tells `decided` the choice.

    `current` is asked again and again. Where a run to resume is sought (`seeks`), the cursor begins at the newest that was left.
    """

    SHEET = "runs/runs.tcss"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide"), (180, "-vast")]  # noqa: RUF012 so does Textual declare it

    BINDINGS: ClassVar[list[BindingType]] = [*CHART_KEYS, *COMPARE_KEYS]

    PANES = (Chart, Differences)
    VIEWED = "#comparison"

    def __init__(
        self,
        current: Callable[[], Current | None],
        session: Iterable[Path],
        compared: Iterable[Compared],
        decided: Callable[[Choice], None],
        marks: Marks,
        *,
        seeks: bool = False,
    ) -> None:
        super().__init__(marks)
        self._seeks = seeks
        self._to_resume: Path | None = None
        """What is to be resumed, while it is read once more."""
        self._decided = decided
        self._current = current
        self._session = tuple(session)
        self._marked = MarkedRuns(compared)
        self._reader = Reader(self.post_message)
        self._seen: tuple[Path | None, int, bool] | None = None
        self._wanted: list[Path] = []
        """Runs that were marked before they were read."""
        self._is_listed = asyncio.Event()

    async def ready(self) -> None:
        """Wait for the list."""
        await self._is_listed.wait()

    def compose(self) -> ComposeResult:
        """Lay out every part; the style sheet decides what a small terminal shows."""
        yield header(_("compare runs"), ViewTabs(VIEWS), Static(id="marked"))
        with Horizontal(id="comparison", classes=f"-{VIEWS[0]}"):
            with Vertical(id="left"):
                yield RunsPane(self._current, id="runs")
                yield Differences(id="differences")
            with Container(id="overlays"):
                for quantity in CHARTS:
                    yield Chart(quantity)
        yield KeyFooter("h", "i")

    def on_mount(self) -> None:
        """Begin to read, and look at the run that is trained from time to time."""
        if not self._stands:
            return
        self.query_one(Differences).border_title = _("Differences")
        self._reader.start()
        self._seen = self._state()
        self.action_read()
        self._show()
        self.query_one(RunList).focus()
        self.set_interval(LOOK, self._look)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._repaint())

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((RunList, COMPARE_KEYS, CHART_KEYS, PaneScreen), N_("In lists and tables"), KEYS, NOTES)

    @property
    def _stands(self) -> bool:
        """Whether all parts are there; some are missing when the app is left while this screen opens, or closes."""
        return len(self.query("RunList, Differences, #none, #detail, #marked, Chart")) == 5 + len(CHARTS)

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._reader.stop()

    # The runs

    def action_read(self) -> None:
        """List what is on disk, and read it."""
        self.query_one(RunsPane).wait()
        self._reader.find(folders.runs(), [*self._session, *self._shown_paths()])

    def _shown_paths(self) -> list[Path]:
        """The marked runs and the current one."""
        current = self._current()
        return [*(each.path for each in self._marked.runs), *([current.path] if current else [])]

    @on(RunsFound)
    def _found(self, event: RunsFound) -> None:
        if self._stands:
            self.query_one(RunsPane).show_found(event)
            self._show()
        self._is_listed.set()

    @on(RunsRead)
    def _read(self, event: RunsRead) -> None:
        if not self._stands:
            return
        pane, read = self.query_one(RunsPane), {state.path: state for state in event.runs}
        pane.show_read(event.runs)
        for state in event.runs:
            if isinstance(state, RunRecord) and state.path in self._marked:
                self._reader.draw(state)
        wanted = [path for path in self._wanted if path in read]
        for path in wanted:
            self._wanted.remove(path)
            self._mark_if_read(path)
        if wanted or not read.keys().isdisjoint(self._shown_paths()):
            self._show()
        if self._seeks:
            self._seeks = not pane.seek_left()
        if self._to_resume in read:
            self._resume(read[self._to_resume])

    @on(RunDrawn)
    def _drawn(self, event: RunDrawn) -> None:
        if self._stands and self._marked.draw(Compared(event.path, event.shown)):
            self._show()

    # Resuming

    def action_resume(self) -> None:
        """Go back and resume the run under the cursor, as it is on disk by now."""
        if path := self.query_one(RunList).chosen:
            self._to_resume = path
            self._reader.read(path)

    def action_inside(self) -> None:
        """Look into the network of the run under the cursor."""
        if path := self.query_one(RunList).chosen:
            self.app.push_screen(InsideScreen(Source(run_name(path), checkpoint=RunDirectory(path).checkpoint), self.marks))

    def action_why(self) -> None:
        """See what is wrong with the run under the cursor, why, and what cures it."""
        if path := self.query_one(RunList).chosen:
            self.app.push_screen(WhyScreen(run_name(path), lambda: None, self.marks, 1 / LOOK, path=path))

    def action_health(self) -> None:
        """See how the layers of the run under the cursor fared, if it is marked and so read."""
        path = self.query_one(RunList).chosen
        if path and (shown := self._marked.shown(path)):
            self.app.push_screen(HealthScreen(lambda: shown, self.marks, 1 / LOOK, of_record(lambda: read_run(path))))
        else:
            self.notify(_("Mark the run first: space."), severity="warning")

    def _resume(self, state: RunRecord | Unreadable) -> None:
        self._to_resume = None
        current = self._current()
        if isinstance(state, Unreadable):
            problem = state.reason
        elif current and current.going_on:
            problem = _("A run is going on: stop the run first.")
        else:
            problem = f"{state.name}: {_(reason)}" if (reason := why_not_resumable(state)) else ""
        if problem:
            self.notify(printable(problem), severity="error", markup=False)
        elif isinstance(state, RunRecord):
            self._leave_with(Choice(self._marked.runs, resumed=state))

    # Marks

    @on(RunList.RowSelected, "#list")
    def _chosen(self) -> None:
        runs = self.query_one(RunList)
        path, current = runs.chosen, self._current()
        if path is None:
            return
        if current and current.path == path:
            self._marked.shows_current = not self._marked.shows_current
        elif path in self._marked:
            self._marked.unmark(path)
        elif path in self._wanted:
            self._wanted.remove(path)
        elif path in runs.states:
            self._mark_if_read(path)
        else:
            self._wanted.append(path)
            self.notify(_("This run is still being read, and marked then."), severity="warning", timeout=3)
        self._show()

    def _mark_if_read(self, path: Path) -> None:
        """Mark a run, if that is possible; why one cannot be read stands below the list."""
        state = self.query_one(RunList).states.get(path)
        if isinstance(state, RunRecord) and self._marked.is_full:
            self.notify(_("{most} runs are marked: take a mark away first.").format(most=MOST), severity="warning", timeout=3)
        elif isinstance(state, RunRecord):
            self._marked.mark(Compared(path, Shown(state.name, state.history, state.last_epoch)))
            self._reader.draw(state)

    def action_filter(self) -> None:
        """Ask for words that the runs must fit."""
        self.action_view("runs")
        self.query_one(RunsPane).ask_filter()

    def action_group(self) -> None:
        """Ask for the option by which the runs are grouped."""
        runs = self.query_one(RunList)
        options = runs.grouping_options()
        if not options and runs.option is None:
            self.notify(_("The runs of the list differ in no option."), timeout=3)
            return
        self.action_view("runs")
        self.app.push_screen(ChooseScreen(_("Group the runs by"), {NO_GROUPS: N_("one list, the newest first"), **options}), self._group)

    def _group(self, option: str | None) -> None:
        if option:
            self.query_one(RunList).group(None if option == NO_GROUPS else option)

    def action_unmark(self) -> None:
        """Take all marks away."""
        self._wanted.clear()
        self._marked.clear()
        self._show()

    def _show(self) -> None:
        """Show what is marked, everywhere."""
        current = self._current()
        others = self._marked.besides(current)
        drawn = current if self._marked.shows_current else None
        self._call(others)
        others = self._marked.besides(current)
        self.charts.follow(drawn.shown if drawn else None, [each.shown for each in others])
        places = zip(others, seed_places([each.shown for each in others]), strict=True)
        marks = {each.path: self._character(self.marks.runs[place], RUN_PENS[place]) for each, place in places}
        if drawn:
            marks = {drawn.path: self._character(self.marks.line, Pen.SMOOTH), **marks}
        runs = self.query_one(RunList)
        runs.show_marks(marks, current.path if current and current.going_on else None)
        columns = [(path, state) for path in marks if isinstance(state := runs.states.get(path), RunRecord)]
        names = {each.path: each.shown.name for each in others} | ({drawn.path: drawn.shown.name} if drawn else {})
        heads = [Text.assemble(marks[path], " ", names[path]) for path, _state in columns]
        self.query_one(Differences).show(heads, [state for _, state in columns])
        self.query_one("#marked", Static).update(_("{count} of {most} marked").format(count=len(others), most=MOST))

    def _call(self, runs: Sequence[Compared]) -> None:
        """Call these runs by what they differ in, as soon as all are read."""
        states = self.query_one(RunList).states
        records = [record for each in runs if isinstance(record := states.get(each.path), RunRecord)]
        if len(records) == len(runs):
            for each, name in zip(runs, told_apart(records), strict=True):
                self._marked.draw(Compared(each.path, replace(each.shown, name=name)))

    def _character(self, character: str, pen: Pen) -> Text:
        style = self.query(Chart).first().get_component_rich_style(pen.style)
        return Text(character, Style(color=style.color, bold=True))

    def _repaint(self) -> None:
        self.query_one(RunList).redraw()
        self._show()

    # The run that is trained

    def _state(self) -> tuple[Path | None, int, bool]:
        current = self._current()
        return (current.path, len(current.shown.history.training_loss), current.going_on) if current else (None, 0, False)

    def _look(self) -> None:
        """Show how far the run is, if it has moved."""
        if not self._stands:
            return
        before, self._seen = self._seen, self._state()
        path, _, going_on = self._seen
        if before is None or path != before[0]:
            self.action_read()
        elif path and self._seen != before:
            self._reader.read(path)
        if going_on and self._marked.shows_current:
            for chart in self.charts:
                chart.update()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A run is resumed, or looked into, from the list, where one sees which it is."""
        return action not in ("resume", "inside", "health") or isinstance(self.focused, RunList)

    # The view

    def action_view(self, view: str) -> None:
        """Go to one part; where there is no room for all, it is the only one."""
        super().action_view(view)
        self.query({"runs": "RunList", "differences": "Differences", "charts": "Chart"}[view]).first().focus()

    def take_marks(self, marks: Marks) -> None:
        super().take_marks(marks)
        # The list has them too.
        self._show()

    def leave(self) -> None:
        """Leave the filter, or go back with what is marked."""
        pane = self.query_one(RunsPane)
        if pane.is_filtered:
            pane.filter("")
        else:
            self._leave_with(Choice(self._marked.runs))

    def action_start(self) -> None:
        """Go back and start a run."""
        self._leave_with(Choice(self._marked.runs, start=True))

    def _leave_with(self, choice: Choice) -> None:
        # A run that is read late comes when this screen has been left.
        if self in self.app.screen_stack:
            self.dismiss()
            self._decided(choice)
