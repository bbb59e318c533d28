"""A look into a network, trained now or on disk: its mistakes, what it takes for what, its first units, a drawing, and what lights up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static

from tui_trainer.system.folders import printable
from tui_trainer.text.drawing import Look
from tui_trainer.text.language import N_, _, ngettext
from tui_trainer.trained.inspection import Examination
from tui_trainer.training.events import Snapshot
from tui_trainer.ui.chart import raster
from tui_trainer.ui.chart.painted import Painted, best_look
from tui_trainer.ui.inside.confusion import ConfusionMatrix
from tui_trainer.ui.inside.examiner import Examiner, NetworkExamined, NetworkLit, NetworkMissing, NetworkRead, SketchRead, Subject
from tui_trainer.ui.inside.gallery import Gallery
from tui_trainer.ui.inside.network_picture import NetworkPicture
from tui_trainer.ui.inside.panes import ConfusionPane, DrawPane, MistakesPane, NetworkPane, UnitsPane
from tui_trainer.ui.inside.sketchpad import Sketchpad
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.fitted import FittedScreen
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.pace import Pace
from tui_trainer.ui.kit.titles import ViewTabs, header
from tui_trainer.ui.run.runner import Runner

LOOK = 0.25
"""Seconds between two looks at whether there is another network."""

LONGEST_REST = 4.0
"""Seconds after which there is another look however much was drawn: pictures cost more than charts."""

VIEWS: Mapping[str, str] = {
    "mistakes": "#mistake-gallery",
    "confusion": "#matrix",
    "units": "#unit-gallery",
    "draw": "#paper",
    "network": "#network-picture",
}
"""Each with what has the focus in it."""

LIVE = ("draw", "network")
"""Views for which a network need not be examined, and which follow it the faster."""

BYTES_A_SECOND = 10_000
"""How much of the network as a picture may go over the line on average."""

KEYS = (
    ("tab, shift+tab", N_("Go from the matrix to its images, and back; to the tabs")),
    ("left, right", N_("On the tabs: the view before, the next view")),
)

NOTES = (
    N_("While a run goes on its network is copied and examined every few seconds; f holds what there is, to look at in peace."),
    N_("A weight above 0 is light, one below 0 dark; without colours + and # are above, - and = below. Each unit has a scale of its own."),
    N_("What is drawn is cropped, scaled and centred as MNIST's digits were before the network is shown it."),
)


@dataclass(frozen=True)
class Source:
    """Where the network is: a run's thread, asked for again and again, or a checkpoint, which may be replaced."""

    name: str
    """May hold anything."""
    runner: Callable[[], Runner | None] | None = None
    checkpoint: Path | None = None


