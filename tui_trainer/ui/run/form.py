"""The form: every option of Config, checked as one types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.widgets import Button, Collapsible, Static

from tui_trainer.config.options import AUTO, Config, choices, fields, problems
from tui_trainer.config.relevance import hindrance
from tui_trainer.errors import UserError
from tui_trainer.text.language import N_, _
from tui_trainer.ui.run.diagram import Diagram
from tui_trainer.ui.run.field import Field, Shown, shown

ALWAYS_SHOWN = ("hidden", "activation", "initializer", "optimizer", "learning_rate", "batch_size", "epochs", "seed")
"""What a first run is about. Whatever else Config knows is under More."""

DECIDING = ("hidden", *(name for name, _ in fields() if choices(name) and AUTO not in choices(name)))
"""What other options' defaults depend on: the choices, and the number of layers, of which each may have a choice of its own."""

DECIDED = tuple(name for name, _ in fields() if AUTO in choices(name))
"""The choices that have a default of their own for every other choice: the form shows that instead of `auto`."""

HINT = N_("[b]tab[/b] goes into the form and on, [b]enter[/b] opens a list, [b]escape[/b] leaves a field, [b]f1[/b] explains the keys")


class ConfigForm(Vertical):
    """Holds a run's options. A choice that has better defaults for others proposes them, but never over what the user chose."""

    DEFAULT_CLASSES = "pane"

    @dataclass
    class Changed(Message):
        """The options changed; `config` is None while one of them is wrong."""

        config: Config | None

    def __init__(self, values: Mapping[str, Any], *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = _("Setup")
        config = Config.parse(values)
        given = {name: shown(getattr(config, name)) for name, value in values.items() if value != AUTO or name not in DECIDED}
        self._proposed = _proposals({name: given[name] for name in DECIDING if name in given})
        self.fields = {name: Field(name, info, given.get(name, self._proposed[name])) for name, info in fields()}
        """All there are, on the screen or not, by their options."""
        self._config: Config | None = None

    def compose(self) -> ComposeResult:
        """What fills the form, the options, the network they make, and a line of help that keeps its place."""
        with Horizontal(id="tools"):
            yield Button(_("Presets p"), id="presets", compact=True)
            yield Button(_("Layers d"), id="design", compact=True)
            yield Button(_("Copy k"), id="copy", compact=True)
        with VerticalScroll(id="fields", can_focus=False):
            for name in ALWAYS_SHOWN:
                yield self.fields[name]
            yield Collapsible(title=_("More"), id="more")
        yield Diagram(id="picture")
        yield Static(_(HINT), id="help")

    def on_mount(self) -> None:
        """Check what the form begins with."""
        self._check()

    @property
    def config(self) -> Config | None:
        """The run that the form describes; None while an option is wrong."""
        return self._config

    def fill(self, values: Mapping[str, Any]) -> None:
        """Take these values, as if the user had entered them."""
        for name, value in values.items():
            self.fields[name].value = shown(value)
        self._proposed = _proposals({name: self.fields[name].value for name in DECIDING})
        self._check()

    def complain(self, error: UserError) -> bool:
        """Show an error that only the data could give, such as a batch size beyond the images; False when it is of no field."""
        field = self.fields.get(error.field)
        if field is None:
            return False
        field.complain(error.below_option())
        self._go_to(error.field)
        return True

    def go_to_problem(self) -> None:
        """Put the cursor into the first field that is wrong."""
        wrong = next((name for name, field in self.fields.items() if field.has_class("-wrong")), None)
        if wrong is not None:
            self._go_to(wrong)

    def go_to_first(self) -> None:
        """Put the cursor into the first field."""
        self._go_to(ALWAYS_SHOWN[0])

    def _go_to(self, name: str) -> None:
        if name not in ALWAYS_SHOWN:
            self.query_one("#more", Collapsible).collapsed = False
            self._show_more()
        self.fields[name].take_focus()
        # Where it is once those above it have their places.
        self.call_after_refresh(self.fields[name].scroll_visible, animate=False)

    @on(Collapsible.Expanded, "#more")
    def _show_more(self) -> None:
        """Put fields there when they are wanted for the first time: each is a handful of widgets, which cost every change of the screen."""
        contents, following = self.query_one("#more > Contents"), None
        for field in reversed([field for name, field in self.fields.items() if name not in ALWAYS_SHOWN]):
            if field.display and not field.is_attached:
                contents.mount(field, before=following)
            if field.is_attached:
                following = field

    @on(Field.Changed)
    def _field_changed(self, event: Field.Changed) -> None:
        event.stop()
        if event.field.option in DECIDING:
            self._propose()
        self._check()
        if event.field.has_focus_within:
            self._explain(event.field.meaning, event.field.title)

    @on(Field.Considered)
    def _choice_considered(self, event: Field.Considered) -> None:
        event.stop()
        self._explain(f"{event.choice}: {event.field.choices[event.choice]}", event.field.title)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Explain the field that the cursor is in."""
        field = next((node for node in event.widget.ancestors_with_self if isinstance(node, Field)), None)
        if field is not None:
            self._explain(field.meaning, field.title)

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        """Explain nothing when the cursor is in no field."""
        self._explain(Content.from_markup(_(HINT)), "")

    def _explain(self, text: str | Content, title: str) -> None:
        help_line = self.query_one("#help", Static)
        help_line.border_title = title
        help_line.update(text if isinstance(text, Content) else Content(text), layout=False)

    def _propose(self) -> None:
        """Renew the defaults that depend on a choice, wherever the user put nothing else."""
        chosen = {name: self.fields[name].value for name in DECIDING}
        if problems(chosen):
            # Half a number of layers in the making proposes nothing.
            return
        proposed = _proposals(chosen)
        for name, value in proposed.items():
            if name not in DECIDING and self.fields[name].value == self._proposed[name] != value:
                self.fields[name].value = value
        self._proposed = proposed

    def _check(self) -> None:
        values = {name: field.value for name, field in self.fields.items() if field.value != "" or not field.may_be_empty}
        wrong = problems(values)
        for name, field in self.fields.items():
            field.display = hindrance(name, values) is None
            if not field.display and name in wrong and name in values:
                # What cannot be seen cannot be mended, and does not matter to this run.
                del values[name]
        if not self.query_one("#more", Collapsible).collapsed:
            self._show_more()
        wrong = {name: problem for name, problem in wrong.items() if name in values}
        for name, field in self.fields.items():
            field.complain(wrong.get(name))
        config = None if wrong else Config.parse(values)
        if config is None or config != self._config:
            self._config = config
            self.post_message(self.Changed(config))


def _proposals(chosen: Mapping[str, Any]) -> dict[str, Shown]:
    """What each option would be if only these were given, without those that are wrong."""
    while wrong := problems(chosen):
        chosen = {name: value for name, value in chosen.items() if name not in wrong}
    defaults = Config.parse(chosen)
    return {name: shown(getattr(defaults, name)) for name, _ in fields()}
