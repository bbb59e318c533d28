"""What each key does, taken from the bindings themselves."""

from collections.abc import Iterable, Iterator, Sequence
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

from tui_trainer.text.language import N_, _
from tui_trainer.ui.kit.explanation import Explanation, Group, Part, bindings
from tui_trainer.ui.kit.fitted import Dialog

NAME_WIDTH = 18


class HelpScreen(Dialog[None]):
    """Lies over another screen until it is left; explains its bindings, further keys under a heading of their own, and notes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1,question_mark,enter", "dismiss", "Close")]

    def __init__(self, explanation: Explanation, *everywhere: DOMNode) -> None:
        super().__init__()
        self._explanation = explanation
        self._parts: Sequence[Part | Group] = (*explanation.parts, Group(N_("On every screen"), everywhere))

    def compose(self) -> ComposeResult:
        """The keys, then what is worth knowing besides."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = _("Keys")
            dialog.border_subtitle = _("escape closes")
            for heading, keys in self.groups().items():
                if heading:
                    yield Static(_(heading), classes="heading")
                yield _table(keys)
            yield Static(_(self._explanation.heading), classes="heading")
            yield _table(self._explanation.keys)
            yield Static(_("Good to know"), classes="heading")
            for note in self._explanation.notes:
                yield Static(Content(_(note)), classes="note")

    def keys(self) -> Iterator[tuple[str, str]]:
        """Each key once, with all that it does."""
        yield from chain.from_iterable(self.groups().values())

    def groups(self) -> dict[str, list[tuple[str, str]]]:
        """The keys and what they do by the headings of their groups; a key stands where it is met first."""
        meanings: dict[str, list[str]] = {}
        keys: dict[str, list[str]] = {}
        for part in self._parts:
            heading = part.heading if isinstance(part, Group) else ""
            for binding in bindings(part):
                if binding.key not in meanings:
                    keys.setdefault(heading, []).append(binding.key)
                meanings.setdefault(binding.key, []).append(_(binding.tooltip or binding.description))
        names = {key: ", ".join(map(key_name, key.split(","))) for key in meanings}
        return {heading: [(names[key], "; ".join(meanings[key])) for key in found] for heading, found in keys.items()}


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
