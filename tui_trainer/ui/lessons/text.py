"""What a lesson says: its claim, what to watch, how its runs stand, and what decided whether the claim held."""

from collections.abc import Mapping
from typing import ClassVar

from rich.style import Style
from rich.table import Column, Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_trainer.history.history import History
from tui_trainer.history.series import STEP
from tui_trainer.lessons.criteria import Verdict
from tui_trainer.lessons.lesson import Lesson
from tui_trainer.text.language import _
from tui_trainer.ui.chart import axes
from tui_trainer.ui.chart.overlay import PENS, marks_of
from tui_trainer.ui.chart.raster import Marks

RECENT = 100
"""Batches over which the loss is averaged within an epoch."""


class LessonText(VerticalScroll, can_focus=True):
    """Scrolls where there is more than fits; the runs carry the marks that they have on the charts."""

    DEFAULT_CLASSES = "pane"

    COMPONENT_CLASSES: ClassVar[set[str]] = {pen.style for pen in PENS}

    def __init__(self, lesson: Lesson, *, id: str | None = None) -> None:  # noqa: A002 Textual's name
        super().__init__(id=id)
        self.border_title = _("Lesson")
        self._lesson = lesson

    def compose(self) -> ComposeResult:
        """The lesson's own texts around those of its runs."""
        yield Static(Content.assemble((_("Claim") + "  ", "bold"), _(self._lesson.claim)), id="claim")
        yield Static(Content.assemble((_("Watch") + "  ", "bold"), _(self._lesson.watch)), id="watch")
        yield Static(id="runs")
        yield Static(id="findings")
        for each in self._lesson.measured:
            told = (_("Measured") + "  ", "bold"), (f"{_(each.text)}\n", ""), (f"  {each.command}", "italic")
            yield Static(Content.assemble(*told), classes="measured")

    def show(self, histories: Mapping[str, History], verdict: Verdict | None, marks: Marks) -> None:
        """Show how the runs stand, and the verdict once there is one."""
        self.query_one("#runs", Static).update(self._runs(histories, marks))
        self.query_one("#findings", Static).update(_findings(verdict, plain=marks.plain) if verdict else "")

    def _runs(self, histories: Mapping[str, History], marks: Marks) -> Table:
        """A row for each run: its mark on the charts, and how it stands."""
        table = Table.grid(Column(width=2), Column(ratio=1), Column(justify="right"), Column(justify="right"), expand=True, padding=(0, 1))
        for variant, pen, mark in zip(self._lesson.runs, PENS, marks_of(marks), strict=False):
            style = Style(color=self.get_component_rich_style(pen.style).color, bold=True)
            loss, accuracy = _standing(histories.get(variant.name))
            table.add_row(Text(mark, style), Text(_(variant.name)), Text(loss), Text(accuracy))
        return table


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


def _findings(verdict: Verdict, *, plain: bool) -> Content:
    """What decided it."""
    yes, no = (_("yes"), _("no")) if plain else ("✓", "✗")
    lines = [
        Content.assemble((f"{yes if judgement.holds else no} ", "$text-success" if judgement.holds else "$text-error"), judgement.sentence)
        for judgement in verdict.judgements
    ]
    return Content("\n").join(lines)
