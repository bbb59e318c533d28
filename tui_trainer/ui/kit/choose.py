"""One choice out of a few, each with a line that says what it means."""

from collections.abc import Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui_trainer.text.language import _
from tui_trainer.ui.kit.fitted import Dialog


class ChooseScreen(Dialog[str | None]):
    """Gives the name that was chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Close")]

    def __init__(self, title: str, choices: Mapping[str, str]) -> None:
        super().__init__()
        self._title = title
        self._choices = choices

    def compose(self) -> ComposeResult:
        """A list."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = _(self._title)
            dialog.border_subtitle = _("enter chooses, escape leaves")
            yield OptionList(
                *(Option(self.entry(name, meaning), id=name) for name, meaning in self._choices.items()), compact=True, id="choices"
            )
            yield from self.below()

    def entry(self, name: str, meaning: str) -> Content:
        """How a choice is listed."""
        return Content.assemble((_(name), "bold"), "\n  ", _(meaning))

    def below(self) -> ComposeResult:
        """What stands under the list."""
        return iter(())

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)
