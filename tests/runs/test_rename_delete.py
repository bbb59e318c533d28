"""Renaming, tagging and deleting: nobody's run is taken from under it, and no file of others is touched."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import find_runs, read_run
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.runs.rename_delete import delete_run, own_files, rename_run, run_folder
from tui_trainer.runs.tags import LONGEST_TAG, MOST_TAGS, change_tags, parse_tag, read_tags

START = {"event": "start", "config": {"hidden": [16], "epochs": 9}, "parameters": 99, "training_samples": 95}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make(tmp_path / "runs" / "20250101-120000")


def make(path: Path) -> Path:
    """Every file that a run may have, and what a kill may leave of them."""
    path.mkdir(parents=True)
    for file in RunDirectory(path).files():
        file.write_bytes(b"x" * 10)
    (path / "metrics.jsonl").write_text(json.dumps(START) + "\n")
    (path / "config.toml").write_text("hidden = [16]\n")
    (path / "tags.toml").write_text('tags = ["old"]\n')
    return path


def complaint(action: object, *arguments: object, **keywords: object) -> str:
    assert callable(action)
    with pytest.raises(UserError) as told:
        action(*arguments, **keywords)
    return str(told.value)


# Another name


def test_a_renamed_run_is_whole_and_keeps_its_date(run: Path) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    began = read_run(run).started
    target = rename_run(run, "größe 2 ✓")
    assert target == run.parent / "größe 2 ✓"
    assert find_runs(run.parent) == [target]
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before
    assert read_run(target).started == began


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", ".hidden", "a/b", "/tmp/x", "../out", "a\nb", "\x1b[31m", "\u202eabc", " a", "a ", "x" * 201, "latest"],
)
def test_what_is_no_name_is_refused(run: Path, name: str) -> None:
    complaint(rename_run, run, name)
    assert [path.name for path in run.parent.iterdir()] == [run.name]


@pytest.mark.parametrize("kind", ["run", "file", "empty folder", "dangling link"])
def test_a_name_that_is_taken_is_refused(run: Path, kind: str) -> None:
    taken = run.parent / "taken"
    if kind == "run":
        make(taken)
    elif kind == "file":
        taken.write_text("mine")
    elif kind == "empty folder":
        taken.mkdir()
    else:
        taken.symlink_to("nowhere")
    assert "taken" in complaint(rename_run, run, "taken")
    assert run.is_dir()
    assert os.path.lexists(taken)
    assert kind != "empty folder" or list(taken.iterdir()) == []


def test_of_two_that_want_one_name_one_gets_it(run: Path) -> None:
    others = [run, *(make(run.parent / f"other{number}") for number in range(7))]
    outcomes: list[str] = []

    def rename(path: Path) -> None:
        try:
            rename_run(path, "wanted")
        except UserError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=rename, args=(path,)) for path in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 7
    assert len(find_runs(run.parent)) == 8


# Deleting


def test_all_of_a_run_goes(run: Path) -> None:
    size = sum(path.stat().st_size for path in run.iterdir())
    done = delete_run(run)
    assert (done.files, done.size, done.left) == (12, size, ())
    assert not run.exists()
    assert run.parent.exists()


def test_files_of_others_stay_and_are_named(run: Path) -> None:
    (run / "notes.txt").write_text("mine")
    (run / "pictures").mkdir()
    (run / "pictures" / "config.toml").write_text("mine too")
    (run / ".checkpoint.safetensors.mine").write_text("mine as well")
    done = delete_run(run)
    assert done.left == (".checkpoint.safetensors.mine", "notes.txt", "pictures")
    assert {str(path.relative_to(run)) for path in run.rglob("*")} == {*done.left, "pictures/config.toml"}


def test_no_link_is_followed(run: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = make(tmp_path / "elsewhere")
    for name in ("best.safetensors", "batches.f32", "metrics.jsonl"):
        (run / name).unlink()
        (run / name).symlink_to(victim)
    (run / "checkpoint.safetensors").unlink()
    (run / "checkpoint.safetensors").symlink_to(folder)
    delete_run(run)
    assert not run.exists()
    assert victim.read_text() == "precious"
    assert len(list(folder.iterdir())) == 12

    link = tmp_path / "runs" / "link"
    link.symlink_to(folder)
    for refused in (complaint(delete_run, link), complaint(rename_run, link, "other")):
        assert str(folder) in refused
    assert link.is_symlink()
    assert len(list(folder.iterdir())) == 12


def test_a_folder_in_a_files_place_stays(run: Path) -> None:
    (run / "batches.f32").unlink()
    (run / "batches.f32").mkdir()
    assert delete_run(run).left == ("batches.f32",)


def test_what_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_text("mine")
    assert "not a run" in complaint(delete_run, tmp_path)
    assert (tmp_path / "checkpoint.safetensors").exists()
    assert "not a run" in complaint(rename_run, tmp_path, "other")


FOREIGN = {
    "a config.toml of another program": {"config.toml": "[build]\njobs = 4\n"},
    "a config.toml written by hand": {"config.toml": "hidden = [16]\n"},
    "the log of another program": {"config.toml": "[build]\n", "metrics.jsonl": '{"step": 1, "loss": 0.5}\n'},
    "a log of lists": {"metrics.jsonl": "[1, 2]\n", "checkpoint.safetensors": "weights"},
    "a log that is no JSON beside other files": {"metrics.jsonl": "loss: 0.5\n", "config.toml": "[build]\n", "train.py": "import this\n"},
}


@pytest.mark.parametrize("files", FOREIGN.values(), ids=FOREIGN)
def test_files_of_another_program_are_no_run_whatever_they_are_called(tmp_path: Path, files: dict[str, str]) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    for told in (complaint(delete_run, folder), complaint(rename_run, folder, "other"), complaint(run_folder, folder)):
        assert told.startswith(f"{folder}: not a run: its metrics.jsonl is missing, or was not written by this program")
        assert "\n" not in told
    assert {path.name: path.read_text() for path in folder.iterdir()} == files


@pytest.mark.parametrize("log", ["", '{"event": "sta', "\0\0\0"], ids=["empty", "cut short", "zeros"])
def test_what_a_kill_leaves_of_a_run_can_be_deleted(tmp_path: Path, log: str) -> None:
    (tmp_path / "killed").mkdir()
    (tmp_path / "killed" / "metrics.jsonl").write_text(log)
    (tmp_path / "killed" / ".config.toml.new").write_text("hid")
    assert delete_run(tmp_path / "killed").files == 2
    assert not (tmp_path / "killed").exists()


def test_a_broken_run_can_be_deleted(run: Path) -> None:
    (run / "metrics.jsonl").write_text("{nonsense\n{")
    (run / "config.toml").write_text("= nonsense")
    delete_run(run)
    assert not run.exists()


def test_a_deletion_that_is_cut_short_leaves_a_run_that_can_be_deleted(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = os.unlink, 0

    def unlink(*arguments: object, **keywords: object) -> None:
        nonlocal count
        count += 1
        if count > 5:
            raise OSError(5, "Input/output error")
        real(*arguments, **keywords)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", unlink)
        assert "input/output error; 5 files were deleted" in complaint(delete_run, run)
    assert find_runs(run.parent) == [run]
    delete_run(run)
    assert not run.exists()


# A run that is going on


def test_a_run_that_is_going_on_in_another_process_is_left_alone(run: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tui_trainer.runs.locked_log import LockedLog\n"
        "held = LockedLog.hold(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(run / "metrics.jsonl")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert "the run is going on" in complaint(delete_run, run)
        assert "the run is going on" in complaint(rename_run, run, "other")
        assert read_run(run).held
        assert change_tags(run, add=["new"]) == ("old", "new"), "tags are no part of what the run writes"
        assert len(own_files(run)) == 11
        other.kill()
        other.wait()
    # A lock ends with its process, however that ends.
    assert not read_run(run).held
    assert rename_run(run, "other").is_dir()


def test_nobody_can_resume_a_run_while_it_is_deleted(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, refused = os.unlink, []

    def unlink(name: str, **keywords: int) -> None:
        try:
            LockedLog.hold(run / "metrics.jsonl").close()
        except OSError as error:
            refused.append(type(error).__name__)
        real(name, **keywords)

    monkeypatch.setattr("tui_trainer.system.locks.PATIENCE", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", unlink)
        delete_run(run)
    assert refused[:11] == ["TakenError"] * 11


# Tags


def test_tags_are_kept_in_order_and_each_once(run: Path) -> None:
    assert read_tags(run) == ("old",)
    assert change_tags(run, add=["b", "a", "b"]) == ("old", "b", "a")
    assert change_tags(run, remove=["old"]) == ("b", "a")
    assert read_run(run).tags == ("b", "a")
    assert (run / "tags.toml").read_text().startswith("tags = [")
    assert "has no tag old" in complaint(change_tags, run, remove=["old", "a"])
    assert read_tags(run) == ("b", "a")
    assert change_tags(run, remove=["a", "b"]) == ()
    assert read_run(run).tags == ()


@pytest.mark.parametrize(
    "text", ["", "+", "two words", "a,b", "-a", "++a", "\x1b[31m", "a\nb", "\u202e", "x" * (LONGEST_TAG + 1), "\udcff"]
)
def test_what_is_no_tag_is_refused(text: str) -> None:
    complaint(parse_tag, text)


def test_a_tag_may_be_any_word() -> None:
    assert [parse_tag(text) for text in ("+good", "good", "größe✓", "[red]", "a=b", "x" * LONGEST_TAG)] == [
        "good", "good", "größe✓", "[red]", "a=b", "x" * LONGEST_TAG,
    ]  # fmt: skip


def test_there_are_not_tags_without_end(run: Path) -> None:
    change_tags(run, add=[f"tag{number}" for number in range(MOST_TAGS - 1)])
    assert f"at most {MOST_TAGS} tags" in complaint(change_tags, run, add=["more"])
    assert len(read_tags(run)) == MOST_TAGS


@pytest.mark.parametrize(
    "content", ["tags = 3", "tags = [1]", "tags = 'a'", "[tags]\na = 1", "no = ", "\udcff", "", f"tags = {['x'] * 101}", "#" * (1 << 17)]
)
def test_a_broken_tags_file_is_told_and_is_no_reason_to_refuse_the_run(run: Path, content: str) -> None:
    (run / "tags.toml").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert complaint(read_tags, run).startswith(f"{run / 'tags.toml'}: ")
    found = read_run(run)
    assert (found.tags, len(found.warnings)) == ((), 1)
    assert str(run / "tags.toml") in found.warnings[0]
    complaint(change_tags, run, add=["a"])
    assert (run / "tags.toml").read_bytes() == content.encode("utf-8", "surrogateescape"), "what is not understood is not overwritten"


def test_tags_given_by_several_processes_at_once_are_all_kept(run: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tui_trainer.runs.tags import change_tags\n"
        "for number in range(20): change_tags(Path(sys.argv[1]), add=[f'{sys.argv[2]}{number}'])"
    )
    processes = [subprocess.Popen([sys.executable, "-c", script, str(run), name]) for name in "ab"]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert set(read_tags(run)) == {"old", *(f"{name}{number}" for name in "ab" for number in range(20))}


@pytest.fixture
def readable() -> Iterator[Path]:
    """A run that may be read and not written; to the superuser nothing is so, who is somebody else meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        run, user = make(Path(folder) / "run"), os.geteuid()
        Path(folder).chmod(0o555)
        run.chmod(0o555)
        if user == 0:
            os.seteuid(65534)
        try:
            yield run
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o755)
            run.chmod(0o755)


def test_a_folder_that_cannot_be_written_is_told(readable: Path) -> None:
    for told in (complaint(rename_run, readable, "other"), complaint(delete_run, readable), complaint(change_tags, readable, add=["a"])):
        assert "permission denied" in told
    assert len(own_files(readable)) == 12
    found = read_run(readable)
    assert (found.tags, found.held, found.warnings) == (("old",), False, ())
