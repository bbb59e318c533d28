"""Whatever files and names hold, a terminal is shown text: no escape sequence, nothing that turns text around or has no width."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_trainer.runs import checkpoint
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.training.events import Snapshot

from .outcome import ESCAPES, Outcome, is_harmless, outcome
from .test_resuming import copied, lines_of, rewrite
from .trees import spoiled

FUZZ = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

NAME = ESCAPES.replace("\0", "").replace("/", "") + "\udcff"
"""What a file may be called."""


def marked(tree: Any) -> Any:
    """The same with escapes at the end of every text in it but the names of events."""
    if isinstance(tree, dict):
        return {key: value if key in ("event", "status", "name") else marked(value) for key, value in tree.items()} | {ESCAPES: ESCAPES}
    if isinstance(tree, list):
        return [marked(value) for value in tree]
    return tree + ESCAPES if isinstance(tree, str) else tree


@pytest.fixture(scope="module")
def hostile(stopped_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs, with escapes in all of their names and files."""
    folder = tmp_path_factory.mktemp("hostile") / "runs"
    lines = [*lines_of(stopped_run), {"event": "diverged", "text": ESCAPES}]
    lines.insert(1, {"event": "resume", "step": 1, "environment": {"machine": ESCAPES, ESCAPES[:20]: ESCAPES}})
    lines.insert(2, {"event": "change", "epoch": 1, "batch": 1, "step": 1, "changes": {"schedule": ESCAPES, ESCAPES: ESCAPES}})
    for number, (name, made) in enumerate(
        {NAME: [marked(line) for line in lines], f"broken{NAME}": [{"event": "start", "config": {ESCAPES: 10**400}}]}.items()
    ):
        run = copied(stopped_run, folder / name)
        run.metrics.write_text("".join(json.dumps(line) + "\n" for line in made))
        run.tags.write_text(tomli_w.dumps({"tags": [ESCAPES, "[red]"]}) if number == 0 else f'x = "{NAME[9:12]}')
    whole = dict(checkpoint.read(RunDirectory(stopped_run).checkpoint).scalars)
    bad = copied(stopped_run, folder / f"checkpoint{NAME}")
    rewrite(bad, whole | {"config": {ESCAPES: ESCAPES}})
    foreign = copied(stopped_run, folder / f"environment{NAME}")
    start, *rest = lines_of(stopped_run)
    start["environment"] = {"machine": ESCAPES, "blas": ESCAPES * 9, "numpy": "\u202e"}
    foreign.metrics.write_text("".join(json.dumps(line) + "\n" for line in [start, *rest]))
    return folder


def runs(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.iterdir()))


def check(found: Outcome) -> None:
    assert found.status in (0, 2, 3), found.stderr
    assert is_harmless(found.stdout), ascii(found.stdout)
    assert is_harmless(found.stderr), ascii(found.stderr)
    if found.status == 2:
        lines = found.stderr.splitlines()
        assert all(line.startswith("tui-trainer: ") for line in lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs"],
        ["runs", "list", "--format", "json"],
        ["runs", "show"],
        ["runs", "show", "--format", "json"],
        ["runs", "export", "--to", "csv"],
        ["runs", "export", "--to", "json"],
        ["runs", "tag"],
        ["runs", "rename"],
        ["runs", "delete"],
        ["export"],
        ["predict"],
        ["--no-ui", "--resume"],
        ["--no-ui", "--format", "json", "--resume"],
        ["--no-ui", "--config"],
        ["--no-ui", "--data"],
        ["--no-ui", "--data", "/nowhere", "--output"],
        ["lr-find", "--data"],
        ["lr-find", "--steps", "9", "--config"],
        ["--resume"],
    ],
    ids=" ".join,
)
def test_every_command_shows_text_alone(hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    folder = Path(shutil.copytree(hostile, tmp_path / "runs"))
    monkeypatch.chdir(tmp_path)
    if arguments[:2] in (["runs"], ["runs", "list"]):
        check(found := outcome(*arguments))
        assert "environment" in found.stdout
        return
    for run in runs(folder):
        further = {
            "rename": [f"{run.name}x"],
            "delete": ["--yes"],
            "predict": [str(run / "metrics.jsonl")],
            "export": ["--output", f"{run}.npz"],
        }
        check(outcome(*arguments, str(run), *(further.get(arguments[-1], []) if arguments[:2] != ["runs", "export"] else [])))
        for file in sorted(run.iterdir()) if run.exists() and arguments[0] != "runs" else ():
            check(outcome(*arguments, str(file), *(further.get(arguments[-1], []))))


def test_compared_runs_and_a_run_that_is_watched(hostile: Path) -> None:
    check(outcome("runs", "compare", *(str(run) for run in runs(hostile))))
    for run in runs(hostile):
        lines = RunDirectory(run).metrics.read_text().splitlines(keepends=True)
        RunDirectory(run).metrics.write_text(
            "".join(lines) + '{"event": "end", "status": "completed", "test_loss": 1, "test_accuracy": 0.5}\n'
        )
        for further in ([], ["--format", "json"]):
            check(outcome("watch", "--no-ui", str(run), *further))
    good = [run for run in runs(hostile) if not run.name.startswith("broken")]
    check(outcome("runs", "compare", *(str(run) for run in good)))


def test_names_of_classes(stopped_run: Path, digits_file: Path, tmp_path: Path) -> None:
    found = checkpoint.read(RunDirectory(stopped_run).checkpoint)
    labels = [f"{ESCAPES}{number}" for number in range(10)]
    model = tmp_path / f"{NAME}.safetensors"
    checkpoint.write(model, Snapshot(found.tensors, {**found.scalars, "labels": labels}))
    np.savez(tmp_path / f"{NAME}.npz", x=np.load(digits_file)["x_test"][:3])
    for further in ([], ["--show"], ["--format", "json"]):
        told = outcome("predict", str(model), str(tmp_path / f"{NAME}.npz"), *further)
        assert told.status == 0, told.stderr
        check(told)


@FUZZ
@given(data=st.data())
def test_logs_with_something_wrong_in_them(stopped_run: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    lines = lines_of(stopped_run)
    at = data.draw(st.integers(0, len(lines) - 1))
    lines[at] = data.draw(spoiled(lines[at]))
    try:
        folder.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    except ValueError:
        return  # an integer that json will not print
    for arguments in (
        ["show"],
        ["show", "--format", "json"],
        ["export", "--to", "csv"],
        ["export", "--to", "csv", "--batches"],
        ["export", "--to", "json"],
    ):
        check(outcome("runs", *arguments, str(folder.path)))
    check(outcome("runs", "compare", str(folder.path), str(stopped_run)))
