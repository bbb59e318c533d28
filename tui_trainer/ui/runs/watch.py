"""A run that another process trains: the same charts, layers and figures, as its files tell them."""

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button

from tui_trainer.config.options import AUTO, Config
from tui_trainer.config.origins import MissingPluginError
from tui_trainer.datasets.spec import MNIST_SPEC, DataSpec
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.diagnose import Rhythm, diagnose, first_finding
from tui_trainer.errors import UserError
from tui_trainer.history.history import History
from tui_trainer.runs.archive import RunRecord, run_name
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.follow import Condition, Follower
from tui_trainer.runs.resumable import latest_options
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.training.events import Ended
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.health.instruments import of_record
from tui_trainer.ui.health.screen import HealthScreen
from tui_trainer.ui.inside.screen import InsideScreen, Source
from tui_trainer.ui.kit.borders import BORDER_KEYS
from tui_trainer.ui.kit.charts import CHART_KEYS
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.panes import PaneScreen
from tui_trainer.ui.kit.titles import ViewTabs, header
from tui_trainer.ui.run.layers_pane import LayersPane
from tui_trainer.ui.run.messages import RunEnded
from tui_trainer.ui.run.run_panel import Phase, RunPanel
from tui_trainer.ui.run.usage import UsageScreen, Used
from tui_trainer.ui.run.view import HEIGHTS, LEAVE_KEY, RUN_BORDER, VIEW_KEYS, WIDTHS, RunView
from tui_trainer.ui.runs.watcher import RunSeen, Watcher
from tui_trainer.ui.why.screen import WhyScreen

VIEWS = ("charts", "layers")
"""What a small terminal shows one at a time; a large one shows both."""

KEYS = (
    ("tab, shift+tab", N_("Go from chart to chart, to the layers, and back")),
    ("up, down", N_("Scroll the layers")),
)

NOTES = (
    N_("The run goes on in another process, whether this is left or not; nothing here acts upon it."),
    N_("A run that is gone was killed, or its machine is; when it is resumed, this shows it again."),
    N_("How the layers fare is measured at the end of each epoch."),
)


WATCH_KEYS = (
    Binding("1", "view('charts')", "Charts", tooltip="Show the charts (small terminals)", show=False),
    Binding("2", "view('layers')", "Layers", tooltip="Show the layers and how they fare (small terminals)", show=False),
)

BACK_KEY = Binding("escape", "back", "Back", tooltip="Go back to the sweep")


