"""A new sweep: what is the same for all its runs stands in the form, what is swept in a line; beside it how many workers train it."""

from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Button, Input, Label, Static

from tui_trainer.config.command_line import essentials
from tui_trainer.config.options import Config, as_text
from tui_trainer.errors import UserError
from tui_trainer.sweep.plan import Plan, extent
from tui_trainer.sweep.space import describe
from tui_trainer.sweep.typed import read_plan
from tui_trainer.system.folders import printable
from tui_trainer.system.machine import cores
from tui_trainer.text.language import _, ngettext

EXAMPLE = "--activation relu,elu --lr log:1e-4:1:7 --seed 0:3"

PAUSE = 0.2
"""Seconds without a key after which what was typed is read."""

MOST_WORKERS = 1024


class NewSweep(Vertical):
    """Takes the form's options, None while one of them is wrong, and says how many runs there would be, or what is wrong."""

    DEFAULT_CLASSES = "pane"

    class Wanted(Message):
        """The sweep is to be started."""

    def __init__(self, config: Config | None, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = _("New sweep")
        self._config = config
        self._reading: Timer | None = None

    def compose(self) -> ComposeResult:
        """What is swept, what that amounts to, and who trains it."""
        with Horizontal(classes="line"):
            yield Label(_("swept"))
            yield Input(placeholder=EXAMPLE, compact=True, id="swept")
        yield Static(id="told")
        yield Static(id="fixed")
        with Horizontal(classes="line"):
            yield Label(_("workers"))
            yield Input(str(cores()), type="integer", compact=True, id="workers")
            yield Button(_("Start"), id="start", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Say what the form has for all runs, and what to type."""
        self.query_one("#fixed", Static).update(Content(printable(self._form_in_words())))
        self.read()

    def read(self) -> Plan | None:
        """The plan that is typed; says how many runs that is, or what is wrong."""
        if self._reading:
            self._reading.stop()
        text = self.query_one("#swept", Input).value
        if not text.strip():
            self.tell(_("what differs among the runs, such as {example}").format(example=EXAMPLE))
            return None
        try:
            plan = read_plan(text, self._fixed())
            configurations, seeds = extent(plan)
        except UserError as error:
            self.complain(printable(str(error)))
            return None
        counted = ngettext("{count:,} configuration", "{count:,} configurations", configurations).format(count=configurations)
        repeated = _(" × {seeds} seeds = {runs:,} runs").format(seeds=seeds, runs=configurations * seeds)
        self.tell(counted + (repeated if seeds > 1 else _(", one run each")))
        return plan

    def ask_for_plan(self) -> None:
        """Put the cursor where a plan is missing, or wrong."""
        field = self.query_one("#swept", Input)
        if not field.value.strip():
            self.complain(_("nothing is swept yet; type something like {example}").format(example=EXAMPLE))
        field.focus()

    def workers_wanted(self) -> int | None:
        """How many, or None after a complaint where what is typed is no such number."""
        field = self.query_one("#workers", Input)
        count = int(field.value) if field.value.isascii() and field.value.isdigit() else 0
        if 1 <= count <= MOST_WORKERS:
            return count
        self.complain(_("workers: a number from 1 to {most:,}").format(most=MOST_WORKERS))
        field.focus()
        return None

    def tell(self, text: str) -> None:
        """Say something below the line."""
        told = self.query_one("#told", Static)
        told.remove_class("-wrong")
        told.update(Content(text))

    def complain(self, text: str) -> None:
        """Say below the line what is wrong."""
        self.tell(f"✗ {text}")
        self.query_one("#told").add_class("-wrong")

    def _form_in_words(self) -> str:
        if self._config is None:
            return _("an option of the form is wrong: escape, and mend it first")
        given = {name: as_text(value) for name, value in self._fixed().items()}
        return _("for all runs: {options} (the form)").format(options=describe(given, _) if given else _("the options' defaults"))

    def _fixed(self) -> Mapping[str, Any]:
        values = essentials(self._config) if self._config else {}
        return {name: as_text(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @on(Input.Changed, "#swept")
    def _typed(self) -> None:
        if self._reading:
            self._reading.stop()
        self._reading = self.set_timer(PAUSE, self.read)

    @on(Input.Submitted)
    @on(Button.Pressed, "#start")
    def _start_wanted(self) -> None:
        self.post_message(self.Wanted())
