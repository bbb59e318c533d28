"""Many small pictures with captions, as many as there is room for, and one picture that is large."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from tui_trainer.text.cells import cut, shorten
from tui_trainer.text.drawing import Look, Row, bar_rows, gray, resized, resized_height, signed
from tui_trainer.ui.chart.painted import Painted

GAP = 2
"""Columns between two pictures."""

MOST_ACROSS = 28
"""Pixels of a picture, unless it is enlarged."""

LARGEST = 56

GRAIN = 17
"""Levels of gray that are drawn as one: more cannot be told apart, and each change is some forty bytes on the line."""

NARROWEST = 10
"""Columns of a caption."""

TRUE = "▸", ">"
"""What marks the true class, and what does so in plain characters."""


@dataclass(frozen=True)
class Tile:
    """A picture: an image in levels of gray (bytes) or weights (numbers around 0), and a line or two below it."""

    pixels: NDArray[Any] | None
    """(height, width); None where there is nothing to draw."""
    captions: tuple[str, ...] = ()


def picture(pixels: NDArray[Any], size: int, look: Look) -> list[Row]:
    """The rows of a picture about `size` pixels wide."""
    if pixels.dtype == np.uint8:
        return gray(np.rint(resized(pixels, size) / GRAIN).astype(np.uint8) * GRAIN, look)
    return signed(resized(pixels, size), look)


class Gallery(Painted, can_focus=True):
    """Shows a page of tiles; arrows, a click or the wheel choose one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"gallery--caption", "gallery--chosen"}

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Previous", tooltip="Among pictures: go to the one before", show=False),
        Binding("right", "move(1)", "Next", tooltip="Among pictures: go to the next one (mouse: click)", show=False),
        Binding("up", "row(-1)", "Up", tooltip="Among pictures: go up, to the page before from the first row", show=False),
        Binding("down", "row(1)", "Down", tooltip="Among pictures: go down, to the next page from the last row", show=False),
        Binding("pageup", "page(-1)", "Page before", tooltip="Among pictures: the page before (mouse: wheel)", show=False),
        Binding("pagedown", "page(1)", "Next page", tooltip="Among pictures: the next page (mouse: wheel)"),
        Binding("home", "first", "First", tooltip="Among pictures: the first one", show=False),
        Binding("end", "last", "Last", tooltip="Among pictures: the last one", show=False),
        Binding("plus,equals_sign", "enlarge(1)", "Larger", tooltip="Among pictures: draw them larger", show=False),
        Binding("minus", "enlarge(-1)", "Smaller", tooltip="Among pictures: draw them smaller, and so more of them", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """Another picture is looked at."""

        gallery: "Gallery"
        index: int

        @property
        def control(self) -> "Gallery":
            """Which gallery it is in."""
            return self.gallery

    def __init__(self, wanted: int, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self._wanted = wanted
        """How many pictures shall be there at once, if they can still be read then."""
        self.count = 0
        self._shape: tuple[int, int] | None = None
        self._tile: Callable[[int], Tile] | None = None
        self._nothing = ""
        self._chosen_size: int | None = None
        """Pixels across, where that was chosen."""
        self.index = 0
        """The picture that is looked at."""

    def show(self, count: int, shape: tuple[int, int] | None, tile: Callable[[int], Tile], nothing: str = "", index: int = 0) -> None:
        """Show so many pictures of this height and width, each made when it is needed, or that there is `nothing`."""
        if shape != self._shape:
            self._chosen_size = None
        self.count, self._shape, self._tile, self._nothing = count, shape, tile, nothing
        self.index = min(index, max(count - 1, 0))
        self.repaint()

    def choose(self, index: int) -> None:
        """Look at a picture."""
        index = min(max(index, 0), self.count - 1)
        if index != self.index and index >= 0:
            self.index = index
            self.repaint()
            self.post_message(self.Chosen(self, index))

    # How they lie

    def sizes(self) -> list[int]:
        """Pixels across that pictures can be drawn with, the largest first."""
        width = self._shape[1] if self._shape else 1
        larger = [width * times for times in range(max(LARGEST // width, 1), 1, -1)]
        smaller = [size for times in range(2, 9) if (size := -(-width // times)) >= 7]
        return [*larger, width, *smaller]

    def tile_size(self, size: int) -> tuple[int, int]:
        rows = -(-resized_height(self._shape, size) // 2) if self._shape else 0
        captions = len(self._tile(0).captions) if self._tile and self.count else 0
        return max(size if self._shape else 0, NARROWEST), rows + max(captions, 1)

    def grid(self, size: int) -> tuple[int, int]:
        """Columns and rows of pictures of such a size."""
        width, height = self.tile_size(size)
        return max((self.size.width + GAP) // (width + GAP), 1), max(self.size.height // height, 1)

    def across(self) -> int:
        """Pixels across: as many as was chosen, or the most with which all that is wanted can be seen."""
        sizes = self.sizes()
        if self._chosen_size in sizes:
            return self._chosen_size
        return next((size for size in sizes if size <= MOST_ACROSS and self._suits(size)), sizes[-1])

    def _suits(self, size: int) -> bool:
        width, height = self.tile_size(size)
        is_whole = width <= self.size.width and height <= self.size.height
        return is_whole and int(np.prod(self.grid(size))) >= min(self._wanted, self.count)

    @property
    def per_page(self) -> int:
        return int(np.prod(self.grid(self.across())))

    def draw(self, width: int, height: int) -> list[Row]:
        if self._tile is None or not self.count:
            return [[(line, "")] for line in self._nothing.split("\n")]
        size = self.across()
        columns, rows = self.grid(size)
        tile_width, tile_height = self.tile_size(size)
        page = self.index // (columns * rows)
        drawn: list[Row] = []
        for row in range(rows):
            first = page * columns * rows + row * columns
            indices = range(first, min(first + columns, self.count))
            drawn += _beside([self._drawn(index, size, tile_width, tile_height) for index in indices]) if indices else []
        return drawn[:height]

    def _drawn(self, index: int, size: int, width: int, height: int) -> list[Row]:
        assert self._tile
        tile = self._tile(index)
        rows = [] if tile.pixels is None else picture(tile.pixels, size, self.look)
        drawn = [[*row, (" " * (width - sum(len(text) for text, _ in row)), "")] for row in rows]
        style = "gallery--chosen" if index == self.index else "gallery--caption"
        # The chosen one is marked too, because colours may be missing, or not be seen.
        mark = ">" if index == self.index else ""
        drawn += [[(cut(f"{mark if not line else ''}{caption}", width), style)] for line, caption in enumerate(tile.captions)]
        return [*drawn, *([[(" " * width, "")]] * (height - len(drawn)))]

    # What keys and the mouse do

    def action_move(self, by: int) -> None:
        """Go to a picture further on, or back."""
        self.choose(self.index + by)

    def action_row(self, by: int) -> None:
        """Go to the picture below, or above."""
        columns, _ = self.grid(self.across())
        if 0 <= self.index + by * columns < self.count:
            self.choose(self.index + by * columns)

    def action_page(self, by: int) -> None:
        """Go to the next page, or back."""
        self.choose(self.index + by * self.per_page)

    def action_first(self) -> None:
        """Go to the first picture."""
        self.choose(0)

    def action_last(self) -> None:
        """Go to the last picture."""
        self.choose(self.count - 1)

    def action_enlarge(self, by: int) -> None:
        """Draw them larger, or smaller."""
        sizes = self.sizes()
        self._chosen_size = sizes[min(max(sizes.index(self.across()) - by, 0), len(sizes) - 1)]
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        """Look at the picture that is clicked."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        size = self.across()
        (columns, rows), (width, height) = self.grid(size), self.tile_size(size)
        column, row = offset.x // (width + GAP), offset.y // height
        index = self.index // (columns * rows) * columns * rows + row * columns + column
        if column < columns and row < rows and index < self.count:
            self.choose(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The next page."""
        event.stop()
        self.action_page(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The page before."""
        event.stop()
        self.action_page(-1)


def _beside(tiles: Sequence[list[Row]]) -> list[Row]:
    """Pictures of equal height in a row."""
    gap = (" " * GAP, "")
    return [[piece for row in line for piece in (*row, gap)][:-1] for line in zip(*tiles, strict=True)]


class Picture(Painted):
    """One picture, as large as there is room for."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.pixels: NDArray[Any] | None = None

    def show(self, pixels: NDArray[Any] | None) -> None:
        """Show this, or nothing."""
        self.pixels = pixels
        self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        if self.pixels is None:
            return []
        across = min(width, 2 * height * self.pixels.shape[1] // self.pixels.shape[0])
        return picture(self.pixels, max(across, 1), self.look)[:height]


class Bars(Painted):
    """A bar for the probability of each class; of more than there is room for, the likeliest and the true one."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"gallery--truth"}

    LONGEST = 40

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.probabilities: Sequence[float] = ()
        self._truth: int | None = None
        self._names: Sequence[str] = ()

    def show(self, probabilities: Sequence[float], truth: int | None = None, names: Sequence[str] = ()) -> int:
        """Show these, one for each class, and mark the true one, if it is known; tells how many columns had to be written.

        `names` are those of the classes; without, they are called by their numbers.
        """
        self.probabilities, self._truth, self._names = probabilities, truth, names
        return self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        shown = list(range(len(self.probabilities)))
        if len(shown) > height:
            shown.sort(key=lambda label: -self.probabilities[label])
            true = [label for label in shown[height:] if label == self._truth]
            shown = [*shown[: height - len(true)], *true]
        is_ascii, marks = self.look is Look.ASCII, self._truth is not None
        room = max(width // 3, 3)
        bars = [(shorten(self._names[label] if self._names else str(label), room), float(self.probabilities[label])) for label in shown]
        labels = max((cell_len(label) for label, _ in bars), default=1)
        rows = bar_rows(bars, min(max(width - labels - 8 - marks, 1), self.LONGEST), is_ascii=is_ascii)
        return [self._marked(row, label == self._truth) for row, label in zip(rows, shown, strict=True)] if marks else rows

    def _marked(self, row: Row, is_true: bool) -> Row:
        if not is_true:
            return [(" ", ""), *row]
        mark = TRUE[self.look is Look.ASCII]
        return [(mark + "".join(text for text, _ in row), "gallery--truth")]
