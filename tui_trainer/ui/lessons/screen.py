"""A lesson: its claim, its runs side by side while they train, the curves that decide it, and the page that says how it came out."""

import secrets
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from tui_trainer.config.changes import describe_change
from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.history.history import History
from tui_trainer.lessons.criteria import Verdict
from tui_trainer.lessons.lesson import Lesson, following
from tui_trainer.lessons.outcome import Outcome
from tui_trainer.lessons.quiz import Quiz
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _
from tui_trainer.ui.chart.raster import Marks
from tui_trainer.ui.kit.choose import ChooseScreen
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.meter import Meter
from tui_trainer.ui.kit.panes import PaneScreen
from tui_trainer.ui.kit.plugins import read_again
from tui_trainer.ui.kit.titles import ViewTabs, header
from tui_trainer.ui.lessons.chart import LessonChart
from tui_trainer.ui.lessons.runner import LessonEnded, LessonRefused, LessonRunner
from tui_trainer.ui.lessons.tested import LessonTested
from tui_trainer.ui.lessons.text import LessonText

VIEWS = ("lesson", "charts")
"""What a small terminal shows one at a time; a large one shows both."""

NARROW = 120

KEYS = (
    ("tab, shift+tab", N_("Go from the text to the charts, and back")),
    ("up, down", N_("Scroll the text")),
)

NOTES = (
    N_("The runs differ in one thing each and share everything else, the seed among it; two are trained at a time."),
    N_("They learn from fewer images than a run of the main screen, so that the lesson takes seconds, and are not kept on disk."),
    N_("Look first: what was measured when the lesson was written, and why it comes out so, are told once the runs have ended."),
    N_("Whether the claim held is said of these runs alone: another seed, or another depth, is another question. Ask it."),
)


