"""A drawing beside the charts, and what the network says to it while it is trained."""

from collections.abc import Callable, Sequence

import numpy as np
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from tui_trainer.text.drawing import Look
from tui_trainer.text.language import _
from tui_trainer.training.events import Snapshot
from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.inside.examiner import Examiner, NetworkLit, NetworkRead, SketchRead, Subject
from tui_trainer.ui.inside.gallery import Bars
from tui_trainer.ui.inside.network_picture import NetworkPicture, Shown
from tui_trainer.ui.inside.panes import DIVERGED, describe
from tui_trainer.ui.inside.sketchpad import Sketchpad
from tui_trainer.ui.kit.pace import Pace
from tui_trainer.ui.run.runner import Runner

WIDTH, HEIGHT = 180, 40
"""Columns and lines of a terminal from which on there is room for it."""

ALL = 42
"""Lines inside from which on there is also room for the network as a picture."""

BYTES_A_SECOND = 3_000
"""How much of it may go over the line on average, where the charts go too."""

LONGEST_REST = 4.0
"""Seconds after which it is drawn again however much was written."""

DRAWABLE = "-drawable"
"""The class of a screen whose run learns square images in gray."""

ROOMY = "-roomy"
"""The class of a screen that has room."""


def has_room(size: Size) -> bool:
    """Whether a terminal of this size has room for it beside the charts."""
    return size.width >= WIDTH and size.height >= HEIGHT


class DrawingDock(Vertical):
    """Shows the network of the latest run what is drawn, again and again; costs nothing where it cannot be seen."""

    def __init__(self, runner: Callable[[], Runner | None], looks_per_second: float) -> None:
        super().__init__(id="drawing", classes="pane")
        self.border_title = _("Draw a digit")
        self._runner = runner
        self._tick = 1 / looks_per_second
        self._examiner = Examiner(self.post_message)
        self._is_awake = False
        self._pace = Pace()
        self._written = 0
        self._given: Snapshot | None = None
        """The network that was shown the drawing last."""
        self._subject: Subject | None = None
        self._place = 0
        """Of the test image that is there until something is drawn."""

    def compose(self) -> ComposeResult:
        """The paper over the bars of the answer, or over the network that has them at its end."""
        yield Sketchpad(id="dock-paper")
        yield Static(id="dock-words")
        yield Bars(id="dock-bars")
        yield NetworkPicture(id="dock-network")
        yield Static(id="dock-lit")

    def on_mount(self) -> None:
        """Look for another network from time to time."""
        self._tell()
        self.set_interval(self._tick, self._follow)

    def on_unmount(self) -> None:
        """Stop the thread."""
        self._examiner.stop()

    def on_resize(self) -> None:
        """Show what has room."""
        if self.has_class("-all") != (self.size.height >= ALL):
            self.toggle_class("-all")
            self.call_after_refresh(self._ask)

    def draw_with(self, look: Look) -> None:
        """Draw with these characters."""
        for painted in self.query(Painted):
            painted.show_with(look)

    def take_focus(self) -> None:
        """Go to the paper."""
        self.query_one(Sketchpad).focus()

    def _follow(self) -> None:
        """Have another network shown the drawing, if there is one and the last time is paid for."""
        runner = self._runner()
        is_seen, rest = self.is_on_screen and self.screen.is_current, min(self._written / BYTES_A_SECOND, LONGEST_REST)
        if runner is None or not (is_seen and self._pace.is_rested(rest) and self._examiner.is_rested):
            return
        if not self._is_awake:
            self._is_awake = True
            self._examiner.start()
        if runner.snapshot and runner.snapshot is not self._given:
            self._given = runner.snapshot
            self._examiner.take(runner.snapshot, runner.test)
        elif not runner.join(0):
            runner.control.take_snapshot()

    @on(NetworkRead)
    def _read(self, event: NetworkRead) -> None:
        event.stop()
        is_other = self._subject is None or self._subject.test is not event.subject.test
        self._subject = event.subject
        paper = self.query_one(Sketchpad)
        if is_other and (paper.sketch.is_empty or paper.has_example):
            self._place = 0
            self._show_example()
        else:
            self._ask()

    def _show_example(self) -> None:
        """Put a test image on the paper."""
        if (subject := self._subject) and subject.test and subject.side:
            self.query_one(Sketchpad).show_example(subject.spec.levels(subject.test.images[self._place]))

    @on(NetworkPicture.Sampled)
    def _show_another(self, event: NetworkPicture.Sampled) -> None:
        event.stop()
        if self._subject and self._subject.test:
            self._place = (self._place + event.by) % len(self._subject.test.labels)
            self._show_example()

    @on(Sketchpad.Drawn)
    def _drawn(self, event: Sketchpad.Drawn) -> None:
        event.stop()
        self._ask()

    def _ask(self) -> None:
        """Show the drawing to the network."""
        paper = self.query_one(Sketchpad)
        if paper.sketch.is_empty:
            self.query_one(Bars).show(())
            self.query_one(NetworkPicture).show(None)
            self._write("#dock-lit", "")
        elif self.has_class("-all"):
            self._examiner.light(paper.sketch.ink)
        else:
            self._examiner.read(paper.sketch.ink)
        self._tell()

    def _tell(self) -> None:
        """Say what there is on the paper, and how to draw."""
        paper = self.query_one(Sketchpad)
        if (label := self._truth) is not None:
            words = _("a test image, a {label}: draw your own").format(label=self._names[label])
        elif paper.sketch.is_empty:
            words = _("drag the mouse, or b, space and arrows")
        else:
            words = _("what the network says to it; del clears")
        self._write("#dock-words", words)

    def _write(self, selector: str, words: str) -> None:
        static = self.query_one(selector, Static)
        if str(static.content) != words:
            static.update(Content(words), layout=False)

    @property
    def _names(self) -> Sequence[str]:
        """What the classes are called."""
        return self._subject.spec.names if self._subject else ()

    @property
    def _truth(self) -> int | None:
        """The class of the test image that there is until something is drawn."""
        test = self._subject.test if self._subject else None
        return int(test.labels[self._place]) if test and self.query_one(Sketchpad).has_example else None

    @on(SketchRead)
    def _sketch_read(self, event: SketchRead) -> None:
        event.stop()
        if self.query_one(Sketchpad).sketch.is_empty:
            return
        self._pace.begin()
        is_finite = bool(np.isfinite(event.probabilities).all())
        self.query_one(Bars).show(event.probabilities.tolist() if is_finite else (), self._truth, self._names)

    @on(NetworkLit)
    def _lit(self, event: NetworkLit) -> None:
        event.stop()
        if self.query_one(Sketchpad).sketch.is_empty:
            return
        self._pace.begin()
        # The image is on the paper.
        shown = Shown(None, event.activity, self._truth, self._names) if event.activity.is_finite else None
        self._written = self.query_one(NetworkPicture).show(shown, _(DIVERGED))
        self._say_what_is_lit()

    @on(NetworkPicture.Chosen)
    def _say_what_is_lit(self) -> None:
        picture = self.query_one(NetworkPicture)
        self._write("#dock-lit", describe(picture.shown.activity.layers, picture.chosen)[0] if picture.shown else "")
