"""The lessons as they stand in their files, and what is said of files that hold none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tui_trainer.errors import UserError
from tui_trainer.lessons.lesson import FOLDER, Lesson, following, names, parse_lesson, read_lesson
from tui_trainer.lessons.quiz import Quiz


def test_these_are_there_and_no_file_is_left_out() -> None:
    expected = ["stacking", "exploding", "symmetric-activation", "he-relu", "dying-relu", "learning-rate"]
    expected += ["optimizers", "batch-size", "circle", "bending", "counting"]
    assert names() == expected
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(expected)


@pytest.mark.parametrize("name", names())
def test_a_lesson_can_be_taken_anywhere(name: str) -> None:
    # Texts go to terminals of any encoding.
    assert (FOLDER / f"{name}.toml").read_text(encoding="utf-8").isascii()
    lesson = read_lesson(name)
    assert lesson.name == name
    assert lesson.why
    assert lesson.therefore
    if isinstance(lesson, Quiz):
        return
    assert lesson.seconds
    configs = lesson.configs({"seed": 5})
    assert {config.seed for config in configs.values()} == {5}
    # Every run is told apart by what varies, and by nothing else.
    varied = [tuple(getattr(config, option) for option in lesson.varies) for config in configs.values()]
    assert len(set(varied)) == len(varied)
    for attempt in lesson.tries:
        assert lesson.configs(attempt.options)
    for variant in lesson.runs:
        assert lesson.config_of(variant.name).validation == lesson.options.get("validation", 5000)
    assert all(measured.command.startswith("tui-trainer lesson") for measured in lesson.measured)
    assert lesson.measured


def test_what_the_runs_differ_in_cannot_be_given(tiny_lesson: Callable[..., Path]) -> None:
    lesson = parse_lesson(tiny_lesson())
    assert isinstance(lesson, Lesson)
    assert [config.learning_rate for config in lesson.configs({"hidden": "8"}).values()] == [1e-9, 3e-3]
    assert {config.hidden for config in lesson.configs({"hidden": "8"}).values()} == {(8,)}
    with pytest.raises(UserError, match=r"^--learning-rate: the runs of lesson tiny differ in it; leave it out$"):
        lesson.configs({"learning_rate": "0.1"})
    with pytest.raises(UserError, match=r"^--hidden must be layer sizes"):
        lesson.configs({"hidden": "wide"})


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("validation_accuracy", "beauty", "criteria.0: quantity must be one of"),
        ('run = "some"', 'run = "same"', "a criterion is about 'same', which is no run of this lesson"),
        ('than = "some"', 'than = "same"', "a criterion is about 'same', which is no run of this lesson"),
        ('name = "some"', 'name = "none"', "two runs have the same name"),
        ('name = "some"', 'name = "so/me"', "runs.1.name"),
        ("learning_rate = 3e-3", "seed = 1", "run some sets seed, which is not among what varies"),
        ("learning_rate = 3e-3", "learning_rate = -1", "run some: learning_rate must be greater than 0, not -1"),
        ('hidden = "16x3"', "learning_rate = 1", "try three layers sets learning_rate, in which the runs differ"),
        ('shows = "loss"', 'shows = "spread"', "charts.0: a chart over epochs shows one of loss, accuracy"),
        ('shows = "spread"', 'shows = "loss"', "charts.1: a chart over layers shows one of gradient_norm"),
        ("samples = 400", "samples = 0", "samples: must be greater than or equal to 1"),
        ("samples = 400", "sample = 400", "sample: Extra inputs"),
        ('title = "Learning at all"', "", "title: Field required"),
        ("title = ", "title ", "not a TOML file"),
        ('title = "Learning at all"', "questions = 0", "title: Field required"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tiny_lesson: Callable[..., Path], before: str, after: str, complaint: str) -> None:
    path = tiny_lesson()
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(UserError) as refused:
        read_lesson(str(path))
    assert str(refused.value).startswith(f"{path}: ")
    assert complaint in str(refused.value)
    assert "\n" not in str(refused.value)


def test_each_lesson_leads_to_the_next(tiny_lesson: Callable[..., Path]) -> None:
    found = [following(name) for name in names()]
    assert [each.name if each else None for each in found] == [*names()[1:], None]
    assert following(parse_lesson(tiny_lesson()).name) is None


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^lesson stacks: no such lesson; there are stacking, exploding"):
        read_lesson("stacks")
    with pytest.raises(UserError, match=r"none\.toml: no such file or directory"):
        read_lesson(str(tmp_path / "none.toml"))
