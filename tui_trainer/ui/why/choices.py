"""A list in which a click goes to an option, and a double click or enter takes it."""

from textual.events import Click
from textual.widgets import OptionList


class Choices(OptionList):
    """Textual's takes an option at the first click, which is too soon where one looks at several before one of them is trained."""

    DEFAULT_CLASSES = "pane"

    async def _on_click(self, event: Click) -> None:
        """Go to the option under the mouse."""
        event.prevent_default()
        option = event.style.meta.get("option")
        if option is not None:
            self.highlighted = option
            if event.chain == 2:
                self.action_select()
