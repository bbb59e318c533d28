"""`tui-trainer lesson`: what it prints, and what it ends with."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from program import call

from tui_trainer.lessons.lesson import names, read_lesson
from tui_trainer.runs.archive import read_run

pytestmark = pytest.mark.long

LESSON = [sys.executable, "-m", "tui_trainer", "lesson"]


def lesson(*arguments: str | Path, **keywords: Any) -> subprocess.CompletedProcess[str]:
    if keywords.keys() <= {"cwd"}:
        return call("lesson", *arguments, **keywords)
    return subprocess.run([*LESSON, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=90, **keywords)


def objects(text: str) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not strict JSON")

    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


@pytest.fixture
def tiny(tiny_lesson: Callable[..., Path]) -> Path:
    return tiny_lesson()


def test_the_list_has_each_lesson_with_its_claim() -> None:
    done = lesson("list", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert [(each["name"], each["claim"]) for each in objects(done.stdout)] == [(name, read_lesson(name).claim) for name in names()]
    done = lesson("list")
    assert done.returncode == 0
    assert all(any(line.startswith(f"{name} ") for line in done.stdout.splitlines()) for name in names())


def test_a_claim_that_holds(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    done = lesson(tiny, "--format", "json", "--seed", "7", cwd=tmp_path / "elsewhere")
    assert (done.returncode, done.stderr) == (0, "")
    *events, verdict = objects(done.stdout)
    for run in ("none", "some"):
        mine = [event for event in events if event["run"] == run]
        assert [event["event"] for event in mine] == ["start", "epoch", "epoch", "end"]
        assert mine[0]["config"]["seed"] == 7
        assert mine[0]["training_samples"] == 400
        assert mine[0]["run_directory"] is None
        assert verdict["runs"][run]["validation_accuracy"] == mine[2]["validation_accuracy"]
        assert verdict["runs"][run]["steps"] == 40
    assert (verdict["event"], verdict["holds"], verdict["lesson"], verdict["seed"]) == ("verdict", True, "tiny", 7)
    first, second = verdict["criteria"]
    assert (first["holds"], first["run"], first["is"], first["limit"]) == (True, "some", "above", 0.8)
    assert first["value"] == verdict["runs"]["some"]["validation_accuracy"]
    assert second["limit"] == pytest.approx(1.5 * verdict["runs"]["some"]["validation_loss"])
    assert second["than"] == "some"
    assert (verdict["why"], verdict["therefore"]) == ("A step of nearly nothing leads nowhere.", "Choose a rate.")
    # Nothing is kept unless asked.
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_claim_that_does_not_hold(tiny_lesson: Callable[..., Path]) -> None:
    path = tiny_lesson(accuracy=2.0)
    done = lesson(path, "--format", "json")
    assert done.returncode == 4
    verdict = objects(done.stdout)[-1]
    assert verdict["holds"] is False
    assert [criterion["holds"] for criterion in verdict["criteria"]] == [False, True]
    done = lesson(path)
    assert done.returncode == 4
    assert "the claim did not hold on these runs (seed 0):\n  no   some: validation accuracy: " in done.stdout
    assert "activations at the first batch:\n  none: level: " in done.stdout
    assert done.stdout.endswith("\n  Why it was expected: A step of nearly nothing leads nowhere.\n")


def test_in_words(tiny: Path) -> None:
    done = lesson(tiny, "--hidden", "8", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Learning at all\n  With a rate there is learning, with hardly any there is none.\n  Watch: the loss\n")
    assert "none  8 tanh, glorot_uniform, adam 1e-09, batch 20, seed 0: 6,370 parameters, 400 training" in done.stdout
    assert "some  epoch 2/2  loss" in done.stdout
    assert "the claim held on these runs (seed 0):\n  yes  some: validation accuracy: " in done.stdout
    assert done.stdout.endswith("\n  Why: A step of nearly nothing leads nowhere.\n  Therefore: Choose a rate.\n")


def test_runs_are_kept_where_that_is_asked(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    done = lesson(tiny, "--output", folder, "--format", "json")
    assert done.returncode == 0
    assert {event["run_directory"] for event in objects(done.stdout) if event["event"] == "end"} == {
        str(folder / "none"),
        str(folder / "some"),
    }
    assert read_run(folder / "some").status == "completed"
    done = lesson(tiny, "--output", folder)
    assert done.returncode == 2
    assert "is not empty" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["nonsense"], "lesson nonsense: no such lesson; there are stacking"),
        (["no.toml"], "no.toml: no such file or directory"),
        (["TINY", "--lr", "0.1"], "--learning-rate: the runs of lesson tiny differ in it"),
        (["TINY", "--hidden", "x"], "--hidden must be layer sizes"),
        (["TINY", "--batch-size", "500"], "--batch-size must be at most the 400 training samples, not 500 (run: "),
        (["TINY", "--data", "nowhere"], "--data"),
        (["list", "--seed", "1"], "--seed: lesson list trains nothing"),
        (["counting", "--epochs", "1"], "--epochs: lesson counting trains nothing"),
        (["counting", "--seed", "x"], "--seed must be a whole number"),
        (["counting", "--output", "here"], "--output: lesson counting trains nothing"),
    ],
)
def test_bad_input_ends_with_2_and_one_line(tiny: Path, arguments: list[str], complaint: str) -> None:
    done = lesson(*(str(tiny) if argument == "TINY" else argument for argument in arguments), cwd=tiny.parent)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_without_a_verdict(tiny_lesson: Callable[..., Path], number: int, status: int) -> None:
    path = tiny_lesson(epochs=100_000)
    with subprocess.Popen([*LESSON, str(path), "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if '"epoch"' in line and '"event": "epoch"' in line:
                break
        process.send_signal(number)
        rest, _ = process.communicate(timeout=30)
        assert process.returncode == status
    assert '"verdict"' not in rest


def test_a_reader_that_goes_away_ends_it(tiny_lesson: Callable[..., Path]) -> None:
    path = tiny_lesson(epochs=100_000)
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m tui_trainer lesson {path} --format json | head -1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 141
    assert done.stderr == ""


def test_counting_asks_and_answers() -> None:
    done = lesson("counting", "--format", "json", "--seed", "3")
    assert (done.returncode, done.stderr) == (0, "")
    *asked, verdict = objects(done.stdout)
    assert len(asked) == verdict["questions"] == verdict["right"] == 6
    assert all(question["answer"] == question["counted"] for question in asked)
    assert verdict["holds"] is True
    first = asked[0]
    done = lesson("counting", "--seed", "3")
    assert f"1. {first['question']}" in done.stdout
    assert f"{first['arithmetic']}; the network itself has {first['counted']:,}" in done.stdout
    assert lesson("counting").stdout != done.stdout
