"""Borders between panes, to be dragged with the mouse or moved by keys; where they stand is remembered for each class of terminal sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Literal, Protocol, runtime_checkable

from textual.binding import Binding
from textual.geometry import Offset, Region, Size
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

from tui_trainer.text.language import N_, _

BORDER_KEYS: Final = (
    Binding("ctrl+left", "move_border('across', -2)", "Border left", tooltip="Move the border of two panes (mouse: drag it)", show=False),
    Binding("ctrl+right", "move_border('across', 2)", "Border right", tooltip="Move the border of two panes", show=False),
    Binding("ctrl+up", "move_border('down', -1)", "Border up", tooltip="Move the border over a pane", show=False),
    Binding("ctrl+down", "move_border('down', 1)", "Border down", tooltip="Move the border over a pane", show=False),
    Binding("ctrl+home", "reset_borders", "Usual sizes", tooltip="Put the borders between panes where they were at first", show=False),
)
"""For screens that have borders."""

WHY_NOT: Final = {
    "across": N_("No two panes stand side by side here."),
    "down": N_("No two panes stand one over the other here."),
}

REST: Final = 0.25
"""Seconds for which a dragged border rests before the screen follows: each time it writes all of the screen to the line."""

SETTLED: Final = 1.0
"""Seconds after which what does not move any more is remembered."""

Way = Literal["across", "down"]
Sizes = dict[str, dict[str, int]]
"""By the class of the terminal's size and the pane: columns of one that stands before a border, or lines of one that lies below it."""


@runtime_checkable
class Remembers(Protocol):
    """An app that keeps the sizes of panes."""

    pane_sizes: Sizes

    def remember_panes(self) -> None:
        """Keep them for the next time."""


@dataclass(frozen=True)
class Border:
    """Between two panes by their ids: side by side the first one's width is set, one over the other the second one's height.

    Each of the two keeps at least so many columns, or lines, and such a share of what both have.
    """

    first: str
    second: str
    columns: tuple[int, int]
    lines: tuple[int, int] = (8, 5)
    shares: tuple[float, float] = (0.0, 0.0)

    def least(self, way: Way, together: int) -> tuple[int, int]:
        """What the two keep, of so many columns or lines."""
        first, second = self.columns if way == "across" else self.lines
        return max(first, ceil(self.shares[0] * together)), max(second, ceil(self.shares[1] * together))


class Borders:
    """Those of a screen."""

    def __init__(self, screen: Screen[Any], borders: Sequence[Border]) -> None:
        self._screen = screen
        self._borders = borders
        self._own: Sizes = {}
        self._held: Border | None = None
        self._to = Offset()
        self._known: dict[str, Widget] = {}
        self._moving: Timer | None = None
        self._settling: Timer | None = None

    @property
    def is_held(self) -> bool:
        """Whether one is being dragged."""
        return self._held is not None

    @property
    def _sizes(self) -> Sizes:
        return self._screen.app.pane_sizes if isinstance(self._screen.app, Remembers) else self._own

    @property
    def _class(self) -> str:
        """The class of the terminal's size."""
        breakpoints = [*(self._screen.HORIZONTAL_BREAKPOINTS or ()), *(self._screen.VERTICAL_BREAKPOINTS or ())]
        return "".join(name for _least, name in breakpoints if self._screen.has_class(name)).strip("-")

    def fit(self, size: Size) -> None:
        """Give the panes the sizes that are remembered for such a terminal, as far as there is room."""
        wanted = self._sizes.get(self._class, {})
        for border in self._borders:
            first, second = self._pane(border.first), self._pane(border.second)
            if first and second:
                width, least = wanted.get(border.first), border.least("across", size.width)
                first.styles.width = None if width is None else max(min(width, size.width - least[1]), least[0])
                # The style sheet has a limit for those that are too high.
                second.styles.height = wanted.get(border.second)

    # Where they are

    def _pane(self, name: str) -> Widget | None:
        """A pane by its id, once there is one: to look for it takes its time."""
        if name not in self._known and (found := self._screen.query(f"#{name}")):
            self._known[name] = found.first(Widget)
        return self._known.get(name)

    def _regions(self, border: Border) -> tuple[Region, Region] | None:
        """Where the two panes are, where both are shown."""
        panes = [pane for name in (border.first, border.second) if (pane := self._pane(name))]
        shown = [pane.region for pane in panes if pane.is_on_screen and pane.region.area]
        return (shown[0], shown[1]) if len(shown) == 2 else None

    def _way(self, border: Border) -> Way | None:
        """How the border moves; None where there is none now."""
        if regions := self._regions(border):
            first, second = regions
            return "across" if second.x >= first.right else "down" if second.y >= first.bottom else None
        return None

    def _is_at(self, border: Border, place: Offset) -> bool:
        """Whether it is at this place of the screen: it consists of the edges of both panes."""
        regions, way = self._regions(border), self._way(border)
        if not regions or not way:
            return False
        first, second = regions
        if way == "across":
            return place.x in (first.right - 1, second.x) and second.y <= place.y < second.bottom
        return place.y in (first.bottom - 1, second.y) and second.x <= place.x < second.right

    # The mouse

    def take(self, place: Offset) -> bool:
        """Take hold of the border at a place; tell whether there is one."""
        self._held = next((border for border in self._borders if self._is_at(border, place)), None)
        return self._held is not None

    def drag(self, place: Offset) -> None:
        """Move what is held there once the mouse rests."""
        self._to = place
        if self._moving:
            self._moving.stop()
        self._moving = self._screen.set_timer(REST, self._follow)

    def release(self, place: Offset) -> None:
        """Leave what is held there."""
        self.drag(place)
        self._follow()
        self._held = None

    def _follow(self) -> None:
        if self._moving:
            self._moving.stop()
            self._moving = None
        regions = self._regions(self._held) if self._held else None
        if self._held and regions:
            first, second = regions
            self._move(self._held, self._to.x - first.right + 1 if self._way(self._held) == "across" else self._to.y - second.y)

    # Keys

    def move(self, way: Way, by: int) -> str:
        """Move the one that moves this way; what to say where there is none."""
        border = next((border for border in self._borders if self._way(border) == way), None)
        if border is None:
            return _(WHY_NOT[way])
        self._move(border, by)
        return ""

    def reset(self) -> None:
        """Leave the sizes to the style sheet."""
        self._sizes.pop(self._class, None)
        self._settle()

    def _move(self, border: Border, by: int) -> None:
        regions, way = self._regions(border), self._way(border)
        if not regions or not way or not by:
            return
        across = way == "across"
        before, after = ((region.width if across else region.height) for region in regions)
        least_before, least_after = border.least(way, before + after)
        # Where there was less room already, nothing gets smaller still.
        by = max(min(by, max(after - least_after, 0)), -max(before - least_before, 0))
        name, size = (border.first, before + by) if across else (border.second, after - by)
        self._sizes.setdefault(self._class, {})[name] = size
        self._settle()

    def _settle(self) -> None:
        """Lay out, and remember once nothing moves any more."""
        self.fit(self._screen.app.size)
        if self._settling:
            self._settling.stop()
        if isinstance(self._screen.app, Remembers):
            self._settling = self._screen.set_timer(SETTLED, self._screen.app.remember_panes)
