"""Marked runs beside one another: their best figures, and the options in which they differ."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.widgets import DataTable

from tui_trainer.language import _
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.comparison import Row, compare_figures, compare_options

WIDEST = 24
"""Characters of a cell: a path may be long."""

BEST, PLAIN_BEST = "✦", "*"


class Differences(DataTable[Text]):
    """A column for each run, headed by its character in the charts; the heads of the rows stay in sight."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"differences--best", "differences--faint"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id, cursor_type="none", fixed_columns=1)

    def show(self, heads: Sequence[Text], runs: Sequence[RunRecord]) -> None:
        """Compare these runs."""
        self.clear(columns=True)
        if not runs:
            self.add_column(Text(_("Mark runs in the list: space, or a click."), no_wrap=True))
            return
        self.add_column(Text(_("best figures") if len(runs) > 1 else "", self._style("faint")))
        for head in heads:
            column = head.copy()
            column.truncate(WIDEST, overflow="ellipsis")
            self.add_column(column)
        for row in compare_figures(runs):
            self._add(row)
        differing = compare_options(runs)
        if len(runs) > 1:
            self.add_row(Text(_("options") if differing else _("no option differs"), self._style("faint")), *[Text()] * len(runs))
        for row in differing:
            self._add(row)

    def _add(self, row: Row) -> None:
        best = PLAIN_BEST if self.app.has_class("-plain") else BEST
        cells = [Text(text, no_wrap=True) for text in row.texts]
        for index in row.best:
            cells[index] = Text(f"{row.texts[index]} {best}", self._style("best") + Style(bold=True), no_wrap=True)
        label = Text(_(row.label), no_wrap=True)
        for cell in (label, *cells):
            cell.truncate(WIDEST, overflow="ellipsis")
        self.add_row(label, *cells)

    def _style(self, part: str) -> Style:
        return Style(color=self.get_component_rich_style(f"differences--{part}").color)
