"""A lesson: its claim, its runs side by side as they go on, the curves that decide it, and whether it held."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, ClassVar

import numpy as np
from rich.style import Style
from rich.table import Column, Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Button, Label, Static, Tab, Tabs

from tui_trainer.changes import describe_change
from tui_trainer.config import Config
from tui_trainer.errors import UserError
from tui_trainer.language import N_, _
from tui_trainer.lessons.course import SHOWS, Course, Place, profile
from tui_trainer.lessons.criteria import Verdict
from tui_trainer.lessons.lesson import Drawing, Lesson
from tui_trainer.paths import printable
from tui_trainer.ui.chart import axes, raster
from tui_trainer.ui.chart.overlay import PENS, Line, Overlay, marks_of
from tui_trainer.ui.explanation import Explanation
from tui_trainer.ui.lesson_runner import LessonEnded, LessonRefused, LessonRunner
from tui_trainer.ui.screens.choose import ChooseScreen
from tui_trainer.ui.widgets.footer import KeyFooter
from tui_trainer.ui.widgets.meter import Meter

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
    N_("Whether the claim held is said of these runs alone: another seed, or another depth, is another question. Ask it."),
)


class State(Enum):
    """How far the lesson is."""

    READY = "ready"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class LessonScreen(Screen[Config | None]):
    """Gives the options of one of the runs, for the form, or None. `is_free` tells whether nothing else trains now."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide"), (180, "-vast")]  # noqa: RUF012 so does Textual declare it

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "start", "Start", tooltip="Train the lesson's runs side by side; again, once they have ended", priority=True),
        Binding("s", "stop", "Stop", tooltip="Stop the runs, without a verdict"),
        Binding("e", "reseed", "New seed", tooltip="Start again from another seed"),
        Binding("t", "try", "Try", tooltip="Change something in all runs, and see whether the claim still holds"),
        Binding("a", "take", "To form", tooltip="Take the options of one of the runs into the main screen's form"),
        Binding("m", "marks", "Markers", tooltip="Draw with braille, with blocks, or with plain characters", show=False),
        Binding(
            "z", "zoom_pane", "Zoom", tooltip="Give the chart that has the focus, or else the first, the whole screen; or back", show=False
        ),
        Binding("1", "view('lesson')", "Lesson", tooltip="Show the claim, the runs and what decided it (small terminals)", show=False),
        Binding("2", "view('charts')", "Charts", tooltip="Show the charts (small terminals)", show=False),
        Binding("escape", "leave", "Back", tooltip="Go back to the main screen; stops the lesson's runs"),
    ]

    AUTO_FOCUS = "#text"

    def __init__(self, lesson: Lesson, marks: raster.Marks, looks_per_second: float, is_free: Callable[[], bool]) -> None:
        super().__init__()
        self.lesson = lesson
        self.state = State.READY
        self.runner: LessonRunner | None = None
        """The latest runs."""
        self.verdict: Verdict | None = None
        self.marks = marks
        self._tick = 1 / looks_per_second
        self._is_free = is_free
        self._given: dict[str, Any] = {}
        """What was changed in all runs."""

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self, Overlay), N_("In the text"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """The text beside the charts, over what is going on; the style sheet decides what a small terminal shows."""
        with Horizontal(classes="header"):
            yield Label(Content(_(self.lesson.title)), classes="brand")
            yield Tabs(*(Tab(f"{key} {_(view.capitalize())}", id=f"view-{view}") for key, view in enumerate(VIEWS, 1)), classes="views")
        with Horizontal(id="lesson", classes=f"-{VIEWS[0]}"):
            with VerticalScroll(id="text", can_focus=True) as text:
                text.border_title = _("Lesson")
                yield Static(Content.assemble((_("Claim") + "  ", "bold"), _(self.lesson.claim)), id="claim")
                yield Static(Content.assemble((_("Watch") + "  ", "bold"), _(self.lesson.watch)), id="watch")
                yield Static(id="runs")
                yield Static(id="findings")
                for each in self.lesson.measured:
                    yield Static(Content.assemble((f"{_(each.text)}\n", ""), (f"  {each.command}", "italic")), classes="measured")
            with Container(id="overlays"):
                for drawing in self.lesson.charts:
                    yield Overlay(drawing.title, drawing.scale, drawing.over)
        with Horizontal(id="state"):
            yield Static(id="sentence")
            yield Meter()
            yield Button(_("Start"), id="start", compact=True)
            yield Button(_("Try"), id="try", compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Say what there is to do, and look at the runs from time to time."""
        self.query_one(Meter).display = False
        for chart in self.query(Overlay):
            chart.marks = self.marks
        self._say(_("ctrl+r trains these runs side by side"))
        self._look()
        self.set_interval(self._tick, self._look_if_running)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show_texts())

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        if self.runner:
            self.runner.trial.stop()

    # The runs

    def action_start(self) -> None:
        """Train the runs."""
        if self.state in (State.RUNNING, State.STOPPING):
            self.notify(_("The lesson is going on: s stops it."), severity="warning")
            return
        if not self._is_free():
            self.notify(_("A run is going on in the main screen: stop it first."), severity="warning")
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
            self.runner.trial.stop()
            self._enter(State.STOPPING)

    def action_reseed(self) -> None:
        """Train the runs from another seed."""
        if self.state in (State.READY, State.ENDED):
            self._given["seed"] = secrets.randbelow(1_000_000)
            self.action_start()

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
        self.action_start()

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
        held = sum(finding.holds for finding in event.verdict.findings)
        of = _("{held} of {count} so, seed {seed}").format(held=held, count=len(event.verdict.findings), seed=seed)
        if event.verdict.holds:
            self._say(_("the claim held on these runs: {of}").format(of=of), "-held")
        else:
            self._say(_("the claim did not hold on these runs: {of}").format(of=of), "-failed")
        self.query_one("#text", VerticalScroll).scroll_end(animate=False)

    @on(LessonRefused)
    def _refused(self, event: LessonRefused) -> None:
        if event.runner is self.runner:
            self._enter(State.ENDED)
            self._say(printable(event.reason), "-failed")

    @on(Button.Pressed, "#start")
    def _start_pressed(self) -> None:
        if self.state is State.RUNNING:
            self.action_stop()
        else:
            self.action_start()

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
        trial = self.runner.trial if self.runner else None
        if trial and self.state in (State.RUNNING, State.STOPPING):
            self.query_one(Meter).show(trial.position)
            changed = describe_change(self._given, _) if self._given else _("as the lesson has it")
            self._say(_("stopping") if self.state is State.STOPPING else _("training: {changed}").format(changed=changed))
        for chart, drawing in zip(self.query(Overlay), self.lesson.charts, strict=True):
            chart.show(*_lines(drawing, trial.courses if trial else {}))
        self._show_texts()

    def _show_texts(self) -> None:
        self.query_one("#start", Button).label = _("Stop") if self.state is State.RUNNING else _("Start")
        self.query_one("#runs", Static).update(self._runs())
        self.query_one("#findings", Static).update(self._findings())

    def _runs(self) -> Table:
        """A row for each run: its mark on the charts, and how it stands."""
        table = Table.grid(Column(width=2), Column(ratio=1), Column(justify="right"), Column(justify="right"), expand=True, padding=(0, 1))
        courses = self.runner.trial.courses if self.runner else {}
        for variant, pen, mark in zip(self.lesson.runs, PENS, marks_of(self.marks), strict=False):
            style = self.query(Overlay).first().get_component_rich_style(f"chart--{pen.name.lower().replace('_', '-')}")
            loss, accuracy = _standing(courses.get(variant.name))
            table.add_row(Text(mark, Style(color=style.color, bold=True)), Text(_(variant.name)), Text(loss), Text(accuracy))
        return table

    def _findings(self) -> Content:
        """What decided it, or what will."""
        if self.verdict is None:
            return Content("")
        yes, no = (_("yes"), _("no")) if self.marks.plain else ("✓", "✗")
        lines = [
            Content.assemble((f"{yes if finding.holds else no} ", "$text-success" if finding.holds else "$text-error"), finding.sentence)
            for finding in self.verdict.findings
        ]
        return Content("\n").join(lines)

    # The view

    @on(Tabs.TabActivated)
    def _tab_activated(self, event: Tabs.TabActivated) -> None:
        if event.tab.id == event.tabs.active:
            self.action_view(str(event.tab.id).removeprefix("view-"))

    def action_view(self, view: str) -> None:
        """Show one part, where there is no room for both."""
        viewed = self.query_one("#lesson")
        if not viewed.has_class(f"-{view}"):
            viewed.set_classes(f"-{view}")
            self.query_one(Tabs).active = f"view-{view}"
        # What is not shown must not have the keys.
        if self.size.width < NARROW:
            self.query("#text" if view == "lesson" else Overlay).first().focus()

    def action_marks(self) -> None:
        """Take the next set of characters."""
        sets = (raster.BRAILLE, raster.BLOCKS, raster.PLAIN)
        self.marks = sets[(sets.index(self.marks) + 1) % len(sets)]
        for chart in self.query(Overlay):
            chart.marks = self.marks
        self._show_texts()

    def action_zoom_pane(self) -> None:
        """Give the chart that has the focus, or else the first that is shown, the whole screen; or back."""
        charts = [chart for chart in (self.focused, *self.query(Overlay)) if isinstance(chart, Overlay) and chart.is_on_screen]
        if self.maximized:
            self.minimize()
        elif charts:
            charts[0].focus()
            self.maximize(charts[0])

    def action_leave(self) -> None:
        """Leave an enlarged chart, or the lesson."""
        if self.maximized:
            self.minimize()
        else:
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
        return True


def _standing(course: Course | None) -> tuple[str, str]:
    """A run's loss and accuracy as they are now, or that it diverged."""
    if course is None or not course.places:
        return "", _("diverged") if course and course.diverged else ""
    if course.diverged:
        return _("diverged"), _("step {step:,.0f}").format(step=len(course.places))
    if course.epochs and course.epochs[-1].validation_accuracy is not None and course.epochs[-1].validation_loss is not None:
        return axes.figure(course.epochs[-1].validation_loss, 3), f"{course.epochs[-1].validation_accuracy:.1%}"
    recent = course.losses[-100:]
    return axes.figure(sum(recent) / len(recent), 3), _("epoch {epoch:.1f}").format(epoch=course.places[-1].epochs)


def _lines(drawing: Drawing, courses: Mapping[str, Course]) -> tuple[list[Line], float]:
    """A chart's lines, one for each run, and where its x axis ends."""
    if drawing.over == "layers":
        lines = [Line(_(name), profile(course, drawing.shows, start=drawing.at == "start")) for name, course in courses.items()]
        return lines, max((float(len(line.points[0])) for line in lines), default=1.0)
    x = X[drawing.over]
    lines = [Line(_(name), SHOWS[drawing.shows].curve(course, x, drawing.layer)) for name, course in courses.items()]
    return lines, max(_ends(drawing, courses, lines), default=1.0)


def _ends(drawing: Drawing, courses: Mapping[str, Course], lines: list[Line]) -> Iterator[float]:
    for course, line in zip(courses.values(), lines, strict=True):
        if drawing.over == "epochs":
            yield float(course.config.epochs)
        elif len(line.points[0]):
            yield float(np.max(line.points[0]))


X: Mapping[str, Callable[[Place], float]] = {
    "epochs": lambda place: place.epochs,
    "steps": lambda place: place.steps,
    "seconds": lambda place: place.seconds,
}
