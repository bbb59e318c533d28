"""The layers and their parameters, with the sum that a learner wants to check; beside them, in a run, how each layer fares."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import DataTable, Static

from tui_trainer.training.events import LayerHealth
from tui_trainer.ui.layers import LayerRow

PADDING = 2
"""Columns of space that come with each column of the table."""

SCROLLBAR = 1


class Column(NamedTuple):
    """A column, and how a row's cell in it reads."""

    label: str
    text: Callable[[LayerRow], str]
    right: bool = True


class HealthColumn(NamedTuple):
    """A column that is filled while a run goes on."""

    label: str
    text: Callable[[LayerHealth], str]
    right: bool = True


LAYER = Column("layer", lambda row: row.name, right=False)
KIND = Column("type", lambda row: row.kind, right=False)
UNITS = Column("units", lambda row: f"{row.units:,}")
ARITHMETIC = Column("reckoned as", lambda row: f"{row.arithmetic} =" if row.parameters else row.arithmetic)
PARAMETERS = Column("params", lambda row: f"{row.parameters:,}")
GRADIENT = HealthColumn("gradient", lambda health: f"{health.gradient_norm:.1e}")
UPDATE = HealthColumn("update", lambda health: f"{health.update_ratio:.1e}")
DEAD = HealthColumn("dead", lambda health: f"{health.dead_fraction:.0%}")

COLUMNS = (LAYER, KIND, UNITS, ARITHMETIC, PARAMETERS, GRADIENT, UPDATE, DEAD)
"""As they stand from left to right."""

BY_IMPORTANCE = (LAYER, ARITHMETIC, PARAMETERS, GRADIENT, UPDATE, DEAD, UNITS, KIND)
"""As they are given up from the end when there is no room."""

HEALTH_WIDTH = len("gradient")


class LayerTable(Vertical):
    """A row for each layer, and below them the total, which stays in sight however many layers there are."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = "Layers"
        self._rows: Sequence[LayerRow] = ()
        self._columns: list[Column | HealthColumn] = []
        self._health: dict[str, LayerHealth] = {}

    def compose(self) -> ComposeResult:
        """A table and its total."""
        yield DataTable[Text](cursor_type="none", zebra_stripes=True)
        yield Static(id="total")

    def show(self, rows: Sequence[LayerRow]) -> None:
        """Show these layers; what was measured of earlier ones is forgotten."""
        if rows != self._rows or self._health:
            self._rows, self._health = rows, {}
            self._fill()
        total = sum(row.parameters for row in rows)
        self.query_one("#total", Static).update(Content.assemble("total ", (f"{total:,}", "bold"), " parameters"))

    def explain(self, reason: str) -> None:
        """Say why there is nothing to show."""
        self._rows, self._health = (), {}
        self._fill()
        self.query_one("#total", Static).update(reason)

    def measure(self, layers: Iterable[LayerHealth]) -> None:
        """Show how the layers fare now."""
        self._health = {health.name: health for health in layers}
        table = self.query_one(DataTable)
        for column in self._columns:
            if isinstance(column, HealthColumn):
                for name in self._health:
                    table.update_cell(name, column.label, self._health_cell(name, column))

    @property
    def shows_health(self) -> bool:
        """Whether there is any point in measuring."""
        return self.is_on_screen and GRADIENT in self._columns

    def on_resize(self, _event: Resize) -> None:
        """Show as many columns as there is room for."""
        if self._columns_that_fit() != self._columns:
            self._fill()

    def _columns_that_fit(self) -> list[Column | HealthColumn]:
        room, fitting = self.size.width - SCROLLBAR, []
        for column in BY_IMPORTANCE:
            room -= self._width(column) + PADDING
            if room < 0:
                break
            fitting.append(column)
        # Better cut than not there.
        return [column for column in COLUMNS if column in fitting or column in (LAYER, ARITHMETIC, PARAMETERS)]

    def _width(self, column: Column | HealthColumn) -> int:
        if isinstance(column, HealthColumn):
            return HEALTH_WIDTH
        return max(len(column.label), *(len(column.text(row)) for row in self._rows), 0)

    def _fill(self) -> None:
        table = self.query_one(DataTable)
        self._columns = self._columns_that_fit()
        table.clear(columns=True)
        for column in self._columns:
            # The table's own measuring lags behind when it is refilled twice in a row, and cuts the cells.
            table.add_column(_cell(column.label, column.right), key=column.label, width=self._width(column))
        for row in self._rows:
            cells = (
                self._health_cell(row.name, column) if isinstance(column, HealthColumn) else _cell(column.text(row), column.right)
                for column in self._columns
            )
            table.add_row(*cells, key=row.name)

    def _health_cell(self, name: str, column: HealthColumn) -> Text:
        health = self._health.get(name)
        return _cell(column.text(health) if health else "", right=True)


def _cell(text: str, right: bool) -> Text:
    return Text(text, justify="right" if right else "left")
