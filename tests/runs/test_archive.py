"""Runs read back from disk: all that was written is found again, and what was not written by this program harms nobody."""

import json
import math
import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs import archive
from tui_trainer.runs.archive import RunRecord, find_runs, read_run
from tui_trainer.runs.comparison import compare_figures, compare_options, option_text
from tui_trainer.runs.log import MalformedError, parse_line
from tui_trainer.runs.run import Run
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, EpochEnded


@pytest.fixture(scope="module")
def real(digits_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs, as this program writes it."""
    path = tmp_path_factory.mktemp("real") / "run"
    made = Run.create(options(digits_file), path)
    list(made.events(Control()))
    return path


def options(digits_file: Path, **further: Any) -> Config:
    return Config.parse({"data": str(digits_file), "validation": 100, "threads": 1, "hidden": "8,8", "epochs": 3, **further})


EPOCH = {
    "event": "epoch", "epoch": 1, "train_loss": 0.5, "train_accuracy": 0.8, "validation_loss": 0.4, "validation_accuracy": 0.9,
    "learning_rate": 0.1, "seconds": 2.0, "layers": [{"name": "dense_1", "gradient_norm": 0.25}],
}  # fmt: skip
START = {"event": "start", "config": {"hidden": [16], "batch_size": 10, "epochs": 9}, "parameters": 99, "training_samples": 95}
END = {"event": "end", "status": "completed", "test_loss": 0.3, "test_accuracy": 0.95}


def write(path: Path, *lines: dict[str, Any] | str | bytes) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode() for line in lines]
    (path / "metrics.jsonl").write_bytes(b"".join(text + b"\n" for text in texts))
    return path


def complaint(path: Path) -> str:
    with pytest.raises(UserError) as told:
        read_run(path)
    return str(told.value)


# What is there is found


def test_all_that_a_run_told_is_read_back(digits_file: Path, tmp_path: Path) -> None:
    made = Run.create(options(digits_file), tmp_path / "run")
    events = list(made.events(Control()))
    found = read_run(tmp_path / "run")
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    end = events[-1]
    assert isinstance(end, Ended)
    assert found.name == "run"
    assert found.config == made.config.record()
    assert found.status == "completed"
    assert (found.test_loss, found.test_accuracy) == (end.test_loss, end.test_accuracy)
    assert [epoch.number for epoch in found.epochs] == [1, 2, 3]
    for epoch, event in zip(found.epochs, epochs, strict=True):
        for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds"):
            assert getattr(epoch, name) == getattr(event, name)
        assert epoch.gradient_norms == {layer.name: layer.gradient_norm for layer in event.layers}
    best = min(epochs, key=lambda event: event.validation_loss or 0)
    assert found.history.best_loss == (best.validation_loss, best.epoch)
    assert found.history.best_accuracy is not None
    assert found.history.best_accuracy.value == max(event.validation_accuracy or 0 for event in epochs)
    assert found.seconds == pytest.approx(end.seconds)
    assert [epoch.step for epoch in found.epochs] == [16, 32, 48]
    assert abs(found.started.timestamp() - datetime.now().timestamp()) < 60


@pytest.mark.parametrize("status", ["stopped", "interrupted", "diverged"])
def test_each_way_to_end(tmp_path: Path, status: str) -> None:
    end = END | {"status": status, "test_loss": None, "test_accuracy": None}
    found = read_run(write(tmp_path / "run", START, EPOCH, end))
    assert (found.status, found.test_accuracy) == (status, None)


def test_in_short_a_run_has_the_same_figures(tmp_path: Path) -> None:
    losses = [0.5, 0.3, 0.4, 0.35, 0.6]
    lines = [EPOCH | {"epoch": number, "validation_loss": loss, "validation_accuracy": 1 - loss} for number, loss in enumerate(losses, 1)]
    whole = read_run(write(tmp_path / "run", START, *lines))
    short = whole.condensed()
    assert [each.number for each in short.epochs] == [2, 5]
    assert (short.history.best_accuracy, short.history.best_loss) == (whole.history.best_accuracy, whole.history.best_loss)
    for figure in ("last_epoch", "config", "status"):
        assert getattr(short, figure) == getattr(whole, figure)
    assert short.seconds == pytest.approx(whole.seconds)


def test_a_run_without_its_end_is_unfinished_and_one_without_epochs_has_no_best(tmp_path: Path) -> None:
    assert read_run(write(tmp_path / "a", START, EPOCH)).status == "unfinished"
    found = read_run(write(tmp_path / "b", START, END))
    assert (found.history.best_accuracy, found.history.best_loss, found.seconds, list(found.epochs)) == (None, None, 0, [])


def test_a_config_alone_is_a_run(digits_file: Path, tmp_path: Path) -> None:
    config = options(digits_file, clip_norm=1)
    (tmp_path / "config.toml").write_text(config.to_toml())
    found = read_run(tmp_path)
    assert found.config == config.record()
    assert (found.status, found.last_epoch) == ("unfinished", 0)


def test_the_metrics_tell_what_was_run_whatever_becomes_of_config_toml(real: Path, tmp_path: Path) -> None:
    path = shutil.copytree(real, tmp_path / "run")
    before = read_run(path).config
    (path / "config.toml").write_text("broken")
    assert read_run(path).config == before
    (path / "metrics.jsonl").unlink()
    assert complaint(path).startswith(f"{path / 'config.toml'}: not a TOML file: ")


def test_options_of_another_version_are_kept_as_they_are(tmp_path: Path) -> None:
    found = read_run(write(tmp_path / "run", START | {"config": {"hidden": [16], "telepathy": True}}))
    assert found.config == {"hidden": [16], "telepathy": True}
    known = read_run(write(tmp_path / "other", START)).config
    assert known["activation"] == "relu", "an option that a version did not have yet had its default"


def test_a_run_that_was_gone_on_with_is_one_run(tmp_path: Path) -> None:
    lines = [START, EPOCH, END | {"status": "interrupted"}, START, EPOCH | {"train_loss": 0.1}, EPOCH | {"epoch": 2}]
    found = read_run(write(tmp_path / "run", *lines))
    assert (found.status, found.test_accuracy) == ("unfinished", None)
    assert [(epoch.number, epoch.train_loss) for epoch in found.epochs] == [(1, 0.1), (2, 0.5)]
    assert read_run(write(tmp_path / "run", *lines, END)).status == "completed"


def test_changes_made_while_it_ran_count(tmp_path: Path) -> None:
    planned = START | {"config": START["config"] | {"changes": [{"step": 500, "clip_norm": 1.0}]}}  # type: ignore[operator]
    change = {"event": "change", "epoch": 2, "batch": 5, "step": 15, "changes": {"batch_size": 15}}
    faster = change | {"changes": {"learning_rate": 0.5}}
    found = read_run(write(tmp_path / "run", planned, EPOCH, change, faster, EPOCH | {"epoch": 2}, EPOCH | {"epoch": 3}))
    assert [(made.epoch, made.batch, made.step, made.changes) for made in found.changes] == [
        (2, 5, 15, {"batch_size": 15, "learning_rate": 0.5})
    ]
    assert found.config["changes"] == [{"step": 15, "batch_size": 15, "learning_rate": 0.5}, {"step": 500, "clip_norm": 1.0}]
    # 95 images: ten batches of 10; then five of 10 and three of 15; then seven of 15.
    assert [epoch.step for epoch in found.epochs] == [10, 18, 25]


def test_a_real_change_is_read_back(digits_file: Path, tmp_path: Path) -> None:
    changed = options(digits_file, changes="20 batch_size=50", batch_size=20)
    events = list(Run.create(changed, tmp_path / "run").events(Control()))
    found = read_run(tmp_path / "run")
    assert [(change.step, change.changes) for change in found.changes] == [(20, {"batch_size": 50})]
    assert found.config == changed.record()
    assert [epoch.step for epoch in found.epochs][-1] == max(event.step for event in events if hasattr(event, "step"))


def test_unknown_events_and_fields_are_passed_over(tmp_path: Path) -> None:
    found = read_run(write(tmp_path / "run", START, {"event": "weather", "wind": "strong"}, EPOCH | {"mood": 3}, "", END))
    assert len(found.epochs) == 1


def test_what_was_not_finite_is_no_number(tmp_path: Path) -> None:
    found = read_run(
        write(tmp_path / "run", START, EPOCH | {"train_loss": None, "finite": False}, EPOCH | {"epoch": 2, "validation_loss": None})
    )
    assert math.isnan(found.epochs[0].train_loss)
    assert found.history.best_loss == (0.4, 1)


# Where runs are


def test_runs_are_found_newest_first(tmp_path: Path) -> None:
    for name in ("20250101-000000", "20260101-000000", "20260101-000000-2", "20260101-000000-10", "99999999-999999"):
        write(tmp_path / name, START)
    named = write(tmp_path / "a name of its own", START)
    for path, year in ((named, 2025.5), (tmp_path / "99999999-999999", 1980)):
        os.utime(path / "metrics.jsonl", ((year - 1970) * 365.25 * 86400,) * 2)
    (tmp_path / "notes").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "round").symlink_to("round")
    (tmp_path / "nowhere").symlink_to("gone")
    assert [path.name for path in find_runs(tmp_path)] == [
        "20260101-000000-10", "20260101-000000-2", "20260101-000000", "a name of its own", "20250101-000000", "99999999-999999",
    ]  # fmt: skip


def test_no_folder_is_no_runs_and_an_unreadable_one_is_told(tmp_path: Path) -> None:
    assert find_runs(tmp_path / "none") == []
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file: not a directory"):
        find_runs(tmp_path / "file")


def test_no_more_than_the_beginning_of_a_log_is_read_to_find_runs(tmp_path: Path) -> None:
    for number in range(20):
        log = (
            write(tmp_path / f"run{number}", {"event": "start", "version": "1", "started": f"2026-01-01T00:00:{number:02}+00:00"})
            / "metrics.jsonl"
        )
        os.truncate(log, 1 << 36)
    assert [path.name for path in find_runs(tmp_path)] == [f"run{number}" for number in reversed(range(20))]


def test_no_file_is_opened_to_find_runs_that_are_named_by_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        write(tmp_path / f"20260101-0000{number:02}", START)

    def opened(*args: object) -> None:
        raise AssertionError

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr("builtins.open", opened)
    monkeypatch.setattr("io.open", opened)
    assert len(find_runs(tmp_path)) == 20


@pytest.mark.parametrize("time", [-1e9, 1e11, 2e12])
def test_a_file_may_claim_any_time(tmp_path: Path, time: float) -> None:
    path = write(tmp_path / "run", START)
    try:
        os.utime(path / "metrics.jsonl", (time, time))
    except OSError:
        pytest.skip("this file system knows no such time")
    assert read_run(path).started.year >= 1969
    assert find_runs(tmp_path) == [path]


def test_a_name_holds_no_escapes(tmp_path: Path) -> None:
    path = write(tmp_path / "\x1b]0;title\x07\x1b[31m\u202ered\n\udcff", START)
    assert read_run(path).name.isprintable()
    assert read_run(path).name.startswith("\\x1b]0;title\\x07")


# What is broken is told


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "not JSON"),
        ("[1, 2]", "not a JSON object"),
        (b"\xff\xfe", "not JSON"),
        ({"no": "event"}, "line.event: Field required"),
        ({"event": 3}, "line.event: must be a valid string"),
        (EPOCH | {"epoch": 0}, "epoch.epoch: must be greater than or equal to 1"),
        (EPOCH | {"epoch": 10**30}, "epoch.epoch: must be less than or equal to 1000000000"),
        (EPOCH | {"epoch": "1"}, "epoch.epoch: must be a valid integer"),
        (EPOCH | {"epoch": True}, "epoch.epoch: must be a valid integer"),
        (EPOCH | {"train_loss": float("nan")}, "not JSON"),
        (json.dumps(EPOCH).replace("0.5", "1e999"), "epoch.train_loss: must be a finite number"),
        (EPOCH | {"train_accuracy": 1.5}, "epoch.train_accuracy: must be less than or equal to 1"),
        (EPOCH | {"train_loss": -1.0}, "epoch.train_loss: must be greater than or equal to 0"),
        (EPOCH | {"seconds": None}, "epoch.seconds: must be a valid number"),
        (EPOCH | {"layers": {"a": 1}}, "epoch.layers: must be a valid list"),
        (EPOCH | {"layers": [{"name": "x" * 101, "gradient_norm": 1}]}, "epoch.layers.0.name: "),
        (END | {"status": "victorious"}, "end.status: must be 'completed', 'stopped', 'interrupted' or 'diverged'"),
        ({"event": "change", "epoch": 1, "batch": 1, "step": -1, "changes": {}}, "change.step: "),
        (START | {"config": [1]}, "start.config: must be a valid dictionary"),
        ('{"event": "start", "config": {"seed": ' + "9" * 5000 + "}}", "not JSON"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_broken_line_is_named_with_its_file(tmp_path: Path, line: Any, reason: str) -> None:
    path = write(tmp_path / "run", START, line, EPOCH)
    told = complaint(path)
    assert told.startswith(f"{path / 'metrics.jsonl'}: line 2: ")
    assert reason in told
    assert len(told.splitlines()) == 1
    assert len(told) < 500


def test_a_last_line_that_was_not_written_to_its_end_is_passed_over(real: Path, tmp_path: Path) -> None:
    """A kill in mid-write, at every byte: the lines before it are there, and nothing is made up."""
    content = (real / "metrics.jsonl").read_bytes()
    lines = content.splitlines(keepends=True)
    file = tmp_path / "metrics.jsonl"
    for length in [*range(0, len(content), 7), *(sum(map(len, lines[:count])) + more for count in range(5) for more in (-1, 0, 1))]:
        file.write_bytes(content[: max(length, 0)])
        found = read_run(tmp_path)
        # A line is whole without the line feed too.
        whole = content[: max(length, 0) + 1].count(b"\n")
        assert len(found.epochs) == min(max(whole - 1, 0), 3)
        assert found.status == ("completed" if whole == 5 else "unfinished")
        assert bool(found.config) == (whole > 0)


def test_a_line_or_a_file_without_end_is_not_read_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "run", START, '{"event": "x", "y": "' + "z" * archive.LONGEST_LINE + '"}')
    assert "line 2: longer than 1,048,576 bytes" in complaint(path)
    with (path / "metrics.jsonl").open("wb") as file:
        file.truncate(1 << 40)
    assert "line 1: longer than 1,048,576 bytes" in complaint(path)
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    assert "line 5: the file is longer than 1,000 bytes" in complaint(write(tmp_path / "run", *[EPOCH] * 9))
    (path / "metrics.jsonl").unlink()
    with (path / "config.toml").open("wb") as file:
        file.truncate(1 << 40)
    assert "config.toml: longer than 1,048,576 bytes" in complaint(path)


@pytest.mark.parametrize("name", ["metrics.jsonl", "config.toml"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(path)])
def test_what_is_no_file_is_not_opened(tmp_path: Path, name: str, make: Callable[[Path], None]) -> None:
    make(tmp_path / name)
    assert complaint(tmp_path).startswith(f"{tmp_path / name}: ")


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    assert complaint(tmp_path) == f"{tmp_path}: not a run: it holds neither metrics.jsonl nor config.toml"
    assert complaint(tmp_path / "none").startswith(f"{tmp_path / 'none'}: not a run")


@pytest.mark.parametrize(
    "content",
    [
        b"a = ", b"a = 1979-05-27", b"a = nan", b"\n\xff", b"a = 1" + b"0" * 5000, b"a = " + b"[" * 3000,
        b"a = " + b"[" * 300 + b"]" * 300, b"a." * 5000 + b"b = 1",
    ],
)  # fmt: skip
def test_a_config_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(content)
    told = complaint(tmp_path)
    assert told.startswith(f"{tmp_path / 'config.toml'}: ")
    assert len(told.splitlines()) == 1


def read_and_look(path: Path) -> RunRecord | None:
    """Read as a screen would, down to the texts that it shows."""
    told = ""
    try:
        found = read_run(path)
    except UserError as error:
        told = str(error)
    else:
        rows = [*compare_figures([found, found]), *compare_options([found, RunRecord(path, found.started)])]
        assert all(text.isprintable() for row in rows for text in (row.label, *row.texts))
        assert len([epoch.step for epoch in found.epochs]) == len(found.epochs)
        return found
    assert len(told.splitlines()) == 1
    assert str(path) in told
    return None


FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("name", ["metrics.jsonl", "config.toml"])
@FUZZ
@given(data=st.data())
def test_a_mutated_file_is_read_or_refused(real: Path, tmp_path: Path, name: str, data: st.DataObject) -> None:
    content = bytearray((real / name).read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        start = min(place, len(content))
        match data.draw(st.sampled_from(["flip", "replace", "insert", "cut", "repeat"])):
            case "flip" if start < len(content):
                content[start] ^= 1 << data.draw(st.integers(0, 7))
            case "replace":
                content[start : start + 1] = data.draw(
                    st.sampled_from([b"9" * 400, b"1e308", b"-", b"null", b"\x1b[2J", b"\x00", b'"', b"[", b"{"])
                )
            case "insert":
                content[start:start] = data.draw(st.binary(max_size=20))
            case "cut":
                del content[start : start + data.draw(st.integers(1, 300))]
            case "repeat":
                content[start:start] = content[start : start + 2000]
    (tmp_path / name).write_bytes(content)
    read_and_look(tmp_path)


@pytest.mark.parametrize("name", ["metrics.jsonl", "config.toml"])
def test_a_file_cut_at_every_boundary_is_read_or_refused(real: Path, tmp_path: Path, name: str) -> None:
    content = (real / name).read_bytes()
    for length in range(0, len(content) + 1, 1 if name == "config.toml" else 5):
        (tmp_path / name).write_bytes(content[:length])
        found = read_and_look(tmp_path)
        assert found or name == "config.toml", "a cut log is a run that was killed"


@FUZZ
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
@example({"event": "epoch", "epoch": 1, "layers": [None]})
@example({"event": "start", "config": {"hidden": [10**30], "\x1b[31m": "\x1b[0m"}})
def test_any_value_is_a_line_or_none(tmp_path: Path, value: Any) -> None:
    for line in (
        value,
        START | {"config": value},
        EPOCH | {"layers": value},
        {"event": "change", "epoch": 1, "batch": 1, "step": 1, "changes": value},
    ):
        (tmp_path / "metrics.jsonl").write_text(json.dumps(line) + "\n")
        read_and_look(tmp_path)


def test_what_a_line_complains_of_is_short() -> None:
    with pytest.raises(MalformedError) as told:
        parse_line(json.dumps(START | {"config": {"k" * 101: 1}}).encode())
    assert len(str(told.value)) <= 200


# Side by side


def record(path: Path, **config: Any) -> RunRecord:
    return read_run(write(path, START | {"config": {"hidden": [16], "batch_size": 10} | config}, EPOCH, END))


def test_only_options_that_differ_are_compared(tmp_path: Path) -> None:
    runs = [
        record(tmp_path / "a"),
        record(tmp_path / "b", hidden=[8, 8, 4], clip_norm=1.0),
        record(tmp_path / "c", hidden=[], shuffle=False),
    ]
    rows = {row.label: row.texts for row in compare_options(runs)}
    assert rows == {"hidden": ("16", "8x2,4", "none"), "clip norm": ("—", "1.0", "—"), "shuffle": ("yes", "yes", "no")}
    assert compare_options(runs[:1]) == []
    assert compare_options([]) == []


def test_the_best_of_each_figure_is_known(tmp_path: Path) -> None:
    better = EPOCH | {"validation_accuracy": 0.95, "validation_loss": 0.5, "seconds": 2.0}
    runs = [
        read_run(write(tmp_path / "a", START, EPOCH, END)),
        read_run(write(tmp_path / "b", START, better, END)),
        read_run(write(tmp_path / "c", START, EPOCH | {"validation_accuracy": None, "validation_loss": None, "seconds": 3.0})),
        read_run(write(tmp_path / "d", START)),
    ]
    rows = {row.label: (row.texts, sorted(row.best)) for row in compare_figures(runs)}
    assert rows == {
        "validation accuracy": (("90.00%", "95.00%", "—", "—"), [1]),
        "validation loss": (("0.4000", "0.5000", "—", "—"), [0]),
        "test accuracy": (("95.00%", "95.00%", "—", "—"), []),
        "seconds": (("2.0", "2.0", "3.0", "—"), [0, 1]),
        "epochs trained": (("1", "1", "1", "0"), []),
    }


def test_texts_from_files_are_safe_to_show() -> None:
    hostile = "\x1b[31m[red]\x07\n"
    assert option_text(hostile) == "\\x1b[31m[red]\\x07\\n"
    assert option_text([{hostile: hostile}, [hostile]]).isprintable()
