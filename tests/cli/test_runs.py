"""`tui-trainer runs`: what is told of runs, that nothing in them reaches the terminal raw, and that nothing is lost unasked."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pexpect
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from program import call as whole

from tui_trainer.commands.program import program
from tui_trainer.errors import UserError
from tui_trainer.runs.locked_log import LockedLog


class Outcome(NamedTuple):
    status: int
    stdout: str
    stderr: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line, parse_constant=pytest.fail) for line in self.stdout.splitlines()]


def call(*arguments: str, given: str | None = None) -> Outcome:
    """The command, in the current folder of this process."""
    done = CliRunner().invoke(program, ["runs", *arguments], standalone_mode=False, input=given)
    if isinstance(done.exception, UserError):
        return Outcome(2, done.stdout, str(done.exception))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Outcome(done.exit_code, done.stdout, done.stderr)


def process(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return whole("runs", *arguments, cwd=cwd)


def make(path: Path, accuracy: float = 0.9, status: str = "completed", epochs: int = 2, **options: Any) -> Path:
    path.mkdir(parents=True)
    start = {"event": "start", "config": {"hidden": [16], "epochs": 2, **options}, "parameters": 99, "training_samples": 95}
    start["layers"] = [{"name": "dense_1", "type": "Dense", "output_shape": [16], "parameters": 99}]
    lines: list[dict[str, Any]] = [start]
    for epoch in range(1, epochs + 1):
        share = accuracy * epoch / epochs
        figures = {"train_loss": 1 - share, "train_accuracy": share, "validation_loss": 1 - share, "validation_accuracy": share}
        lines.append({"event": "epoch", "epoch": epoch, **figures, "learning_rate": 0.001, "seconds": 1.5})
    if status != "unfinished":
        lines.append({"event": "end", "status": status, "test_loss": 0.5, "test_accuracy": accuracy - 0.1})
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (path / "config.toml").write_text("hidden = [16]\n")
    return path


def test_runs_are_grouped_by_an_option(tmp_path: Path) -> None:
    for number, (rate, accuracy) in enumerate([(0.1, 0.9), (0.01, 0.8), (0.1, 0.7)]):
        make(tmp_path / f"run{number}", accuracy, learning_rate=rate)
    make(tmp_path / "stopped", status="unfinished", learning_rate=1)
    lines = call("--folder", str(tmp_path), "--group", "lr").stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["learning_rate", "runs", "best_test_acc", "mean_test_acc"],
        ["0.01", "1", "70.00%", "70.00%"],
        ["0.1", "2", "80.00%", "70.00%"],
        ["1.0", "1", "-", "-"],
    ]
    *_, many, none = call("--folder", str(tmp_path), "--group", "learning-rate", "--format", "json").records
    assert (many["group"], many["value"], many["count"], sorted(many["runs"])) == ("learning_rate", 0.1, 2, ["run0", "run2"])
    assert (many["best_test_accuracy"], many["mean_test_accuracy"]) == (pytest.approx(0.8), pytest.approx(0.7))
    assert none["best_test_accuracy"] is None
    assert len(call("--folder", str(tmp_path), "--group", "lr", "--filter", "lr=0.1").stdout.splitlines()) == 2
    assert "no option is called weather" in call("--folder", str(tmp_path), "--group", "weather").stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with four runs, the last of them named by a person, and so older than it looks."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "runs" / "20260101-000000", 0.8)
    make(tmp_path / "runs" / "20260102-000000", 0.9, seed=3)
    make(tmp_path / "runs" / "20260103-000000", 0.7, "diverged", hidden=[128] * 8, optimizer="sgd")
    named = make(tmp_path / "runs" / "long ago", 0.6, "unfinished", 1)
    for name in ("config.toml", "metrics.jsonl"):
        os.utime(named / name, (1.7e9, 1.7e9))
    return tmp_path / "runs"


NAMES = ["20260103-000000", "20260102-000000", "20260101-000000", "long ago"]


# list


@pytest.mark.parametrize("arguments", [(), ("list",), ("--folder", "runs"), ("--format=text",)])
@pytest.mark.usefixtures("folder")
def test_a_list_for_people_and_pipes(arguments: tuple[str, ...]) -> None:
    found = call(*arguments)
    assert (found.status, found.stderr) == (0, "")
    head, *lines = found.stdout.splitlines()
    assert head.split() == ["run", "status", "when", "epochs", "val_acc", "test_acc", "tags", "differs"]
    assert [line[: head.index("status")].strip() for line in lines] == NAMES
    columns = [line[head.index("status") :].split(maxsplit=6) for line in lines]
    assert columns[0][:3] == ["diverged", "2026-01-03T00:00:00", "2/2"]
    assert columns[0][3:] == ["70.00%", "60.00%", "-", "hidden=128x8 optimizer=sgd learning_rate=0.01"]
    assert columns[1] == ["completed", "2026-01-02T00:00:00", "2/2", "90.00%", "80.00%", "-", "seed=3"]
    assert columns[3][:1] + columns[3][2:] == ["unfinished", "1/2", "60.00%", "-", "-", "-"]


def test_a_list_for_scripts(folder: Path) -> None:
    records = call("list", "--format", "json").records
    assert [record["name"] for record in records] == NAMES
    assert records[0]["differs"] == {"hidden": [128] * 8, "optimizer": "sgd", "learning_rate": 0.01}
    assert (records[1]["status"], records[1]["best_validation_accuracy"], records[1]["best_epoch"]) == ("completed", 0.9, 2)
    assert records[1]["path"] == str(Path("runs") / "20260102-000000")
    assert call("list", "--format", "json", "--folder", str(folder)).records[0]["path"] == str(folder / NAMES[0])


def test_the_list_need_not_be_named_whatever_its_options(folder: Path) -> None:
    elsewhere = folder.rename(folder.with_name("elsewhere"))
    given = ("--folder", str(elsewhere), "--format", "json", "--status", "completed", "--sort", "name")
    assert call(*given) == call("list", *given)
    assert [record["name"] for record in call(*given).records] == sorted(NAMES[1:3])
    found = call("--folder", str(elsewhere / "none"))
    assert (found.status, found.stderr) == (2, f"--folder {elsewhere / 'none'}: no such folder")
    assert "compare" in call("--help").stdout
    refused = process("list", "--nope", cwd=elsewhere).stderr
    assert refused.startswith("tui-trainer: No such option '--nope'")
    assert "`tui-trainer runs list --help` lists the options" in refused


@pytest.mark.usefixtures("folder")
def test_filters_and_orders() -> None:
    def names(*arguments: str) -> list[str]:
        return [record["name"] for record in call("list", "--format", "json", *arguments).records]

    call("tag", "latest", "+good", "seen")
    call("tag", NAMES[2], "good")
    assert names("--tag", "good") == [NAMES[0], NAMES[2]]
    assert names("--tag", "good", "--tag", "+seen") == [NAMES[0]]
    assert names("--status", "unfinished", "--status", "diverged") == [NAMES[0], NAMES[3]]
    assert names("--sort", "validation_accuracy") == [NAMES[1], NAMES[2], NAMES[0], NAMES[3]]
    assert names("--sort", "test_accuracy") == [NAMES[1], NAMES[2], NAMES[0], NAMES[3]]
    assert names("--sort", "seconds")[0] == names("--sort", "epochs")[-1] == NAMES[3]
    assert names("--sort", "name") == [*sorted(NAMES[:3]), NAMES[3]]
    nothing = call("list", "--status", "stopped")
    assert (nothing.status, nothing.stdout, nothing.stderr) == (0, "", "no such runs in runs\n")


def test_a_run_that_cannot_be_read_is_listed_with_the_reason(folder: Path) -> None:
    (folder / NAMES[1] / "metrics.jsonl").write_text("{}\n{}\n")
    found = call()
    assert found.status == 0
    (line,) = (line for line in found.stdout.splitlines() if "unreadable" in line)
    assert line.endswith(f"runs/{NAMES[1]}/metrics.jsonl: line 1: line.event: Field required")
    assert [record["status"] for record in call("list", "--format", "json", "--sort", "status").records] == [
        "completed", "diverged", "unfinished", "unreadable",
    ]  # fmt: skip


def test_a_run_that_is_going_on_is_said_to_be(folder: Path) -> None:
    held = LockedLog.hold(folder / NAMES[3] / "metrics.jsonl")
    try:
        assert [record["name"] for record in call("list", "--status", "running", "--format", "json").records] == [NAMES[3]]
        assert "it is going on" in call("show", NAMES[3]).stdout
        for refused in (call("delete", "--yes", NAMES[3]), call("rename", NAMES[3], "x")):
            assert refused.status == 2
            assert "the run is going on" in refused.stderr
    finally:
        held.close()
    assert call("list", "--status", "running").stdout == ""


def test_where_nothing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call() == (0, "", "no such runs in runs\n")
    assert call("show").status == 2
    assert call("list", "--folder", "none").stderr == "--folder none: no such folder"
    assert "nothing" in call("show", "nothing").stderr


# Names and files that mean harm


def test_no_escape_sequence_reaches_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evil = "\x1b]0;title\x07\x1b[31m\u202e[red]b\n"
    for name in (f"a{evil}", f"b{evil}"):
        options: dict[str, Any] = {evil: evil, "telepathy": [evil, {evil: evil}]}
        path = make(tmp_path / "runs" / name, **options)
        (path / "tags.toml").write_text(f"tags = {json.dumps([evil])}\n")
        (path / evil).write_text("another's")
        with (path / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"event": "resume", "step": 1, "environment": {evil: evil}}) + "\n")
            file.write(json.dumps({"event": "change", "epoch": 1, "batch": 1, "step": 1, "changes": {evil: evil}}) + "\n")
    broken = make(tmp_path / "runs" / f"c{evil}")
    (broken / "metrics.jsonl").write_text("broken\n\n")
    (broken / "tags.toml").write_text(f'"{evil[0:2]}')
    names = sorted(path.name for path in Path("runs").iterdir())
    commands = [("list",), ("show", names[0]), ("show", names[2]), ("tag", names[0]), ("compare", *names[:2]), ("rename", names[0], evil)]
    for kind in ("csv", "json"):
        commands += [("export", names[0], "--to", kind), ("export", *names[:2], "--to", kind, "--output", f"out{evil}")]
    for arguments in commands:
        for form in ("text", "json"):
            told = call(*arguments, "--format", form)
            # What is wrong is said by the program itself, which every command's errors go through.
            assert told.stdout.replace("\n", "").isprintable(), arguments
            assert told.status == 2 or told.stderr.replace("\n", "").isprintable(), arguments
    for arguments in [("list",), ("show", names[2]), ("delete", "--yes", *names)]:
        done = process(*arguments, cwd=tmp_path)
        assert (done.stdout + done.stderr).replace("\n", "").isprintable(), arguments
        assert done.returncode == (2 if arguments[0] == "show" else 0)
    assert [path.name for path in (tmp_path / "runs" / names[0]).iterdir()] == [evil], "another's file stays"


def test_folders_that_are_none_are_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "round").symlink_to("round")
    (folder / "full").mkdir()
    for name in ("pipe", "round", "full", "gone", "", "/dev/null", "x" * 300):
        for arguments in (("show", name), ("tag", name, "a"), ("rename", name, "b"), ("delete", "--yes", name), ("compare", name, name)):
            found = call(*arguments)
            assert (found.status, found.stdout) == (2, ""), arguments
    assert len(list(folder.iterdir())) == 7


# show and compare


def test_all_of_a_run_is_shown(folder: Path) -> None:
    call("tag", NAMES[0], "odd")
    text = call("show", NAMES[0]).stdout
    words = " ".join(text.split())
    for shown in ("diverged", "70.00% (epoch 2)", "hidden 128x8", "dense_1", "odd", "metrics.jsonl", "no: it has no checkpoint"):
        assert shown in words
    assert "\nseed " not in text, "only what is not the default"
    (record,) = call("show", "latest", "--format", "json").records
    assert record["name"] == NAMES[0]
    assert record["config"]["seed"] == 0
    assert [epoch["epoch"] for epoch in record["epochs"]] == [1, 2]
    assert record["files"]["metrics.jsonl"] == (folder / NAMES[0] / "metrics.jsonl").stat().st_size
    assert record["can_go_on"] is False
    assert call("show", str(folder / NAMES[1])).stdout == call("show", NAMES[1]).stdout.replace("runs/", f"{folder}/")


@pytest.mark.usefixtures("folder")
def test_runs_beside_one_another() -> None:
    lines = call("compare", *NAMES[:2]).stdout.splitlines()
    assert lines[0].split() == NAMES[:2]
    rows = {line[:21].strip(): line[21:].split() for line in lines[1:]}
    assert rows["validation accuracy"] == ["70.00%", "90.00%", "*"]
    assert (rows["hidden"], rows["seed"]) == (["128x8", "16"], ["0", "3"])
    assert "epochs" not in rows, "they have as many"
    first, second = call("compare", *NAMES[:2], "--format", "json").records
    assert second["best"] == ["validation_accuracy", "validation_loss", "test_accuracy"]
    assert first["options"] == {"hidden": [128] * 8, "learning_rate": 0.01, "optimizer": "sgd", "seed": 0}
    assert call("compare", NAMES[0]).status == 2


# rename and tag


def test_a_run_gets_another_name_and_tags(folder: Path) -> None:
    assert call("rename", "latest", "deep").stdout == f"runs/{NAMES[0]} is now runs/deep\n"
    assert [record["name"] for record in call("list", "--format", "json").records] == ["deep", *NAMES[1:]], "it keeps its place"
    assert call("tag", "deep", "+good", "good", "[red]").stdout == "good [red]\n"
    assert call("tag", "deep").stdout == "good [red]\n"
    assert call("tag", "deep", "--remove", "good", "--format", "json").records == [{"name": "deep", "path": "runs/deep", "tags": ["[red]"]}]
    assert "[red]" in call().stdout
    assert call("tag", "deep", "--remove").status == 2
    assert call("tag", "deep", "two words").status == 2
    assert call("rename", "deep", NAMES[1]).status == 2
    (record,) = call("rename", "deep", "deeper", "--format", "json").records
    assert record == {"name": "deeper", "path": "runs/deeper", "renamed_from": "runs/deep"}
    assert (folder / "deeper" / "tags.toml").exists()


# delete


def test_nothing_is_deleted_where_nobody_can_be_asked(folder: Path) -> None:
    for given in (None, "y\n"):
        found = call("delete", "latest", given=given)
        assert found.status == 2
        assert found.stderr.startswith("--yes: ")
    assert len(list(folder.iterdir())) == 4


def test_all_are_looked_at_before_one_is_deleted(folder: Path) -> None:
    assert call("delete", "--yes", NAMES[0], "gone").status == 2
    held = LockedLog.hold(folder / NAMES[3] / "metrics.jsonl")
    try:
        assert call("delete", "--yes", NAMES[0], NAMES[3]).status == 2
    finally:
        held.close()
    assert len(list(folder.iterdir())) == 4


def test_runs_are_deleted(folder: Path) -> None:
    (folder / NAMES[1] / "notes.txt").write_text("mine")
    done = call("delete", "--yes", NAMES[0], NAMES[1], f"runs/{NAMES[0]}")
    assert done.status == 0
    assert done.stdout.count("deleted") == 2
    assert f"runs/{NAMES[1]} stays: not the program's are notes.txt" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES[1:])
    (record,) = call("delete", "--yes", NAMES[2], "--format", "json").records
    assert (record["name"], record["files"], record["left"]) == (NAMES[2], 2, [])


@pytest.mark.parametrize(("answer", "left"), [("n", 4), ("", 4), ("y", 3)])
def test_on_a_terminal_it_asks_and_says_what_will_be_lost(folder: Path, answer: str, left: int) -> None:
    child = pexpect.spawn(
        sys.executable, ["-m", "tui_trainer", "runs", "delete", NAMES[1]], cwd=str(folder.parent), encoding="utf-8", timeout=30
    )
    child.expect(r"runs/20260102-000000, 2 files, .* completed, 2 epochs, validation accuracy 90\.00%")
    child.expect("Delete this run for good")
    child.sendline(answer)
    child.expect("deleted runs/20260102" if answer == "y" else "nothing is deleted")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert len(list(folder.iterdir())) == left


def test_a_terminal_gets_a_table(folder: Path) -> None:
    (folder / NAMES[2] / "metrics.jsonl").write_text("broken\n\n")
    child = pexpect.spawn(sys.executable, ["-m", "tui_trainer", "runs"], cwd=str(folder.parent), encoding="utf-8", dimensions=(24, 80))
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    lines = (child.before or "").splitlines()
    assert all(any(line.startswith(name) for line in lines) for name in NAMES)
    assert any("70.00%" in line and "diverged" in line for line in lines)
    assert f"{NAMES[2]}: runs/{NAMES[2]}/metrics.jsonl: line 1: not JSON" in "".join(lines)


# export


@pytest.mark.usefixtures("folder")
def test_one_run_is_printed_or_written(tmp_path: Path) -> None:
    printed = call("export", NAMES[1], "--to", "csv")
    assert printed.stdout.splitlines()[0].startswith("epoch,step,train_loss,")
    assert len(printed.stdout.splitlines()) == 3
    assert call("export", NAMES[1], "--to", "csv", "--output", "a.csv").stdout == "a.csv\n"
    assert (tmp_path / "a.csv").read_text() == printed.stdout
    again = call("export", NAMES[1], "--to", "csv", "--output", "a.csv")
    assert (again.status, again.stdout) == (2, "")
    assert "a.csv: exists already" in again.stderr
    (record,) = call("export", NAMES[1], "--to", "json", "--output", "a.csv", "--force", "--format", "json").records
    assert record == {"name": NAMES[1], "path": "a.csv", "bytes": (tmp_path / "a.csv").stat().st_size}
    assert json.loads((tmp_path / "a.csv").read_text())["name"] == NAMES[1]


@pytest.mark.usefixtures("folder")
def test_several_runs_are_written_into_a_folder_or_none_is(tmp_path: Path) -> None:
    assert call("export", *NAMES[:2], "--to", "csv").status == 2
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{NAMES[1]}.csv").write_text("mine")
    assert call("export", *NAMES[:2], "--to", "csv", "--output", "out").status == 2
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["mine"]
    assert call("export", *NAMES[:2], "--to", "csv", "--output", "out", "--force").status == 0
    assert len(list((tmp_path / "out").iterdir())) == 2
    twice = call("export", NAMES[0], NAMES[0], "--to", "json", "--output", "elsewhere")
    assert "two of the runs are called" in twice.stderr
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.usefixtures("folder")
def test_each_run_is_a_run_to_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

    assert call("export", *NAMES[:2], "--to", "tensorboard", "--output", "board").status == 0
    assert call("export", NAMES[2], "--to", "tensorboard", "--output", "board").status == 0
    assert call("export", NAMES[2], "--to", "tensorboard", "--output", "board").status == 2
    found = EventMultiplexer().AddRunsFromDirectory(str(tmp_path / "board")).Reload()
    assert sorted(found.Runs()) == sorted(NAMES[:3])
    assert [scalar.value for scalar in found.Scalars(NAMES[1], "accuracy/validation")] == pytest.approx([0.45, 0.9])


@pytest.mark.usefixtures("folder")
def test_options_that_go_nowhere_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (
        ("--to", "json", "--batches"),
        ("--to", "csv", "--batches"),  # it kept none
        ("--to", "tensorboard"),
        ("--to", "csv", "--format", "json"),
    ):
        assert call("export", "latest", *arguments).status == 2
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert call("export", "latest", "--to", "tensorboard", "--output", "x").stderr == (
        "--to tensorboard: needs tensorboardX: pip install 'tui-trainer[tensorboard]'"
    )


# As processes


def test_a_reader_that_leaves_and_a_disk_that_is_full(folder: Path) -> None:
    command = f"{sys.executable} -m tui_trainer runs list --format json"
    done = subprocess.run(["bash", "-c", f"{command} > /dev/full"], cwd=folder.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no space left on device" in done.stderr
    gone = f"{command} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", f"trap '' PIPE; {gone}"], cwd=folder.parent, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 141)


def test_help_of_each_command() -> None:
    for command in ("list", "show", "compare", "rename", "tag", "delete", "export"):
        found = CliRunner().invoke(program, ["runs", command, "--help"])
        assert found.exit_code == 0
        assert "--folder" in found.output
        assert "--format" in found.output


@pytest.mark.usefixtures("folder")
def test_a_shell_completes_names(folder: Path) -> None:
    make(folder / "with\nline")
    completion = ShellComplete(program, {}, "tui-trainer", "_TUI_TRAINER_COMPLETE")
    assert "show" in [item.value for item in completion.get_completions(["runs"], "")]
    assert [item.value for item in completion.get_completions(["runs", "show"], "2026010")] == NAMES[:3]
    assert [item.value for item in completion.get_completions(["runs", "show"], "la")] == ["latest"]
    assert not any("\n" in item.value for item in completion.get_completions(["runs", "compare"], ""))
    elsewhere = completion.get_completions(["runs", "show", "--folder", str(folder / "none")], "2026")
    assert [(item.value, item.type) for item in elsewhere] == [("2026", "dir")]
