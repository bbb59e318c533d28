"""The one screen where everything happens: the form, the charts, the layers, and the run."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import ScreenResume
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Button

from tui_trainer.config.differences import describe_differences
from tui_trainer.config.options import AUTO, Config
from tui_trainer.diagnosis.remedies import changed
from tui_trainer.lessons.lesson import Lesson
from tui_trainer.lessons.outcome import Outcome
from tui_trainer.lessons.quiz import Quiz
from tui_trainer.runs.archive import RunRecord, run_name
from tui_trainer.runs.resumable import why_not_resumable
from tui_trainer.runs.run import Run
from tui_trainer.system.folders import printable
from tui_trainer.text.drawing import Look
from tui_trainer.text.language import N_, _
from tui_trainer.training.environment import environment
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.chart.painted import best_look
from tui_trainer.ui.chart.widget import Chart
from tui_trainer.ui.descent.screen import PICTURES_PER_LOOK, PathsScreen
from tui_trainer.ui.health.instruments import of_trained
from tui_trainer.ui.health.screen import HealthScreen
from tui_trainer.ui.inside.dock import DRAWABLE, ROOMY, DrawingDock, has_room
from tui_trainer.ui.inside.network_picture import NetworkPicture
from tui_trainer.ui.inside.screen import InsideScreen, Source
from tui_trainer.ui.inside.sketchpad import Sketchpad
from tui_trainer.ui.kit.borders import BORDER_KEYS, Border
from tui_trainer.ui.kit.charts import CHART_KEYS
from tui_trainer.ui.kit.choose import ChooseScreen
from tui_trainer.ui.kit.explanation import Explanation, Group
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.panes import PaneScreen
from tui_trainer.ui.kit.titles import ViewTabs, header
from tui_trainer.ui.lessons.choose import choose_lesson
from tui_trainer.ui.lessons.quiz import QuizScreen
from tui_trainer.ui.lessons.screen import LessonScreen
from tui_trainer.ui.plane.surface_pane import SurfacePane
from tui_trainer.ui.run.copy import CopyScreen
from tui_trainer.ui.run.form import ConfigForm
from tui_trainer.ui.run.layer_editor import LayersScreen
from tui_trainer.ui.run.layers_pane import LayersPane
from tui_trainer.ui.run.messages import RunChanged, RunRefused, RunStarted
from tui_trainer.ui.run.peeker import DataPeeked, Peeker
from tui_trainer.ui.run.portrait_view import PortraitView
from tui_trainer.ui.run.portraits import tried
from tui_trainer.ui.run.presets import PRESETS
from tui_trainer.ui.run.prospect import Prospect
from tui_trainer.ui.run.rate_test import RatesTested, RateTest
from tui_trainer.ui.run.resume import ask_if_over
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.run.training import RUN_KEYS, TrainingPanel
from tui_trainer.ui.run.usage import UsageScreen, Used
from tui_trainer.ui.run.view import HEIGHTS, LEAVE_KEY, LOOKS_PER_SECOND, RUN_BORDER, VIEW_KEYS, WIDTHS, RunView
from tui_trainer.ui.runs.compare import CompareScreen
from tui_trainer.ui.runs.comparing import Choice, Compared, Current
from tui_trainer.ui.sweeps.sweeps import SweepsScreen
from tui_trainer.ui.welcome.screen import Way
from tui_trainer.ui.why.screen import Cure, WhyScreen

READY = N_("ctrl+r starts a run with these options")

VIEWS = ("setup", "charts", "layers")
"""What a small terminal shows one at a time; a large one shows all."""

BEGIN_KEYS = (
    Binding("ctrl+r", "start", "Start", tooltip="Start a run with the form's values, from inside a field too", priority=True),
    Binding(
        "ctrl+t",
        "test_rates",
        "Try rates",
        tooltip="Try learning rates, as lr-find does: the rate's picture then shows which to take, and where the loss bursts",
        priority=True,
        show=False,
    ),
    Binding("e", "reseed", "New seed", tooltip="Start again with the same options and another seed", show=False),
    Binding("a", "again_with", "Again with…", tooltip="Put the run's options into the form, to change some and start", show=False),
    Binding("w", "resume", "Resume…", tooltip="Choose a run on disk, and resume it or train more epochs", show=False),
    Binding("p", "presets", "Presets", tooltip="Fill the form with one of the runs worth starting from", show=False),
    Binding("d", "design", "Design layers", tooltip="Edit widths, activations and initializers layer by layer", show=False),
    Binding("k", "copy", "Copy", tooltip="Show and copy the form's run as a command line or as TOML", show=False),
)
DRAW_KEY = Binding("b", "draw", "Draw a digit", tooltip="Draw a digit: the network says what it sees, while it is trained too", show=False)
GO_KEYS = (
    Binding("c", "compare", "Runs", tooltip="Compare: mark earlier runs, to see their curves, figures and options beside this one's"),
    Binding("f2", "lessons", "Lessons", tooltip="Lessons: a claim about training, put to the test by runs side by side"),
    Binding("f3", "sweeps", "Sweeps", tooltip="Sweeps: many runs that differ in some options, on all cores; old and new ones", show=False),
    Binding("y", "paths", "Optimizer paths", tooltip="Watch the optimizers go down a valley of two parameters", show=False),
)
SHOW_KEYS = (
    Binding("1", "view('setup')", "Setup", tooltip="Show the form and the layers (small terminals)", show=False),
    Binding("2", "view('charts')", "Charts", tooltip="Show the charts (small terminals)", show=False),
    Binding("3", "view('layers')", "Layers", tooltip="Show the layers and how they fare (small terminals)", show=False),
)


class MainScreen(PaneScreen[None]):
    """Starts runs from the form, one at a time, and shows the latest until the next one starts."""

    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    BINDINGS: ClassVar[list[BindingType]] = [
        *CHART_KEYS,
        LEAVE_KEY,
        *VIEW_KEYS,
        DRAW_KEY,
        *RUN_KEYS,
        *BEGIN_KEYS,
        *GO_KEYS,
        *SHOW_KEYS,
        *BORDER_KEYS,
    ]

    PANES = (Chart, SurfacePane, LayersPane, ConfigForm)
    VIEWED = "#body"
    BORDERS = (Border("form", "stage", columns=(35, 42), shares=(0.0, 0.5)), RUN_BORDER)
    # Out of the fields, where every key that the footer shows would be text.
    AUTO_FOCUS = ""

    def __init__(
        self, values: Mapping[str, Any], output: Path | None, marks: raster.Marks, looks_per_second: float = LOOKS_PER_SECOND
    ) -> None:
        super().__init__(marks)
        # Nothing is in the charts yet.
        self.add_class("-fresh")
        self.run_view = RunView(looks_per_second, SurfacePane(lambda: self.runner, looks_per_second))
        self.panel = TrainingPanel(self.run_view, output, looks_per_second)
        self._values = values
        self._looks_per_second = looks_per_second
        self._peeker = Peeker(self.post_message)
        self._prospect = Prospect(self, self.run_view, self.panel, self._peeker.spec_of)
        self._rate_test: RateTest | None = None
        self._session: list[Path] = []
        """The folders of all runs since the app was started."""
        self._before: Shown | None = None
        """The run before the latest, a ghost behind it."""
        self.outcomes: dict[str, Outcome] = {}
        """How the lessons came out that were put to the test here, by their names."""
        self._compared: tuple[Compared, ...] = ()
        """Runs that are drawn beside the latest."""

    @property
    def phase(self) -> Phase:
        """Where the latest run stands."""
        return self.panel.phase

    @property
    def runner(self) -> Runner | None:
        """The latest run's thread."""
        return self.panel.runner

    @property
    def directory(self) -> Path | None:
        """The latest run's folder, once it has one."""
        return self.panel.directory

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation(
            (
                Group(N_("Begin a run"), (BEGIN_KEYS,)),
                Group(N_("While a run goes on"), (RUN_KEYS,)),
                Group(N_("Look closer"), (VIEW_KEYS, (DRAW_KEY,))),
                Group(N_("Go elsewhere"), (GO_KEYS,)),
                Group(N_("What is shown"), (SHOW_KEYS, BORDER_KEYS, (LEAVE_KEY,), PaneScreen)),
                Group(N_("In the charts"), (CHART_KEYS, Chart)),
                Group(N_("On the paper and in the network"), (Sketchpad, NetworkPicture)),
                Group(N_("In the plane"), (SurfacePane,)),
            )
        )

    def compose(self) -> ComposeResult:
        """Lay out every part; the style sheet decides what a small terminal shows."""
        yield header("tui-trainer", ViewTabs(VIEWS), self.run_view.architecture)
        with Horizontal(id="body", classes=f"-{VIEWS[0]}"):
            yield ConfigForm(self._values, id="form")
            with Vertical(id="stage"):
                yield PortraitView(classes="pane")
                yield self.run_view
            yield DrawingDock(lambda: self.runner, self._looks_per_second)
        yield self.panel
        yield KeyFooter("i", "b", "x", "h", "f", "f3", "p", "y", "v")

    def on_mount(self) -> None:
        """Begin with what the form describes."""
        self._peeker.start()
        self._draw_with(self.marks)
        self.panel.enter(Phase.IDLE, _(READY))

    @on(ScreenResume)
    async def _offer_what_has_come(self) -> None:
        form = self.query_one(ConfigForm)
        # A lesson or a sweep may have read a plugin again.
        if form.is_attached and form.is_outdated:
            await form.renew()

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._peeker.stop()
        if self._rate_test:
            self._rate_test.stop()

    def further_classes(self, size: Size) -> Mapping[str, bool]:
        """Whether there is room to draw beside the charts."""
        return {ROOMY: has_room(size)}

    def focus_next(self, selector: str | type[Widget] = "*") -> Widget | None:
        """Move the focus to what is next; from nowhere into the form, where that is shown."""
        form = self.query_one(ConfigForm)
        if self.focused or self.maximized or not form.display:
            return super().focus_next(selector)
        form.go_to_first()
        return self.focused

    # The form

    @on(ConfigForm.Changed)
    def _options_changed(self, event: ConfigForm.Changed) -> None:
        sentence = _(READY) if event.config else _("mend the option that is marked ✗")
        if self.phase is Phase.IDLE:
            self.panel.say(Phase.IDLE, sentence)
        elif self.phase is Phase.REFUSED:
            self.panel.enter(Phase.IDLE, sentence)
        self._prospect.tell(event.config)

    @on(ConfigForm.Considered)
    def _choice_considered(self, event: ConfigForm.Considered) -> None:
        self._prospect.consider(event.option, event.config)

    def take_marks(self, marks: raster.Marks) -> None:
        """Draw the portraits and the digit with these characters too."""
        super().take_marks(marks)
        self._draw_with(marks)

    def _draw_with(self, marks: raster.Marks) -> None:
        self._prospect.draw_with(marks)
        look = Look.ASCII if marks.plain else best_look(self.app)
        self.query_one(DrawingDock).draw_with(look)
        self.query_one(SurfacePane).show_with(look)

    @on(DataPeeked)
    def _learn_of_the_data(self, event: DataPeeked) -> None:
        self._peeker.learn(event.data, event.label, event.spec)
        config = self.query_one(ConfigForm).config
        if config and config.data == event.data:
            self._prospect.count(config)

    def action_presets(self) -> None:
        """Choose a run worth starting from."""
        summaries = {name: preset.summary for name, preset in PRESETS.items()}
        self.app.push_screen(ChooseScreen(_("Presets"), summaries), self._take_preset)

    def _take_preset(self, name: str | None) -> None:
        if name:
            self.query_one(ConfigForm).fill(dict(Config.parse(PRESETS[name].values)))
            self.action_view("setup")
            self.notify(f"{_(name)}: {_(PRESETS[name].summary)}", markup=False)

    def action_lessons(self) -> None:
        """Choose a lesson."""
        choose_lesson(self.app, self.outcomes, self.open_lesson)

    def open_lesson(self, lesson: Lesson | Quiz) -> None:
        """Go to a lesson; the options that it gives back go into the form."""
        if isinstance(lesson, Quiz):
            self.app.push_screen(QuizScreen(lesson))
        else:
            last = self.outcomes.get(lesson.name)
            screen = LessonScreen(lesson, self.marks, self._looks_per_second, lambda: not self.phase.going_on, last)
            self.app.push_screen(screen, self._leave_lesson)

    def _leave_lesson(self, left: Config | Lesson | Quiz | None) -> None:
        """Go on to the next lesson, or take the options of a run."""
        if isinstance(left, Lesson | Quiz):
            self.open_lesson(left)
        else:
            self._take_options(left)

    def _take_options(self, config: Config | None) -> None:
        """Bring a run's options into the form, and go there."""
        if config:
            form = self.query_one(ConfigForm)
            form.fill(dict(config))
            self.action_view("setup")
            form.go_to_first()

    def _start_with(self, config: Config) -> None:
        """Start a run with these options, out of the form's fields, which would take the keys that steer it."""
        self.query_one(ConfigForm).fill(dict(config))
        self.panel.begin_next(config)

    def action_sweeps(self) -> None:
        """List the sweeps, and start one with the form's options."""
        self.app.push_screen(SweepsScreen(self.query_one(ConfigForm).config, self.marks, self.runner.history if self.runner else None))

    def action_paths(self) -> None:
        """Show the optimizers on a map."""
        self.app.push_screen(PathsScreen(self.marks, pictures_per_second=PICTURES_PER_LOOK * self._looks_per_second))

    def action_design(self) -> None:
        """Edit the network layer by layer."""
        if config := self._valid():
            self.app.push_screen(LayersScreen(config, self._peeker.spec_of(config), self.marks), self._take_layers)

    def _take_layers(self, values: Mapping[str, Any] | None) -> None:
        if values:
            self.query_one(ConfigForm).fill(values)

    def action_test_rates(self) -> None:
        """Raise the learning rate step by step, beside the form, and mark what is found on its picture."""
        if self._rate_test and self._rate_test.join(0) is False:
            self.notify(_("Learning rates are being tried: wait a moment."), timeout=3)
        elif self._is_free() and (config := self._valid()):
            self._rate_test = RateTest(config, self.post_message)
            self._rate_test.start()
            self.notify(_("trying learning rates from 1e-6 to 10, for a thousand steps"), timeout=4)

    @on(RatesTested)
    def _rates_tested(self, event: RatesTested) -> None:
        if event.problem:
            self.notify(printable(str(event.problem)), severity="error", markup=False)
        elif event.found:
            self._prospect.learn_rates(event.config, event.found)
            self.notify(tried(event.found), timeout=8)

    def action_copy(self) -> None:
        """Show the run in words."""
        if config := self._valid():
            self.app.push_screen(CopyScreen(config))

    def _valid(self) -> Config | None:
        """What the form describes; while it describes nothing, say so and go where it is wrong."""
        form = self.query_one(ConfigForm)
        if form.config is None:
            self.action_view("setup")
            form.go_to_problem()
            self.notify(_("An option is wrong: mend it first."), severity="error")
        return form.config

    def go(self, way: Way | None) -> None:
        """Go where the first minute leads."""
        match way:
            case Way.FAILURE:
                form = self.query_one(ConfigForm).config
                data = {"data": form.data, "validation": form.validation} if form else {}
                self._start_with(Config.parse({**data, **PRESETS["Vanishing gradients"].values}))
            case Way.LESSONS:
                self.action_lessons()

    # The run

    def action_start(self) -> None:
        """Start a run, unless one is being trained or an option is wrong."""
        if self._is_free() and (config := self._valid()):
            self.panel.begin_next(config)

    def action_reseed(self) -> None:
        """Start the latest run's options again, from another seed."""
        if self.runner:
            seed = secrets.randbelow(1_000_000)
            self.query_one(ConfigForm).fill({"seed": seed})
            self.panel.begin_next(self.runner.config.model_copy(update={"seed": seed}))

    def action_again_with(self) -> None:
        """Bring the latest run's options into the form."""
        self._take_options(self.runner.config if self.runner else None)

    def action_resume(self) -> None:
        """Choose a run on disk to resume."""
        if self._is_free():
            self.action_compare(seeks=True)

    def _is_free(self) -> bool:
        if self.phase.going_on:
            self.notify(self.panel.why_not("start"), severity="warning")
        return not self.phase.going_on

    def resume(self, record: RunRecord, given: Mapping[str, Any]) -> None:
        """Resume a run on disk, `given` in place of its options; one that would end at once is asked about first."""
        if not self._is_free():
            return
        if problem := why_not_resumable(record):
            self.notify(printable(f"{record.name}: {_(problem)}"), severity="error", markup=False)
            return

        def begin(options: Config, changed: Mapping[str, Any]) -> None:
            # Another run may have begun while the question stood.
            if self._is_free():
                self.panel.begin(options, lambda: Run.resume(record.path, changed))

        ask_if_over(self.app, record, given, begin)

    @on(TrainingPanel.PluginsRead)
    async def _offer_other_options(self, event: TrainingPanel.PluginsRead) -> None:
        await self.query_one(ConfigForm).renew()
        self.panel.begin(event.config)
        self.notify(event.told, markup=False)

    @on(TrainingPanel.Begun)
    def _turn_to_the_charts(self, event: TrainingPanel.Begun) -> None:
        self.remove_class("-fresh")
        config, before = event.run.config, None if event.run.resumes else event.before
        changes = describe_differences(before.options, config, _) or _("the same options") if before else ""
        self.run_view.begin(config, self._peeker.spec_of(config), before.history if before else None, changes)
        self._before = Shown(_("before"), before.history, before.options.epochs, faded=True) if before else None
        self._follow()
        self.charts.view = replace(self.charts.view, window=None, cursor=None)
        self._prospect.compare()
        # Out of the field, so that the keys that steer the run work.
        self.set_focus(None)
        self.action_view("charts")

    @on(RunStarted)
    def _show_what_begins(self, event: RunStarted) -> None:
        if self.panel.is_latest(event) and self.runner:
            self._peeker.learn(self.runner.config.data, self.runner.config.label, event.spec)
            shape = event.spec.image_shape
            self.set_class(shape is not None and shape[0] == shape[1], DRAWABLE)
            if self.runner.resumes:
                # Its options are known by now, and its past.
                self.query_one(ConfigForm).fill(dict(self.runner.config))
                self._follow()
            self._prospect.name(self.runner.config)
            if event.directory not in self._session:
                self._session.append(event.directory)
            if self.phase is Phase.PREPARING:
                self.panel.enter(Phase.TRAINING)

    @on(RunChanged)
    def _options_of_the_run_changed(self, event: RunChanged) -> None:
        if self.panel.is_latest(event):
            self._prospect.compare()
            if "epochs" in event.changes:
                self._follow()

    @on(RunRefused)
    def _show_the_problem(self, event: RunRefused) -> None:
        if self.panel.is_latest(event):
            self.action_view("setup")
            self.query_one(ConfigForm).complain(event.error)

    @on(Button.Pressed, "#start, #presets, #design, #copy, #why, #draw")
    async def _button_pressed(self, event: Button.Pressed) -> None:
        """Each button is named after what it does."""
        await self.run_action(str(event.button.id))

    # What keys do to it

    def action_pause(self) -> None:
        """Hold the run."""
        self.panel.pause()

    def action_go_on(self) -> None:
        """End the pause."""
        self.panel.go_on()

    def action_step(self) -> None:
        """Train one batch, and hold."""
        self.panel.step()

    def action_stop(self) -> None:
        """End the run with what it has learned."""
        self.panel.stop()

    def action_restart(self) -> None:
        """Start the latest run's options again, from the same seed."""
        self.panel.restart()

    def action_change(self) -> None:
        """Ask for other values for the rest of the run."""
        self.panel.ask_for_change()

    def action_scale_rate(self, factor: float) -> None:
        """Take a multiple of the learning rate."""
        self.panel.scale_rate(factor)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what makes sense now."""
        return self.panel.offers(action)

    def why_not(self, action: str) -> str:
        """Why a key does nothing now."""
        return self.panel.why_not(action.partition("(")[0])

    # The view

    def action_save(self) -> None:
        """Choose what to save."""
        self.run_view.choose_what_to_save(self.runner.history if self.runner else None, self.directory)

    def action_inside(self) -> None:
        """Look into the network."""
        if self.runner:
            self.app.push_screen(InsideScreen(Source(_("this run"), lambda: self.runner), self.marks))

    def action_draw(self) -> None:
        """Draw beside the charts, or where there is no room look into the network for that."""
        if self.has_class(DRAWABLE) and self.has_class(ROOMY) and not self.maximized:
            self.query_one(DrawingDock).take_focus()
        elif self.runner:
            self.app.push_screen(InsideScreen(Source(_("this run"), lambda: self.runner), self.marks, "draw"))

    def action_health(self) -> None:
        """See how the layers fare over the course of the run."""
        if self.runner:
            self.app.push_screen(
                HealthScreen(self.followed, self.marks, self._looks_per_second, of_trained(lambda: self.runner), self.run_view.step)
            )

    def action_why(self) -> None:
        """See what is wrong with the run, why, and what cures it."""
        screen = WhyScreen(_("this run"), lambda: self.runner.case if self.runner else None, self.marks, self._looks_per_second)
        self.app.push_screen(screen, self._take_cure)

    def _take_cure(self, cure: Cure | None) -> None:
        """Bring a remedy into the form, and start it where that is wanted."""
        if cure and self.runner:
            config = changed(self.runner.options, cure.options)
            if cure.starts:
                self._start_with(config)
            else:
                self._take_options(config)

    def action_usage(self) -> None:
        """See what the run uses of the machine."""
        self.app.push_screen(UsageScreen(self._used))

    def _used(self) -> Used:
        runner = self.runner
        threads = runner.history.config.threads if runner and runner.history.config else AUTO
        name = run_name(self.directory) if self.directory else _("this run")
        return Used(name, runner.history if runner else None, environment(), str(threads), is_here=True)

    def action_parameters(self) -> None:
        """Show how the layers' parameters are counted, or how their gradients are."""
        self.run_view.exchange_layers()

    def action_more_charts(self) -> None:
        """Show the learning rate and the gradients in place of loss and accuracy, or back."""
        self.run_view.exchange_charts()

    def leave(self) -> None:
        """Leave the field: there is no screen below."""
        self.set_focus(None)

    def followed(self) -> Shown | None:
        """The latest run, as charts show it."""
        return Shown(_("this run"), self.runner.history, self.runner.options.epochs) if self.runner else None

    def _follow(self) -> None:
        """Draw the latest run, those it is compared with, and the one before behind them."""
        others = [each.shown for each in self._compared if each.path != self.directory]
        self.charts.follow(self.followed(), [*([self._before] if self._before else []), *others])

    def action_compare(self, *, seeks: bool = False) -> None:
        """Choose runs to compare with, or one to resume."""
        self.app.push_screen(CompareScreen(self._current, self._session, self._compared, self._compare, self.marks, seeks=seeks))

    def _current(self) -> Current | None:
        shown = self.followed()
        return Current(self.directory, shown, self.phase.going_on) if self.directory and shown else None

    def _compare(self, choice: Choice) -> None:
        self._compared = choice.runs
        self._follow()
        if choice.start:
            self.action_start()
        elif choice.resumed:
            # Not out of the screen that is left, which would have to hear the answer to a question.
            self.call_next(self.resume, choice.resumed, {})
