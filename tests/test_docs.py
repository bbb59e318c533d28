"""The documentation: the site is built without a warning, and the lessons' pages hold what the lessons measure now."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import make_lessons
import make_sweep
import pytest

from tui_trainer.config.source import read_toml
from tui_trainer.lessons.lesson import Lesson, names, read_lesson
from tui_trainer.sweep.space import Space

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", names())
def test_a_page_holds_what_its_lesson_measures(name: str) -> None:
    lesson = read_lesson(name)
    text = (ROOT / "docs" / "lessons" / f"{name}.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- measured: ([0-9a-f]+) -->(.*)<!-- end -->", text, re.DOTALL)
    assert found, "run python tools/make_lessons.py"
    fingerprint, measured = found.groups()
    assert fingerprint == make_lessons.fingerprint(lesson), f"the lesson has changed: run python tools/make_lessons.py {name}"
    assert lesson.claim in measured
    assert lesson.watch in measured
    assert f"**Why.** {lesson.why}" in measured
    assert f"**Therefore.** {lesson.therefore}" in measured
    assert f"tui-trainer lesson {name} --seed 0" in measured
    assert "The claim held." in measured
    if isinstance(lesson, Lesson):
        assert measured.count("\n| yes |") == len(lesson.criteria)
        assert (ROOT / "docs" / "lessons" / f"{name}.svg").stat().st_size < 200_000


def test_what_decides_a_lesson_decides_its_fingerprint() -> None:
    lesson = read_lesson("stacking")
    assert isinstance(lesson, Lesson)
    criterion = lesson.criteria[0].model_copy(update={"value": 0.81})
    other = lesson.model_copy(update={"criteria": (criterion, *lesson.criteria[1:])})
    told_otherwise = lesson.model_copy(update={"claim": "Otherwise."})
    assert make_lessons.fingerprint(other) != make_lessons.fingerprint(lesson) == make_lessons.fingerprint(told_otherwise)


def test_the_results_are_those_of_the_sweeps_file() -> None:
    space = Space.read({}, read_toml(make_sweep.SWEEP), make_sweep.SWEEP)
    start, *runs, end = make_sweep.read()
    assert [run["options"] for run in runs] == [trial.point for trial in space.grid()]
    assert all(run["status"] == "diverged" or run["epochs"] == int(space.fixed["epochs"]) for run in runs)
    assert start["command"] in (ROOT / "docs" / "sweep-table.md").read_text(encoding="utf-8")
    means = {
        options: sum(run["validation_accuracy"] or 0.0 for run in runs if without_seed(run) == options)
        for options in map(without_seed, runs)
    }
    assert tuple(end["chosen"].items()) == max(means, key=lambda options: means[options])


def without_seed(run: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in run["options"].items() if name != "seed")


def test_the_sweeps_page_holds_its_results_and_says_no_other_number() -> None:
    text = (ROOT / "docs" / "sweep-table.md").read_text(encoding="utf-8")
    measured = make_sweep.MEASURED.search(text)
    assert measured, "run python tools/make_sweep.py"
    assert measured[0] == make_sweep.block(make_sweep.read()), "run python tools/make_sweep.py"
    said = re.findall(r"\d+\.\d+(?:e[+-]\d+)?|\d+(?=%)", text.replace(measured[0], ""))
    assert len(said) > 10
    assert [number for number in said if number not in measured[0]] == []


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text(encoding="utf-8")))
    assert listed == {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}


@pytest.mark.parametrize("page", [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "CONTRIBUTING.md"], ids=lambda page: page.stem)
def test_every_file_of_the_program_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"`([a-z0-9_./-]+(?:\.py|/))`", page.read_text(encoding="utf-8"))
    known = ("tui_trainer/", "tests/", "tools/", "benchmarks/", "docs/", ".ci/", "data/")
    inside = {path.name for path in (ROOT / "tui_trainer").iterdir() if path.is_dir()}
    ours = [name for name in named if name.startswith(known) or name.split("/")[0] in inside]
    assert [name for name in ours if not (ROOT / name).exists() and not (ROOT / "tui_trainer" / name).exists()] == []


def test_the_architecture_has_every_room() -> None:
    tree = re.search(r"^```\ntui_trainer/\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert tree
    drawn = re.findall(r"^  (\w+)/ ", tree[1], re.MULTILINE)
    rooms = [path for path in (ROOT / "tui_trainer").glob("[!_]*") if path.is_dir() and any(path.glob("[!_]*"))]
    assert sorted(drawn) == sorted(path.name for path in rooms)


@pytest.mark.long
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False, env=os.environ | {"NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    site = tmp_path / "site"
    assert not list(site.rglob("*.py")), "scripts have their place in tools/"
    page = (site / "lessons" / "stacking" / "index.html").read_text(encoding="utf-8")
    assert "stacking.svg" in page
    # What is read in a train needs no network.
    assert not re.findall(r'(?:src|href)="https?://(?!zensical\.org)[^"]*\.(?:js|css|woff2?)', page)
