"""The network layer by layer: widths, and for each layer its own activation and initializer, and the command that says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Select, Static

from tui_trainer.config.command_line import command_line
from tui_trainer.config.layer_sizes import MOST_LAYERS
from tui_trainer.config.options import AUTO, Config, choices, problems
from tui_trainer.config.source import option
from tui_trainer.config.value_types import MOST_UNITS
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.text.cells import ljust
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.kit.fitted import Dialog
from tui_trainer.ui.kit.plugins import contained
from tui_trainer.ui.run.diagram import Diagram
from tui_trainer.ui.run.layer_table import layer_rows
from tui_trainer.ui.run.portrait_view import PortraitView
from tui_trainer.ui.run.portraits import portrait

EDITED = ("hidden", "activation", "initializer")

TOOLS = (
    ("up", "↑", "^", N_("Move it up (shift+up)")),
    ("down", "↓", "v", N_("Move it down (shift+down)")),
    ("copy", "+", "+", N_("Another like it (ctrl+d)")),
    ("remove", "×", "x", N_("Take it away (ctrl+k)")),
)
"""What can be done with a row: a button's name, its sign, that of a plain terminal, and what it does."""


class Group(NamedTuple):
    """Equal layers in a row, as texts."""

    units: str
    times: str
    activation: str
    initializer: str


def groups(config: Config) -> list[Group]:
    """The hidden layers of a run, equal neighbours together."""
    layers = zip(config.hidden, config.activations, config.initializers[: len(config.hidden)], strict=True)
    return [Group(str(units), str(len(list(same))), *names) for (units, *names), same in groupby(layers)]


def _names(which: str) -> list[tuple[str, str]]:
    return [(name, name) for name in choices(which) if name != AUTO]


class GroupRow(Horizontal):
    """A row of controls for equal layers; the initializer follows the activation as long as it is the one made for it."""

    @dataclass
    class Considered(Message):
        """Someone looks through the choices of the control that has the focus, and is at this one."""

        choice: str

    def __init__(self, group: Group) -> None:
        super().__init__(classes="group")
        self._made_for = ACTIVATIONS[group.activation].initializer
        self._group = group

    def compose(self) -> ComposeResult:
        """Width, number, activation, initializer, and a button for each of what can be done with the row."""
        units = Input(self._group.units, compact=True, select_on_focus=True, classes="units", tooltip=_("Units of each layer"))
        times = Input(self._group.times, compact=True, select_on_focus=True, classes="times", tooltip=_("How many such layers"))
        for entry in (units, times):
            entry.cursor_blink = False
        yield units
        yield Static("×", classes="by")
        yield times
        yield Select(_names("activation"), value=self._group.activation, allow_blank=False, compact=True, classes="activation")
        yield Select(_names("initializer"), value=self._group.initializer, allow_blank=False, compact=True, classes="initializer")
        for name, sign, plain, told in TOOLS:
            yield Button(plain if self.app.has_class("-plain") else sign, compact=True, classes=f"tool {name}", tooltip=_(told))

    def on_mount(self) -> None:
        """Listen to the lists of choices."""
        for kind in ("activation", "initializer"):
            select = self.query_one(f".{kind}", Select)
            self.watch(select.query_one(OptionList), "highlighted", partial(self._consider, select, _names(kind)), init=False)

    def _consider(self, select: Select[str], names: Sequence[tuple[str, str]], highlighted: int | None) -> None:
        if highlighted is not None and select.has_class("-expanded"):
            self.post_message(self.Considered(names[highlighted][0]))

    @on(Select.Changed, ".activation")
    def _follow(self, event: Select.Changed) -> None:
        initializer = self.query_one(".initializer", Select)
        made_for = ACTIVATIONS[str(event.value)].initializer
        if initializer.value == self._made_for:
            initializer.value = made_for
        self._made_for = made_for

    def problem(self) -> str:
        """What is wrong with its numbers, and what to do; nothing where they are right."""
        numbers = ((".units", _("units"), MOST_UNITS), (".times", _("layers"), MOST_LAYERS))
        for kind, called, most in numbers:
            text = self.query_one(kind, Input).value.strip()
            if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
                problem = _(
                    "{called}: {text} is no whole number from 1 to {most:,}; type one, such as {example}, or take the row away: ctrl+k"
                )
                return problem.format(called=called, text=text or _("nothing"), most=most, example=64 if kind == ".units" else 1)
        return ""

    @property
    def group(self) -> Group:
        """What the controls hold."""
        texts = (self.query_one(kind, Input).value.strip() for kind in (".units", ".times"))
        names = (str(self.query_one(kind, Select).value) for kind in (".activation", ".initializer"))
        return Group(*texts, *names)


