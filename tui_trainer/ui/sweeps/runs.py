"""The table of a sweep, the filter below it, and what the row under the cursor has no room for."""

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tui_trainer.sweep.board import Board
from tui_trainer.sweep.space import SEED, describe
from tui_trainer.sweep.store import Result
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.kit.filtered import FilteredPane
from tui_trainer.ui.kit.titles import entitle
from tui_trainer.ui.sweeps.table import SweepTable
from tui_trainer.ui.sweeps.watcher import SweepSeen


class SweepRuns(FilteredPane):
    """Shows runs, or configurations."""

    DEFAULT_CLASSES = "pane"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._seen: SweepSeen | None = None
        self._is_grouped = False

    def compose(self) -> ComposeResult:
        """The table over the rest."""
        yield SweepTable()
        yield self.filter_field()
        yield Static(id="detail")

    def on_mount(self) -> None:
        """Say what it shows."""
        self._entitle()

    def show(self, seen: SweepSeen) -> None:
        """Show another state of the sweep."""
        self._seen = seen
        table = self.query_one(SweepTable)
        table.empty = _("no row fits the filter") if table.query_text else _("no run has begun yet")
        table.show(seen.groups if self._is_grouped else seen.runs)
        self._tell()

    def group(self) -> None:
        """Show configurations instead of runs, or back."""
        self._is_grouped = not self._is_grouped
        if self._seen:
            self.show(self._seen)

    # The filter

    @property
    def filtered(self) -> SweepTable:
        """The table."""
        return self.query_one(SweepTable)

    @on(Input.Changed, "#filter")
    def _changed(self, event: Input.Changed) -> None:
        table = self.query_one(SweepTable)
        table.query_text = event.value.strip()
        table.empty = _("no row fits the filter")
        table.order()
        self._tell()

    # What stands around the table

    @on(SweepTable.Pointed)
    @on(SweepTable.Sorted)
    def _tell(self) -> None:
        self._entitle()
        self.query_one("#detail", Static).update(self._detail(), layout=False)

    def _entitle(self) -> None:
        table = self.query_one(SweepTable)
        title = _("Configurations") if self._is_grouped else _("Runs")
        entitle(self, title=f"{title}: {printable(table.query_text)}" if table.query_text else title, subtitle=table.place)

    def _detail(self) -> Content:
        row, board = self.query_one(SweepTable).chosen, self._seen.board if self._seen else None
        if not row or not board:
            return Content("")
        found = [result for result in board.results if result.key in row.keys]
        if self._is_grouped:
            seeds = (f"{_('seed {seed}').format(seed=result.config.get(SEED))} {_outcome(result)}" for result in found)
            return Content(printable(", ".join(seeds)))
        return Content(printable(_of_run(found[0], board)) if found else "")


def _of_run(result: Result, board: Board) -> str:
    told = _("run {key}, {options}: {status}").format(key=result.key, options=describe(result.point, _), status=_(board.status(result)))
    return f"{told}: {result.note}" if result.note else told


def _outcome(result: Result) -> str:
    accuracy = result.figures.validation_accuracy
    return _(str(result.status)) if accuracy is None else f"{accuracy:.2%}"