class InsideScreen(FittedScreen[None]):
    """Shows one view at a time; all of them look at the same network."""

    SHEET = "inside/inside.tcss"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 so does Textual declare it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-medium"), (36, "-tall")]  # noqa: RUF012

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,i", "leave", "Back", tooltip="Go back to where you were", key_display="esc"),
        Binding("f", "hold", "Hold", tooltip="Look no further at a network that is trained, or follow it again"),
        Binding("m", "marks", "Characters", tooltip="Draw pictures with shades, with blocks, or with plain characters", show=False),
        Binding("1", "view('mistakes')", "Mistakes", tooltip="The test images that the network was most wrong about", show=False),
        Binding("2", "view('confusion')", "Confusion", tooltip="Which digit is taken for which, and how often", show=False),
        Binding("3", "view('units')", "Units", tooltip="The weights of each unit of the first layer, as a picture", show=False),
        Binding("4", "view('draw')", "Draw", tooltip="Draw a digit, and see what the network says", show=False),
        Binding("5", "view('network')", "Network", tooltip="The whole network as a picture: what lights up for an image", show=False),
    ]

    AUTO_FOCUS = "#mistake-gallery"

    def __init__(self, source: Source, marks: raster.Marks, view: str = "mistakes") -> None:
        super().__init__()
        self._source, self._first_view = source, view
        self._only_plain = marks.plain
        self.look: Look | None = None
        """What pictures are drawn with."""
        self._examiner = Examiner(self.post_message)
        self._given: Snapshot | None = None
        self._taken: Snapshot | None = None
        """The network that was given last without an examination."""
        self._latest: Subject | None = None
        """What can be shown an image: it may be of a later moment than the subject that was examined."""
        self._written = 0
        """Bytes of the network as a picture that were written last."""
        self.subject: Subject | None = None
        self.examination: Examination | None = None
        self._missing = ""
        self.held = False
        self._pace = Pace(LONGEST_REST)

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation(BOUND, N_("Between the views"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """Lay out every part."""
        yield header(_("inside"), ViewTabs(VIEWS), Static(id="source"))
        yield Static(id="state")
        with ContentSwitcher(initial="mistakes"):
            yield MistakesPane()
            yield ConfusionPane()
            yield UnitsPane()
            yield DrawPane()
            yield NetworkPane()
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin to look."""
        self._take_look(Look.ASCII if self._only_plain else best_look(self.app))
        self.query_one("#source", Static).update(Content(printable(self._source.name)), layout=False)
        self._examiner.start()
        if self._first_view != self._view:
            self.action_view(self._first_view)
        self._show()
        self._follow()
        self.set_interval(LOOK, self._follow)

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._examiner.stop()

    @property
    def _stands(self) -> bool:
        """Whether all parts are there; some are missing when the app is left while this screen opens, or closes."""
        return len(self.query("#state, ContentSwitcher, MistakesPane, ConfusionPane, UnitsPane, DrawPane, #said, NetworkPane")) == 8

    @property
    def _view(self) -> str:
        """The view that can be seen."""
        return self.query_one(ContentSwitcher).current or ""

    # The network

    def _follow(self) -> None:
        """Have another network examined, if there is one and the last examination is paid for."""
        rest = self._written / BYTES_A_SECOND
        if (self.held and self._latest) or not (self._examiner.is_rested and self._pace.is_rested(rest)):
            return
        if self._source.checkpoint:
            self._examiner.look_into(self._source.checkpoint)
        elif self._source.runner and (runner := self._source.runner()):
            if self._view in LIVE and runner.snapshot and all(runner.snapshot is not each for each in (self._given, self._taken)):
                self._taken = runner.snapshot
                self._examiner.take(runner.snapshot, runner.test)
            elif runner.snapshot and self._view not in LIVE and runner.snapshot is not self._given:
                self._given = runner.snapshot
                self._examiner.look_at(runner.snapshot, runner.test)
            elif not runner.join(0):
                runner.control.take_snapshot()

    @on(NetworkRead)
    def _read(self, event: NetworkRead) -> None:
        if not self._stands:
            return
        self._latest = event.subject
        other = self.subject is None or self.subject.test is not event.subject.test or self.subject.image_shape != event.subject.image_shape
        if other or self.examination is None or event.subject.test is None or self._missing:
            self.subject, self.examination, self._missing = event.subject, None, ""
            self._show()
        # Else an earlier moment of the same run is shown until all is known of this one.
        if self._view in LIVE:
            self._tell()
        self._read_sketch()
        self._light()

    @on(NetworkExamined)
    def _examined(self, event: NetworkExamined) -> None:
        if self._stands:
            self.subject, self.examination = event.subject, event.examination
            self._show()

    @on(NetworkMissing)
    def _is_missing(self, event: NetworkMissing) -> None:
        if self._stands and event.reason != self._missing:
            self._missing = event.reason
            self._show()

    def _show(self) -> None:
        """Show what is known, in the view that can be seen."""
        # What says that there is no network yet must not hold up the first one.
        if self.subject:
            self._pace.begin()
        view = self.query_one(ContentSwitcher).visible_content
        if isinstance(view, MistakesPane | ConfusionPane | UnitsPane | DrawPane | NetworkPane):
            view.show(self._latest if self._view in LIVE else self.subject, self.examination)
        self._tell()

    def _tell(self) -> None:
        self.query_one("#state", Static).update(Content(printable(self._sentence())), layout=False)

    def _sentence(self) -> str:
        """What network it is, how good, and what is odd about it."""
        subject, examination = self.subject, self.examination
        if self._view in LIVE and self._latest is not subject:
            subject, examination = self._latest, None
        if self._missing:
            return f"✗ {_(self._missing)}"
        if subject is None:
            return _("waiting for the run's network")
        scalars = subject.snapshot.scalars
        epochs, step = scalars.get("epochs", 0), scalars.get("step", 0)
        moment = ngettext("after step {step:,} ({epochs} whole epoch)", "after step {step:,} ({epochs} whole epochs)", epochs)
        parts = [(_("held") + " " if self.held else "") + moment.format(step=step, epochs=epochs)]
        if examination is not None and examination.is_finite:
            wrong = len(examination.mistakes())
            found = _("test accuracy {accuracy:.2%}, {wrong:,} of {count:,} wrong")
            parts.append(found.format(accuracy=examination.accuracy, wrong=wrong, count=len(examination.labels)))
        elif examination is not None:
            parts.append(_("its numbers are not finite: training diverged"))
        runner = self._source.runner() if self._source.runner else None
        if runner and (place := runner.divergence):
            parts.append(_("then training diverged, in {layer} at step {step:,}").format(layer=place.layer, step=place.step))
        if subject.note:
            parts.append(subject.note)
        return "; ".join(parts)

    # The drawing

    @on(Sketchpad.Drawn)
    def _drawn(self) -> None:
        self.query_one(DrawPane).explain()
        self.query_one(NetworkPane).turn_to_drawing(wanted=not self.query_one(Sketchpad).sketch.is_empty)
        self._read_sketch()

    def _read_sketch(self) -> None:
        sketch = self.query_one(Sketchpad).sketch
        if sketch.is_empty:
            self.query_one(DrawPane).forget()
        else:
            self._examiner.read(sketch.ink)

    @on(SketchRead)
    def _sketch_read(self, event: SketchRead) -> None:
        if self._stands:
            self.query_one(DrawPane).answer(event.levels, event.probabilities.tolist())

    # What lights up

    @on(NetworkPicture.Sampled)
    def _show_another(self, event: NetworkPicture.Sampled) -> None:
        self.query_one(NetworkPane).move(event.by, self.query_one(Sketchpad).sketch)
        self._light()

    def _light(self) -> None:
        """Have an image or the drawing shown to the network, if that can be seen."""
        if self._view == "network":
            sample = self.query_one(NetworkPane).sample(self._latest, self.query_one(Sketchpad).sketch)
            if sample is not None:
                self._examiner.light(sample)

    @on(NetworkLit)
    def _lit(self, event: NetworkLit) -> None:
        if self._stands and self._view == "network":
            self._pace.begin()
            self._written = self.query_one(NetworkPane).answer(event)

    # The view

    def action_view(self, view: str) -> None:
        """Go to one of the views."""
        switcher = self.query_one(ContentSwitcher)
        if switcher.current != view:
            switcher.current = view
            self.query_one(ViewTabs).active = f"view-{view}"
        self.query_one(VIEWS[view], Widget).focus()
        # Once it can be seen.
        self.call_after_refresh(self._show)
        self._light()

    @on(ViewTabs.TabActivated)
    def _tab_activated(self, event: ViewTabs.TabActivated) -> None:
        view = str(event.tab.id).removeprefix("view-")
        switcher = self.query_one(ContentSwitcher)
        if event.tab.id == event.tabs.active and switcher.current != view:
            switcher.current = view
            self.call_after_refresh(self._show)
            self._light()

    def action_hold(self) -> None:
        """Keep what is shown, or follow the network again."""
        self.held = not self.held
        self._show()
        self._follow()

    def action_marks(self) -> None:
        """Take the next way to draw pictures."""
        looks = list(Look)
        assert self.look
        self._take_look(looks[(looks.index(self.look) + 1) % len(looks)])

    def _take_look(self, look: Look) -> None:
        self.look = look
        for painted in self.query(Painted):
            painted.show_with(look)
        self.query_one(UnitsPane).explain(shades=look is Look.SHADES)

    def action_leave(self) -> None:
        """Go back."""
        self.dismiss()


BOUND = (InsideScreen, ConfusionMatrix, Gallery, Sketchpad, NetworkPicture)
"""Whose keys work here."""
