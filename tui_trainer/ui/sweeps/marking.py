"""The lists from which a sweep is built: the options, and the values of one of them, each with a mark where it is swept."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

MARKED, FREE = "[x]", "[ ]"

CLEAR_KEY = Binding("delete,backspace", "clear", "Clear", tooltip="In the lists: sweep this option no more", key_display="del", show=False)


class Lines(OptionList):
    """A list whose lines change under its cursor, which stays on its line."""

    BINDINGS: ClassVar[list[BindingType]] = [CLEAR_KEY]

    class Cleared(Message):
        """The option is to be swept no more."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 Textual's name
        super().__init__(compact=True, id=id)

    def show(self, lines: list[Content], cursor: int) -> None:
        """Show these lines, the cursor on one of them."""
        if len(lines) == self.option_count:
            for place, line in enumerate(lines):
                if self.get_option_at_index(place).prompt != line:
                    self.replace_option_prompt_at_index(place, line)
        else:
            self.clear_options()
            self.add_options([Option(line) for line in lines])
        self.highlighted = min(cursor, len(lines) - 1) if lines else None

    def action_page_up(self) -> None:
        """Go a page up, where there are pages: Textual fails in a list without a row."""
        if self.scrollable_content_region:
            super().action_page_up()  # type: ignore[no-untyped-call]  # as Textual has it

    def action_page_down(self) -> None:
        """Go a page down."""
        if self.scrollable_content_region:
            super().action_page_down()  # type: ignore[no-untyped-call]

    def action_clear(self) -> None:
        """Ask for no values."""
        self.post_message(self.Cleared())


class OptionLines(Lines):
    """The options that can be swept."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter,right", "select", "Values", tooltip="In the options: go to its values (mouse: click)", key_display="space")
    ]


class ValueLines(Lines):
    """The values of an option."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "select", "Mark", tooltip="In the values: sweep it, or no more (mouse: click)", key_display="space"),
        Binding("left", "leave", "Options", tooltip="In the values: go back to the options", show=False),
    ]

    class Left(Message):
        """Back to the options."""

    def action_leave(self) -> None:
        """Ask to go back."""
        self.post_message(self.Left())


def marked_line(text: str, *, is_marked: bool, note: str = "") -> Content:
    """A line with its mark, and what is said of it."""
    line = Content(f"{MARKED if is_marked else FREE} {text}")
    line = line.stylize("bold") if is_marked else line
    return Content.assemble(line, f"  {note}") if note else line
