"""The question before leaving while a run or a sweep is being trained."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Label

from tui_trainer.text.language import _
from tui_trainer.ui.kit.fitted import Dialog


class QuitScreen(Dialog[bool]):
    """Asks whether to stop the run or the sweep, and leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Stop and leave"),
        Binding("n,escape", "answer(False)", "Keep training"),
        Binding("left,right,up,down", "app.focus_next", "Other button", show=False),
    ]

    AUTO_FOCUS = "#no"

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Ask."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = _("Leave?")
            yield Label(self._question)
            with Horizontal(classes="answers"):
                yield Button(_("Yes (y)"), id="yes", variant="primary", compact=True)
                yield Button(_("No (n)"), id="no", compact=True)

    def action_answer(self, answer: bool) -> None:
        """Give the answer."""
        self.dismiss(answer)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")
