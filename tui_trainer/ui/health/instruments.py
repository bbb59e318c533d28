"""Sharpness, noise and ranks of the network as it is now, measured on demand in a thread of its own, with what they say."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, ClassVar, Final, Protocol

from rich.console import Group
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.figures import MOST, MOST_NOISE, Figure, measure
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord
from tui_trainer.system.folders import printable
from tui_trainer.text.cells import in_ascii
from tui_trainer.text.drawing import EIGHTHS
from tui_trainer.text.language import N_, _
from tui_trainer.trained.restore import restore
from tui_trainer.trained.run_case import OpenedNetwork, open_network
from tui_trainer.training.blas import BlasThreads
from tui_trainer.training.control import Control
from tui_trainer.training.events import Snapshot
from tui_trainer.ui.kit.background import Background
from tui_trainer.ui.kit.fitted import Dialog

PATIENCE: Final = 2.0
"""Seconds to wait for the network of the batch that is trained now; after that the one that was told last is measured."""

LOOKS: Final = 0.02
"""Seconds between two looks whether it is there."""

BAR: Final = 24
"""Columns of the bar of a rank that is as high as it could be."""

NAMES: Final = {
    "sharpness": N_("Sharpness"),
    "stability": N_("Rate × sharpness ÷ 2"),
    "noise_scale": N_("Gradient noise scale"),
    "effective_rank": N_("Effective rank"),
}


class Look(Protocol):
    """Reads what is to be measured, in the background. Raises UserError where it cannot be measured."""

    def __call__(self, work: Background, /) -> OpenedNetwork: ...


class Trained(Protocol):
    """A run that this app trains, or has trained."""

    control: Control
    snapshot: Snapshot | None
    learned_from: Split | None

    @property
    def case(self) -> Case:
        """The run as it stands."""


def of_trained(run: Callable[[], Trained | None]) -> Look:
    """The network of a run that goes on, as of its next batch; of one that is over, what it has learned."""

    def look(work: Background) -> OpenedNetwork:
        trained = run()
        if trained is None or trained.snapshot is None or trained.learned_from is None:
            raise UserError("the run has not begun yet")
        before, due = trained.snapshot, monotonic() + PATIENCE
        trained.control.take_snapshot()
        while trained.snapshot is before and not (_rests(trained) or work.is_stopping or monotonic() > due):
            work.rest(LOOKS)
        snapshot: Snapshot = trained.snapshot
        return OpenedNetwork(restore(snapshot), trained.case.config, trained.learned_from, int(snapshot.scalars["step"]))

    return look


def _rests(run: Trained) -> bool:
    return run.case.history.ended is not None or run.control.held


def of_record(record: Callable[[], RunRecord | None]) -> Look:
    """The network of a run on disk, at its last checkpoint."""

    def look(_work: Background) -> OpenedNetwork:
        if (found := record()) is None:
            raise UserError("its files are not read yet")
        return open_network(found)

    return look


@dataclass
class Measured(Message):
    """What is known by now of the network; `is_all` that no more comes."""

    measuring: "Measuring"
    subject: OpenedNetwork
    figures: tuple[Figure, ...]
    is_all: bool


@dataclass
class NotMeasured(Message):
    """Why it cannot be measured."""

    measuring: "Measuring"
    error: UserError


class Measuring(Background):
    """Measures once."""

    def __init__(self, look: Look, post: Callable[[Message], object]) -> None:
        super().__init__("instruments", post)
        self._look = look

    def work(self) -> None:
        try:
            subject = self._look(self)
            threads = BlasThreads(int(subject.config.threads))
            figures = measure(subject.network, subject.config, subject.training)
            found: tuple[Figure, ...] = ()
            while not self.is_stopping:
                # Not for all figures at once: a run with another number of threads would wait as long.
                with threads:
                    figure = next(figures, None)
                found = found if figure is None else (*found, figure)
                self.post(Measured(self, subject, found, figure is None))
                if figure is None:
                    break
        except MemoryError:
            raise UserError("this network does not fit into the memory of this machine once more") from None

    def refuse(self, error: UserError) -> None:
        self.post(NotMeasured(self, error))


class InstrumentsScreen(Dialog[None]):
    """Measures when it is opened, and again at a key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,i", "dismiss", "Close"),
        Binding("r", "measure", "Measure again", tooltip="Measure the network as it is now"),
    ]

    def __init__(self, look: Look, name: str, *, plain: bool) -> None:
        super().__init__()
        self._look, self._run_name, self._plain = look, name, plain
        self._measuring: Measuring | None = None

    def compose(self) -> ComposeResult:
        """One text, which grows as figures come."""
        with VerticalScroll(classes="dialog") as dialog:
            dialog.border_title = Content(_("Instruments: {run}").format(run=self._run_name)).markup
            dialog.border_subtitle = _("r measures again, escape closes")
            yield Static(id="figures")

    def on_mount(self) -> None:
        """Begin at once."""
        self.action_measure()

    def on_unmount(self) -> None:
        """What is measured now is not wanted any more."""
        if self._measuring:
            self._measuring.stop()

    def action_measure(self) -> None:
        """Measure, unless that is going on."""
        if self._measuring is None:
            self.query_one("#figures", Static).update(Content(_("measuring…")))
            self._measuring = Measuring(self._look, self.post_message)
            self._measuring.start()

    @on(Measured)
    def _measured(self, event: Measured) -> None:
        if event.measuring is self._measuring:
            self.query_one("#figures", Static).update(self._told(event))
            self._measuring = None if event.is_all else self._measuring

    @on(NotMeasured)
    def _not_measured(self, event: NotMeasured) -> None:
        if event.measuring is self._measuring:
            text = _("cannot be measured: {reason}").format(reason=printable(str(event.error)))
            self.query_one("#figures", Static).update(Content(text))
            self._measuring = None

    def _told(self, event: Measured) -> Group:
        subject, samples = event.subject, len(event.subject.training.labels)
        words = _("The network after step {step:,}, asked about {some:,} training samples; for the noise {more:,}.")
        parts: list[Any] = [Text(words.format(step=subject.step, some=min(MOST, samples), more=min(MOST_NOISE, samples))), Text("")]
        ranks = [figure for figure in event.figures if figure.layer]
        for figure in event.figures:
            if not figure.layer:
                parts += [self._headed(figure, _value(figure, subject.config)), Text("")]
        if ranks:
            parts += [self._headed(ranks[0], ""), self._ranks(ranks)]
        if not event.is_all:
            parts.append(Text(_("measuring…")))
        return Group(*parts)

    def _headed(self, figure: Figure, value: str) -> Group:
        head = Text(self._in_ascii(_(NAMES[figure.name])), "bold")
        head.append(f"  {self._in_ascii(value)}" if value else "", "bold")
        says = f"{_(figure.meaning)[:1].upper()}{_(figure.meaning)[1:]}. " if figure.meaning else ""
        words = f"{_(figure.words)[:1].upper()}{_(figure.words)[1:]} ({_(figure.source)})."
        return Group(head, Padding(Text(f"{says}{words}"), (0, 0, 0, 2)))

    def _ranks(self, figures: list[Figure]) -> Padding:
        table = Table.grid(Column(no_wrap=True), Column(width=BAR), Column(justify="right", no_wrap=True), padding=(0, 2, 0, 0))
        for figure in figures:
            share = 0.0 if figure.value is None or not figure.most else figure.value / figure.most
            value = _("not finite") if figure.value is None else _("{rank:.1f} of {most}").format(rank=figure.value, most=figure.most)
            table.add_row(figure.layer or "", self._bar(share), value)
        return Padding(table, (0, 0, 0, 2))

    def _bar(self, share: float) -> str:
        eighths = max(round(min(share, 1.0) * BAR * 8), 1)
        if self._plain:
            return "#" * max(eighths // 8, 1)
        return EIGHTHS[-1] * (eighths // 8) + (EIGHTHS[eighths % 8 - 1] if eighths % 8 else "")

    def _in_ascii(self, text: str) -> str:
        return in_ascii(text) if self._plain else text


def _value(figure: Figure, config: Config) -> str:
    if figure.value is None:
        return _("not finite")
    if figure.name == "stability":
        return _("= {value:.3g} at rate {rate:g}").format(value=figure.value, rate=config.learning_rate)
    if figure.name == "noise_scale":
        return _("{value:,.0f} samples; the batch has {batch}").format(value=figure.value, batch=config.batch_size)
    return f"{figure.value:.3g}"
