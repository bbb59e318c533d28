"""The question before leaving a run that is going on."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label

from tui_trainer.language import _


class QuitScreen(ModalScreen[bool]):
    """Asks whether to stop the run and leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Stop and leave"),
        Binding("n,escape", "answer(False)", "Go on training"),
        Binding("left,right,up,down", "app.focus_next", "Other button", show=False),
    ]

    def compose(self) -> ComposeResult:
        """Ask."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = _("Leave?")
            yield Label(_("A run is going on. Stop it, save what it has learned, and leave?"))
            with Horizontal(classes="answers"):
                yield Button(_("Yes (y)"), id="yes", variant="primary", compact=True)
                yield Button(_("No (n)"), id="no", compact=True)

    def action_answer(self, answer: bool) -> None:
        """Give the answer to whoever asked."""
        self.dismiss(answer)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")