class LayersScreen(Dialog[Mapping[str, Any] | None]):
    """Gives `hidden`, `activation` and `initializer` as they were edited, or None."""

    AUTO_FOCUS = ".units"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "apply", "Apply", tooltip="Take these layers into the form", priority=True),
        Binding("ctrl+n", "add", "Add layer", tooltip="Add a layer before the output layer"),
        Binding("ctrl+d", "duplicate", "Duplicate", tooltip="Another row like this one, below it", priority=True),
        Binding("ctrl+k", "remove", "Remove", tooltip="Take this row away", priority=True),
        Binding("shift+up", "move(-1)", "Move up", tooltip="Move this row up"),
        Binding("shift+down", "move(1)", "Move down", tooltip="Move this row down"),
        Binding("escape", "dismiss", "Leave it as it is"),
        Binding("up", "app.focus_previous", "Previous", show=False),
        Binding("down", "app.focus_next", "Next", show=False),
    ]

    def __init__(self, config: Config, spec: DataSpec, marks: Marks) -> None:
        super().__init__()
        self._config = config
        self._spec = spec
        self._marks = marks

    def compose(self) -> ComposeResult:
        """The picture, a row for each group of equal layers, the output layer's row, the command, and what is wrong."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = _("Layers")
            dialog.border_subtitle = _("ctrl+n add, ctrl+d duplicate, ctrl+k remove, shift+up/down move")
            with Horizontal(id="pictures"):
                yield Diagram(id="diagram")
                yield PortraitView(self._marks)
            yield Static(
                " " + ljust(_("units"), 11) + ljust(_("layers"), 8) + ljust(_("activation"), 16) + _("initializer"), classes="heads"
            )
            with VerticalScroll(id="groups", can_focus=False):
                for group in groups(self._config):
                    yield GroupRow(group)
                with Horizontal(classes="group", id="output"):
                    yield Static(_("{count} outputs, softmax").format(count=self._spec.classes))
                    made = self._config.initializers[-1]
                    yield Select(_names("initializer"), value=made, allow_blank=False, compact=True, classes="initializer")
            yield Static(id="said")
            yield Static(id="complaint")
            with Horizontal(classes="answers"):
                yield Button(_("Add layer"), id="add", compact=True)
                yield Button(_("Apply"), id="apply", variant="primary", compact=True)
                yield Button(_("Leave it"), id="leave", compact=True)

    def on_mount(self) -> None:
        """Draw the network as it is."""
        self._check()

    def values(self) -> dict[str, str]:
        """The three options as texts."""
        return self._values([row.group for row in self.query(GroupRow)])

    def _values(self, rows: Sequence[Group]) -> dict[str, str]:
        output = str(self.query_one("#output .initializer", Select).value)
        if not rows:
            return {"hidden": "none", "activation": self._config.activations[0] if self._config.hidden else "relu", "initializer": output}
        return {
            "hidden": ",".join(f"{row.units}x{row.times}" for row in rows),
            "activation": ",".join(f"{row.activation}x{row.times}" for row in rows),
            "initializer": ",".join([*(f"{row.initializer}x{row.times}" for row in rows), output]),
        }

    def _portray(self, considered: str | None = None) -> None:
        """Draw the function or the weights of the layers whose control has the focus, as they would be with what is considered there."""
        around = self.focused.ancestors_with_self if self.focused else []
        row = next((node for node in around if isinstance(node, GroupRow)), None)
        chosen = next((node for node in around if isinstance(node, Select)), None)
        picture = None
        if row and chosen:
            rows = list(self.query(GroupRow))
            groups, place = [each.group for each in rows], rows.index(row)
            option = "activation" if chosen.has_class("activation") else "initializer"
            if considered:
                groups[place] = groups[place]._replace(**{option: considered})
            if not problems(values := self._values(groups)):
                # Of equal layers the second has all its inputs from one like itself.
                layer = sum(int(group.times) for group in groups[:place]) + (option == "initializer" and int(groups[place].times) > 1)
                with contained(self):
                    picture = portrait(option, Config.parse(values), self._spec, layer=layer)
        self.query_one(PortraitView).show(picture)

    def on_descendant_focus(self) -> None:
        """Draw what is chosen in the control that has the focus."""
        self._portray()

    @on(GroupRow.Considered)
    def _consider(self, event: GroupRow.Considered) -> None:
        self._portray(event.choice)

    def _check(self) -> bool:
        """Draw the network and say it in a command, or say what is wrong with it."""
        complaint = self._complaint()
        self.query_one("#complaint", Static).update(Content(f"✗ {complaint}" if complaint else ""))
        if not complaint:
            config = Config.parse(self.values())
            self.query_one(Diagram).show([self._spec.features, *config.hidden, self._spec.classes])
            parameters = sum(row.parameters for row in layer_rows(config, self._spec))
            command = command_line(config, no_ui=False)
            said = Content.assemble((command, "bold"), "\n", _("{count:,} parameters").format(count=parameters))
            self.query_one("#said", Static).update(said)
        self.query_one("#said").display = not complaint
        return not complaint

    def _complaint(self) -> str:
        """What is wrong, and what to do."""
        for number, row in enumerate(self.query(GroupRow), 1):
            if problem := row.problem():
                return _("row {number}, {problem}").format(number=number, problem=problem)
        wrong = problems(self.values())
        return next((f"{option(name)} {wrong[name]}" for name in EDITED if name in wrong), "")

    @on(Input.Changed)
    @on(Select.Changed)
    def _changed(self) -> None:
        self._check()
        self._portray()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.focus_next()

    @on(Button.Pressed)
    async def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.id:
            case "apply":
                self.action_apply()
            case "add":
                await self.action_add()
            case "leave":
                self.dismiss(None)
            case _:
                await self._use(next(name for name, *_others in TOOLS if event.button.has_class(name)))

    async def _use(self, tool: str) -> None:
        """What a row's button does, which has the focus."""
        match tool:
            case "up":
                self.action_move(-1)
            case "down":
                self.action_move(1)
            case "copy":
                await self.action_duplicate()
            case "remove":
                await self.action_remove()

    @property
    def _row(self) -> GroupRow | None:
        """The row that the cursor is in."""
        around = self.focused.ancestors_with_self if self.focused else ()
        return next((node for node in around if isinstance(node, GroupRow)), None)

    async def action_add(self) -> None:
        """One more layer, like the one before it."""
        rows = list(self.query(GroupRow))
        like = rows[-1].group._replace(times="1") if rows else Group("128", "1", "relu", ACTIVATIONS["relu"].initializer)
        await self._put(GroupRow(like), before=self.query_one("#output"))

    async def action_duplicate(self) -> None:
        """Another row like the one that the cursor is in."""
        if row := self._row:
            await self._put(GroupRow(row.group), after=row)

    async def _put(self, row: GroupRow, *, before: Widget | None = None, after: Widget | None = None) -> None:
        await self.query_one("#groups").mount(row, before=before, after=after)
        row.query_one(".units", Input).focus()
        self._check()

    async def action_remove(self) -> None:
        """Take the row away that the cursor is in; the cursor goes into the next one, or the one before."""
        if row := self._row:
            rows = list(self.query(GroupRow))
            place = rows.index(row)
            beside = next(iter([*rows[place + 1 :], *rows[:place][-1:]]), None)
            (beside.query_one(".units") if beside else self.query_one("#add")).focus()
            await row.remove()
            self._check()

    def action_move(self, by: int) -> None:
        """Move the row that the cursor is in."""
        if row := self._row:
            rows = list(self.query(GroupRow))
            place = rows.index(row) + by
            if 0 <= place < len(rows):
                rows.insert(place, rows.pop(rows.index(row)))
                order: list[Widget] = [*rows, self.query_one("#output")]
                self.query_one("#groups").sort_children(key=order.index)
                self._check()

    def action_apply(self) -> None:
        """Give what was edited, if it is a network."""
        if self._check():
            config = Config.parse(self.values())
            self.dismiss({name: getattr(config, name) for name in EDITED})
