"""The runs that can be compared, one in a row; the marked ones carry the character that they have in the charts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from tui_trainer.history.quantities import RUNS
from tui_trainer.history.quantity import percent
from tui_trainer.runs.archive import RunRecord, run_name
from tui_trainer.runs.comparison import figure_text, network
from tui_trainer.runs.grouping import RunGroup, grouped, options_that_differ
from tui_trainer.runs.listing import ListedRun
from tui_trainer.runs.naming import said_differences, short
from tui_trainer.runs.run_filter import RunFilter
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _, ngettext
from tui_trainer.ui.run.field import TITLES
from tui_trainer.ui.runs.reader import Unreadable

COLUMNS: Mapping[str, range] = {
    "": range(1, 2),
    N_("run"): range(8, 37),
    N_("val acc"): range(7, 8),
    N_("differs"): range(8, 25),
    N_("test acc"): range(8, 9),
    N_("status"): range(11, 12),
    N_("epochs"): range(6, 7),
    N_("val loss"): range(8, 9),
    N_("seconds"): range(7, 8),
    N_("network"): range(40, 61),
}
"""Heads and widths, the most wanted first: what there is no room for is reached with the right arrow."""

NUMBERS = (2, 4, 6, 7, 8)


FIGURES = tuple(RUNS[name] for name in ("best_validation_accuracy", "test_accuracy", "epochs", "best_validation_loss", "whole_seconds"))


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
        self.option: str | None = None
        """What the runs are grouped by."""
        self.found: Sequence[Path] = ()
        """All there are."""
        self.paths: Sequence[Path] = ()
        """Those that are listed."""
        self.states: dict[Path, RunRecord | Unreadable] = {}
        """What was read of them so far."""
        self._rows: Sequence[Path | RunGroup] = ()
        """What stands in each row: a run, or what is said of the group that follows."""
        self._filter = RunFilter()
        self._differences: dict[Path, str] = {}
        self._marks: Mapping[Path, Text] = {}
        self._going_on: Path | None = None

    @property
    def chosen(self) -> Path | None:
        """The run under the cursor."""
        row = self._rows[self.cursor_row] if self.is_valid_row_index(self.cursor_row) else None
        return row if isinstance(row, Path) else None

    def go_to(self, path: Path) -> None:
        """Put the cursor on a run that is listed."""
        self.move_cursor(row=self._rows.index(path))

    def group(self, option: str | None) -> None:
        """List the runs under a line for each value of an option, or without any."""
        self.option = option
        self._list()

    def grouping_options(self) -> dict[str, str]:
        """The options by which the runs that are listed can be grouped, and the values that they have."""
        runs = self._listed()
        return {option: ", ".join(group.text for group in grouped(runs, option)) for option in options_that_differ(runs)}

    def show_paths(self, paths: Sequence[Path]) -> None:
        """List these; what was read of them before is shown until it is read again."""
        self.found = paths
        self.states = {path: state for path, state in self.states.items() if path in set(paths)}
        self._differences = self._found_differences()
        self._list()

    def filter(self, text: str) -> None:
        """List the runs that these words fit; all of them where there are none."""
        self._filter = RunFilter(text)
        self._list()

    def show_states(self, states: Iterable[RunRecord | Unreadable]) -> None:
        """Show what was read of some runs."""
        before = {path: state.config for path, state in self.states.items() if isinstance(state, RunRecord)}
        read = {state.path: state for state in states if state.path in set(self.found)}
        self.states |= read
        differences = self._differences
        if any(isinstance(state, RunRecord) and before.get(path) != state.config for path, state in read.items()):
            differences = self._found_differences()
        if differences != self._differences or self.option or (self._filter and self.paths != self._fitting()):
            self._differences = differences
            self._list()
            return
        for path in read.keys() & set(self.paths):
            self._update(path)

    def _found_differences(self) -> dict[Path, str]:
        """What each run differs in from most of the others, once all are read."""
        if len(self.states) < len(self.found):
            return {}
        records = [state for state in self.states.values() if isinstance(state, RunRecord)]
        found = zip(records, said_differences(records), strict=True)
        return {record.path: " ".join(short(name, value) for name, value in values.items()) for record, values in found}

    def _fitting(self) -> list[Path]:
        return [path for path in self.found if self._filter.passes(ListedRun(path, self._record(path)))]

    def _listed(self) -> list[ListedRun]:
        return [ListedRun(path, self._record(path)) for path in self._fitting()]

    def _arranged(self) -> Iterator[Path | RunGroup]:
        """The rows from the top."""
        if self.option is None:
            yield from self._fitting()
            return
        for group in grouped(self._listed(), self.option):
            yield group
            yield from (run.path for run in group.runs)

    def _record(self, path: Path) -> RunRecord | None:
        return state if isinstance(state := self.states.get(path), RunRecord) else None

    def _list(self) -> None:
        """List the runs anew, in columns as wide as they need."""
        before, column = self.chosen, self.scroll_x
        self._rows = list(self._arranged())
        self.paths = [row for row in self._rows if isinstance(row, Path)]
        rows = [self._cells(row) if isinstance(row, Path) else self._head(row) for row in self._rows]
        self.clear(columns=True)
        for index, (label, widths) in enumerate(COLUMNS.items()):
            widest = max([cell_len(_(label)), *(row[index].cell_len for row in rows)])
            self.add_column(_(label), width=max(min(widest, widths.stop - 1), widths.start, cell_len(_(label))), key=label)
        for row, cells in zip(self._rows, rows, strict=True):
            self.add_row(*cells, key=str(row) if isinstance(row, Path) else None)
        if before in self.paths:
            self.go_to(before)
        self.scroll_x = column

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
            accuracy, *others = [figure_text(figure, state) for figure in FIGURES]
            bad = self._style("bad") if status == "diverged" else Style()
            styles = [bad + Style(bold=bool(mark.plain)), Style(), Style(), Style(), bad, *[Style()] * 3, self._style("faint")]
            differs = f"{_tags(state)}{self._differences.get(path, '')}"
            texts = [name, accuracy, differs, others[0], _(status), *others[1:], network(state.config)]
        else:
            problem, status = (printable(state.reason), _("unreadable")) if state else ("", "…")
            texts = [name, "", status, "", status, *[""] * 3, problem]
            styles = [self._style("faint")] * len(texts)
        cells = [
            Text(text, style, justify="right" if index in NUMBERS else "left", no_wrap=True, overflow="ellipsis")
            for index, (text, style) in enumerate(zip(texts, styles, strict=True), 1)
        ]
        return [mark, *cells]

    def _head(self, group: RunGroup) -> list[Text]:
        """What is said of a group: its option's value, how many runs, and their best and mean test accuracy."""
        assert self.option
        count = ngettext("{count} run", "{count} runs", len(group.runs)).format(count=len(group.runs))
        mean = _("{runs}, mean {mean}").format(runs=count, mean=percent(group.mean)) if group.mean is not None else count
        best = "" if group.best is None else percent(group.best)
        texts = dict.fromkeys(COLUMNS, "") | {
            "run": f"{_(TITLES.get(self.option, self.option))} {group.text}",
            "differs": mean,
            "test acc": best,
        }
        return [
            Text(text, Style(bold=True), justify="right" if index in NUMBERS else "left", no_wrap=True, overflow="ellipsis")
            for index, text in enumerate(texts.values())
        ]

    def _style(self, part: str) -> Style:
        return Style(color=self.get_component_rich_style(f"run-list--{part}").color)


def _tags(run: RunRecord) -> str:
    return f"[{printable(', '.join(run.tags))}] " if run.tags else ""
