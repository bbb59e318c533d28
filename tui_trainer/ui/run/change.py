"""Other values for a run that is being trained, or is to be resumed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tui_trainer.config.changes import changeable
from tui_trainer.config.options import Config, fields, problems
from tui_trainer.config.relevance import hindrance
from tui_trainer.text.language import N_, _
from tui_trainer.ui.kit.fitted import Dialog
from tui_trainer.ui.run.field import Field, shown

NOTE = N_("What you change holds from the next batch on. It is marked on the charts and kept in the run's config.toml.")


@dataclass(frozen=True)
class Question:
    """What the dialog asks."""

    title: str = N_("Change the run")
    verb: str = N_("Apply")
    first: str = "learning_rate"
    """The option to begin with."""
    note: str = NOTE
    epochs: int | None = None
    """How many are proposed, in place of as many as there are."""
    done: int | None = None
    """Epochs of a run that is over: it needs more than these, and to change nothing is an answer too."""


class ChangeScreen(Dialog[Mapping[str, Any] | None]):
    """Asks for other values of the options that may change in mid-run; gives those that are different, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave it as it is"),
        Binding("ctrl+r", "apply", "Apply", tooltip="Apply the changes", priority=True),
    ]

    def __init__(self, options: Config, question: Question | None = None) -> None:
        super().__init__()
        self._options = options
        self._question = question = question or Question()
        values = {name: getattr(options, name) for name in changeable()} | ({} if question.epochs is None else {"epochs": question.epochs})
        self._fields = {name: Field(name, info, shown(values[name])) for name, info in fields() if name in changeable()}

    def compose(self) -> ComposeResult:
        """A field for each option."""
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = _(self._question.title)
            dialog.border_subtitle = _("ctrl+r: {verb}, escape: leave it").format(verb=_(self._question.verb).lower())
            yield from self._fields.values()
            yield Static(id="note", classes="note")
            with Horizontal(classes="answers"):
                yield Button(_(self._question.verb), id="apply", variant="primary", compact=True)
                yield Button(_("Leave it"), id="leave", compact=True)

    def on_mount(self) -> None:
        """Begin with what matters most; show what matters."""
        self._check()
        self._fields[self._question.first].take_focus()

    @property
    def _values(self) -> dict[str, Any]:
        return {name: None if field.may_be_empty and field.value == "" else field.value for name, field in self._fields.items()}

    def _check(self) -> dict[str, str]:
        values = self._values
        for name, field in self._fields.items():
            field.display = hindrance(name, values) != "schedule"
        wrong = problems({**self._options.record(), **values})
        done = self._question.done
        if done is not None and "epochs" not in wrong and int(str(values["epochs"])) <= done:
            wrong["epochs"] = _("must be more than the {epochs} that are done").format(epochs=done)
        for name, field in self._fields.items():
            field.complain(wrong.get(name))
        wrong = {name: problem for name, problem in wrong.items() if name in self._fields}
        # A field has no room for what is wrong with it.
        blamed = next((name for name in wrong if self._fields[name].has_focus_within), next(iter(wrong), None))
        note = Content.styled(f"✗ {wrong[blamed]}", "$text-error") if blamed else Content(_(self._question.note))
        self.query_one("#note", Static).update(note)
        return wrong

    @on(Field.Changed)
    def _changed(self, event: Field.Changed) -> None:
        event.stop()
        self._check()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "apply":
            self.action_apply()
        else:
            self.dismiss(None)

    def action_apply(self) -> None:
        """Give what is different, unless something is wrong: then go there."""
        wrong = self._check()
        if wrong:
            self._fields[next(iter(wrong))].take_focus()
            return
        wanted = Config.parse({**self._options.record(), **self._values})
        different = {name: getattr(wanted, name) for name in changeable() if getattr(wanted, name) != getattr(self._options, name)}
        self.dismiss(different or (None if self._question.done is None else {}))
