"""A new sweep: options and values are marked in lists, and the command that they make stands below, to be edited as well."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Input, Label, OptionList, Select, Static

from tui_trainer.config.command_line import command_line, essentials
from tui_trainer.config.options import Config, as_text, choices, description, layered, problems
from tui_trainer.config.source import option
from tui_trainer.errors import UserError
from tui_trainer.sweep.draft import SAMPLES, Draft, present
from tui_trainer.sweep.forecast import Measured, seconds
from tui_trainer.sweep.phrases import duration
from tui_trainer.sweep.plan import SEARCHES, Plan, extent
from tui_trainer.sweep.space import SEED, Values, parse_axis
from tui_trainer.sweep.typed import read_plan
from tui_trainer.system.folders import printable
from tui_trainer.system.machine import cores
from tui_trainer.text.cells import ljust
from tui_trainer.text.language import _, ngettext
from tui_trainer.ui.run.field import TITLES
from tui_trainer.ui.run.form import ALWAYS_SHOWN
from tui_trainer.ui.sweeps.marking import Lines, OptionLines, ValueLines, marked_line

PROGRAM = "tui-trainer sweep"

EXAMPLE = "--activation relu,elu --lr log:1e-4:1:7 --seed 0:3"

PAUSE = 0.2
"""Seconds without a key after which the runs are counted."""

NAMES = 15
"""Columns of an option's name."""


