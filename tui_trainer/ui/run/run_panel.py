"""The panel at the foot of the screen: what the run is doing, how far it is, how it ended, and where its files are."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Digits, Label, Static

from tui_trainer.diagnosis.finding import Finding
from tui_trainer.diagnosis.remedies import briefly
from tui_trainer.system.folders import printable
from tui_trainer.text.language import N_, _, ngettext
from tui_trainer.training.events import Progress
from tui_trainer.ui.chart.axes import clock_text
from tui_trainer.ui.kit.meter import Meter
from tui_trainer.ui.kit.titles import entitle
from tui_trainer.ui.run.messages import RunEnded


class Phase(Enum):
    """Where a run stands; the value is what the panel says."""

    IDLE = N_("ready")
    PREPARING = N_("preparing")
    TRAINING = N_("training")
    PAUSED = N_("paused")
    STOPPING = N_("saving…")
    ENDED = N_("ended")
    REFUSED = N_("cannot continue")
    GONE = N_("gone")

    @property
    def going_on(self) -> bool:
        """Whether there is a run that could be stopped."""
        return self in (Phase.PREPARING, Phase.TRAINING, Phase.PAUSED, Phase.STOPPING)


SYMBOLS: Mapping[Phase, str] = {
    Phase.IDLE: "○",
    Phase.PREPARING: "…",
    Phase.TRAINING: "▶",
    Phase.PAUSED: "‖",
    Phase.STOPPING: "■",
    Phase.ENDED: "✓",
    Phase.REFUSED: "✗",
    Phase.GONE: "✗",
}


def _classes(phase: Phase) -> str:
    return f"pane -{phase.name.lower()}"


class RunPanel(Horizontal):
    """Three rows: a sentence, a bar or the result, and the run's folder, beside which a subclass has its buttons.

    The border says what is found to be wrong with the run.
    """

    def __init__(self, phase: Phase) -> None:
        super().__init__(id="panel", classes=_classes(phase))

    def on_mount(self) -> None:
        """Name the panel."""
        self.border_title = _("Run")

    def compose(self) -> ComposeResult:
        """Lay out the rows, beside them the result in large figures."""
        with Vertical(id="rows"):
            yield Static("", id="sentence")
            yield Static("", id="foreseen")
            with Horizontal(id="course"):
                yield Meter()
                yield Static("", id="times")
            yield Static("", id="result")
            with Horizontal(id="buttons"):
                yield from self.compose_buttons()
                yield Button(_("Why x"), id="why", compact=True)
                yield Label("", id="directory")
        yield Digits("", id="score")

    def compose_buttons(self) -> ComposeResult:
        """None where the run is only watched."""
        yield from ()

    def show_phase(self, phase: Phase, detail: str = "") -> None:
        """Say where the run stands."""
        self.look_like(phase)
        self.say(phase, detail)

    def look_like(self, phase: Phase) -> None:
        """Have what is shown in this phase, and still what is wrong with the run."""
        kept = " -ailing" if self.has_class("-ailing") else ""
        self.set_classes(_classes(phase) + kept)

    def say(self, phase: Phase, detail: str) -> None:
        """Write the sentence."""
        state = Content.assemble((f"{SYMBOLS[phase]} {_(phase.value)}", "bold"), "  ", printable(detail))
        sentence = self.query_one("#sentence", Static)
        if sentence.content != state:
            sentence.update(state, layout=False)

    def clear(self) -> None:
        """Make ready for another run."""
        self.show_trouble("")
        self.show_symptom(None)
        self.query_one(Meter).show(None)
        self.query_one("#times", Static).update("")
        self.query_one("#result", Static).update("")
        self.query_one("#directory", Label).update("")
        self.query_one("#score", Digits).update("")

    def show_directory(self, directory: Path) -> None:
        """Say where the run's files are."""
        self.query_one("#directory", Label).update(Content(printable(str(directory))))

    def show_trouble(self, trouble: str) -> None:
        """Say what the run's folder lacks; nothing takes it back."""
        self.border_subtitle = Content(f"✗ {printable(trouble)}") if trouble else None

    def show_symptom(self, finding: Finding | None) -> None:
        """Say what is wrong with the run so far; nothing for None."""
        self.set_class(finding is not None, "-ailing")
        # The sentence of a run that has ended says it already.
        is_said = self.has_class("-ended") and self.has_class("-advised")
        text = f"  ! {printable(finding.say(finding.symptom, _))}" if finding and not is_said else ""
        # In the border, where it moves nothing: a row more would have the whole screen written anew.
        entitle(self, title=Content.assemble(_("Run"), (text, "$text-warning")))

    def foresee(self, warning: str) -> None:
        """Warn of what is foreseen before the first run; nothing for an empty text."""
        self.set_class(bool(warning), "-foreseen")
        text = _("! foreseen: {warning}").format(warning=warning) if warning else ""
        foreseen = self.query_one("#foreseen", Static)
        if str(foreseen.content) != text:
            foreseen.update(Content(text), layout=False)

    def show_progress(self, phase: Phase, epochs: int, progress: Progress, before: float) -> None:
        """Show how far the run is, of so many epochs; `before` is the training time of the epochs before this one."""
        speed = "  " + _("{count:,.0f} images/s").format(count=progress.samples / progress.seconds) if progress.seconds else ""
        whole, begun = progress.epoch - 1, progress.position - progress.epoch + 1
        an_epoch = progress.seconds / begun if begun else before / max(whole, 1)
        # Where fewer epochs are wanted than there are already, the one that was begun is the last.
        epochs = max(epochs, progress.epoch)
        self.query_one(Meter).show(progress.position / epochs)
        elapsed, left = clock_text(before + progress.seconds), clock_text((epochs - progress.position) * an_epoch)
        self._write_times(_("{elapsed} gone, {left} left").format(elapsed=elapsed, left=left))
        place = _("epoch {epoch}/{epochs}  batch {batch:,}/{batches:,}")
        place = place.format(epoch=progress.epoch, epochs=epochs, batch=progress.batch, batches=progress.batches)
        self.say(phase, f"{place}{speed}")

    def _write_times(self, text: str) -> None:
        """Laying everything out anew is work; a text of the same length does not need it."""
        times = self.query_one("#times", Static)
        if times.content != text:
            times.update(text, layout=cell_len(str(times.content)) != cell_len(text))

    def show_end(self, event: RunEnded, finding: Finding | None) -> None:
        """Show how the run ended, what is wrong with it, and what cures that."""
        self.set_class(event.status == "diverged", "-diverged")
        self.set_class(finding is not None, "-advised")
        self.show_symptom(finding)
        # What numbers that are not finite give is no accuracy.
        accuracy = (
            ""
            if event.test_accuracy is None or event.divergence
            else _("test accuracy {accuracy:.1%}").format(accuracy=event.test_accuracy)
        )
        self.query_one("#score", Digits).update(f"{event.test_accuracy:.1%}" if accuracy and event.test_accuracy is not None else "")
        if finding:
            # What to try instead says more than the loss, and takes its room.
            cures = _("try {remedies}").format(remedies=briefly(finding.remedies, _)) if finding.remedies else ""
        else:
            cures = "" if event.test_loss is None else _("test loss {loss:.3f}").format(loss=event.test_loss)
        symptom = printable(finding.say(finding.symptom, _)) if finding else ""
        if place := event.divergence:
            end = _("numbers in {layer} overflowed at step {step:,} of epoch {epoch}")
            end = end.format(layer=place.layer, step=place.step, epoch=place.epoch)
            result = ": ".join(filter(None, (symptom, cures)))
        else:
            end = ngettext("{epochs} epoch in {time}", "{epochs} epochs in {time}", event.epochs)
            end = end.format(epochs=event.epochs, time=clock_text(event.seconds))
            end, result = "  ".join(filter(None, (end, symptom))), cures
        self.query_one("#result", Static).update(Content.assemble((accuracy, "bold"), "  " if accuracy and result else "", result))
        symbol = "✗" if event.divergence else "!" if finding else SYMBOLS[Phase.ENDED]
        self.query_one("#sentence", Static).update(Content.assemble((f"{symbol} {_(event.status)}", "bold"), f"  {end}"))
