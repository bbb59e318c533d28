"""The runs that can be compared, one in a row; the marked ones carry the character that they have in the charts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from tui_trainer.history.quantities import RUNS
from tui_trainer.runs.archive import RunRecord, run_name
from tui_trainer.runs.comparison import figure_text, network
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.runs.reader import Unreadable

COLUMNS: Mapping[str, int | None] = {
    "": 1,
    N_("run"): 17,
    N_("status"): 11,
    N_("val acc"): 7,
    N_("test acc"): 8,
    N_("val loss"): 8,
    N_("epochs"): 6,
    N_("seconds"): 7,
    N_("network"): 40,
}
"""Heads and widths, the most wanted first: what there is no room for is reached with the right arrow."""

NUMBERS = range(3, 8)


FIGURES = tuple(RUNS[name] for name in ("best_validation_accuracy", "test_accuracy", "best_validation_loss", "epochs", "whole_seconds"))
"""Of a run, as its columns are."""


class RunList(DataTable[Text]):
    """A row is chosen with space, enter or one click."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"run-list--faint", "run-list--bad"}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space,enter",
            "select_cursor",
            "Mark",
            tooltip="In the list: mark a run, or take its mark away; up to six (mouse: click)",
            key_display="space",
        ),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id, cursor_type="row")
        self.paths: Sequence[Path] = ()
        self.states: dict[Path, RunRecord | Unreadable] = {}
        """What was read of them so far."""
        self._marks: Mapping[Path, Text] = {}
        self._going_on: Path | None = None

    def on_mount(self) -> None:
        """Make the columns."""
        for label, width in COLUMNS.items():
            self.add_column(_(label), width=width and max(width, cell_len(_(label))), key=label)

    @property
    def chosen(self) -> Path | None:
        """The run under the cursor."""
        return self.paths[self.cursor_row] if self.is_valid_row_index(self.cursor_row) else None

    def show_paths(self, paths: Sequence[Path]) -> None:
        """List these; what was read of them before is shown until it is read again."""
        before = self.chosen
        self.paths = paths
        self.states = {path: state for path, state in self.states.items() if path in set(paths)}
        self.clear()
        for path in paths:
            self.add_row(*self._cells(path), key=str(path))
        if before in paths:
            self.move_cursor(row=paths.index(before))

    def show_state(self, path: Path, state: RunRecord | Unreadable) -> None:
        """Show what was read of a run."""
        if path in self.paths:
            self.states[path] = state
            self._update(path)

    def show_marks(self, marks: Mapping[Path, Text], going_on: Path | None) -> None:
        """Show which runs are marked, and which one is not over yet."""
        changed = {path for path in {*marks, *self._marks} if marks.get(path) != self._marks.get(path)}
        if going_on != self._going_on:
            changed |= {path for path in (going_on, self._going_on) if path}
        self._marks, self._going_on = dict(marks), going_on
        for path in changed.intersection(self.paths):
            self._update(path)

    def redraw(self) -> None:
        """Take the colours of another theme."""
        for path in self.paths:
            self._update(path)

    def on_click(self, event: events.Click) -> None:
        """Choose with one click, where Textual wants two."""
        row = event.style.meta.get("row", -1)
        if row >= 0:
            event.prevent_default()
            event.stop()
            self.move_cursor(row=row)
            self.action_select_cursor()

    def _update(self, path: Path) -> None:
        for column, cell in zip(COLUMNS, self._cells(path), strict=True):
            self.update_cell(str(path), column, cell)

    def _cells(self, path: Path) -> list[Text]:
        state, mark, name = self.states.get(path), self._marks.get(path, Text()), run_name(path)
        if isinstance(state, RunRecord):
            going_on = path == self._going_on or (state.held and state.status == "unfinished")
            status = N_("going on") if going_on else state.status
            figures = [figure_text(figure, state) for figure in FIGURES]
            bad = self._style("bad") if status == "diverged" else Style()
            styles = [Style(bold=True) if mark.plain else Style(), bad, *[Style()] * 5, self._style("faint")]
            texts = [name, _(status), *figures, f"{_tags(state)}{network(state.config)}"]
        else:
            texts = [name, _("unreadable") if state else "…", *[""] * 5, printable(state.reason) if state else ""]
            styles = [self._style("faint")] * len(texts)
        cells = [
            Text(text, style, justify="right" if index in NUMBERS else "left", no_wrap=True, overflow="ellipsis")
            for index, (text, style) in enumerate(zip(texts, styles, strict=True), 1)
        ]
        return [mark, *cells]

    def _style(self, part: str) -> Style:
        return Style(color=self.get_component_rich_style(f"run-list--{part}").color)


def _tags(run: RunRecord) -> str:
    return f"[{printable(', '.join(run.tags))}] " if run.tags else ""
