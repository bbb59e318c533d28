"""The optimizers in a list: which are shown, at which rates, and how far each is."""

from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.descent.race import Race
from tui_trainer.text.cells import ljust, rjust
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.chart.relief import PENS, ROUTE, ROUTES, mark_of

BOX = 4
"""Columns in which a click shows or hides."""

COLUMNS = ((N_("rate"), 8), (N_("step"), 6), (N_("value"), 10), (N_("distance"), 10), (N_("near at"), 9))
"""Heads and widths after the name."""

FEWER = (("rate", 8), ("value", 9), ("distance", 9))
"""What there is room for in a narrow table, with one digit less."""

NAME_WIDTH, LONGEST_NAME = 9, 13
WIDTH = BOX + NAME_WIDTH + sum(width for _, width in COLUMNS)


class OptimizerTable(Painted, can_focus=True):
    """A row for each optimizer, one of which is selected."""

    DEFAULT_CLASSES = "pane"

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *PENS,
        *(f"optimizers--{part}" for part in ("head", "shown", "hidden", "cursor", "bad")),
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "select(-1)", "Up", tooltip="In the list: select the optimizer above (mouse: click)", show=False),
        Binding("down", "select(1)", "Down", tooltip="In the list: select the optimizer below", show=False),
        Binding("enter", "show_or_hide", "Show", tooltip="In the list: show the selected optimizer, or hide it (mouse: click the box)"),
    ]

    class Selected(Message):
        """Another optimizer is selected."""

    class Toggled(Message):
        """An optimizer is to be shown, or hidden."""

        def __init__(self, optimizer: str) -> None:
            super().__init__()
            self.optimizer = optimizer

    def __init__(self, race: Race, marks: Marks, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.race = race
        self.names = tuple(race.rates)
        self.marks = marks
        self._top, self._longest = 0, NAME_WIDTH
        """The first row in sight."""
        self.cursor = next((index for index, name in enumerate(self.names) if name in race.shown), 0)

    @property
    def selected(self) -> str:
        """The optimizer under the cursor."""
        return self.names[self.cursor]

    def draw(self, width: int, height: int) -> list[Row]:
        columns = COLUMNS if width >= WIDTH else FEWER
        heads = "".join(rjust(_(head), size) for head, size in columns)
        self._longest = max(NAME_WIDTH, *(min(len(name), LONGEST_NAME) for name in self.names)) if columns is COLUMNS else NAME_WIDTH
        name = ljust(_("optimizer"), self._longest)
        # A longer word has room before the first figure.
        head: Row = [(" " * BOX + name + heads[cell_len(name) - self._longest :], "optimizers--head")]
        rows = max(height - 1, 1)
        # The cursor stays in sight, and rows stay where they are as long as it is.
        self._top = min(max(self._top, self.cursor - rows + 1), self.cursor, max(len(self.names) - rows, 0))
        return [head, *(self._row(index, columns) for index in range(self._top, min(self._top + rows, len(self.names))))]

    def _row(self, index: int, columns: tuple[tuple[str, int], ...]) -> Row:
        name, race = self.names[index], self.race
        is_shown = name in race.shown
        is_cursor = index == self.cursor
        style = "optimizers--cursor" if is_cursor and self.has_focus else "optimizers--shown" if is_shown else "optimizers--hidden"
        box = (mark_of(index, self.marks), PENS[ROUTE + index % ROUTES]) if is_shown else (" ", style)
        texts = self._figures(name, 3 if columns is COLUMNS else 2) if is_shown else {}
        texts["rate"] = f"{race.rates[name]:g}"
        row: Row = [("[", style), box, ("]", style), ((">" if is_cursor else " ") + f"{name[: self._longest]:{self._longest}}", style)]
        is_lost = is_shown and race.path(name).state_at(race.step).diverged
        for head, size in columns:
            text_style = "optimizers--bad" if is_lost and head != "rate" and style == "optimizers--shown" else style
            row.append((rjust(texts.get(head, ""), size), text_style))
        return row

    def _figures(self, name: str, digits: int) -> dict[str, str]:
        """What is told of an optimizer that is shown."""
        path, step = self.race.path(name), self.race.step
        state = path.state_at(step)
        if state.diverged:
            return {"step": str(state.step), "value": _("diverged"), "distance": _("at {step}").format(step=state.step)}
        arrival = path.arrival(step)
        near = "" if arrival is None else str(arrival)
        value, distance = (f"{number:.{digits}g}" for number in (state.value, state.distance))
        return {"step": str(state.step), "value": value, "distance": distance, "near at": near}

    def _go(self, cursor: int) -> None:
        cursor = min(max(cursor, 0), len(self.names) - 1)
        if cursor != self.cursor:
            self.cursor = cursor
            self.post_message(self.Selected())

    def action_select(self, down: int) -> None:
        """Select another."""
        self._go(self.cursor + down)

    def action_show_or_hide(self) -> None:
        """Show the selected one, or hide it."""
        self.post_message(self.Toggled(self.selected))

    def on_click(self, event: events.Click) -> None:
        """Select what is under the mouse; its box shows or hides it."""
        offset = event.get_content_offset(self)
        index = offset.y - 1 + self._top if offset and offset.y > 0 else len(self.names)
        if offset and index < len(self.names):
            self._go(index)
            if offset.x < BOX:
                self.post_message(self.Toggled(self.names[index]))

    def on_focus(self) -> None:
        """The cursor is seen."""
        self.repaint()

    def on_blur(self) -> None:
        """The cursor is elsewhere."""
        self.repaint()
