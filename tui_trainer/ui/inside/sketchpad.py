"""A square to draw a digit on, with the mouse or with the arrow keys."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.text.drawing import Look, Row, gray
from tui_trainer.text.language import _
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.inside.gallery import GRAIN
from tui_trainer.ui.inside.sketch import SIDE, Point, Sketch

RIGHT_BUTTON = 3

STEP = 2.0
"""Pixels that an arrow key moves the pen."""


class Sketchpad(Painted, can_focus=True):
    """The left button draws and the right one wipes; an arrow key moves the pen, which draws, wipes or is lifted."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"sketchpad--pen"}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pen", "Pen", tooltip="On the paper: put the pen down, or lift it; arrows move it (mouse: drag)"),
        Binding("e", "eraser", "Eraser", tooltip="On the paper: wipe instead of drawing, or back (mouse: right button)"),
        Binding("delete,backspace", "clear", "Clear", tooltip="On the paper: clear it", key_display="del"),
        Binding("up", "move(0, -1)", "Up", tooltip="On the paper: move the pen up", show=False),
        Binding("down", "move(0, 1)", "Down", tooltip="On the paper: move the pen down", show=False),
        Binding("left", "move(-1, 0)", "Left", tooltip="On the paper: move the pen to the left", show=False),
        Binding("right", "move(1, 0)", "Right", tooltip="On the paper: move the pen to the right", show=False),
    ]

    class Drawn(Message):
        """There is other ink."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.sketch = Sketch()
        self.pen: Point = (SIDE / 2, SIDE / 4)
        self.is_down = False
        self.erases = False
        self.has_example = False
        """Whether there is what nobody drew."""
        self._last: Point | None = None
        """Where the mouse was, while a button is down."""
        self._mouse_erases = False

    @property
    def state(self) -> str:
        """What the pen does."""
        if self.erases:
            return _("eraser down") if self.is_down else _("eraser up")
        return _("pen down") if self.is_down else _("pen up")

    @property
    def scale(self) -> int:
        """Columns, and half rows, for a pixel."""
        return max(min(self.size.width, self.size.height * 2) // SIDE, 1)

    def draw(self, width: int, height: int) -> list[Row]:
        scale = self.scale
        levels = np.rint(self.sketch.ink / GRAIN).astype(np.uint8) * GRAIN
        rows = gray(levels.repeat(scale, 0).repeat(scale, 1), self.look)
        if self.has_focus:
            column, row = round((self.pen[0] - 0.5) * scale), round((self.pen[1] - 0.5) * scale) // 2
            if row < len(rows):
                rows[row] = _marked(rows[row], column, "x" if self.erases else "+" if self.is_down else "o")
        return rows if self.look is Look.SHADES else [[*row, ("|", "")] for row in rows]

    def show_example(self, levels: NDArray[np.uint8]) -> None:
        """Show a square image, which goes with the first stroke."""
        nearest = np.arange(SIDE) * len(levels) // SIDE
        self.sketch.ink[:] = levels[np.ix_(nearest, nearest)]
        self.has_example = True
        self._change()

    def _take_paper(self) -> None:
        """Begin on blank paper where there is an example."""
        if self.has_example:
            self.sketch.clear()
            self.has_example = False

    def _change(self) -> None:
        self.repaint()
        self.post_message(self.Drawn())

    def _move(self, to: Point) -> None:
        before, self.pen = self.pen, to
        if self.is_down:
            self._take_paper()
            self.sketch.stroke(before, to, erases=self.erases)
        self._change()

    def action_move(self, across: int, down: int) -> None:
        """Move the pen by a step."""
        x, y = self.pen
        self._move((min(max(x + across * STEP, 0.5), SIDE - 0.5), min(max(y + down * STEP, 0.5), SIDE - 0.5)))

    def action_pen(self) -> None:
        """Put the pen down, or lift it."""
        self.is_down = not self.is_down
        self._move(self.pen)

    def action_eraser(self) -> None:
        """Take the eraser, or the pen again."""
        self.erases = not self.erases
        self._move(self.pen)

    def action_clear(self) -> None:
        """Clear the paper, the pen lifted."""
        self.sketch.clear()
        self.is_down = self.has_example = False
        self._change()

    def on_focus(self) -> None:
        """Show where the pen is."""
        self.repaint()

    def on_blur(self) -> None:
        """The pen is not steered now."""
        self.repaint()

    # The mouse

    def _at(self, event: events.MouseEvent) -> Point:
        """The middle of the character under the mouse, which may be outside while a button is down."""
        place = event.get_content_offset_capture(self)
        return (place.x + 0.5) / self.scale, (2 * place.y + 1) / self.scale

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a stroke."""
        if event.get_content_offset(self) is None:
            return
        self._last, self._mouse_erases = self._at(event), self.erases or event.button == RIGHT_BUTTON
        self.capture_mouse()
        self._stroke(self._last)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Continue the stroke."""
        if self._last is not None:
            self._stroke(self._at(event))

    def _stroke(self, to: Point) -> None:
        assert self._last is not None
        self._take_paper()
        self.sketch.stroke(self._last, to, erases=self._mouse_erases)
        self._last = to
        x, y = to
        self.pen = min(max(x, 0.5), SIDE - 0.5), min(max(y, 0.5), SIDE - 0.5)
        self._change()

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """End it."""
        self._last = None
        self.release_mouse()


def _marked(row: Row, column: int, mark: str) -> Row:
    """The row with a mark in one column."""
    marked: Row = []
    start = 0
    for text, style in row:
        end = start + len(text)
        if start <= column < end:
            cut = column - start
            marked += [(text[:cut], style), (mark, "sketchpad--pen"), (text[cut + 1 :], style)]
        else:
            marked.append((text, style))
        start = end
    return marked
