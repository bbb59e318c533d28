"""Every claim, put to the test on the real images: with another start it has to hold as well."""

import pytest

from tui_trainer.lessons.lesson import Lesson, names, read_lesson
from tui_trainer.lessons.parallel_runs import ParallelRuns

pytestmark = [pytest.mark.lessons, pytest.mark.timeout(600)]

LESSONS = [lesson for lesson in map(read_lesson, names()) if isinstance(lesson, Lesson)]


SEED = 1
"""Another one than the lessons are told with: a claim that holds by luck falls here."""


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_the_claim_holds(lesson: Lesson) -> None:
    parallel_runs = ParallelRuns(lesson.configs({"seed": SEED}), lesson.samples)
    for _ in parallel_runs.events():
        pass
    assert [judgement.sentence for judgement in lesson.judge(parallel_runs.histories).judgements if not judgement.holds] == []
