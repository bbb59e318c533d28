"""A folder from elsewhere leads nowhere: nothing outside it is written, and nothing that is no file is waited for."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tui_trainer.runs import checkpoint
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.directory import RunDirectory

from .outcome import is_harmless, is_refusal, outcome
from .test_resuming import copied, rewrite

FILES = ["config.toml", "metrics.jsonl", "batches.f32", "checkpoint.safetensors", "best.safetensors"]
FRESH = [f".{name}.new" for name in FILES if name not in {"metrics.jsonl", "batches.f32"}]

FOREIGN = b"somebody's letters\n"


def go_on(folder: RunDirectory, *further: str) -> int:
    found = outcome("--no-ui", "--resume", str(folder.path), *further)
    assert found.status == 0 or is_refusal(found), found.stderr
    return found.status


@pytest.mark.parametrize("name", FILES + FRESH)
@pytest.mark.parametrize("at_start", [False, True], ids=["in mid-run", "before its first step"])
def test_a_link_to_a_file_elsewhere_leaves_that_file_as_it_is(stopped_run: Path, tmp_path: Path, name: str, at_start: bool) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    if at_start:
        first = dict(checkpoint.read(folder.checkpoint).scalars)
        first |= {"epochs": 0, "batch": 0, "stretch": [0, 0, 0.0], "step": 0, "changes": 0, "loss_sum": 0.0, "correct": 0, "copies": []}
        rewrite(folder, first | {"best_epoch": 0, "best_loss": None, "optimizer": {"mu_product": 1.0}})
    for content in (FOREIGN, b""):
        outside = tmp_path / "letters"
        outside.write_bytes(content)
        (folder.path / name).unlink(missing_ok=True)
        (folder.path / name).symlink_to(outside)
        go_on(folder)
        assert outside.read_bytes() == content
        assert not outside.is_symlink()


@pytest.mark.parametrize("name", ["metrics.jsonl", "batches.f32"])
def test_a_link_to_a_file_that_is_not_there_makes_none(stopped_run: Path, tmp_path: Path, name: str) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    (folder.path / name).unlink()
    (folder.path / name).symlink_to(tmp_path / "made")
    assert go_on(folder) == 2
    assert not (tmp_path / "made").exists()


def tie(path: Path) -> None:
    path.symlink_to(path)


def zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def speak(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)  # such an address is short
        made.bind(path.name)
        os.chdir(before)


@pytest.mark.parametrize("name", FILES + FRESH)
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, tie, zero, speak], ids=["folder", "pipe", "circle", "device", "socket"])
def test_what_is_no_file(stopped_run: Path, tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    folder = copied(stopped_run, tmp_path / "run")
    (folder.path / name).unlink(missing_ok=True)
    make(folder.path / name)
    status = go_on(folder)
    assert status == (0 if name in {"config.toml", "best.safetensors", *FRESH} and make is not os.mkdir else 2)
    for arguments in (["runs", "list", "--folder", str(tmp_path)], ["runs", "show", str(folder.path)]):
        found = outcome(*arguments)
        assert found.status in (0, 2)
        assert is_harmless(found.stdout + found.stderr)


def test_a_pipe_in_place_of_a_config_is_read_when_somebody_writes_and_refused_when_nobody_does(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "c.toml")
    found = outcome("--no-ui", "--config", str(tmp_path / "c.toml"))
    assert is_refusal(found)
    assert "nothing comes through this pipe" in found.stderr
    reading, writing = os.pipe()
    os.write(writing, b"epochs = -1")
    os.close(writing)
    found = outcome("--no-ui", "--config", f"/dev/fd/{reading}")
    os.close(reading)
    assert "epochs must be at least 0, not -1" in found.stderr


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/full", "/proc/self/mem", "/dev/ptmx"])
def test_devices_in_place_of_a_config(name: str) -> None:
    assert is_refusal(outcome("--no-ui", "--config", name))


@pytest.mark.parametrize("option", ["--config", "--data", "--resume"])
def test_a_link_that_leads_to_itself(tmp_path: Path, option: str) -> None:
    tie(tmp_path / "x")
    assert is_refusal(outcome("--no-ui", option, str(tmp_path / "x")))
    assert is_refusal(outcome("--no-ui", option, str(tmp_path / "x" / "y")))


def test_a_folder_that_is_a_link_is_the_run_that_it_leads_to(stopped_run: Path, tmp_path: Path) -> None:
    """That one a person gave by name, and meant."""
    folder = copied(stopped_run, tmp_path / "run")
    (tmp_path / "link").symlink_to(folder.path)
    assert outcome("--no-ui", "--resume", str(tmp_path / "link")).status == 0
    assert read_run(folder.path).status == "completed"