class NewSweep(Vertical):
    """Takes the form's options, None while one of them is wrong, and says how many runs there would be, or what is wrong."""

    DEFAULT_CLASSES = "pane"

    class Wanted(Message):
        """The sweep is to be started."""

    def __init__(self, config: Config | None, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = _("New sweep")
        self._config = config
        self._shown = config or Config.parse({})
        """What the lists are about."""
        self._draft = Draft()
        """What is typed or marked, as far as it could be read."""
        self._options: Sequence[str] = ()
        self._values: Sequence[str] = ()
        self._option = ALWAYS_SHOWN[0]
        """The one whose values are listed."""
        self._measured: Sequence[Measured] = ()
        self._reading: Timer | None = None

    def compose(self) -> ComposeResult:
        """The lists, how is searched and who trains, and the command that all of them make."""
        with Horizontal(id="lists"):
            yield OptionLines(id="options")
            with Vertical(id="choice"):
                yield Static(id="meaning")
                yield ValueLines(id="values")
                with Horizontal(classes="line", id="another"):
                    yield Label(_("another"))
                    yield _still(Input(compact=True, id="own"))
        with Horizontal(classes="line", id="how"):
            yield Label(_("search"))
            yield Select([(name, name) for name in SEARCHES], value="grid", allow_blank=False, compact=True, id="search")
            yield Label(_("samples"), classes="samples")
            yield Select(_numbers(SAMPLES), value=str(SAMPLES[1]), allow_blank=False, compact=True, id="samples", classes="samples")
            yield Label(_("workers"))
            yield Select(_numbers(_sensible_workers()), value=str(cores()), allow_blank=False, compact=True, id="workers")
            yield Button(_("Start"), id="start", variant="primary", compact=True)
        with Horizontal(classes="line", id="command"):
            yield Label(PROGRAM)
            yield _still(Input(placeholder=EXAMPLE, compact=True, id="swept"))
        yield Static(id="fixed")
        yield Static(id="told")

    def on_mount(self) -> None:
        """Say what the form has for all runs, and what there is to mark."""
        self.query_one("#fixed", Static).update(Content(printable(self._form_in_words())))
        self._show_draft()
        self.read()

    # What is swept

    @property
    def command(self) -> str:
        """The whole command line, with what the form and the lists say besides."""
        workers = f"--workers {self.query_one('#workers', Select).value}"
        return " ".join(filter(None, (PROGRAM, self.query_one("#swept", Input).value.strip(), self._words_of_form(), workers)))

    def read(self) -> Plan | None:
        """The plan that is typed or marked; says how many runs that is, or what is wrong."""
        if self._reading:
            self._reading.stop()
        text = self.query_one("#swept", Input).value
        if not text.strip():
            self.tell(_("space marks what differs among the runs, and the command grows here; it can be typed too: c"))
            return None
        try:
            plan = read_plan(text, self._fixed())
            configurations, seeds = extent(plan)
            workers = self.workers_wanted()
            time = seconds(plan, configurations * seeds, workers, self._measured)
        except UserError as error:
            self.complain(printable(str(error)))
            return None
        counted = ngettext("{count:,} configuration", "{count:,} configurations", configurations).format(count=configurations)
        repeated = _(" × {seeds} seeds = {runs:,} runs").format(seeds=seeds, runs=configurations * seeds)
        about = (
            "" if time is None else "; " + _("about {time}, {workers} at a time").format(time=duration(max(time, 1.0), _), workers=workers)
        )
        self.tell(counted + (repeated if seeds > 1 else _(", one run each")) + about)
        return plan

    def learn(self, measured: Sequence[Measured]) -> None:
        """Know how long runs took that were trained here."""
        if measured != self._measured:
            self._measured = measured
            self._read_soon()

    def ask_for_plan(self) -> None:
        """Put the cursor where a plan is missing, or wrong."""
        if self.query_one("#swept", Input).value.strip():
            self.type_command()
            return
        self.complain(_("nothing is swept yet: mark values of an option, such as two activations"))
        self.query_one(OptionLines).focus()

    def type_command(self) -> None:
        """Put the cursor into the command."""
        self.query_one("#swept").focus()

    def leave_part(self) -> bool:
        """Go back to the options, and tell whether the cursor was elsewhere."""
        options = self.query_one(OptionLines)
        if options.has_focus or not self.has_focus_within:
            return False
        options.focus()
        return True

    def workers_wanted(self) -> int:
        """How many."""
        return int(str(self.query_one("#workers", Select).value))

    def tell(self, text: str) -> None:
        """Say something below the command."""
        told = self.query_one("#told", Static)
        told.remove_class("-wrong")
        told.update(Content(text))

    def complain(self, text: str) -> None:
        """Say below the command what is wrong."""
        self.tell(f"✗ {text}")
        self.query_one("#told").add_class("-wrong")

    def _form_in_words(self) -> str:
        if self._config is None:
            return _("an option of the form is wrong: escape, and mend it first")
        words = self._words_of_form()
        return _("for all runs (the form): {options}").format(options=words or _("the options' defaults"))

    def _words_of_form(self) -> str:
        return command_line(self._config, no_ui=False).partition(" ")[2] if self._config else ""

    def _fixed(self) -> Mapping[str, Any]:
        values = essentials(self._config) if self._config else {}
        return {name: as_text(value) if isinstance(value, tuple) else value for name, value in values.items()}

    # The lists

    def _show_draft(self) -> None:
        """Show what is marked, and how is searched."""
        self._options = self._draft.offered(self._shown, ALWAYS_SHOWN)
        if self._option not in self._options:
            self._option = self._options[0]
        self.query_one(OptionLines).show([self._option_line(name) for name in self._options], self._options.index(self._option))
        self._show_values()
        search, samples = self.query_one("#search", Select), self.query_one("#samples", Select)
        with search.prevent(Select.Changed), samples.prevent(Select.Changed):
            if self._draft.search in SEARCHES:
                search.value = self._draft.search
            if (wanted := self._draft.given.get("samples")) and wanted != samples.value:
                samples.set_options(_numbers(sorted({*SAMPLES, int(wanted)})))
                samples.value = wanted
        for part in self.query(".samples").results(Widget):
            part.display = self._draft.search != "grid"

    def _show_values(self) -> None:
        """List the values of the option under the cursor."""
        values, now = self.query_one(ValueLines), present(self._option, self._shown)
        under, before = values.highlighted or 0, self._values
        self._values = self._draft.candidates(self._option, self._shown)
        values.show([self._value_line(value, now) for value in self._values], under if before == self._values else self._first_place(now))
        self.query_one("#own", Input).placeholder = _example(self._option)
        self.query_one("#another").display = bool(_example(self._option))
        title = _(TITLES.get(self._option, self._option.replace("_", " ")))
        meaning = description(self._option, _)
        self.query_one("#meaning", Static).update(Content.assemble((title, "bold"), f": {meaning}"))

    def _first_place(self, now: str) -> int:
        return self._values.index(now) if now in self._values else 0

    def _option_line(self, name: str) -> Content:
        title, swept = _(TITLES.get(name, name.replace("_", " "))), self._draft.given.get(name)
        value = present(name, self._shown) if swept is None else swept
        return marked_line(f"{ljust(title, NAMES)} {printable(value)}", is_marked=swept is not None)

    def _value_line(self, value: str, now: str) -> Content:
        said = [_("the form's")] if value == now else []
        if self._option == SEED:
            first, _colon, end = value.partition(":")
            if first.isdigit() and end.isdigit():
                said.append(_("{count} seeds: a mean, and its spread").format(count=int(end) - int(first)))
        elif meaning := choices(self._option).get(value):
            said.append(_(meaning))
        width = min(max(map(cell_len, self._values)), NAMES) if said else 0
        return marked_line(ljust(printable(value), width), is_marked=self._draft.is_marked(self._option, value), note=", ".join(said))

    def _take(self, draft: Draft) -> None:
        """Take what was marked, and write it down."""
        self._draft = draft
        field = self.query_one("#swept", Input)
        with field.prevent(Input.Changed):
            field.value = draft.text
        self._show_draft()
        self._read_soon()

    def _read_soon(self) -> None:
        if self._reading:
            self._reading.stop()
        self._reading = self.set_timer(PAUSE, self.read)

    @on(OptionList.OptionHighlighted, "#options")
    def _another_option(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index < len(self._options) and self._options[event.option_index] != self._option:
            self._option, self._values = self._options[event.option_index], ()
            self._show_values()

    @on(OptionList.OptionSelected, "#options")
    def _go_to_values(self) -> None:
        self.query_one(ValueLines).focus()

    @on(ValueLines.Left)
    def _go_to_options(self) -> None:
        self.query_one(OptionLines).focus()

    @on(OptionList.OptionSelected, "#values")
    def _mark(self, event: OptionList.OptionSelected) -> None:
        self._take(self._draft.toggled(self._option, self._values[event.option_index]))

    @on(Lines.Cleared)
    def _clear(self) -> None:
        self._take(self._draft.with_values(self._option, ()))

    @on(Input.Submitted, "#own")
    def _add_own(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if not text:
            return
        if "," in text and ";" not in text and (self._option == "hidden" or layered(self._option)):
            # One value for each layer is one value.
            text += ";"
        if problem := self._problem_of(text):
            self.complain(printable(problem))
            return
        draft, field = self._draft, self.query_one("#own", Input)
        for value in Draft({self._option: text}).marked(self._option):
            draft = draft if draft.is_marked(self._option, value) else draft.toggled(self._option, value)
        field.value = ""
        self._take(draft)

    def _problem_of(self, text: str) -> str:
        """What is wrong with values of the option; nothing where they are valid beside the form's others."""
        try:
            axis = parse_axis(self._option, text)
        except UserError as error:
            return str(error)
        values = axis.values if isinstance(axis, Values) else (axis.low, axis.high)
        found = (problems({**self._fixed(), self._option: value}).get(self._option) for value in values)
        return next((f"{option(self._option)} {problem}" for problem in found if problem), "")

    @on(Select.Changed, "#search, #samples")
    def _search_otherwise(self) -> None:
        search, samples = (str(self.query_one(f"#{name}", Select).value) for name in ("search", "samples"))
        draft = self._draft.searching(search, int(samples))
        if draft != self._draft:
            self._take(draft)

    @on(Select.Changed, "#workers")
    def _more_workers(self) -> None:
        self._read_soon()

    @on(Input.Changed, "#swept")
    def _typed(self, event: Input.Changed) -> None:
        try:
            self._draft = Draft.read(event.value)
        except UserError:
            # Half a word: the lists stay as they are.
            self._read_soon()
            return
        self._show_draft()
        self._read_soon()

    @on(Input.Submitted, "#swept")
    @on(Button.Pressed, "#start")
    def _start_wanted(self) -> None:
        self.post_message(self.Wanted())


def _still(entry: Input) -> Input:
    entry.cursor_blink = False  # an app at rest writes nothing to the line
    return entry


def _numbers(numbers: Sequence[int]) -> list[tuple[str, str]]:
    return [(str(number), str(number)) for number in numbers]


def _sensible_workers() -> list[int]:
    """Up to twice as many as there are cores: more are no faster."""
    most = 2 * cores()
    return sorted({*range(1, min(most, 8) + 1), *(2**power for power in range(most.bit_length())), cores(), most})


def _example(name: str) -> str:
    """Values such as one may type; nothing where all there are stand in the list."""
    known, kind = choices(name), Config.model_fields[name].annotation
    if kind is bool or (known and not layered(name)):
        return ""
    if known:
        return _("one for each layer: {example}").format(example="tanh,relux2" if name == "activation" else "uniformx2,he_normal")
    examples = {"hidden": "100,50", "seed": "3,5,8", "learning_rate": "0.02, log:1e-4:1:7"}
    return examples.get(name, "2,3, 10:50:10" if kind is int else "0.15, lin:0.1:0.5:5")