class WatchScreen(PaneScreen[None]):
    """Shows what the files of a run tell, and looks at them again and again; `of_sweep` says that the screen of a sweep lies below."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    BINDINGS: ClassVar[list[BindingType]] = [*CHART_KEYS, LEAVE_KEY, *VIEW_KEYS, *WATCH_KEYS, *BORDER_KEYS, BACK_KEY]

    PANES = (Chart, LayersPane)
    VIEWED = "#body"
    BORDERS = (RUN_BORDER,)
    AUTO_FOCUS = "#chart-loss"

    def __init__(self, follower: Follower, marks: raster.Marks, looks_per_second: float, *, of_sweep: bool = False) -> None:
        super().__init__(marks)
        self.run_view = RunView(looks_per_second)
        self._of_sweep = of_sweep
        self._looks_per_second = looks_per_second
        self._watcher = Watcher(follower, looks_per_second, self.post_message)
        self._seen: RunSeen | None = None
        self._shown: Shown | None = None
        self._stale = False
        self._rhythm = Rhythm()

    @property
    def history(self) -> History | None:
        """As far as it is known."""
        return self._seen.record.history if self._seen else None

    def compose(self) -> ComposeResult:
        """Lay out every part; the style sheet decides what a small terminal shows."""
        yield header(run_name(self._watcher.path), ViewTabs(VIEWS), self.run_view.architecture)
        with Horizontal(id="body", classes=f"-{VIEWS[0]}"):
            yield self.run_view
        yield RunPanel(Phase.PREPARING)
        yield KeyFooter("i", "x", "h", "f", "v")

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        back = (BACK_KEY,) if self._of_sweep else ()
        leave = () if self._of_sweep else (LEAVE_KEY,)
        return Explanation(
            (back, WATCH_KEYS, BORDER_KEYS, VIEW_KEYS, (*CHART_KEYS, *leave), PaneScreen, Chart), N_("Between the charts"), KEYS, NOTES
        )

    def on_mount(self) -> None:
        """Begin to look."""
        panel = self.query_one(RunPanel)
        panel.show_directory(self._watcher.path)
        panel.show_phase(Phase.PREPARING, _("reading its files"))
        self._watcher.start()
        self.set_interval(1 / self._looks_per_second, self._draw_if_rested)

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._watcher.stop()

    @on(RunSeen)
    def _run_seen(self, event: RunSeen) -> None:
        if not self.query(RunPanel):  # this screen closes
            return
        before, self._seen = self._seen, event
        shown = Shown(_("this run"), event.record.history, event.record.planned_epochs or event.record.last_epoch)
        if before is None or before.record.config != event.record.config:
            self._show_what_it_is(event.record)
        if shown != self._shown:
            self._shown = shown
            self.charts.follow(shown)
        self._show_where_it_is(event)
        self._stale = True
        self._draw_if_rested()

    def _draw_if_rested(self) -> None:
        if self._stale and self._seen and (self.run_view.is_rested() or self._seen.condition is not Condition.RUNNING):
            self._stale = False
            self.run_view.draw(self._seen.record.history)

    def _show_what_it_is(self, record: RunRecord) -> None:
        config = _options(record)
        if config:
            self.run_view.show_parameters(config, _spec(record))
            self.run_view.begin(config, _spec(record))
        elif record.config:
            lacks = _missing_plugin(record)
            told = _("needs --plugin {file}").format(file=lacks) if lacks else ""
            self.run_view.explain(told or _("this version cannot read the run's options"))

    def _show_where_it_is(self, seen: RunSeen) -> None:
        panel, progress = self.query_one(RunPanel), seen.record.history.progress
        if seen.problem:
            # The panel names the folder already.
            panel.show_phase(Phase.REFUSED, printable(seen.problem.below_folder(self._watcher.path)))
            return
        if ended := seen.record.history.ended:
            panel.show_phase(Phase.ENDED)
            event = _farewell(self._watcher, ended)
            case = self._case()
            panel.show_end(event, first_finding(case) if case else None)
            return
        if progress is not None:
            before = sum(epoch.seconds for epoch in seen.record.epochs if epoch.number < progress.epoch)
            panel.show_progress(Phase.TRAINING, seen.record.planned_epochs or 0, progress, before)
        if self._rhythm.is_due(seen.record.last_epoch):
            case = self._case()
            panel.show_symptom(next(iter(diagnose(case)), None) if case else None)
        if seen.condition is Condition.GONE:
            further = _("; --resume continues it") if seen.record.has_checkpoint else ""
            panel.show_phase(Phase.GONE, _("it was killed, or its machine is{further}").format(further=further))
        elif progress is None:
            panel.show_phase(Phase.PREPARING, _("its first batches are not written yet"))
        elif not panel.has_class("-training"):
            panel.look_like(Phase.TRAINING)

    def _case(self) -> Case | None:
        """The run for a diagnosis, as far as its log tells."""
        config = _options(self._seen.record) if self._seen else None
        return Case(config, self._seen.record.history) if self._seen and config else None

    # The view

    def action_why(self) -> None:
        """See what is wrong with the run, why, and what cures it."""
        path = self._watcher.path
        self.app.push_screen(WhyScreen(run_name(path), self._case, self.marks, self._looks_per_second, path=path))

    @on(Button.Pressed, "#why")
    def _why_pressed(self) -> None:
        self.action_why()

    def action_save(self) -> None:
        """Choose what to save."""
        self.run_view.choose_what_to_save(self.history, self._watcher.path)

    def action_inside(self) -> None:
        """Look into the network, at its last checkpoint."""
        checkpoint = RunDirectory(self._watcher.path).checkpoint
        self.app.push_screen(InsideScreen(Source(run_name(self._watcher.path), checkpoint=checkpoint), self.marks))

    def action_health(self) -> None:
        """See how the layers fare over the course of the run."""
        if self._shown:
            look = of_record(lambda: self._seen.record if self._seen else None)
            self.app.push_screen(HealthScreen(lambda: self._shown, self.marks, self._looks_per_second, look, self.run_view.step))

    def action_usage(self) -> None:
        """See how fast the run is, and in which environment it is trained."""
        self.app.push_screen(UsageScreen(self._used))

    def _used(self) -> Used:
        record = self._seen.record if self._seen else None
        config = _options(record) if record else None
        threads = str(config.threads) if config else AUTO
        environment = record.environment if record else {}
        return Used(run_name(self._watcher.path), self.history, environment, threads, is_here=False)

    def action_parameters(self) -> None:
        """Show how the layers' parameters are counted, or how their gradients are."""
        self.run_view.exchange_layers()

    def action_more_charts(self) -> None:
        """Show the learning rate and the gradients in place of loss and accuracy, or back."""
        self.run_view.exchange_charts()

    def leave(self) -> None:
        """Leave the field: there is no screen below."""
        self.set_focus(None)

    def action_back(self) -> None:
        """Leave an enlarged pane, or go back to the sweep."""
        if self.maximized:
            self.minimize()
        else:
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What escape does depends on what lies below."""
        return action != ("leave" if self._of_sweep else "back")


def _options(record: RunRecord) -> Config | None:
    """The run's options as they are now, if this version can read them."""
    try:
        return latest_options(record) if record.config else None
    except UserError:
        return None


def _missing_plugin(record: RunRecord) -> str:
    """The file of the plugin without which the run's options cannot be read, if that is why."""
    try:
        latest_options(record)
    except MissingPluginError as error:
        return printable(error.wanted.file)
    except UserError:
        return ""
    return ""


def _spec(record: RunRecord) -> DataSpec:
    """What the run's data is like: the first layer has a weight for each number of a sample, and a bias, to each of its units."""
    if not record.layers:
        return MNIST_SPEC
    first, last = record.layers[0], record.layers[-1]
    return DataSpec((max(first.parameters // max(first.output_shape[-1], 1) - 1, 1),), last.output_shape[-1])


def _farewell(watcher: Watcher, ended: Ended) -> RunEnded:
    place = ended.divergence
    divergence = replace(place, layer=printable(place.layer)) if place else None
    return RunEnded(watcher, ended.status, ended.epochs, ended.test_loss, ended.test_accuracy, ended.seconds, divergence)
