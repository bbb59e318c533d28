"""The runs there are: their list, what the row under the cursor has no room for, and what to say where there is none."""

from collections.abc import Callable, Sequence
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.resumable import was_cut_short
from tui_trainer.system import folders
from tui_trainer.system.folders import printable
from tui_trainer.text.language import _
from tui_trainer.ui.kit.filtered import FilteredPane
from tui_trainer.ui.runs.comparing import Current
from tui_trainer.ui.runs.reader import RunsFound, Unreadable
from tui_trainer.ui.runs.run_list import RunList


class RunDetail(Static):
    """All of a run that its row has no room for, in a line or two below the list."""

    def tell(self, state: RunRecord | Unreadable, *, is_ours: bool) -> None:
        """Say it of a run, which this app may be training, or why there is nothing to say."""
        if isinstance(state, Unreadable):
            self.update(Content(f"✗ {printable(state.reason)}"))
            return
        best = _(", best after epoch {epoch}").format(epoch=state.history.best_loss.epoch) if state.history.best_loss else ""
        parameters = _(", {count:,} parameters").format(count=state.parameters) if state.parameters is not None else ""
        began = _("{path}: {status}, began {started:%Y-%m-%d %H:%M}").format(
            path=printable(str(state.path)), status=_("going on") if is_ours else _(state.status), started=state.started
        )
        self.update(Content(f"{began}{parameters}{best}{'' if is_ours else _fate(state)}"))

    def wait(self, is_read: bool) -> None:
        """Say that it is read, if it is."""
        self.update(_("reading…") if is_read else "")


class RunsPane(FilteredPane):
    """Asks for the `current` run whenever it has to know which one that is."""

    DEFAULT_CLASSES = "pane"

    def __init__(self, current: Callable[[], Current | None], *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = _("Runs")
        self._current = current

    def compose(self) -> ComposeResult:
        """The list, or what to say instead, over the detail."""
        yield RunList(id="list")
        yield self.filter_field()
        yield Static(id="none")
        yield RunDetail(id="detail")

    # The filter

    @property
    def filtered(self) -> RunList:
        """The list."""
        return self.query_one(RunList)

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.query_one(RunList).filter(event.value)
        self._explain()

    # The runs

    def wait(self) -> None:
        """Say that what there is is being read."""
        self.query_one(RunDetail).wait(is_read=True)

    def show_found(self, found: RunsFound) -> None:
        """List these runs."""
        runs, nothing = self.query_one(RunList), self.query_one("#none", Static)
        runs.show_paths(found.paths)
        runs.display, nothing.display = bool(found.paths), not found.paths
        folder = printable(str(folders.runs().absolute()))
        advice = _("ctrl+r goes back and starts one; each run keeps its options and figures in a folder of its own.")
        nothing.update(Content(printable(found.problem) or _("No runs in {folder} yet. {advice}").format(folder=folder, advice=advice)))

    def show_read(self, states: Sequence[RunRecord | Unreadable]) -> None:
        """Show what was read of some of them."""
        runs = self.query_one(RunList)
        runs.show_states(states)
        if runs.chosen is None or runs.chosen in {state.path for state in states}:
            self._explain()

    def seek_left(self) -> bool:
        """Go to the newest run that was left before its end, and tell whether it is known by now which one that is."""
        runs = self.query_one(RunList)
        if runs.cursor_row > 0:  # the user looks for one already
            return True
        for path in runs.paths:
            state = runs.states.get(path)
            if state is None:
                return False
            if isinstance(state, RunRecord) and was_cut_short(state):
                runs.go_to(path)
                return True
        self.notify(_("No run was left before its end. A completed one can be resumed too, for more epochs: g."), timeout=6)
        return True

    @on(RunList.RowHighlighted)
    def _explain(self) -> None:
        if not self.query(RunDetail):  # the screen closes
            return
        runs, detail = self.query_one(RunList), self.query_one(RunDetail)
        path = runs.chosen
        self.border_subtitle = f"{len(runs.paths)}/{len(runs.found)}" if self.is_filtered else ""
        if not runs.paths and self.is_filtered:
            detail.update(_("no row fits the filter"))
            return
        state = runs.states.get(path) if path else None
        if path and state:
            detail.tell(state, is_ours=self._is_going_on(path))
        else:
            detail.wait(is_read=path is not None)

    def _is_going_on(self, path: Path) -> bool:
        current = self._current()
        return current is not None and current.going_on and current.path == path


def _fate(record: RunRecord) -> str:
    """What has become of a run that has no end."""
    if record.status != "unfinished":
        return ""
    if record.held:
        return _("; going on in another window or process")
    return _("; it was killed, or its machine is gone") + (_("; g resumes it") if record.has_checkpoint else "")
