"""`tui-trainer paths --no-ui`: the table, the points, and what it refuses."""

import json
import subprocess
import sys
from typing import Any

import pytest
from program import call

from tui_trainer.descent.landscape import Valley
from tui_trainer.nn.optimizers import OPTIMIZERS


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return call("paths", *options)


def table(*options: str) -> dict[str, list[str]]:
    done = run("--no-ui", *options)
    assert (done.returncode, done.stderr) == (0, "")
    heads, *rows = (line.split() for line in done.stdout.splitlines())
    assert heads == ["optimizer", "rate", "step", "x", "y", "value", "distance", "near", "at"]
    return {name: cells for name, *cells in rows}


def points(*options: str) -> list[dict[str, Any]]:
    done = run("--no-ui", "--format", "json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]


def test_the_table_shows_every_optimizer_where_it_ends() -> None:
    rows = table()
    assert list(rows) == list(OPTIMIZERS)
    assert {cells[1] for cells in rows.values()} == {str(Valley.steps)}
    assert rows["momentum"][-1] == "74"  # the step from which on it is near
    assert float(rows["sgd"][2]) == pytest.approx(-4.5 * 0.994**300, rel=1e-3)


def test_options_choose_what_goes_where_and_how_far() -> None:
    rows = table("--surface", "tilted", "--optimizer", "adam, sgd", "--lr", "0.2,0.03", "--steps", "50")
    assert list(rows) == ["adam", "sgd"]
    assert [cells[0] for cells in rows.values()] == ["0.2", "0.03"]
    assert rows["adam"][1] == "50"
    assert rows["sgd"][-1] == "diverged"
    assert int(rows["sgd"][1]) < 50


def test_json_has_every_step_on_a_line() -> None:
    lines = points("--optimizer", "sgd,momentum", "--lr", "0.01", "--steps", "3")
    assert [(line["optimizer"], line["step"]) for line in lines] == [(name, step) for name in ("sgd", "momentum") for step in range(4)]
    x = -4.5 * 0.99**2
    assert lines[2] == {
        "surface": "valley",
        "optimizer": "sgd",
        "learning_rate": 0.01,
        "step": 2,
        "x": pytest.approx(x),
        "y": pytest.approx(0, abs=1e-15),
        "value": pytest.approx(x * x / 2),
        "distance": pytest.approx(-x),
        "diverged": False,
    }


def test_json_is_strict_where_numbers_are_not_finite() -> None:
    *_, last = points("--optimizer", "sgd", "--lr", "1e300", "--steps", "9")
    assert (last["step"], last["value"], last["finite"], last["diverged"]) == (1, None, False, True)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--no-ui", "--optimizer", "sgd,none"), "--optimizer must be some of sgd, momentum,"),
        (("--no-ui", "--optimizer", ""), "--optimizer must be some of"),
        (("--no-ui", "--lr", "fast"), "--learning-rate must be a finite number above 0, not 'fast'"),
        (("--no-ui", "--lr", "inf"), "--learning-rate must be a finite number above 0"),
        (("--no-ui", "--lr", "0"), "--learning-rate must be a finite number above 0"),
        (("--no-ui", "--optimizer", "sgd,adam,nadam", "--lr", "1,2"), "--learning-rate must be one number, or 3 for sgd,adam,nadam"),
        (("--no-ui", "--steps", "-1"), "--steps"),
        (("--no-ui", "--surface", "hill"), "--surface"),
        (("--no-ui", "--no-mouse"), "--no-mouse: only the app has a screen"),
        (("--no-ui", "--refresh", "1"), "--refresh: only the app has a screen"),
        (("--refresh", "0"), "--refresh must be from"),
        (("--steps", "5"), "--steps: only --no-ui prints paths"),
        (("--format", "json"), "--format: only --no-ui prints paths"),
        ((), "the app needs a terminal"),
    ],
)
def test_what_it_refuses(options: tuple[str, ...], named: str) -> None:
    done = run(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert named in done.stderr
    assert done.stderr.count("\n") == 1


def test_it_needs_no_screen() -> None:
    script = (
        "import sys\nsys.argv = ['tui-trainer', 'paths', '--no-ui']\nfrom tui_trainer.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert not {"textual", "plotext"} & set(done.stderr.split())
