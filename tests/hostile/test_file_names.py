"""Names of folders that are no UTF-8: a run in one is like any other, and what cannot be written down is refused before anything is."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tui_trainer.runs.archive import read_run

from .outcome import is_refusal, outcome

NAME = os.fsdecode(b"run\xff")
OPTIONS = ["--validation", "100", "--hidden", "8", "--epochs", "2", "--threads", "1", "--format", "json"]


def test_a_run_in_a_folder_whose_name_is_no_utf8_is_told_of_shown_and_resumed(digits_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / NAME
    found = outcome("--no-ui", "--data", str(digits_file), *OPTIONS, "--output", str(folder))
    assert (found.status, found.stderr) == (0, "")
    assert json.loads(found.stdout.splitlines()[0])["run_directory"] == str(tmp_path / r"run\xff")
    assert outcome("runs", "show", str(folder)).status == 0
    assert outcome("--no-ui", "--resume", str(folder), "--epochs", "3").status == 0
    assert read_run(folder).last_epoch == 3


def test_data_in_such_a_folder_is_one_line_and_no_run(digits_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / NAME).mkdir()
    shutil.copy(digits_file, tmp_path / NAME / "digits.npz")
    assert is_refusal(outcome("--no-ui", "--data", str(tmp_path / NAME / "digits.npz"), *OPTIONS, "--output", str(tmp_path / "r")))
    monkeypatch.chdir(tmp_path / NAME)
    found = outcome("--no-ui", "--data", "digits.npz", *OPTIONS, "--output", str(tmp_path / "r"))
    assert is_refusal(found)
    assert "name is not UTF-8" in found.stderr
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
