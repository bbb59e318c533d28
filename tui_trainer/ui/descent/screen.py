"""The optimizers on a map: how each that trains a network goes down a valley of two parameters."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from tui_trainer.config.origins import known_origins
from tui_trainer.descent.landscape import NEAR, next_rate
from tui_trainer.descent.race import Race
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.descent.optimizer_table import OptimizerTable
from tui_trainer.ui.descent.relief_map import ReliefMap
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.panes import PaneScreen
from tui_trainer.ui.kit.plugins import contained
from tui_trainer.ui.kit.titles import header

SHOWN = ("sgd", "momentum", "adam")
"""What is shown at first."""

PICTURES_PER_LOOK = 5
"""While it plays, for each look that the app takes at a run: on a slow line both come less often."""

PICTURES_PER_SECOND = 10.0

PICTURES = 200
"""How many it takes from the start to the end of a surface's steps: some 20 seconds."""

SLICE = 400
"""Steps of optimizers that may be computed at once: more would hold up the keys."""

KEYS = (
    ("tab, shift+tab", N_("Go from the list of optimizers to the map, and back")),
    (N_("mouse"), N_("Click on the map to begin there, on an optimizer to select it, on its box to show or hide it")),
)

NOTES = (
    N_("These are the optimizers that train the network, with their default momentum and decay rates, on two parameters in float64."),
    N_("near at: the step from which on a path is within {near} of the minimum (×). A mark at the edge is a path that has left the map."),
    N_("diverged: the value passed a million times the highest on the map; no path comes back from there."),
)


def notes() -> list[str]:
    """What is worth knowing of the list and the map."""
    return [_(note).format(near=NEAR) for note in NOTES]


