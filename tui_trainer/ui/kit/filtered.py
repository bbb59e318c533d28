"""A pane whose rows are chosen by words, in a field that is there only while there are any."""

from textual import on
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from tui_trainer.text.language import _


class FilteredPane(Vertical):
    """A subclass composes `filter_field`, hears its changes, and names in `filtered` what has the focus afterwards."""

    @property
    def filtered(self) -> Widget:
        """The rows."""
        raise NotImplementedError

    def filter_field(self) -> Input:
        """The field, which is not there yet."""
        field = Input(placeholder=_("words that must occur, or activation=relu"), id="filter", compact=True)
        field.display = field.cursor_blink = False
        return field

    @property
    def is_filtered(self) -> bool:
        """Whether there is a filter, or one is being typed."""
        return bool(self.query_one("#filter").display)

    def ask_filter(self) -> None:
        """Ask for one."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def filter(self, text: str) -> None:
        """Leave the rows that fit these words; all of them where there are none."""
        field = self.query_one("#filter", Input)
        field.value = text
        field.display = bool(text)
        self.filtered.focus()

    @on(Input.Submitted, "#filter")
    def _filter_submitted(self, event: Input.Submitted) -> None:
        self.filter(event.value.strip())
