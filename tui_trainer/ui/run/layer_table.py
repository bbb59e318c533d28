"""The layers and their parameters, with the sum that a learner wants to check; beside them, in a run, how each layer fares."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.quantity import LayerQuantity, LayerTableCell
from tui_trainer.text import drawing
from tui_trainer.text.cells import ljust, rjust
from tui_trainer.text.language import N_, _
from tui_trainer.training.events import LayerHealth
from tui_trainer.training.model import arithmetic, build_layers, parameters
from tui_trainer.ui.chart.repaint import changed_parts

GAP = 2
"""Columns of space between two columns of the table."""

SCROLLBAR = 1

FULL = 8
"""Characters of a bar that is full."""

FAINTEST, STRONGEST = -8.0, 2.0
"""Powers of ten at which the bar of a gradient's norm is empty, and full."""


class LayerRow(NamedTuple):
    """One line of the table."""

    name: str
    kind: str
    units: int
    arithmetic: str
    """How `parameters` is computed, such as `(784 + 1) × 256`; empty where there is nothing to compute."""
    parameters: int


def layer_rows(config: Config, spec: DataSpec = MNIST_SPEC) -> list[LayerRow]:
    """Every step from image to probabilities, for such data."""
    shape = "{} × {} → {}".format(*spec.image_shape, spec.features) if spec.image_shape else ""
    return [
        LayerRow("flatten", "Flatten", spec.features, shape, 0),
        *(
            LayerRow(layer.name, layer.kind, layer.units, arithmetic(layer), parameters(layer))
            for layer in build_layers(config, spec.features, spec.classes)
        ),
        LayerRow("softmax", "Softmax", spec.classes, "", 0),
    ]


class Column(NamedTuple):
    """A column: its head, how a cell in it reads, and how wide it is where that is known beforehand."""

    label: str
    of_row: Callable[[LayerRow], str] | None = None
    of_health: Callable[[LayerHealth], str] | None = None
    right: bool = True
    width: int = 0
    style: str = "layers--row"


def bar(norm: float, full: int = FULL, *, plain: bool = False) -> str:
    """A gradient's norm as a bar, on a logarithmic scale."""
    if not norm > 0 or not math.isfinite(norm):
        return "" if not norm else "!" * full
    share = min(max((math.log10(norm) - FAINTEST) / (STRONGEST - FAINTEST), 0.0), 1.0)
    return drawing.bar(share, full, is_ascii=plain)


LAYER = Column(N_("layer"), lambda row: row.name, right=False, style="layers--name")
KIND = Column(N_("type"), lambda row: row.kind, right=False)
UNITS = Column(N_("units"), lambda row: f"{row.units:,}")
ARITHMETIC = Column(N_("calculation"), lambda row: f"{row.arithmetic} =" if row.parameters else row.arithmetic)
PARAMETERS = Column(N_("params"), lambda row: f"{row.parameters:,}", style="layers--name")
BAR = Column("1e-8…1e2", of_health=lambda health: bar(health.gradient_norm), right=False, width=FULL, style="layers--bar")


def _measured() -> dict[str, Column]:
    """A column for each figure that has one, by the figure's name; those that are given up last come first."""
    cells = {name: cell for name, figure in FIGURES.items() if (cell := figure.cell)}
    order = sorted(cells, key=lambda name: -cells[name].importance)
    return {name: _column(FIGURES[name], cells[name]) for name in order}


def _column(figure: LayerQuantity, cell: LayerTableCell) -> Column:
    return Column(cell.head, of_health=lambda health: format(figure.take(health), cell.form), width=cell.width)


MEASURED = _measured()
GRADIENT = MEASURED.pop("gradient_norm")
"""Beside which its bar stands."""

COLUMNS = (LAYER, KIND, UNITS, ARITHMETIC, PARAMETERS, GRADIENT, BAR, *(MEASURED[name] for name in FIGURES if name in MEASURED))
"""As they stand from left to right."""

BY_IMPORTANCE = (LAYER, ARITHMETIC, PARAMETERS, GRADIENT, BAR, *MEASURED.values(), UNITS, KIND)
"""As they are given up from the end when there is no room."""

Line = tuple[tuple[str, str], ...]
"""Texts, each with the component class of its style."""


