"""The layers and their parameters, with the sum that a learner wants to check."""

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
from tui_trainer.datasets.spec import COLOURS, MNIST_SPEC, DataSpec
from tui_trainer.history.quantities import FIGURES
from tui_trainer.text.cells import ljust, rjust
from tui_trainer.text.language import N_, _
from tui_trainer.training.events import LayerHealth
from tui_trainer.training.model import arithmetic, build_layers, parameters

GAP = 2
"""Columns of space between two columns of the table."""

SCROLLBAR = 1


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
    sides = (*spec.image_shape, COLOURS) if spec.image_shape and spec.is_coloured else spec.image_shape
    shape = f"{' × '.join(map(str, sides))} → {spec.features}" if sides else ""
    return [
        LayerRow("flatten", "Flatten", spec.features, shape, 0),
        *(
            LayerRow(layer.name, layer.kind, layer.units, arithmetic(layer), parameters(layer))
            for layer in build_layers(config, spec.features, spec.classes)
        ),
        LayerRow("softmax", "Softmax", spec.classes, "", 0),
    ]


class Column(NamedTuple):
    """A column: its head, and how a cell in it reads."""

    label: str
    of_row: Callable[[LayerRow], str]
    right: bool = True
    style: str = "layers--row"


LAYER = Column(N_("layer"), lambda row: row.name, right=False, style="layers--name")
KIND = Column(N_("type"), lambda row: row.kind, right=False)
UNITS = Column(N_("units"), lambda row: f"{row.units:,}")
ARITHMETIC = Column(N_("calculation"), lambda row: f"{row.arithmetic} =" if row.parameters else row.arithmetic)
PARAMETERS = Column(N_("params"), lambda row: f"{row.parameters:,}", style="layers--name")

COLUMNS = (LAYER, KIND, UNITS, ARITHMETIC, PARAMETERS)
"""As they stand from left to right."""

BY_IMPORTANCE = (LAYER, ARITHMETIC, PARAMETERS, UNITS, KIND)
"""As they are given up from the end when there is no room; the first three are better cut than not there."""


def exported_cells(rows: Sequence[LayerRow], layers: Iterable[LayerHealth]) -> list[list[str]]:
    """Heads and rows as texts: what the table shows, and what was measured last."""
    health = {layer.name: layer for layer in layers}
    cells = {figure.cell.head: (figure, figure.cell.form) for figure in FIGURES.values() if figure.cell}
    found = [[*(column.label for column in COLUMNS), *cells]]
    for row in rows:
        layer = health.get(row.name)
        measured = [format(figure.take(layer), form) if layer else "" for figure, form in cells.values()]
        found.append([*(column.of_row(row) for column in COLUMNS), *measured])
    return found


Line = tuple[tuple[str, str], ...]
"""Texts, each with the component class of its style."""


class Lines(ScrollView, can_focus=True):
    """Lines of styled text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"layers--row", "layers--name"}

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines."""
        self._lines = lines
        self.virtual_size = Size(max((sum(cell_len(text) for text, _ in line) for line in lines), default=0), len(lines))
        self.refresh()

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

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.rows: Sequence[LayerRow] = ()
        self._columns: Sequence[Column] = ()
        self._widths: dict[str, int] = {}

    def compose(self) -> ComposeResult:
        """The heads, the rows and the total."""
        yield Static(id="heads")
        yield Lines()
        yield Static(id="total")

    def show(self, rows: Sequence[LayerRow]) -> None:
        """Show these layers."""
        self._date(is_outdated=False)
        if rows != self.rows:
            self.rows = rows
            self._fill()
        total = sum(row.parameters for row in rows)
        self.query_one("#total", Static).update(
            Content.assemble(_("total") + " ", (f"{total:,}", "bold"), " " + _("parameters")), layout=False
        )

    @property
    def wanted_height(self) -> int:
        """Lines for heads, rows and total."""
        return len(self.rows) + 2

    def explain(self, reason: str) -> None:
        """Say why what is shown is out of date."""
        self._date(is_outdated=True)
        self.query_one("#total", Static).update(Content(reason), layout=False)

    def _date(self, *, is_outdated: bool) -> None:
        if self.has_class("-outdated") != is_outdated:
            self.set_class(is_outdated, "-outdated")
            self.query_one(Lines).refresh()

    def on_resize(self, _event: Resize) -> None:
        """Show as many columns as there is room for."""
        if self._widths and self._columns_that_fit() != self._columns:
            self._fill()

    def _columns_that_fit(self) -> Sequence[Column]:
        room, fitting = self.size.width - SCROLLBAR, list(BY_IMPORTANCE[:3])
        room -= sum(self._widths[column.label] + GAP for column in fitting)
        for column in BY_IMPORTANCE[3:]:
            room -= self._widths[column.label] + GAP
            if room < 0:
                break
            fitting.append(column)
        return [column for column in COLUMNS if column in fitting]

    def _fill(self) -> None:
        self._widths = {
            column.label: max(cell_len(_(column.label)), *(len(column.of_row(row)) for row in self.rows), 0) for column in COLUMNS
        }
        self._columns = self._columns_that_fit()
        heads = "".join(self._padded(_(column.label), column) for column in self._columns)
        self.query_one("#heads", Static).update(Content(heads), layout=False)
        lines = [tuple((self._padded(column.of_row(row), column), column.style) for column in self._columns) for row in self.rows]
        self.query_one(Lines).show(lines)

    def _padded(self, text: str, column: Column) -> str:
        width = self._widths[column.label]
        return (rjust if column.right else ljust)(text, width) + " " * GAP
