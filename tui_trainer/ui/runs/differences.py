"""Marked runs beside one another: their best figures, and the options in which they differ."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.widgets import DataTable

from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.comparison import ComparisonRow, compare_figures, compare_options
from tui_trainer.text.language import _
from tui_trainer.ui.kit.contrast import best_mark

WIDEST = 24
"""Characters of a cell: a path may be long."""

HEAD = Style(italic=True)
"""Of what the rows below are about, in the colour of the rest: a fainter one is too hard to read."""


class Differences(DataTable[Text]):
    """A column for each run, headed by its character in the charts; the heads of the rows stay in sight."""

    DEFAULT_CLASSES = "pane"

    COMPONENT_CLASSES: ClassVar[set[str]] = {"differences--best"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id, cursor_type="none", fixed_columns=1)

    def show(self, heads: Sequence[Text], runs: Sequence[RunRecord]) -> None:
        """Compare these runs."""
        self.clear(columns=True)
        if not runs:
            self.add_column(Text(_("Mark runs in the list: space, or a click."), no_wrap=True))
            return
        several = len(runs) > 1
        differing = compare_options(runs)
        rows = [[Text(_("best figures") if several else "", HEAD), *(head.copy() for head in heads)]]
        rows += [self._cells(row) for row in compare_figures(runs)]
        if several:
            rows.append([Text(_("options") if differing else _("no option differs"), HEAD), *[Text()] * len(runs)])
        rows += [self._cells(row) for row in differing]
        for row in rows:
            for cell in row:
                cell.truncate(WIDEST, overflow="ellipsis")
        # Told beforehand: a table that measures its cells itself shows them cut until something has it drawn anew.
        for column in zip(*rows, strict=True):
            self.add_column(column[0], width=max(cell.cell_len for cell in column))
        for row in rows[1:]:
            self.add_row(*row)

    def _cells(self, row: ComparisonRow) -> list[Text]:
        best = best_mark(self.app)
        cells = [Text(text, no_wrap=True) for text in row.texts]
        for index in row.best:
            cells[index] = Text(f"{row.texts[index]} {best}", self._style("best") + Style(bold=True), no_wrap=True)
        return [Text(_(row.label), no_wrap=True), *cells]

    def _style(self, part: str) -> Style:
        return Style(color=self.get_component_rich_style(f"differences--{part}").color)
