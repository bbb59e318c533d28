"""Screens that are dressed for a size before they are laid out for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from textual.command import CommandPalette
from textual.events import ScreenResume
from textual.geometry import Size
from textual.screen import ModalScreen, Screen, ScreenResultType

from tui_trainer.ui.kit.lean_update import LeanCompositor

UI = Path(__file__).parents[1]


class FittedScreen(Screen[ScreenResultType]):
    """Takes the classes of its breakpoints first: Textual lays out in the old ones, takes the new ones, and lays out twice more."""

    SHEET: ClassVar[str | None] = None
    """A style sheet, in `ui/`, that is not needed until such a screen is opened."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._compositor = LeanCompositor()

    async def ready(self) -> None:
        """Wait until keys find what they act upon, where that is read from disk."""

    def on_compose(self) -> None:
        """Have the style sheet and the classes of the terminal's size before there is anything inside."""
        if self.SHEET:
            # With CSS_PATH Textual would read all sheets anew, and style all that is there once more.
            sheet = UI / self.SHEET
            self.app.stylesheet.add_source(sheet.read_text(encoding="utf-8"), (str(sheet), ""))
            self.update_node_styles(animate=False)
        self._fit(self.app.size)

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Open in the styles that everything inside was mounted in: Textual would work them all out again."""
        event.refresh_styles = False
        self._fit(self.app.size)

    def _screen_resized(self, size: Size) -> None:
        """Be laid out once, with the next picture; a screen behind another has none of its own, and is laid out now."""
        self._fit(size)
        if size == self._size:
            return
        if self.is_current and self.stack_updates:
            self._size = size
            self.refresh(layout=True)
        else:
            super()._screen_resized(size)

    def further_classes(self, size: Size) -> Mapping[str, bool]:
        """Those that a size has or has not besides."""
        return {}

    def _fit(self, size: Size) -> None:
        """Take the classes of a size, all at once: to work out the styles of everything inside takes its time."""
        wanted = dict(self.further_classes(size))
        for breakpoints, extent in ((self.HORIZONTAL_BREAKPOINTS, size.width), (self.VERTICAL_BREAKPOINTS, size.height)):
            reached = max((least for least, _ in breakpoints or () if least <= extent), default=None)
            wanted |= {name: least == reached for least, name in breakpoints or ()}
        self.update_classes(wanted, animate=False)


class Dialog(ModalScreen[ScreenResultType], FittedScreen[ScreenResultType]):
    """A question or an explanation over another screen."""


class Palette(CommandPalette, FittedScreen[None]):
    """All commands over another screen."""
