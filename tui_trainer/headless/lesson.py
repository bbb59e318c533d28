"""A lesson without a screen: its runs' events, then the verdict, as text or JSON lines."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

from rich.cells import cell_len

from tui_trainer.config.options import Config
from tui_trainer.headless.run import Exit, conclusion, describe, describe_epoch
from tui_trainer.lessons.criteria import Verdict, figures
from tui_trainer.lessons.lesson import Lesson
from tui_trainer.lessons.parallel_runs import ParallelRuns
from tui_trainer.lessons.passage import HEADS
from tui_trainer.lessons.quiz import Quiz, questions
from tui_trainer.runs.directory import RunDirectory, line
from tui_trainer.system.signals import exit_status, heeded
from tui_trainer.system.streams import results, warn
from tui_trainer.text.cells import ljust, wrap
from tui_trainer.text.language import _, in_english
from tui_trainer.training.events import Changed, Ended, EpochEnded, Event, Noted, Progress, Started, record

NOT_HELD = 4
"""The exit status when the claim did not hold."""

COLUMNS = 98
"""Of a line of the opening, behind its indent."""

Form = Literal["text", "json"]


def tell_lesson(lesson: Lesson, configs: Mapping[str, Config], folder: Path | None, form: Form) -> int:
    """Train the lesson's runs, print their events and the verdict, and return the exit status. Raises UserError."""
    if folder:
        RunDirectory.create(folder)
    parallel_runs = ParallelRuns(configs, lesson.samples, folder)
    tell = _tell_json if form == "json" else _Text(lesson).tell
    with results(), heeded(lambda _number: parallel_runs.stop()) as received:
        if form == "text":
            _say_opening(lesson)
        for run, event in parallel_runs.events():
            if isinstance(event, Noted):
                if not event.explains_wait:
                    warn(f"{run}: {event.text}")
            elif not isinstance(event, Progress):
                tell(run, event, folder / run if folder else None)
        if received:
            return exit_status(received[0])
        verdict = lesson.judge(parallel_runs.histories)
        if form == "json":
            _say_json(_verdict_record(lesson, configs, verdict, parallel_runs))
        else:
            _say_verdict(verdict, _("seed {seed}").format(seed=next(iter(configs.values())).seed))
            if passages := lesson.passages(parallel_runs.histories):
                assert lesson.passage
                _say(f"{_(HEADS[lesson.passage])}:")
                for name, each in passages.items():
                    _say(f"  {_(name)}: {each.words}")
            _say_why(lesson, holds=verdict.holds)
    return Exit.FINISHED if verdict.holds else NOT_HELD


def _verdict_record(lesson: Lesson, configs: Mapping[str, Config], verdict: Verdict, parallel_runs: ParallelRuns) -> dict[str, Any]:
    return {
        "event": "verdict",
        "holds": verdict.holds,
        "lesson": lesson.name,
        "claim": lesson.claim,
        "why": lesson.why,
        "therefore": lesson.therefore,
        "seed": next(iter(configs.values())).seed,
        "criteria": [judgement.record() for judgement in verdict.judgements],
        "runs": {name: figures(history) for name, history in parallel_runs.histories.items()},
    }


def _tell_json(run: str, event: Started | Changed | EpochEnded | Ended, folder: Path | None) -> None:
    told = record(event, str(folder))
    if folder is None and "run_directory" in told:
        told["run_directory"] = None
    _say_json({"run": run, **told})


class _Text:
    """Text lines that begin with their run's name, padded to one width."""

    def __init__(self, lesson: Lesson) -> None:
        self._width = max(cell_len(_(run.name)) for run in lesson.runs)
        self._epochs: dict[str, int] = {}

    def tell(self, run: str, event: Event, _folder: Path | None) -> None:
        """Print the event as text."""
        match event:
            case Started():
                self._epochs[run] = event.config.epochs
                self._say(run, describe(event.config, event))
            case EpochEnded():
                self._say(run, describe_epoch(event, self._epochs[run]))
            case Ended():
                for text in conclusion(event):
                    self._say(run, text)

    def _say(self, run: str, text: str) -> None:
        _say(f"{ljust(_(run), self._width)}  {text}")


def _say_opening(lesson: Lesson | Quiz) -> None:
    _say(_(lesson.title))
    _say_wrapped(_(lesson.claim))
    _say_wrapped(_("Watch: {watch}").format(watch=_(lesson.watch)))


def _say_why(lesson: Lesson | Quiz, *, holds: bool) -> None:
    """Print why it comes out so; what follows, follows from runs that bear the claim out."""
    if lesson.why:
        text = _("Why: {why}") if holds else _("Why it was expected: {why}")
        _say_wrapped(text.format(why=_(lesson.why)))
    if lesson.therefore and holds:
        _say_wrapped(_("Therefore: {therefore}").format(therefore=_(lesson.therefore)))


def _say_wrapped(text: str) -> None:
    for row in wrap(text, COLUMNS):
        _say(f"  {row}")


def _say_verdict(verdict: Verdict, which: str) -> None:
    text = _("the claim held on these runs ({which}):") if verdict.holds else _("the claim did not hold on these runs ({which}):")
    _say(text.format(which=which))
    yes, no = _("yes"), _("no")
    width = max(cell_len(yes), cell_len(no))
    for judgement in verdict.judgements:
        _say(f"  {ljust(yes if judgement.holds else no, width)}  {judgement.sentence}")


def tell_quiz(quiz: Quiz, seed: int, form: Form) -> int:
    """Print questions with their answers, and return the exit status: whether the arithmetic agrees with the networks."""
    with in_english() if form == "json" else nullcontext():
        asked = list(questions(seed, quiz.questions))
    holds = all(question.holds for question in asked)
    with results():
        if form == "text":
            _say_opening(quiz)
        for number, question in enumerate(asked, 1):
            if form == "json":
                layers = [{"name": row.name, "type": row.kind, "units": row.units} for row in question.rows]
                answers = {"answer": question.answer, "arithmetic": question.arithmetic, "counted": question.counted}
                _say_json({"event": "question", "number": number, "question": question.text, "layers": layers, **answers})
            else:
                _say(f"\n{number}. {question.text}")
                _say(f"   {', '.join(f'{row.name} {row.units}' for row in question.rows)}")
                answer = _("{arithmetic}; the network itself has {counted:,}")
                _say(f"   {answer.format(arithmetic=question.arithmetic, counted=question.counted)}")
        if form == "json":
            right = sum(question.holds for question in asked)
            numbers = {"questions": len(asked), "right": right}
            _say_json({"event": "verdict", "holds": holds, "lesson": quiz.name, "claim": quiz.claim, "seed": seed, **numbers})
        else:
            _say("")
            if holds:
                _say(_("the claim held: the arithmetic gives what the networks hold"))
            else:
                _say(_("the claim did not hold: the arithmetic gives what the networks hold"))
            _say_why(quiz, holds=holds)
    return Exit.FINISHED if holds else NOT_HELD


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _say_json(told: dict[str, Any]) -> None:
    _say(line(told))
