"""The form: every option of Config, checked as one types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Button, Collapsible, Static

from tui_trainer.config.options import AUTO, Config, choices, fields, problems
from tui_trainer.config.relevance import hindrance
from tui_trainer.errors import UserError
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.kit.titles import entitle
from tui_trainer.ui.run.diagram import Diagram
from tui_trainer.ui.run.field import Field, Shown, shown
from tui_trainer.ui.run.portrait_view import PortraitView

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

    @dataclass
    class Considered(Message):
        """The cursor is in the field of this option, whose value or considered choice makes this run; None where it is in no such field."""

        option: str
        config: Config | None

    def __init__(self, values: Mapping[str, Any], *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = _("Setup")
        config = Config.parse(values)
        given = {name: shown(getattr(config, name)) for name, value in values.items() if value != AUTO or name not in DECIDED}
        self._proposed = _proposals({name: given[name] for name in DECIDING if name in given})
        self.fields = {name: Field(name, info, given.get(name, self._proposed[name])) for name, info in fields()}
        """All there are, on the screen or not, by their options."""
        self._offered = _offered()
        self._config: Config | None = None
        self._choice: str | None = None
        """What is considered in an open list."""
        self._told: tuple[str, Config | None] = "", None
        """What was considered last."""

    @property
    def is_outdated(self) -> bool:
        """Whether a plugin has brought or taken options or choices since it was filled."""
        return self._offered != _offered()

    async def renew(self) -> None:
        """Offer the choices and options that there are now, with the values that were there."""
        self._offered = _offered()
        values = {name: field.value for name, field in self.fields.items() if name in dict(fields())}
        self._proposed = _proposals({name: values[name] for name in DECIDING if name in values})
        self.fields = {name: Field(name, info, values.get(name, self._proposed[name])) for name, info in fields()}
        is_open = not self.query_one("#more", Collapsible).collapsed
        await self.query("#fields > Field, #more Field").remove()
        await self.query_one("#fields").mount_all([self.fields[name] for name in ALWAYS_SHOWN], before=0)
        self._check()
        if is_open:
            self._show_more()

    def compose(self) -> ComposeResult:
        """What fills the form, the options, the network they make or the portrait of a choice, and help that keeps its place."""
        with Horizontal(id="tools"):
            yield Button(_("Presets p"), id="presets", compact=True)
            yield Button(_("Layers d"), id="design", compact=True)
            yield Button(_("Copy k"), id="copy", compact=True)
        with VerticalScroll(id="fields", can_focus=False):
            for name in ALWAYS_SHOWN:
                yield self.fields[name]
            yield Collapsible(title=_("More"), id="more")
        yield Diagram(id="picture")
        yield PortraitView(id="portrait")
        yield Static(_(HINT), id="help")

    def on_mount(self) -> None:
        """Check what the form begins with."""
        self._check()

    def on_resize(self) -> None:
        """Say as much as there is room for now."""
        self.call_after_refresh(self._explain)

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
        self._explain()
        return True

    def go_to_problem(self) -> None:
        """Put the cursor into the first field that is wrong."""
        if wrong := next((name for name, field in self.fields.items() if field.problem), None):
            self._go_to(wrong)

    def go_to_first(self) -> None:
        """Put the cursor into the first field."""
        self._go_to(ALWAYS_SHOWN[0])

    def warn(self, text: str) -> None:
        """Warn in the title of what is foreseen; nothing for an empty text."""
        title = Content.assemble(_("Setup"), *([("  ", ""), (f"! {text}", "$text-warning")] if text else []))
        entitle(self, title=title)

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
        self._choice = None
        self._check()

    @on(Field.Considered)
    def _choice_considered(self, event: Field.Considered) -> None:
        event.stop()
        self._choice = event.choice
        self._explain()

    def on_descendant_focus(self) -> None:
        """Explain the field that the cursor is in."""
        self._choice = None
        self._explain()

    def on_descendant_blur(self) -> None:
        """Explain nothing when the cursor is in no field."""
        self._choice = None
        self._explain()

    @property
    def _field_in_focus(self) -> Field | None:
        around = self.screen.focused.ancestors_with_self if self.screen.focused else ()
        return next((node for node in around if isinstance(node, Field)), None)

    def _explain(self) -> None:
        """Say what is wrong, or else what the field is for that the cursor is in, and what the choice means that is considered."""
        field, wrong = self._field_in_focus, [each for each in self.fields.values() if each.problem]
        if wrong and self._choice is None:
            blamed = field if field in wrong else wrong[0]
            self._say(Content.styled(f"✗ {printable(blamed.problem or '')}", "$text-error"), blamed.title)
        elif field:
            room = self.query_one("#help").content_size
            self._say(Content(fitting(field.meanings(self._choice), room)), field.title)
        else:
            self._say(Content.from_markup(_(HINT)), "")
        told = (field.option, self._considered(field)) if field else ("", None)
        if told != self._told:
            self._told = told
            self.post_message(self.Considered(*told))

    def _say(self, text: Content, title: str) -> None:
        help_area = self.query_one("#help", Static)
        help_area.border_title = title
        help_area.update(text, layout=False)

    def _considered(self, field: Field) -> Config | None:
        """The run if the considered choice were taken, with what follows from it."""
        if self._choice is None:
            return self._config
        shown_fields = {name: each.value for name, each in self.fields.items() if each.display and each.value != ""}
        values = {name: value for name, value in shown_fields.items() if name in DECIDING or value != self._proposed[name]}
        values[field.option] = self._choice
        return None if problems(values) else Config.parse(values)

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
        # What nobody has entered is not said: small data are trained longer.
        if values.get("epochs") == self._proposed["epochs"]:
            del values["epochs"]
        config = None if wrong else Config.parse(values)
        if config is None or config != self._config:
            self._config = config
            self.post_message(self.Changed(config))
        self._explain()


def _offered() -> dict[str, tuple[str, ...]]:
    """Each option and its choices, as they are now."""
    return {name: tuple(choices(name)) for name, _ in fields()}


def fitting(paragraphs: Sequence[str], room: Size) -> str:
    """As many paragraphs as there is room for, of the last one as many clauses; the first clause in any case."""
    found = ""
    for number, paragraph in enumerate(paragraphs):
        for place, clause in enumerate(paragraph.split("; ")):
            longer = found + ("; " if place else "\n" if number else "") + clause
            if found and Content(longer).get_height({}, room.width) > room.height:
                return found
            found = longer
    return found


def _proposals(chosen: Mapping[str, Any]) -> dict[str, Shown]:
    """What each option would be if only these were given, without those that are wrong."""
    while wrong := problems(chosen):
        chosen = {name: value for name, value in chosen.items() if name not in wrong}
    defaults = Config.parse(chosen)
    return {name: shown(getattr(defaults, name)) for name, _ in fields()}
