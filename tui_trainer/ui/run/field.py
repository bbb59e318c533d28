"""One option in the form: its name, something to type or choose in, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, ClassVar, get_args

from pydantic.fields import FieldInfo
from rich.highlighter import Highlighter
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Checkbox, Input, Label, OptionList, Select, Static

from tui_trainer.config.options import AUTO, as_text, choices, description
from tui_trainer.config.per_layer import abridged
from tui_trainer.text.language import N_, _

Shown = str | bool
"""What a control holds: a text, or for a switch whether it is on."""

TITLES: Mapping[str, str] = {"hidden": N_("hidden layers"), "checkpoint_every": N_("checkpoints")}
"""Where the option's own name says too little, or has no room."""


def shown(value: Any) -> Shown:
    """The text that stands for a value, such that Config reads it back the same."""
    if isinstance(value, bool):
        return value
    return "" if value is None else as_text(value)


class Legible(Highlighter):
    """Shows one harmless character for each that a terminal would obey: the name of a file may hold such."""

    def highlight(self, text: Text) -> None:
        """Change what is drawn, and nothing that is written."""
        text.plain = "".join(character if character.isprintable() else "?" for character in text.plain)


class Field(Vertical):
    """A label, a control made for the option's type, and a mark where the value is wrong.

    It holds its value from the start, but has a control only once it is on the screen: most fields never are.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", "Previous field", show=False),
        Binding("down", "app.focus_next", "Next field", show=False),
    ]

    @dataclass
    class Changed(Message):
        """The control holds something else."""

        field: "Field"

    @dataclass
    class Considered(Message):
        """Someone looks through the choices and is at this one."""

        field: "Field"
        choice: str

    def __init__(self, option: str, info: FieldInfo, value: Shown) -> None:
        super().__init__(classes="field")
        self.option = option
        self.title = _(TITLES.get(option, option.replace("_", " ")))
        self.description = description(option, _)
        self.may_be_empty = NoneType in get_args(info.annotation)
        self.choices = self._choices(value)
        self._value = value
        self._control: Select[str] | Checkbox | Input | None = None
        self._label = Label(self.title)
        self._mark = Static("✗", classes="mark")
        self._wants_focus = False
        self.problem: str | None = None
        """What is wrong with the value."""

    def _choices(self, value: Shown) -> dict[str, str]:
        """Each name and what it means; also `value`, where that names one for each layer."""
        # `auto` needs no entry: the form shows what it stands for.
        known = {name: _(meaning) for name, meaning in choices(self.option).items() if name != AUTO}
        return known | {str(value): _("one for each layer")} if known and value not in known else known

    def _make_control(self, value: Shown) -> Select[str] | Checkbox | Input:
        if self.choices:
            return Select(self._entries(), value=str(value), allow_blank=False, compact=True, id=self.option)
        if isinstance(value, bool):
            return Checkbox(value=value, compact=True, id=self.option)
        placeholder = _("none") if self.may_be_empty else ""
        # What is valid from the start: Textual would add the class with another look at every rule.
        entry = Input(value, placeholder, Legible(), compact=True, select_on_focus=True, id=self.option, classes="-valid")
        entry.cursor_blink = False  # an app at rest writes nothing to the line
        return entry

    def _entries(self) -> list[tuple[str, str]]:
        return [(abridged(name), name) for name in self.choices]

    def compose(self) -> ComposeResult:
        """The label, the control and the mark side by side."""
        self._control = self._make_control(self._value)
        with Horizontal():
            yield self._label
            yield self._control
            if self.problem:
                yield self._mark

    def on_mount(self) -> None:
        """Listen to the list of choices: moving through it says what each means before one is chosen."""
        if self.choices:
            self.watch(self.query_one(OptionList), "highlighted", self._consider, init=False)
        if self._wants_focus:
            self.take_focus()

    def on_descendant_focus(self) -> None:
        """Mark the label; by `:focus-within` Textual would not find a widget inside of what has the focus."""
        self._label.add_class("-focused")

    def on_descendant_blur(self) -> None:
        """Unmark it."""
        self._label.remove_class("-focused")

    def take_focus(self) -> None:
        """Put the cursor into the control, now or as soon as there is one."""
        self._wants_focus = self._control is None
        if self._control:
            self._control.focus()

    @property
    def value(self) -> Shown:
        """What is chosen or written."""
        match self._control:
            case None:
                return self._value
            case Input():
                return self._control.value.strip()
            case Checkbox():
                return self._control.value
            case Select():
                return str(self._control.value)

    @value.setter
    def value(self, value: Shown) -> None:
        new_choice = bool(self.choices) and value not in self.choices
        if new_choice:
            self.choices = self._choices(value)
        match self._control:
            case None:
                self._value = value
            case Select():
                if new_choice:
                    with self._control.prevent(Select.Changed):
                        self._control.set_options(self._entries())
                self._control.value = str(value)
            case Input():
                self._control.value = str(value)
            case Checkbox():
                self._control.value = bool(value)

    def meanings(self, choice: str | None = None) -> list[str]:
        """What this choice means, or else the present one, where there are choices, and what the option is."""
        name = str(self.value) if choice is None else choice
        meaning = self.choices.get(name) if self.choices else None
        return [*([f"{abridged(name)}: {meaning}"] if meaning else []), self.description]

    def complain(self, problem: str | None) -> None:
        """Take note of what is wrong, or that nothing is."""
        if problem == self.problem:
            return
        self.problem = problem
        self.set_class(problem is not None, "-wrong")
        if problem and self._control and not self._mark.is_attached:
            self.query_one(Horizontal).mount(self._mark)

    def _consider(self, highlighted: int | None) -> None:
        if highlighted is not None and self._control and self._control.has_class("-expanded"):
            self.post_message(self.Considered(self, list(self.choices)[highlighted]))

    @on(Input.Submitted)
    def _go_on(self, event: Input.Submitted) -> None:
        event.stop()
        self.screen.focus_next()

    @on(Input.Changed)
    @on(Select.Changed)
    @on(Checkbox.Changed)
    def _tell(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed(self))
