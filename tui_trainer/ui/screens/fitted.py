"""Screens that are dressed for a size before they are laid out for it."""

import asyncio

from textual.events import Resize, ScreenResume
from textual.geometry import Size
from textual.screen import ModalScreen, Screen, ScreenResultType


class FittedScreen(Screen[ScreenResultType]):
    """Takes the classes of its breakpoints first: Textual lays out in the old ones, takes the new ones, and lays out twice more."""

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Open in the classes of the terminal's size."""
        # Textual updates the styles next, if it does.
        self._fit(self.app.size, update=not event.refresh_styles)

    async def on_resize(self, event: Resize) -> None:
        """Have Textual lay out, unless it has done so."""
        if not self._fit(event.size) and event.size == self.outer_size:
            event.prevent_default()
        # Styles and layout take their time each: a key may come in between.
        await asyncio.sleep(0)

    def _fit(self, size: Size, *, update: bool = True) -> bool:
        """Take the classes of a size, and tell whether they are others than before."""
        before = self.classes
        wanted: dict[str, bool] = {}
        for breakpoints, extent in ((self.HORIZONTAL_BREAKPOINTS, size.width), (self.VERTICAL_BREAKPOINTS, size.height)):
            reached = max((least for least, _ in breakpoints or () if least <= extent), default=None)
            wanted |= {name: least == reached for least, name in breakpoints or ()}
        self.update_classes(wanted, update=update, animate=False)
        return self.classes != before


class Dialog(ModalScreen[ScreenResultType], FittedScreen[ScreenResultType]):
    """A question or an explanation over another screen."""
