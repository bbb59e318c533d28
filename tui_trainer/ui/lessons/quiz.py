"""The lesson that asks: how many numbers a network learns, computed by its user and counted in the network."""

import secrets
from typing import ClassVar

from rich.table import Column, Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui_trainer.lessons.outcome import Outcome
from tui_trainer.lessons.quiz import Question, Quiz, computed, questions
from tui_trainer.text.language import N_, _
from tui_trainer.ui.kit.explanation import Explanation
from tui_trainer.ui.kit.fitted import FittedScreen
from tui_trainer.ui.kit.footer import KeyFooter
from tui_trainer.ui.kit.titles import header
from tui_trainer.ui.lessons.tested import LessonTested

KEYS = (("enter", N_("Answer with the number that stands there; then on to the next question")),)

NOTES = (
    N_("Numbers may be written with commas, blanks or worked out on the spot: 79,510 or (784 + 1) * 100 + 1010."),
    N_("What is said to be right is the arithmetic; beside it stands how many numbers the network, once built, does hold."),
)


class QuizScreen(FittedScreen[None]):
    """Asks one question after the other; from the same seed the same ones."""

    SHEET = "lessons/lessons.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "again", "Other questions", tooltip="Begin again, with other questions", priority=True),
        Binding("f3", "solve", "Show answer", tooltip="Show the answer to this question; it does not count as right"),
        Binding("escape", "leave", "Back", tooltip="Go back to the main screen"),
    ]

    AUTO_FOCUS = "#answer"

    def __init__(self, quiz: Quiz, seed: int = 0) -> None:
        super().__init__()
        self.quiz = quiz
        self._begin(seed)

    def _begin(self, seed: int) -> None:
        self._seed = seed
        self._questions = list(questions(seed, self.quiz.questions))
        self.number = 0
        self.right = 0
        self._answered = False

    @property
    def question(self) -> Question:
        """The one that is asked now."""
        return self._questions[self.number]

    @property
    def over(self) -> bool:
        """Whether the last one is answered."""
        return self._answered and self.number == len(self._questions) - 1

    def explanation(self) -> Explanation:
        """Its keys, and those of its parts."""
        return Explanation((self,), N_("In the field"), KEYS, NOTES)

    def compose(self) -> ComposeResult:
        """The rule, the network, the question and what became of it."""
        yield header(_(self.quiz.title), Static(id="score"))
        with VerticalScroll(id="text", classes="pane", can_focus=False):
            yield Static(Content(_(self.quiz.claim)), id="claim")
            yield Static(id="network")
            yield Static(id="question")
            yield Input(placeholder=_("a number"), id="answer", compact=True)
            yield Static(id="outcome")
            with Horizontal(classes="answers"):
                yield Button(_("Answer"), id="next", variant="primary", compact=True)
                yield Button(_("Show answer"), id="solve", compact=True)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Ask the first question."""
        self._ask()

    def _ask(self) -> None:
        self._answered = False
        table = Table.grid(Column(width=16), Column(width=12), Column(justify="right", width=7))
        table.add_row(Text(_("layer"), "dim"), Text(_("type"), "dim"), Text(_("units"), "dim"))
        for row in self.question.rows:
            table.add_row(Text(row.name), Text(row.kind), Text(f"{row.units:,}"))
        self.query_one("#network", Static).update(table)
        self.query_one("#question", Static).update(Content(f"{self.number + 1}. {self.question.text}"))
        answer = self.query_one("#answer", Input)
        answer.value = ""
        answer.focus()
        self._show("", "")

    def _show(self, outcome: str, kind: str) -> None:
        shown = self.query_one("#outcome", Static)
        shown.set_classes(kind)
        shown.update(Content(outcome))
        asked = self.number + self._answered
        self.query_one("#score", Static).update(
            _("{right} of {asked} right, {count} questions").format(right=self.right, asked=asked, count=len(self._questions))
        )
        label = _("Answer") if not self._answered else _("Other questions") if self.over else _("Next question")
        self.query_one("#next", Button).label = label
        self.refresh_bindings()
        # Where there is little room, the answer matters more than the rule.
        self.call_after_refresh(self.query_one("#text", VerticalScroll).scroll_end, animate=False)

    @on(Input.Submitted, "#answer")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._go_on()

    @on(Button.Pressed, "#next")
    def _next_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self._go_on()

    @on(Button.Pressed, "#solve")
    def _solve_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_solve()

    def _go_on(self) -> None:
        """Judge the answer, or ask the next question."""
        if self.over:
            self.action_again()
        elif self._answered:
            self.number += 1
            self._ask()
        elif (given := computed(self.query_one("#answer", Input).value)) is None:
            self._show(_("give a number, or what gives it, such as (784 + 1) * 100 + 1010"), "-wrong")
        else:
            self._reveal(given)

    def _reveal(self, given: int | None) -> None:
        question = self.question
        self._answered = True
        is_right = given == question.answer
        self.right += is_right
        verdict = _("Right.") + " " if is_right else "" if given is None else _("Not {given:,}.").format(given=given) + " "
        answer = _("{arithmetic}; the network itself has {counted:,}").format(arithmetic=question.arithmetic, counted=question.counted)
        if self.over:
            outcome = Outcome(right=self.right, of=len(self._questions), seed=self._seed)
            self.post_message(LessonTested(self.quiz.name, outcome))
        told = [f"{verdict}{answer}", *(_(text) for text in (self.quiz.why, self.quiz.therefore) if text and self.over)]
        self._show("\n".join(told), "-right" if is_right else "-wrong")

    def action_solve(self) -> None:
        """Show what is right."""
        if not self._answered:
            self._reveal(None)

    def action_again(self) -> None:
        """Ask other questions."""
        self._begin(secrets.randbelow(1_000_000))
        self._ask()

    def action_leave(self) -> None:
        """Leave the lesson."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to show once it is shown."""
        return True if action != "solve" or not self._answered else None
