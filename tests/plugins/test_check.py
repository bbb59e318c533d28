"""What `tui-trainer check` says: wrong parts are caught by name, the program's own and the files to begin with pass."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from program import call

from tui_trainer.checking.check import CHECKS, check_part
from tui_trainer.errors import UserError
from tui_trainer.plugins.kinds import KINDS
from tui_trainer.plugins.loaded import load

from .files import IMPORTS

WRONG = {
    "wrong_slope": {"derivative"},
    "keeps": {"arguments_kept", "same_again"},
    "overwrites": {"arguments_kept"},
    "overflows": {"finite"},
    "correction": {"bias_correction"},
    "half_corrected": {"bias_correction"},
    "my_adam": {"bias_correction"},
    "nan": {"finite"},
    "wrong_arguments": {"moves"},
    "counter": {"global_state", "same_again"},
    "shared": {"global_state", "same_again"},
    "own_attribute": {"state_restored"},
    "keeps_gradient": {"arguments_kept"},
    "rebinds": {"moves"},
    "rebinds_slot": {"moves"},
    "no_root": {"scale"},
    "uphill": {"descends", "converges"},
    "no_epsilon": {"finite"},
    "not_rmsprop": {"compared"},
    "wrong_compiled": {"compiled"},
    "not_compilable": {"compiled"},
    "draws": {"same_seed", "global_state"},
    "misspread": {"spread"},
    "turned": {"shapes"},
    "negative": {"finite"},
    "stalls": {"ends"},
    "counts": {"same_again"},
    "no_mean": {"gradient", "evaluation"},
    "running": {"state_restored"},
    "half_split": {"claims"},
    "zero_division": {"values"},
    "cries_wolf": {"speaks"},
}


def failures(path: Path) -> dict[str, str]:
    plugin = load(path)
    outcomes = [outcome for part in plugin.parts for outcome in check_part(part.kind.name, part.name, part.definition, path)]
    return {outcome.check: outcome.verdict.reason for outcome in outcomes if not outcome.verdict.passed}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_part_is_caught_by_name(name: str, plugin: Callable[..., Path]) -> None:
    found = failures(plugin(name))
    assert WRONG[name] <= found.keys(), found


@pytest.mark.parametrize("name", ["rms", "plain", "by_tensor", "bent"])
def test_a_right_part_passes(name: str, plugin: Callable[..., Path]) -> None:
    assert failures(plugin(name)) == {}


OWN = [(kind.name, name) for kind in KINDS for name in kind.names() if kind.name in CHECKS and kind.name not in ("figure", "rule")]


@pytest.mark.parametrize(("kind", "name"), OWN, ids=str)
def test_the_programs_own_parts_pass(kind: str, name: str) -> None:
    parts: Any = next(each for each in KINDS if each.name == kind).base
    definition = next(each for each in _subclasses(parts) if each.name == name and each.__module__.startswith("tui_trainer."))
    outcomes = check_part(kind, name, definition)
    # How long it takes depends on what else this machine does.
    assert {each.check: each.verdict.reason for each in outcomes if not each.verdict.passed and each.check != "speed"} == {}


def _subclasses(base: type[Any]) -> list[type[Any]]:
    return [each for direct in base.__subclasses__() for each in (direct, *_subclasses(direct))]


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_a_file_to_begin_with_passes(kind: str, tmp_path: Path) -> None:
    done = call("new", kind, "my_own2", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "my_own2.py\n")
    done = call("check", "my_own2.py", "--format", "json", cwd=tmp_path)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record for record in records if not record["passed"]] == []
    assert {(record["event"], record["part"], record["kind"]) for record in records} == {("check", "my_own2", kind)}
    assert [record["check"] for record in records] == list(CHECKS[kind])
    assert done.returncode == 0
    again = call("new", kind, "my_own2", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (2, "tui-trainer: my_own2.py: the file exists; give another with --output\n")


def test_the_exit_status_tells_a_failure_from_a_file_that_cannot_be_loaded(plugin: Callable[..., Path]) -> None:
    done = call("check", plugin("wrong_slope"))
    assert done.returncode == 4
    assert "FAILED  derivative" in done.stdout
    assert "central difference" in done.stdout
    broken = call("check", plugin("broken", "1 +\n"))
    assert (broken.returncode, broken.stdout) == (2, "")


def test_what_never_ends_is_ended(plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_trainer.checking.check.LONGEST", 0.2)
    found = failures(plugin("loops"))
    assert list(found) == ["moves"]
    assert "does not come to an end" in found["moves"]


def test_loading_that_never_ends_is_ended(plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_trainer.headless.check.LONGEST_LOADING", 0.1)
    done = call("check", plugin("endless", "while True:\n    pass\n"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "loading it does not come to an end" in done.stderr


@pytest.mark.parametrize(
    ("kind", "name", "problem"), [("optimizer", "adam", "already"), ("optimizer", "my rule", "no name"), ("cake", "x", "kind")]
)
def test_what_cannot_be_begun_is_refused(kind: str, name: str, problem: str, tmp_path: Path) -> None:
    done = call("new", kind, name, cwd=tmp_path)
    assert done.returncode == 2
    assert problem in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_rule_without_a_symptom_is_refused_with_its_line(plugin: Callable[..., Path]) -> None:
    path = plugin("silent", f"{IMPORTS}\nclass Silent(DiagnosisRule):\n    def find(self, case):\n        return None\n")
    with pytest.raises(UserError, match=r"silent\.py, line 5: Silent: a rule has a text symptom"):
        load(path)
