"""Runs in other formats: every figure is there, other programs read them, and nothing is overwritten."""

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import read_run
from tui_trainer.runs.batches import read_batches
from tui_trainer.runs.export import AT_ONCE, batches_csv, epochs_csv, json_document, write_file
from tui_trainer.runs.run import Run
from tui_trainer.runs.summary import outlook
from tui_trainer.runs.tensorboard import FILE_NAME, event_file
from tui_trainer.training.control import Control

START = {"event": "start", "config": {"hidden": [16], "batch_size": 10, "epochs": 9}, "parameters": 99, "training_samples": 95}
EPOCH = {
    "event": "epoch", "epoch": 1, "train_loss": 0.5, "train_accuracy": 0.8, "validation_loss": 0.4, "validation_accuracy": 0.9,
    "learning_rate": 0.1, "seconds": 2.0, "layers": [{"name": "dense_1", "gradient_norm": 0.25}],
}  # fmt: skip


@pytest.fixture(scope="module")
def real(digits_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of three epochs with a change in the second, as this program writes it."""
    path = tmp_path_factory.mktemp("real") / "20250101-120000"
    config = Config.parse(
        {"data": str(digits_file), "validation": 100, "threads": 1, "hidden": "8", "epochs": 3, "changes": "20 batch_size=50"}
    )
    list(Run.create(config, path).events(Control()))
    return path


def write(path: Path, *lines: dict[str, Any], batches: Any = None) -> Path:
    path.mkdir(parents=True)
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if batches is not None:
        (path / "batches.f32").write_bytes(np.array(batches, "<f4").tobytes())
    return path


def table(parts: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(parts))))


# CSV and JSON


def test_a_line_for_each_epoch_with_every_figure_as_it_was(real: Path) -> None:
    run = read_run(real)
    rows = table(epochs_csv(run))
    assert len(rows) == 3
    for row, epoch, step in zip(rows, run.epochs, [epoch.step for epoch in run.epochs], strict=True):
        assert (int(row["epoch"]), int(row["step"])) == (epoch.number, step)
        for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate", "seconds"):
            assert float(row[name]) == getattr(epoch, name)
        assert {name: float(row[f"gradient_norm_{name}"]) for name in ("dense_1", "dense_2")} == epoch.gradient_norms


def test_a_line_for_each_batch(real: Path) -> None:
    rows = table(batches_csv(read_run(real)))
    with (real / "batches.f32").open("rb") as file:
        kept = read_batches(file)
    assert [int(row["step"]) for row in rows] == list(range(1, len(kept) + 1))
    names = ("epoch", "loss", "accuracy", "learning_rate", "seconds")
    assert np.array([[row[name] for name in names] for row in rows], "<f4").tobytes() == kept.tobytes()


def test_lost_batches_are_left_out_and_what_is_no_number_is_empty(tmp_path: Path) -> None:
    kept = [[0, 0, 0, 0, 0], [0.2, 2, 0.5, 0.1, 1], [0.3, np.nan, 0.5, np.inf, 1]]
    rows = table(batches_csv(read_run(write(tmp_path / "run", START, batches=kept))))
    assert [list(row.values()) for row in rows] == [["2", "0.2", "2.0", "0.5", "0.1", "1.0"], ["3", "0.3", "", "0.5", "", "1.0"]]


def test_more_batches_than_are_read_at_once(tmp_path: Path) -> None:
    count = 2 * AT_ONCE + 3
    kept = np.ones((count, 5), "<f4")
    kept[:, 1] = np.arange(count)
    rows = table(batches_csv(read_run(write(tmp_path / "run", START, batches=kept))))
    assert [float(row["loss"]) for row in rows] == list(range(count))
    assert int(rows[-1]["step"]) == count


def test_a_run_without_batches_says_so(tmp_path: Path) -> None:
    run = read_run(write(tmp_path / "run", START, EPOCH))
    with pytest.raises(UserError, match=r"batches\.f32: the run kept no batches"):
        list(batches_csv(run))
    os.mkfifo(tmp_path / "run" / "batches.f32")
    with pytest.raises(UserError, match=r"batches\.f32: not a regular file"):
        list(batches_csv(run))


def test_what_was_not_measured_is_empty_and_names_are_harmless(tmp_path: Path) -> None:
    layers = [{"name": "=1+1,\x1b[2J\n", "gradient_norm": None}]
    line = EPOCH | {"validation_loss": None, "train_loss": None, "layers": layers}
    (row,) = table(text := list(epochs_csv(read_run(write(tmp_path / "run", START, line)))))
    assert (row["validation_loss"], row["train_loss"]) == ("", "")
    assert "".join(text).replace("\n", "").isprintable()
    assert not any(name.startswith(("=", "+", "-", "@")) for name in row)


def test_one_document_holds_all_that_the_files_tell(real: Path) -> None:
    run = read_run(real)
    found = json.loads("".join(json_document(run)))
    assert found["config"] == run.config
    assert [epoch["train_loss"] for epoch in found["epochs"]] == [epoch.train_loss for epoch in run.epochs]
    assert [(change["step"], change["changes"]) for change in found["changes"]] == [(20, {"batch_size": 50})]
    assert (found["status"], found["test_accuracy"], found["test_loss"]) == ("completed", run.test_accuracy, run.test_loss)
    assert run.history.best_loss is not None
    assert found["best_validation_loss"] == {"value": run.history.best_loss.value, "epoch": run.history.best_loss.epoch}
    assert [layer["name"] for layer in found["layers"]] == ["dense_1", "dense_2"]
    assert found["environment"]["numpy"] == np.__version__


# TensorBoard


def events(run: Path, folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    write_file(folder / FILE_NAME, event_file(read_run(run)), force=True)
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    found.Reload()
    return found


def test_tensorboards_own_reader_finds_every_scalar_at_its_step_and_time(real: Path, tmp_path: Path) -> None:
    run, found = read_run(real), events(real, tmp_path)
    scalars = {tag: found.Scalars(tag) for tag in found.Tags()["scalars"]}
    tags = {"train_loss": "loss/train", "validation_accuracy": "accuracy/validation", "learning_rate": "learning_rate/epoch"}
    for name, tag in tags.items():
        assert [scalar.step for scalar in scalars[tag]] == [epoch.step for epoch in run.epochs]
        assert [scalar.value for scalar in scalars[tag]] == pytest.approx([getattr(epoch, name) for epoch in run.epochs])
    assert [scalar.value for scalar in scalars["epoch"]] == [1, 2, 3]
    assert [scalar.value for scalar in scalars["accuracy/test"]] == pytest.approx([run.test_accuracy])
    assert scalars["accuracy/test"][0].step == [epoch.step for epoch in run.epochs][-1]
    assert {"gradient_norm/dense_1", "gradient_norm/dense_2"} < scalars.keys()
    with (real / "batches.f32").open("rb") as file:
        kept = read_batches(file)
    batches = scalars["loss/batch"]
    assert [scalar.step for scalar in batches] == list(range(1, len(kept) + 1))
    assert [scalar.value for scalar in batches] == kept[:, 1].tolist()
    began = run.started.timestamp()
    times = [scalar.wall_time for scalar in batches]
    assert times == sorted(times)
    assert times[0] >= began
    assert times[-1] == pytest.approx(began + run.seconds, abs=0.01)
    assert [scalar.wall_time - began for scalar in scalars["loss/train"]] == pytest.approx(
        np.cumsum([e.seconds for e in run.epochs]), abs=1e-3
    )


def test_tensorboard_gets_the_options_as_text_and_as_hyperparameters(real: Path, tmp_path: Path) -> None:
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    found = events(real, tmp_path)
    (text,) = found.Tensors("options/text_summary")
    shown = text.tensor_proto.string_val[0].decode()
    assert "| optimizer | adam |" in shown
    assert "| epochs | 3 |" in shown
    content = found.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    values = HParamsPluginData.FromString(content).session_start_info.hparams
    assert (values["optimizer"].string_value, values["epochs"].number_value, values["shuffle"].bool_value) == ("adam", 3, True)
    assert values["hidden"].string_value == "8"


def test_the_same_run_gives_the_same_bytes(real: Path) -> None:
    first, second = (b"".join(event_file(read_run(real))) for _ in range(2))
    assert first == second


def test_tensorboard_gets_hostile_runs_too(tmp_path: Path) -> None:
    wild = {"hidden": [16], "telepathy": "\x1b[31m<script>|", "\x1b]0;x\x07": {"a": [1, None]}, "seed": 10**40}
    extreme = EPOCH | {"train_loss": 1e308, "layers": [{"name": "\x1b[2J/..", "gradient_norm": 1e308}], "epoch": 10**9, "seconds": 1e9}
    kept = [[np.inf] * 5, [np.nan] * 5, [1e38] * 5, [-1.0] * 5, [0.5, 1, 1, 1, np.inf], [1.0, np.nan, 0.5, 0.1, 2.0]]
    path = write(tmp_path / "run", START | {"config": wild}, extreme, batches=kept)
    found = events(path, tmp_path / "out")
    assert [scalar.value for scalar in found.Scalars("accuracy/batch")][-1] == 0.5
    assert all(np.isfinite(scalar.wall_time) for scalar in found.Scalars("accuracy/batch"))
    assert all(tag.isprintable() for kind in found.Tags().values() if isinstance(kind, list) for tag in kind)
    (text,) = found.Tensors("options/text_summary")
    shown = text.tensor_proto.string_val[0].decode()
    assert "<script>" not in shown
    assert "\x1b" not in shown


# Files


def test_what_is_there_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "out.csv"
    write_file(path, [b"one", b"two"], force=False)
    assert path.read_bytes() == b"onetwo"
    with pytest.raises(UserError, match=r"--output .*out\.csv: exists already.*--force"):
        write_file(path, [b"three"], force=False)
    assert path.read_bytes() == b"onetwo"
    write_file(path, [b"three"], force=True)
    assert path.read_bytes() == b"three"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("force", [False, True])
def test_a_link_is_replaced_and_not_written_through(tmp_path: Path, force: bool) -> None:
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "out").symlink_to(tmp_path / "mine")
    if force:
        write_file(tmp_path / "out", [b"new"], force=True)
    else:
        with pytest.raises(UserError):
            write_file(tmp_path / "out", [b"new"], force=False)
    assert (tmp_path / "mine").read_text() == "precious"


def test_an_export_that_fails_leaves_what_was_and_no_part_of_itself(tmp_path: Path) -> None:
    def parts() -> Any:
        yield b"half"
        raise UserError("the run is broken")

    (tmp_path / "out").write_text("before")
    with pytest.raises(UserError, match="the run is broken"):
        write_file(tmp_path / "out", parts(), force=True)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out", "before")]


@pytest.mark.parametrize("other", ["other.csv", "out.csv"])
def test_two_exports_at_once_into_one_folder_are_both_whole(tmp_path: Path, other: str) -> None:
    def parts() -> Any:
        yield b"first half, "
        write_file(tmp_path / other, [b"meanwhile"], force=True)
        yield b"second half"

    write_file(tmp_path / "out.csv", parts(), force=True)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {other: b"meanwhile", "out.csv": b"first half, second half"}


def test_what_another_export_wrote_meanwhile_stays(tmp_path: Path) -> None:
    def parts() -> Any:
        yield b"mine"
        write_file(tmp_path / "out.csv", [b"theirs"], force=False)

    with pytest.raises(UserError, match="exists already"):
        write_file(tmp_path / "out.csv", parts(), force=False)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"out.csv": b"theirs"}


def test_what_a_kill_left_of_an_export_goes_when_it_is_old(tmp_path: Path) -> None:
    old, young = tmp_path / ".tui-trainer-00ff.new", tmp_path / ".tui-trainer-11ff.new"
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (1e9, 1e9))
    write_file(tmp_path / "out.csv", [b"whole"], force=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [young.name, "out.csv"]


@pytest.mark.parametrize("make", [lambda path: path.write_text("a file"), lambda path: path.symlink_to(path)])
def test_a_folder_that_cannot_be_is_named(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "folder")
    with pytest.raises(UserError, match=r"--output .*folder"):
        write_file(tmp_path / "folder" / "out", [b""], force=True)


# Whether a run can be resumed


def test_whether_a_run_can_be_gone_on_with(real: Path, tmp_path: Path) -> None:
    import shutil

    can, how = outlook(read_run(real))
    assert can
    assert "--epochs" in how
    assert f"step {read_run(real).epochs[-1].step}" in how
    copy = shutil.copytree(real, tmp_path / "copy")
    (copy / "checkpoint.safetensors").write_bytes(b"\0" * 100)
    can, why = outlook(read_run(copy))
    assert not can
    assert "checkpoint.safetensors: not a checkpoint" in why
    (copy / "checkpoint.safetensors").unlink()
    assert not outlook(read_run(copy))[0]