class State(Enum):
    """How far the lesson is."""

    READY = "ready"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class LessonScreen(PaneScreen[Config | Lesson | Quiz | None]):
    """Gives the options of one of the runs, for the form, the lesson to go on to, or None.

    `is_free` tells whether nothing else trains now, `last` how it came out the last time.
    """

    SHEET = "lessons/lessons.tcss"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide"), (180, "-vast")]  # noqa: RUF012 so does Textual declare it

    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "start", "Start", tooltip="Train the lesson's runs side by side; again, once they have ended", priority=True),
        Binding("s", "stop", "Stop", tooltip="Stop the runs, without a verdict"),
        Binding("n", "next", "Next", tooltip="Go on to the next lesson; stops this one's runs"),
        Binding("t", "try", "Try", tooltip="Change something in all runs, and see whether the claim still holds"),
        Binding("a", "take", "To form", tooltip="Take the options of one of the runs into the main screen's form"),
        Binding("1", "view('lesson')", "Lesson", tooltip="Show the claim, the runs and what decided it (small terminals)", show=False),
        Binding("2", "view('charts')", "Charts", tooltip="Show the charts (small terminals)", show=False),
        Binding("escape", "leave", "Back", tooltip="Go back to the main screen; stops the lesson's runs"),
        Binding("e", "reseed", "New seed", tooltip="Start again from another seed"),
        Binding("w", "measured", "Measured", tooltip="Show what was measured when the lesson was written, before you have looked"),
    ]

    PANES = (LessonChart,)
    VIEWED = "#lesson"
    AUTO_FOCUS = "#told"

    def __init__(
        self, lesson: Lesson, marks: Marks, looks_per_second: float, is_free: Callable[[], bool], last: Outcome | None = None
    ) -> None:
        super().__init__(marks)
        self.lesson = lesson
        self._last = last
        self._following = following(lesson.name)
        self._tells_measured = False
        self.state = State.READY
        self.runner: LessonRunner | None = None
        """The latest runs."""
        self.verdict: Verdict | None = None
        self._tick = 1 / looks_per_second
        self._is_free = is_free
        self._given: dict[str, Any] = {}
        """What was changed in all runs."""

    @property
    def _histories(self) -> Mapping[str, History]:
        """Of the latest runs, as far as they are."""
        return self.runner.parallel_runs.histories if self.runner else {}

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self, LessonChart), N_("In the text"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """The text beside the charts, over what is going on; the style sheet decides what a small terminal shows."""
        yield header(_(self.lesson.title), ViewTabs(VIEWS))
        with Horizontal(id="lesson", classes=f"-{VIEWS[0]}"):
            yield LessonText(self.lesson, self._last, id="text")
            with Container(id="overlays"):
                for drawing in self.lesson.charts:
                    yield LessonChart(drawing)
        with Horizontal(id="state"):
            yield Static(id="sentence")
            yield Meter()
            yield Button(_("Start"), id="start", compact=True)
            yield Button(_("Try"), id="try", compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Say what there is to do, and look at the runs from time to time."""
        self.query_one(Meter).display = False
        for chart in self.query(LessonChart):
            chart.marks = self.marks
        hidden = _("ctrl+r trains these runs; w shows what was measured")
        self._say(hidden if self.lesson.measured else _("ctrl+r trains these runs side by side"))
        self._look()
        self.set_interval(self._tick, self._look_if_running)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show_texts())

    def on_unmount(self) -> None:
        """Stop the runs."""
        if self.runner:
            self.runner.stop()

    # The runs

    async def action_start(self) -> None:
        """Train the runs, with plugins as they are now."""
        if self.state in (State.RUNNING, State.STOPPING):
            self.notify(_("The lesson is going on: s stops it."), severity="warning")
            return
        if not self._is_free():
            self.notify(_("A run is going on in the main screen: stop it first."), severity="warning")
            return
        if await read_again(self) is None:
            return
        try:
            self.runner = LessonRunner(self.lesson, self._given, self.post_message)
        except UserError as error:
            self.notify(printable(str(error)), severity="error", markup=False)
            return
        self.verdict = None
        self.runner.start()
        self._enter(State.RUNNING)
        self._say(_("reading the images"))
        self.action_view("charts")
        self._look()

    def action_stop(self) -> None:
        """End the runs."""
        if self.runner and self.state is State.RUNNING:
            self.runner.stop()
            self._enter(State.STOPPING)

    async def action_reseed(self) -> None:
        """Train the runs from another seed."""
        if self.state in (State.READY, State.ENDED):
            self._given["seed"] = secrets.randbelow(1_000_000)
            await self.action_start()

    def action_next(self) -> None:
        """Go on to the next lesson."""
        if self._following:
            self.dismiss(self._following)

    def action_measured(self) -> None:
        """Show what was measured when the lesson was written."""
        self._tells_measured = True
        self.action_view("lesson")
        self._show_texts()
        self.refresh_bindings()
        self.query_one(LessonText).told.scroll_end(animate=False)

    def action_try(self) -> None:
        """Choose what to change in all runs."""
        choices = {attempt.name: describe_change(attempt.options, _) for attempt in self.lesson.tries}
        if self._given:
            choices[N_("as the lesson has it")] = _("nothing changed, the first seed")
        if not choices:
            self.notify(_("This lesson proposes nothing to change; e takes another seed."), timeout=4)
        else:
            self.app.push_screen(ChooseScreen(_("Try in all runs"), choices), self._try)

    def _try(self, name: str | None) -> None:
        if name is None:
            return
        attempt = next((each for each in self.lesson.tries if each.name == name), None)
        seed = {"seed": self._given["seed"]} if "seed" in self._given and attempt else {}
        self._given = {**seed, **(attempt.options if attempt else {})}
        self.call_later(self.action_start)

    def action_take(self) -> None:
        """Choose the run whose options go into the form."""
        choices = {variant.name: describe_change(variant.options, _) for variant in self.lesson.runs}
        self.app.push_screen(ChooseScreen(_("Into the form"), choices), self._take)

    def _take(self, name: str | None) -> None:
        if name is not None:
            self.dismiss(self.lesson.config_of(name, self._given))

    def _enter(self, state: State) -> None:
        self.state = state
        self.query_one(Meter).display = state in (State.RUNNING, State.STOPPING)
        self.refresh_bindings()

    @on(LessonEnded)
    def _ended(self, event: LessonEnded) -> None:
        if event.runner is not self.runner:
            return
        self.verdict = event.verdict
        self._enter(State.ENDED)
        self._look()
        seed = next(iter(event.runner.configs.values())).seed
        if event.verdict is None:
            self._say(_("stopped before the end: no verdict"), "-stopped")
            return
        held, count = event.verdict.held, len(event.verdict.judgements)
        if not self._given.keys() - {"seed"}:
            # With other options it is another question.
            self.post_message(LessonTested(self.lesson.name, Outcome(right=held, of=count, seed=seed, seconds=event.seconds)))
        of = _("{held} of {count} so, seed {seed}").format(held=held, count=count, seed=seed)
        if event.verdict.holds:
            self._say(_("the claim held on these runs: {of}").format(of=of), "-held")
        else:
            self._say(_("the claim did not hold on these runs: {of}").format(of=of), "-failed")
        if not self.maximized:
            self.action_view("lesson")
        self.query_one(LessonText).told.scroll_home(animate=False)

    @on(LessonRefused)
    def _refused(self, event: LessonRefused) -> None:
        if event.runner is self.runner:
            self._enter(State.ENDED)
            self._say(printable(event.reason), "-failed")

    @on(Button.Pressed, "#start")
    async def _start_pressed(self) -> None:
        if self.state is State.RUNNING:
            self.action_stop()
        else:
            await self.action_start()

    @on(Button.Pressed, "#try")
    def _try_pressed(self) -> None:
        self.action_try()

    # What is shown

    def _say(self, text: str, kind: str = "") -> None:
        sentence = self.query_one("#sentence", Static)
        sentence.set_classes(kind)
        sentence.update(Content(text))

    def _look_if_running(self) -> None:
        if self.state in (State.RUNNING, State.STOPPING):
            self._look()

    def _look(self) -> None:
        """Show how far the runs are."""
        parallel_runs = self.runner.parallel_runs if self.runner else None
        if parallel_runs and self.state in (State.RUNNING, State.STOPPING):
            self.query_one(Meter).show(parallel_runs.position)
            changed = describe_change(self._given, _) if self._given else _("as the lesson has it")
            self._say(_("stopping") if self.state is State.STOPPING else _("training: {changed}").format(changed=changed))
        for chart in self.query(LessonChart):
            chart.show_runs(self._histories)
        self._show_texts()

    def _show_texts(self) -> None:
        self.query_one("#start", Button).label = _("Stop") if self.state is State.RUNNING else _("Start")
        self.query_one(LessonText).show(self._histories, self.verdict, self.marks, measured=self._tells_measured)

    # The view

    def action_view(self, view: str) -> None:
        """Show one part, where there is no room for both."""
        super().action_view(view)
        # What is not shown must not have the keys.
        if self.size.width < NARROW:
            (self.query_one(LessonText).told if view == "lesson" else self.query(LessonChart).first()).focus()

    def take_marks(self, marks: Marks) -> None:
        super().take_marks(marks)
        for chart in self.query(LessonChart):
            chart.marks = marks
        self._show_texts()

    def leave(self) -> None:
        """Go back, and take nothing along."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer in the footer what makes sense now."""
        match action:
            case "start":
                return self.state in (State.READY, State.ENDED)
            case "stop":
                return self.state is State.RUNNING or (None if self.state is State.STOPPING else False)
            case "reseed" | "try":
                return self.state in (State.READY, State.ENDED) or None
            case "next":
                return self._following is not None or None
            case "measured":
                return (bool(self.lesson.measured) and not self._tells_measured and self.verdict is None) or None
        return True

    def why_not(self, action: str) -> str:
        reasons = {
            "next": _("This is the last lesson."),
            "measured": _("There is nothing more that was measured."),
            "reseed": _("The lesson is going on: s stops it."),
            "try": _("The lesson is going on: s stops it."),
        }
        return reasons.get(action, "")
