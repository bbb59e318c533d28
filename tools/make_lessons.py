"""Measure the lessons for their pages: `python tools/make_lessons.py [NAME …]`, some minutes for all.

Each page in `docs/lessons/` has a part between two comments that this writes: what the command beside it measured, and the lesson's own
screen at the end of its runs. All else in a page is written by hand.
"""

import asyncio
import hashlib
import json
import re
import sys
from collections.abc import Mapping

from picturing import DOCS, empty_folder, opened, train, until

from tui_trainer.history.history import History
from tui_trainer.lessons.criteria import Verdict
from tui_trainer.lessons.lesson import Lesson, names, read_lesson
from tui_trainer.lessons.passage import HEADS
from tui_trainer.lessons.quiz import Question, Quiz, questions
from tui_trainer.training.environment import environment
from tui_trainer.ui.app import TrainerApp
from tui_trainer.ui.lessons.screen import LessonScreen

PAGES = DOCS / "lessons"

MEASURED = re.compile(r"<!-- measured: [0-9a-f]* -->.*<!-- end -->", re.DOTALL)

SIZE = (120, 34)

SEED = 0
"""Of every lesson's runs, unless somebody asks for another."""


def fingerprint(lesson: Lesson | Quiz) -> str:
    """What a page's numbers stand and fall with: the lesson's runs and criteria, not its texts."""
    texts = {"title", "claim", "watch", "why", "therefore", "seconds", "passage", "measured", "charts", "tries"}
    decisive = json.dumps(lesson.model_dump(mode="json", exclude=texts), sort_keys=True)
    return hashlib.sha256(decisive.encode()).hexdigest()[:16]


def block(lesson: Lesson | Quiz, found: list[str], *, holds: bool, passages: list[str] | None = None) -> str:
    """The part of the page that comes from the lesson's runs."""
    lines = [f"<!-- measured: {fingerprint(lesson)} -->", f"> **Claim.** {lesson.claim}", "", f"> **Watch.** {lesson.watch}", ""]
    if isinstance(lesson, Lesson):
        runs = ", ".join(run.name for run in lesson.runs)
        lines += [f"![{lesson.title}: the curves of the runs {runs}, and the criteria that they were judged by]({lesson.name}.svg)", ""]
    lines += ["```sh", f"tui-trainer lesson {lesson.name} --seed {SEED}", "```", "", *found]
    lines += ["", f"The claim {'held' if holds else 'did not hold'}.", "", *(passages or [])]
    lines += [f"**Why.** {lesson.why}", "", f"**Therefore.** {lesson.therefore}", ""]
    if isinstance(lesson, Lesson):
        found_in = environment()
        lines += [f"Measured with one thread for each run, NumPy {found_in['numpy']}, {found_in['blas']}.", ""]
    lines += ["<!-- end -->"]
    return "\n".join(lines)


def criteria_rows(verdict: Verdict) -> list[str]:
    """A table of what decided."""
    rows = [f"| {'yes' if judgement.holds else 'no'} | {judgement.sentence} |" for judgement in verdict.judgements]
    return ["| holds | measured |", "| --- | --- |", *rows]


def passage_rows(lesson: Lesson, runs: Mapping[str, History]) -> list[str]:
    """A list of what became of signal or gradient."""
    if lesson.passage is None:
        return []
    return [f"{HEADS[lesson.passage]}:", "", *(f"- {run}: {each.words}" for run, each in lesson.passages(runs).items()), ""]


def quiz_rows(asked: list[Question]) -> list[str]:
    """A table of what was asked, computed and counted."""
    rows = [f"| {question.text} | {question.arithmetic} | {question.counted:,} |" for question in asked]
    return ["| question | arithmetic | counted in the network |", "| --- | --- | --- |", *rows]


async def run(lesson: Lesson) -> tuple[Verdict, Mapping[str, History]]:
    """What the lesson's runs gave, the same in the app as without it; its screen when they have ended is saved."""
    app = TrainerApp()
    with empty_folder():
        async with opened(app, SIZE, PAGES / f"{lesson.name}.svg", f"tui-trainer: {lesson.title}") as pilot:
            app.main.open_lesson(lesson)
            await until(pilot, lambda: isinstance(app.screen, LessonScreen))
            screen = app.screen
            assert isinstance(screen, LessonScreen)
            await train(pilot, lambda: screen.verdict is not None)
            assert screen.verdict
            assert screen.runner
            return screen.verdict, screen.runner.parallel_runs.histories


def main() -> None:
    """Bring the pages of these lessons, or of all, up to what is measured now."""
    for name in sys.argv[1:] or names():
        lesson = read_lesson(name)
        page = PAGES / f"{name}.md"
        before, after = MEASURED.split(page.read_text(encoding="utf-8"))
        if isinstance(lesson, Quiz):
            asked = list(questions(SEED, lesson.questions))
            measured = block(lesson, quiz_rows(asked), holds=all(question.holds for question in asked))
        else:
            verdict, runs = asyncio.run(run(lesson))
            measured = block(lesson, criteria_rows(verdict), holds=verdict.holds, passages=passage_rows(lesson, runs))
        page.write_text(f"{before}{measured}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