class PathsScreen(PaneScreen[None]):
    """A map beside the list of optimizers and what there is to know of the surface."""

    SHEET = "descent/descent.tcss"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 so does Textual declare it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-medium")]  # noqa: RUF012

    AUTO_FOCUS = "#optimizers"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play", "Play", tooltip="Go on step after step"),
        Binding("space", "pause", "Pause", tooltip="Hold"),
        Binding("n", "step(1)", "Step", tooltip="Take one step", show=False),
        Binding("b", "step(-1)", "Step back", tooltip="Go one step back", show=False),
        Binding("home", "restart", "Restart", tooltip="Go back to the start", show=False),
        Binding("end", "finish", "End", tooltip="Go to the last step", show=False),
        Binding("plus,equals_sign", "scale_rate(1)", "Rate", tooltip="Raise the selected optimizer's learning rate", key_display="+-"),
        Binding("minus", "scale_rate(-1)", "Rate", tooltip="Lower the selected optimizer's learning rate", show=False),
        Binding("comma", "scale_rates(-1)", "Lower all", tooltip="Lower the rate of every optimizer that is shown", show=False),
        Binding("full_stop", "scale_rates(1)", "Raise all", tooltip="Raise the rate of every optimizer that is shown", show=False),
        Binding("s", "surface", "Surface", tooltip="Take the next surface, with rates and a start that suit it"),
        Binding("r", "reset", "Reset", tooltip="Take the rates and the start that suit the surface again", show=False),
        Binding("c", "contours", "Contours", tooltip="Hide the contour lines, or show them", show=False),
        Binding("z", "zoom_pane", "Zoom", tooltip="Give the map the whole screen, or back", show=False),
        Binding("escape", "leave", "Back", tooltip="Go back to the main screen"),
    ]

    def __init__(
        self,
        marks: Marks,
        surface: str = "valley",
        shown: Sequence[str] = SHOWN,
        rates: Mapping[str, float] | None = None,
        pictures_per_second: float = PICTURES_PER_SECOND,
    ) -> None:
        super().__init__(marks)
        own = [name for option, name in known_origins() if option == "optimizer"]
        self.race = Race(surface, shown if shown is not SHOWN else (*SHOWN, *own), rates)
        self.is_playing = False
        self._pause_between = 1 / pictures_per_second
        self._timer: Timer | None = None
        self._is_behind = False

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self, OptimizerTable, ReliefMap), N_("Between list and map"), KEYS, notes())

    def compose(self) -> ComposeResult:
        """The map, and beside it the list."""
        yield header(_("optimizer paths"), Static(id="state"))
        with Horizontal(id="paths"):
            yield ReliefMap(self.race, self.marks, id="map")
            with Vertical(id="beside"):
                yield OptimizerTable(self.race, self.marks, id="optimizers")
                for fact in ("optimizer", "curvature", "hint"):
                    yield Static(id=fact, classes="fact")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Hold at the start; nothing is drawn again until a key is pressed."""
        self.query_one(OptimizerTable).border_title = _("Optimizers")
        self._timer = self.set_interval(self._pause_between, self._go_on, pause=True)
        self._tell_of_the_surface()
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to play, or to pause."""
        match action:
            case "play":
                return not self.is_playing
            case "pause":
                return self.is_playing
        return True

    # What is seen

    def _show(self) -> None:
        """Draw where all are by now, as soon as that is computed."""
        if not self._is_behind:
            self._is_behind = True
            self._catch_up()

    def _catch_up(self) -> None:
        if not self.race.catch_up(SLICE):
            self.call_later(self._catch_up)
            return
        self._is_behind = False
        for fault in self.race.faults():
            with contained(self):
                raise fault
        if not self.query(ReliefMap):  # this screen closes
            return
        relief, table, race = self.query_one(ReliefMap), self.query_one(OptimizerTable), self.race
        relief.selected = table.selected
        relief.marks = table.marks = self.marks
        relief.repaint()
        table.repaint()
        state = _("playing") if self.is_playing else _("over") if race.is_over else _("paused") if race.step else _("at the start")
        self.query_one("#state", Static).update(
            Content(_("step {step:,} of {steps:,}, {state}").format(step=race.step, steps=race.surface.steps, state=state)), layout=False
        )

    def _tell_of_the_surface(self) -> None:
        race, optimizer = self.race, OPTIMIZERS[self.query_one(OptimizerTable).selected]
        surface = race.surface
        self.query_one(ReliefMap).border_title = f"{surface.name}: {_(surface.formula)}"
        begin, end = (surface.curvature(point) for point in (race.start, surface.minimum))
        limit = _("Curvature L: {begin:,.0f} at the start, {end:,.0f} at the minimum, where sgd settles below a rate of 2/L = {rate:.2g}.")
        self.query_one("#optimizer", Static).update(Content.assemble((optimizer.name, "bold"), ": ", _(optimizer.summary)))
        self.query_one("#curvature", Static).update(Content(limit.format(begin=begin, end=end, rate=2 / end)))
        self.query_one("#hint", Static).update(Content(_(surface.hint)))

    # What keys and the mouse do

    def _go_on(self) -> None:
        if self._is_behind:
            return
        self.race.go(max(self.race.surface.steps // PICTURES, 1))
        if self.race.is_over:
            self._play(False)
        self._show()

    def _play(self, on: bool) -> None:
        if self._timer is None or on == self.is_playing:
            return
        self.is_playing = on
        if on:
            self._timer.resume()
        else:
            self._timer.pause()
        self.refresh_bindings()

    def action_play(self) -> None:
        """Play on; from the start where the last step is reached."""
        if self.race.is_over:
            self.race.go(-self.race.step)
        self._play(True)
        self._show()

    def action_pause(self) -> None:
        """Hold."""
        self._play(False)
        self._show()

    def action_step(self, steps: int) -> None:
        """Hold, one step on or back."""
        self._play(False)
        self.race.go(steps)
        self._show()

    def action_restart(self) -> None:
        """Go to the start."""
        self.race.go(-self.race.step)
        self._show()

    def action_finish(self) -> None:
        """Go to the end."""
        self._play(False)
        self.race.go(self.race.surface.steps)
        self._show()

    def action_scale_rate(self, direction: int) -> None:
        """Change the selected optimizer's rate."""
        self._scale([self.query_one(OptimizerTable).selected], direction)

    def action_scale_rates(self, direction: int) -> None:
        """Change all rates."""
        self._scale([name for name in self.race.rates if name in self.race.shown], direction)

    def _scale(self, names: Sequence[str], direction: int) -> None:
        for name in names:
            self.race.set_rate(name, next_rate(self.race.rates[name], direction))
        self._show()

    def action_surface(self) -> None:
        """Take the next surface."""
        self._play(False)
        self.race.next_surface()
        self._tell_of_the_surface()
        self._show()

    def action_reset(self) -> None:
        """Take what suits the surface."""
        self._play(False)
        self.race.reset()
        self._tell_of_the_surface()
        self._show()

    def action_contours(self) -> None:
        """Hide the contour lines, or show them."""
        relief = self.query_one(ReliefMap)
        relief.has_contours = not relief.has_contours
        relief.repaint()

    def take_marks(self, marks: Marks) -> None:
        super().take_marks(marks)
        self._show()

    def action_zoom_pane(self) -> None:
        """Give the map the whole screen, or back."""
        if self.maximized:
            self.minimize()
        else:
            self.maximize(self.query_one(ReliefMap))

    @on(OptimizerTable.Selected)
    def _selected(self) -> None:
        self._tell_of_the_surface()
        self._show()

    @on(OptimizerTable.Toggled)
    def _toggled(self, event: OptimizerTable.Toggled) -> None:
        self.race.shown ^= {event.optimizer}
        self._show()

    @on(ReliefMap.StartChosen)
    def _start_chosen(self, event: ReliefMap.StartChosen) -> None:
        self.race.set_start(event.start)
        self._tell_of_the_surface()
        self._show()
