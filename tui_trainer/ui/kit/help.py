"""What each key does, taken from the bindings themselves."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import ClassVar

from rich.table import Column, Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.keys import format_key
from textual.widgets import Static

from tui_trainer.text.language import _
from tui_trainer.ui.kit.explanation import Explanation, bindings
from tui_trainer.ui.kit.fitted import Dialog

NAME_WIDTH = 18


class HelpScreen(Dialog[None]):
    """Lies over another screen until it is left; explains its bindings, further keys under a heading of their own, and notes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,question_mark,enter", "dismiss", "Close")]

    def __init__(self, explanation: Explanation, *further: DOMNode) -> None:
        super().__init__()
        self._explanation = explanation
        self._parts = (*explanation.parts, *further)

    def compose(self) -> ComposeResult:
        """The keys, then what is worth knowing besides."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = _("Keys")
            dialog.border_subtitle = _("escape closes")
            yield _table(self.keys())
            yield Static(_(self._explanation.heading), classes="heading")
            yield _table(self._explanation.keys)
            yield Static(_("Good to know"), classes="heading")
            for note in self._explanation.notes:
                yield Static(Content(_(note)), classes="note")

    def keys(self) -> Iterator[tuple[str, str]]:
        """Each key once, with all that it does."""
        meanings: dict[str, list[str]] = {}
        for binding in chain.from_iterable(map(bindings, self._parts)):
            meanings.setdefault(binding.key, []).append(_(binding.tooltip or binding.description))
        for keys, texts in meanings.items():
            yield ", ".join(map(key_name, keys.split(","))), "; ".join(texts)


def key_name(key: str) -> str:
    """What is on the key: the character, where there is one."""
    character = format_key(key)
    return character if len(character) == 1 and character.isascii() else key


def _table(rows: Iterable[tuple[str, str]]) -> Static:
    """Keys beside what they do; one widget, for a widget in each cell would take a second to appear."""
    table = Table.grid(Column(width=NAME_WIDTH), Column(ratio=1, overflow="fold"), expand=True)
    for key, meaning in rows:
        table.add_row(Text(_(key), "bold"), Text(_(meaning)))
    return Static(table)
