"""The first screen of who has not trained anything yet: digits, what a network takes them for, and three ways to go on."""

from enum import Enum
from typing import ClassVar, Protocol

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from tui_trainer.config.options import Config
from tui_trainer.text.drawing import Look
from tui_trainer.text.language import N_, _
from tui_trainer.training.events import Snapshot
from tui_trainer.ui.inside.examiner import Examiner, NetworkExamined
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.fitted import FittedScreen
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.meter import Meter
from tui_trainer.ui.kit.titles import header
from tui_trainer.ui.run.run_panel import Phase
from tui_trainer.ui.run.runner import Runner
from tui_trainer.ui.welcome.strip import Strip
from tui_trainer.ui.welcome.untrained import NothingToShow, Untrained, UntrainedRead

LOOKS_PER_SECOND = 4.0

HEIGHTS = [(0, "-short"), (36, "-tall"), (50, "-taller")]
"""As many rows of images fit, by the terminal's lines."""


class Way(Enum):
    """Where to go from here."""

    CHARTS = "charts"
    FAILURE = "failure"
    LESSONS = "lessons"


class Stage(Protocol):
    """The screen below, where runs are trained."""

    @property
    def phase(self) -> Phase:
        """Where its latest run stands."""

    @property
    def runner(self) -> Runner | None:
        """That run."""

    def action_start(self) -> None:
        """Start another."""


CHOICES = (
    ("train", N_("Train it now"), N_("some seconds")),
    ("fail", N_("See a deep one fail"), N_("and find out why")),
    ("lessons", N_("Lessons"), N_("claims put to the test")),
)

KEYS = (("left, right", N_("Go from choice to choice")), ("enter", N_("Take the choice")))

NOTES = (
    N_("The images are of the test set: the network is never trained on them."),
    N_("This screen is shown as long as nothing has been trained here; --no-welcome leaves it out, the palette has it again."),
)


class WelcomeScreen(FittedScreen[Way]):
    """Trains on the screen below, and shows what the network reads meanwhile."""

    SHEET = "welcome/welcome.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "choose('train')", "Train", tooltip="Train this network, and see it learn to read"),
        Binding("2", "choose('fail')", "See one fail", tooltip="Train ten layers that learn nothing, and see why"),
        Binding("3", "choose('lessons')", "Lessons", tooltip="Choose a claim about training, and put it to the test"),
        Binding("left,up", "app.focus_previous", "Choice before", tooltip="Go to the choice before", show=False),
        Binding("right,down", "app.focus_next", "Next choice", tooltip="Go to the next choice", show=False),
        Binding("escape", "leave", "Form", tooltip="Go to the form, where everything can be chosen", key_display="esc"),
    ]

    VERTICAL_BREAKPOINTS = HEIGHTS

    AUTO_FOCUS = "#train"

    def __init__(self, config: Config, stage: Stage, *, plain: bool) -> None:
        super().__init__()
        self._stage, self._plain = stage, plain
        self._untrained = Untrained(config, self.post_message)
        self._examiner = Examiner(self.post_message)
        self._read: UntrainedRead | None = None
        self._examined: Snapshot | None = None
        """The network that the images were shown to last."""
        self._before = stage.runner
        """What was trained before this screen was there."""

    def explanation(self) -> Explanation:
        """Its keys."""
        return Explanation((self,), N_("Among the choices"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """The digits over what can be said of them, and the choices."""
        yield header("tui-trainer")
        with Vertical(id="welcome"):
            yield Static(_("A network that reads digits. It has never seen these."), id="title")
            yield Strip(id="strip")
            yield Static(_("reading the images"), id="told")
            yield Center(Meter())
            with Horizontal(id="ways"):
                for name, label, beside in CHOICES:
                    yield Button(Content.assemble((_(label), "bold"), "\n", (_(beside), "dim")), id=name, classes="way")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the images, and look at the run from time to time."""
        self.query_one(Strip).look = Look.ASCII if self._plain else Look.SHADES
        self.query_one(Meter).visible = False
        self._untrained.start()
        self._examiner.start()
        self.set_interval(1 / LOOKS_PER_SECOND, self._look)

    def on_unmount(self) -> None:
        """Stop the threads."""
        self._untrained.stop()
        self._examiner.stop()

    @on(UntrainedRead)
    def _take_images(self, event: UntrainedRead) -> None:
        self._read = event
        self.query_one(Strip).show(event.images, event.spec, None)
        self._examiner.look_at(event.snapshot, event.images)

    @on(NothingToShow)
    def _do_without(self, event: NothingToShow) -> None:
        self.query_one("#told", Static).update(Content(event.reason))

    @on(NetworkExamined)
    def _show_what_it_reads(self, event: NetworkExamined) -> None:
        if self._read:
            self.query_one(Strip).show(self._read.images, self._read.spec, event.examination)
            self._tell()

    def _look(self) -> None:
        """Have the network as it is now read the images."""
        runner = self._runner
        if runner is None:
            return
        meter, share = self.query_one(Meter), self._progress(runner)
        meter.visible = share is not None
        meter.show(share)
        if self._read and runner.snapshot and runner.snapshot is not self._examined and self._examiner.is_rested:
            self._examined = runner.snapshot
            self._examiner.look_at(runner.snapshot, self._read.images)
        if self._stage.phase is Phase.TRAINING:
            runner.control.take_snapshot()
        self._tell()

    @property
    def _runner(self) -> Runner | None:
        """The run that was started here."""
        return None if self._stage.runner is self._before else self._stage.runner

    def _progress(self, runner: Runner) -> float | None:
        progress = runner.history.progress
        return progress.position / max(runner.options.epochs, progress.epoch) if progress and self._stage.phase.going_on else None

    def _tell(self) -> None:
        """Say how well it reads, and what can be done next."""
        strip, runner, phase = self.query_one(Strip), self._runner, self._stage.phase
        text = _("{right} of {count} right: ").format(right=strip.right, count=strip.shown)
        train = self.query_one("#train", Button)
        label = N_("See how it went")
        if runner is None:
            text += _("it has not learned anything yet, and guesses.")
            label = N_("Train it now")
        elif phase.going_on:
            text += _("image after image, a gradient corrects it.")
            label = N_("See the charts")
        else:
            ended = runner.history.ended
            accuracy = ended.test_accuracy if ended and not ended.divergence else None
            if accuracy is None:
                text += _("the run has ended.")
            else:
                text += _("of all the test images it reads {accuracy:.1%}.").format(accuracy=accuracy)
        told = self.query_one("#told", Static)
        if str(told.content) != text and self._read:
            told.update(Content(text))
        beside = N_("some seconds") if runner is None else N_("loss and gradients")
        wanted = Content.assemble((_(label), "bold"), "\n", (_(beside), "dim"))
        if train.label != wanted:
            train.label = wanted

    def action_choose(self, name: str) -> None:
        """Take a choice."""
        match name:
            case "train" if self._runner is None:
                self._stage.action_start()
            case "train":
                self.dismiss(Way.CHARTS)
            case "fail":
                self.dismiss(Way.FAILURE)
            case _:
                self.dismiss(Way.LESSONS)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_choose(str(event.button.id))

    def action_leave(self) -> None:
        """Go to the form."""
        self.dismiss(None)
