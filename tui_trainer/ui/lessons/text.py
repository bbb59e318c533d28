"""What a lesson says: before its runs the claim and where to look, after them a page with the verdict, what decided it, and why."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from rich.style import Style
from rich.table import Column, Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_trainer.config.changes import describe_change
from tui_trainer.history.history import History
from tui_trainer.history.series import STEP
from tui_trainer.lessons.criteria import Verdict
from tui_trainer.lessons.lesson import Lesson
from tui_trainer.lessons.outcome import Outcome
from tui_trainer.lessons.passage import HEADS
from tui_trainer.text.language import _
from tui_trainer.ui.chart import axes
from tui_trainer.ui.chart.overlay import PENS, marks_of
from tui_trainer.ui.chart.raster import Marks

RECENT = 100
"""Batches over which the loss is averaged within an epoch."""


class LessonText(Vertical):
    """The claim, in the end with the verdict over it and what follows under it, stays in view; what is between scrolls."""

    DEFAULT_CLASSES = "pane"

    COMPONENT_CLASSES: ClassVar[set[str]] = {pen.style for pen in PENS}

    def __init__(self, lesson: Lesson, last: Outcome | None, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = _("Lesson")
        self._lesson = lesson
        self._last = last

    def compose(self) -> ComposeResult:
        """The lesson's own texts around those of its runs."""
        lesson = self._lesson
        with Vertical(id="asked"):
            yield Static(id="verdict")
            yield _titled(_("Claim"), _(lesson.claim), "claim")
        with VerticalScroll(id="told", can_focus=True):
            yield _titled(_("Varied"), self._varied(), "varied")
            yield _titled(_("Watch"), _(lesson.watch), "watch")
            yield _titled(_("Takes"), self._cost(), "cost")
            yield Static(id="findings")
            yield Static(id="why")
            yield Static(id="passages")
            yield Static(id="runs")
            for each in lesson.measured:
                told = (_("Measured") + "  ", "bold"), (f"{_(each.text)}\n", ""), (f"  {each.command}", "italic")
                yield Static(Content.assemble(*told), classes="measured")
        yield _titled(_("Therefore"), _(lesson.therefore) if lesson.therefore else "", "therefore")

    @property
    def told(self) -> VerticalScroll:
        """What scrolls."""
        return self.query_one("#told", VerticalScroll)

    def show(self, histories: Mapping[str, History], verdict: Verdict | None, marks: Marks, *, measured: bool) -> None:
        """Show how the runs stand, and once there is a verdict the page that ends the lesson; what was `measured` where that is asked."""
        is_over = verdict is not None
        lesson = self._lesson
        # What follows, follows from runs that bear the claim out.
        follows = verdict is not None and verdict.holds and lesson.therefore
        shown = {"verdict": is_over, "findings": is_over, "why": is_over and lesson.why, "therefore": follows}
        shown |= {"passages": is_over and lesson.passage, "varied": not is_over, "watch": not is_over, "cost": not is_over}
        for name, is_shown in shown.items():
            self.query_one(f"#{name}").display = bool(is_shown)
        self.query(".measured").set(display=measured or is_over)
        self.query_one("#runs", Static).update(self._runs(histories, marks))
        if verdict:
            self.query_one("#verdict", Static).update(_verdict(verdict, plain=marks.plain))
            self.query_one("#verdict").set_classes("-held" if verdict.holds else "-failed")
            why = _("Why") if verdict.holds else _("Why it was expected")
            self.query_one("#why", Static).update(_told(why, _(lesson.why) if lesson.why else ""))
            self.query_one("#findings", Static).update(Content("\n").join(_findings(verdict, plain=marks.plain)))
            self.query_one("#passages", Static).update(Content("\n").join(self._passages(histories)))

    def _varied(self) -> str:
        """What the runs differ in, and what they share."""
        names = ", ".join(_(name.replace("_", " ")) for name in self._lesson.varies)
        text = _("{options}; the same in all: {shared}") if self._lesson.options else "{options}"
        return text.format(options=names, shared=describe_change(self._lesson.options, _))

    def _cost(self) -> str:
        """How long the runs take."""
        lesson = self._lesson
        count = _("{runs} runs, two at a time").format(runs=len(lesson.runs))
        if self._last and self._last.seconds:
            return _("{runs}: {seconds:.0f} s here, the last time").format(runs=count, seconds=self._last.seconds)
        return _("{runs}: about {seconds:.0f} s").format(runs=count, seconds=lesson.seconds) if lesson.seconds else count

    def _runs(self, histories: Mapping[str, History], marks: Marks) -> Table:
        """A row for each run: its mark on the charts, and how it stands."""
        table = Table.grid(Column(width=2), Column(ratio=1), Column(justify="right"), Column(justify="right"), expand=True, padding=(0, 1))
        for variant, pen, mark in zip(self._lesson.runs, PENS, marks_of(marks), strict=False):
            style = Style(color=self.get_component_rich_style(pen.style).color, bold=True)
            loss, accuracy = _standing(histories.get(variant.name))
            table.add_row(Text(mark, style), Text(_(variant.name)), Text(loss), Text(accuracy))
        return table

    def _passages(self, histories: Mapping[str, History]) -> Iterator[Content]:
        """What became of each run's signal or gradient at the first batch."""
        if self._lesson.passage:
            yield Content.styled(_(HEADS[self._lesson.passage]), "bold")
        for name, each in self._lesson.passages(histories).items():
            yield Content.assemble(f"{_(name)}: ", (each.words, "$text-error" if each.ails else ""))


def _titled(title: str, text: str, name: str) -> Static:
    return Static(_told(title, text), id=name)


def _told(title: str, text: str) -> Content:
    return Content.assemble((f"{title}  ", "bold"), text)


def _standing(run: History | None) -> tuple[str, str]:
    """A run's loss and accuracy as they are now, or that it diverged."""
    if run is None or run.progress is None:
        return "", _("diverged") if run and run.diverged else ""
    if run.diverged:
        return _("diverged"), _("step {step:,.0f}").format(step=run.steps)
    if run.epochs and run.epochs[-1].validation_accuracy is not None and run.epochs[-1].validation_loss is not None:
        return axes.figure(run.epochs[-1].validation_loss, 3), f"{run.epochs[-1].validation_accuracy:.1%}"
    recent = run.loss.points(STEP)[1][-RECENT:].tolist()
    return axes.figure(sum(recent) / len(recent), 3), _("epoch {epoch:.1f}").format(epoch=run.progress.position)


def _verdict(verdict: Verdict, *, plain: bool) -> Content:
    if verdict.holds:
        return Content(_("The claim holds") if plain else f"✓ {_('The claim holds')}")
    return Content(_("The claim does not hold here") if plain else f"✗ {_('The claim does not hold here')}")


def _findings(verdict: Verdict, *, plain: bool) -> Iterator[Content]:
    """What decided it: each figure beside what it has to be."""
    yes, no, times = (_("yes"), _("no"), "*") if plain else ("✓", "✗", "×")
    for judgement in verdict.judgements:
        mark = (f"{yes if judgement.holds else no} ", "$text-success" if judgement.holds else "$text-error")
        condition, criterion = judgement.condition(times), judgement.criterion
        figure = f"{criterion.words}: " if condition else ""
        yield Content.assemble(mark, f"{_(criterion.run)}: {figure}", (judgement.outcome, "bold"), f" {condition}")