class Lines(ScrollView, can_focus=True):
    """Lines of styled text, of which only those that changed are drawn again."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"layers--row", "layers--name", "layers--bar"}

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        before, self._lines = self._lines, lines
        size = Size(max((sum(cell_len(text) for text, _ in line) for line in lines), default=0), len(lines))
        if size != self.virtual_size or len(before) != len(lines):
            self.virtual_size = size
            self.refresh()
            return
        in_sight = (part.translate(-self.scroll_offset).intersection(self.size.region) for part in changed_parts(before, lines))
        if parts := [part for part in in_sight if part]:
            self.refresh(*parts)

    def render_line(self, y: int) -> Strip:
        """Give one line of what is in sight."""
        x, top = self.scroll_offset
        index = y + top
        if index >= len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        strip = Strip([Segment(text, self.get_component_rich_style(style)) for text, style in self._lines[index]])
        return strip.crop_extend(x, x + self.size.width, self.rich_style)


class LayerTable(Vertical):
    """A row for each layer, and below them the total, which stays in sight however many layers there are."""

    DEFAULT_CLASSES = "pane"

    ALLOW_MAXIMIZE = True

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = _("Layers")
        self.rows: Sequence[LayerRow] = ()
        self.health: dict[str, LayerHealth] = {}
        self._columns: list[Column] = []
        self._widths: dict[str, int] = {}

    def compose(self) -> ComposeResult:
        """The heads, the rows and the total."""
        yield Static(id="heads")
        yield Lines()
        yield Static(id="total")

    def show(self, rows: Sequence[LayerRow]) -> None:
        """Show these layers; what was measured of earlier ones is forgotten."""
        if rows != self.rows or self.health:
            self.rows, self.health = rows, {}
            self._fill()
        total = sum(row.parameters for row in rows)
        self.query_one("#total", Static).update(
            Content.assemble(_("total") + " ", (f"{total:,}", "bold"), " " + _("parameters")), layout=False
        )

    def explain(self, reason: str) -> None:
        """Say why there is nothing to show."""
        self.rows, self.health = (), {}
        self._fill()
        self.query_one("#total", Static).update(Content(reason), layout=False)

    def measure(self, layers: Iterable[LayerHealth]) -> None:
        """Show how the layers fare now."""
        self.health = {health.name: health for health in layers}
        self.query_one(Lines).show([self._line(row) for row in self.rows])

    def cells(self, columns: Sequence[Column] = COLUMNS) -> list[list[str]]:
        """Heads and rows as texts."""
        return [[column.label for column in columns], *([self._cell(row, column).strip() for column in columns] for row in self.rows)]

    def on_resize(self, _event: Resize) -> None:
        """Show as many columns as there is room for."""
        if self._widths and self._columns_that_fit() != self._columns:
            self._fill()

    def _columns_that_fit(self) -> list[Column]:
        room, fitting = self.size.width - SCROLLBAR, []
        for column in BY_IMPORTANCE:
            room -= self._widths[column.label] + GAP
            if room < 0:
                break
            fitting.append(column)
        # Better cut than not there.
        return [column for column in COLUMNS if column in fitting or column in (LAYER, ARITHMETIC, PARAMETERS)]

    def _width(self, column: Column) -> int:
        cells = column.width or max((len(self._cell(row, column)) for row in self.rows), default=0)
        return max(cells, cell_len(_(column.label)))

    def _fill(self) -> None:
        self._widths = {column.label: self._width(column) for column in COLUMNS}
        self._columns = self._columns_that_fit()
        heads = "".join(self._padded(_(column.label), column) for column in self._columns)
        self.query_one("#heads", Static).update(Content(heads), layout=False)
        self.query_one(Lines).show([self._line(row) for row in self.rows])

    def _line(self, row: LayerRow) -> Line:
        return tuple((self._padded(self._cell(row, column), column), column.style) for column in self._columns)

    def _padded(self, text: str, column: Column) -> str:
        width = self._widths[column.label]
        return (rjust if column.right else ljust)(text, width) + " " * GAP

    def _cell(self, row: LayerRow, column: Column) -> str:
        if column.of_row:
            return column.of_row(row)
        health = self.health.get(row.name)
        assert column.of_health
        if health is None:
            return ""
        return bar(health.gradient_norm, plain=True) if column is BAR and self.app.has_class("-plain") else column.of_health(health)
