"""`tui-trainer diagnose` and the findings of `--no-ui`: what scripts read of them, and the exit status that they act on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from program import call

from tui_trainer.diagnosis.figures import measure
from tui_trainer.runs.archive import read_run
from tui_trainer.trained.run_case import open_network

SICK = ["--hidden", "16x8", "--activation", "sigmoid", "--initializer", "uniform"]
FAST = ["--optimizer", "sgd", "--learning-rate", "1e30"]


def trained(digits_file: Path, folder: Path, *more: str) -> Path:
    options = ["--data", str(digits_file), "--validation", "100", "--batch-size", "20", "--hidden", "32", "--epochs", "3", "--threads", "1"]
    call("--no-ui", *options, "--output", str(folder), "--format", "quiet", *more)
    return folder


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]


def test_a_healthy_run_is_left_alone(digits_file: Path, tmp_path: Path) -> None:
    run = trained(digits_file, tmp_path / "run")
    done = call("diagnose", run)
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is found to be wrong\n", "")
    done = call("diagnose", run, "--format", "json", "--try")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_sick_run_is_explained_and_cured(digits_file: Path, tmp_path: Path) -> None:
    run = trained(digits_file, tmp_path / "run", *SICK)
    files = {path: path.read_bytes() for path in run.iterdir()}
    done = call("diagnose", run, "--format", "json")
    first, *_ = found = records(done.stdout)
    assert done.returncode == 4
    assert (first["name"], first["layer"], first["step"]) == ("vanishing_gradients", "dense_1", 1)
    assert {"options": {"activation": "relu", "initializer": "he_normal"}} in first["remedies"]
    assert 0 < first["confidence"] <= 1
    assert first["evidence"]["norm"] < 1e-6
    tried = call("diagnose", run, "--try", "--format", "json")
    lines = records(tried.stdout)
    assert lines[: len(found)] == found
    remedies = lines[len(found) :]
    assert {line["event"] for line in remedies} == {"remedy"}
    assert remedies[-1]["holds"] is True
    assert remedies[-1]["after"]["test_accuracy"] > remedies[-1]["before"]["test_accuracy"] + 0.2
    assert tried.returncode == (4 if remedies[-1]["findings"] else 0)
    assert {path: path.read_bytes() for path in run.iterdir()} == files, "nothing is written"


def test_text_says_why_and_what_the_remedy_did(digits_file: Path, tmp_path: Path) -> None:
    run = trained(digits_file, tmp_path / "run", *SICK)
    text = call("diagnose", "run", "--folder", tmp_path, "--try").stdout
    assert "vanishing gradients; try --activation relu --initializer he_normal" in text
    assert "1/4" in text
    assert "tried --activation relu --initializer he_normal" in text
    assert run.name == "run"


def test_a_run_that_diverged_says_where(digits_file: Path, tmp_path: Path) -> None:
    run = trained(digits_file, tmp_path / "run", *FAST)
    done = call("diagnose", run, "--format", "json")
    names = [record["name"] for record in records(done.stdout)]
    assert names[0] == "learning_rate_high"
    assert "diverged" in names
    assert call("diagnose", run, "--try").returncode == 0


def test_without_its_data_the_log_alone_is_read(digits_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.npz"
    copy.write_bytes(digits_file.read_bytes())
    run = trained(copy, tmp_path / "run", *SICK)
    copy.unlink()
    done = call("diagnose", run)
    assert done.returncode == 4
    assert "vanishing gradients" in done.stdout
    assert "do without the data" in done.stderr
    tried = call("diagnose", run, "--try")
    assert tried.returncode == 2
    assert tried.stderr.splitlines()[-1] == "tui-trainer: --try cannot be tried without the data of the run"


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    done = call("diagnose", tmp_path / "none")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_an_untrained_network_has_nothing_to_diagnose(digits_file: Path, tmp_path: Path) -> None:
    run = trained(digits_file, tmp_path / "run", "--epochs", "0")
    assert call("diagnose", run).stdout == "there is nothing to diagnose yet\n"


def test_findings_are_events_before_the_end(digits_file: Path, tmp_path: Path) -> None:
    options = ["--data", str(digits_file), "--validation", "100", "--epochs", "2", "--threads", "1", "--output", str(tmp_path / "run")]
    done = call("--no-ui", *options, *SICK, "--format", "json")
    lines = records(done.stdout)
    names = [line["name"] for line in lines if line["event"] == "finding"]
    assert names[0] == "vanishing_gradients"
    assert len(set(names)) == len(names), "each is told once"
    assert lines[-1]["event"] == "end"
    assert [line["event"] for line in lines][:3] == ["start", "epoch", "finding"], "it is told as soon as it is known"
    logged = records((tmp_path / "run" / "metrics.jsonl").read_text())
    assert logged == [line for line in lines if line["event"] != "finding"]


def test_a_run_ends_when_a_finding_says_so(digits_file: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tui_trainer", "--no-ui", "--data", str(digits_file), "--validation", "100", "--threads", "1"]
    command += [*SICK, "--epochs", "50", "--output", str(tmp_path / "run"), "--stop-when", "dead_units,vanishing_gradients"]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 4
    end = records(done.stdout)[-1]
    assert (end["status"], end["epochs"]) == ("stopped", 1)
    well = call(
        "--no-ui",
        "--data",
        digits_file,
        "--validation",
        "100",
        "--epochs",
        "2",
        "--threads",
        "1",
        "--stop-when",
        "no_learning",
        cwd=tmp_path,
    )
    assert well.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--no-ui", "--stop-when", "bad_luck"], "'bad_luck' is no finding"),
        (["--stop-when", "overfitting"], "only --no-ui ends a run by itself"),
    ],
)
def test_what_stop_when_does_not_know_is_refused(arguments: list[str], told: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_figures_are_measured_on_demand(digits_file: Path, tmp_path: Path) -> None:
    run = trained(digits_file, tmp_path / "run", "--hidden", "32,16")
    done = call("diagnose", run, "--figures", "--format", "json")
    found = {(record["name"], record["layer"]): record["value"] for record in records(done.stdout) if record["event"] == "figure"}
    ranks = {("effective_rank", "dense_1"), ("effective_rank", "dense_2")}
    assert found.keys() == {("sharpness", None), ("stability", None), ("noise_scale", None), *ranks}
    assert found["stability", None] == pytest.approx(0.001 * found["sharpness", None] / 2)
    assert 1 < found["effective_rank", "dense_2"] <= 16
    opened = open_network(read_run(Path(run)))
    assert [(figure.name, figure.layer, figure.value) for figure in measure(opened.network, opened.config, opened.training)] == [
        (*names, value) for names, value in found.items()
    ], "the app measures the same"
    text = call("diagnose", run, "--figures").stdout
    assert "effective rank of dense_2" in text
    assert "has a limit of its own" in text, "which Adam has"
    assert "Roy & Vetterli 2007" in text
