"""A run with a plugin: resumed to the same bytes, refused with another file, ended in one line by what the plugin does wrong."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from program import call
from runs.timeless import timeless

from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.plugins.loaded import load, loaded, unload
from tui_trainer.trained.estimator import Classifier

Write = Callable[..., Path]


def forget() -> None:
    """Be as a process that has not begun."""
    for plugin in reversed(loaded()):
        unload(plugin)


@pytest.fixture
def options(digits_file: Path) -> list[str]:
    small = ["--no-ui", "--format", "quiet", "--data", str(digits_file), "--hidden", "12", "--validation", "100", "--batch-size", "20"]
    return [*small, "--threads", "1", "--epochs", "2"]


@pytest.fixture
def run(options: list[str], plugin: Write, tmp_path: Path) -> Path:
    """The folder of a run with an optimizer and an activation of plugins."""
    chosen = ["--optimizer", "rms", "--keep", "0.8", "--activation", "bent", "--slant", "0.2"]
    done = call(*options, "--plugin", plugin("rms"), "--plugin", plugin("bent"), *chosen, "--output", tmp_path / "run")
    assert (done.returncode, done.stderr) == (0, "")
    forget()
    return tmp_path / "run"


def test_the_files_of_a_run_name_its_plugins_and_keep_copies(run: Path, plugin: Write) -> None:
    assert sorted(path.name for path in run.glob("*.py")) == ["bent.plugin.py", "rms.plugin.py"]
    assert (run / "rms.plugin.py").read_bytes() == plugin("rms").read_bytes()
    start = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    assert [(each["file"], each["parts"]) for each in start["config"]["plugins"]] == [
        ("bent.py", ["activation bent"]),
        ("rms.py", ["optimizer rms"]),
    ]
    text = (run / "config.toml").read_text()
    assert all(each["sha256"] in text for each in start["config"]["plugins"])
    assert "plugin.py" in call("runs", "show", run, "--format", "json").stdout


def test_with_the_same_files_a_run_goes_on_and_another_is_the_same(run: Path, plugin: Write, tmp_path: Path) -> None:
    named: list[str | Path] = ["--plugin", run / "rms.plugin.py", "--plugin", run / "bent.plugin.py"]
    done = call("--no-ui", "--format", "quiet", "--config", run / "config.toml", *named, "--epochs", "3", "--output", tmp_path / "again")
    assert (done.returncode, done.stderr) == (0, "")
    forget()
    named = ["--plugin", plugin("rms"), "--plugin", plugin("bent")]
    assert call("--no-ui", "--format", "quiet", "--resume", run, *named, "--epochs", "3").returncode == 0
    for name in ("rms.plugin.py", "bent.plugin.py"):
        assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    resumed, whole = (np.frombuffer((folder / "batches.f32").read_bytes(), "<f4").reshape(-1, 5) for folder in (run, tmp_path / "again"))
    assert np.array_equal(resumed[:, :4], whole[:, :4])


WAYS = {
    "resume": ["--no-ui", "--resume", "{run}"],
    "config": ["--no-ui", "--config", "{run}/config.toml"],
    "predict": ["predict", "{run}", "{data}"],
    "export": ["export", "{run}", "--output", "{run}.npz"],
    "diagnose": ["diagnose", "{run}"],
    "watch": ["watch", "{run}", "--no-ui"],
}


@pytest.mark.parametrize("way", WAYS)
def test_another_file_is_refused_and_the_right_one_named(way: str, run: Path, plugin: Write, digits_file: Path) -> None:
    command = [each.format(run=run, data=digits_file) for each in WAYS[way]]
    other = plugin("rms", plugin("rms").read_text() + "# another\n")
    for named in (list[str | Path](), ["--plugin", other, "--plugin", plugin("bent")]):
        done = call(*command, *named)
        forget()
        if way == "watch" and not named:
            # What is told of the run needs no code.
            assert done.returncode == 0
            continue
        part = "optimizer rms" if named else "activation bent"
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{part} is of the plugin" in done.stderr
        assert str(run / f"{part.split()[1]}.plugin.py") in done.stderr
        assert done.stderr.count("\n") == 1
    assert (
        call(
            *command, "--plugin", plugin("rms"), "--plugin", plugin("bent"), *(["--output", f"{run}-"] if way == "config" else [])
        ).returncode
        == 0
    )


def test_a_config_whose_plugin_is_not_needed_is_read_without_it(run: Path) -> None:
    done = call("preflight", "--config", run / "config.toml", "--optimizer", "adam", "--activation", "relu")
    assert done.stderr == ""
    assert done.returncode in {0, 4}


def test_no_file_of_a_run_runs_code_by_itself(run: Path, tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w')\n"
    for copy in run.glob("*.plugin.py"):
        copy.write_text(trap)
    (run / "sitecustomize.py").write_text(trap)
    for way in ("resume", "config", "predict", "export"):
        call(*[each.format(run=run, data=run) for each in WAYS[way]], cwd=run)
    assert not (tmp_path / "sprung").exists()


def test_a_run_without_parts_of_a_plugin_needs_none(options: list[str], plugin: Write, tmp_path: Path) -> None:
    done = call(*options, "--plugin", plugin("rms"), "--output", tmp_path / "run")
    assert done.returncode == 0
    forget()
    assert "keep" not in (tmp_path / "run" / "config.toml").read_text()
    assert call("--no-ui", "--format", "quiet", "--resume", tmp_path / "run", "--epochs", "3").returncode == 0


@pytest.mark.parametrize(
    ("name", "status", "problem"),
    [
        ("raises", 2, r"raises.py, line 8: in Raises.update: ArithmeticError: the dog ate it"),
        ("wrong_arguments", 2, r"wrong_arguments.py, line 5: in WrongArguments: TypeError: "),
        ("bad_memory", 2, r"bad_memory.py, line 5: in BadMemory: ValueError: BadMemory.memory returns a number that is not finite"),
        ("nan", 3, ""),
    ],
)
def test_what_goes_wrong_in_a_step_is_one_line_and_the_checkpoint_is_whole(
    name: str, status: int, problem: str, options: list[str], plugin: Write, tmp_path: Path
) -> None:
    path = plugin(name)
    done = call(*options, "--plugin", path, "--optimizer", name, "--output", tmp_path / "run")
    assert done.returncode == status
    assert problem in done.stderr
    assert done.stdout == ""
    assert done.stderr.replace("chatter\n", "").count("\n") == bool(problem)
    assert call("export", tmp_path / "run", "--output", tmp_path / "weights.npz").returncode == 0


@pytest.mark.long
def test_killed_and_resumed_a_run_with_a_plugin_ends_with_the_same_bytes(options: list[str], plugin: Write, tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tui_trainer", "--plugin", str(plugin("rms")), "--plugin", str(plugin("by_tensor")), *options]
    program[program.index("quiet")] = "json"
    chosen = ["--optimizer", "rms", "--epochs", "100000", "--checkpoint-every", "0.01", "--learning-rate", "1e-5"]
    with subprocess.Popen([*program, *chosen, "--output", str(tmp_path / "run")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while json.loads(process.stdout.readline()).get("epoch") != 1:
            pass
        process.kill()
    epochs = next(
        json.loads(line)["epoch"] for line in reversed((tmp_path / "run" / "metrics.jsonl").read_text().splitlines()) if '"epoch": ' in line
    )
    resumed = ["--resume", str(tmp_path / "run"), "--epochs", str(epochs + 2)]
    plugins = ["--plugin", str(plugin("rms"))]
    assert call("--no-ui", "--format", "quiet", *plugins, *resumed).returncode == 0
    again: list[str | Path] = ["--config", tmp_path / "run" / "config.toml", "--output", tmp_path / "again"]
    assert call("--no-ui", "--format", "quiet", *plugins, *again).returncode == 0
    for name in ("checkpoint.safetensors", "best.safetensors", "config.toml"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    assert timeless(tmp_path / "run")[1:] == timeless(tmp_path / "again")[1:]


def test_the_estimator_takes_plugins_and_refuses_others(digits: Dataset, plugin: Write, tmp_path: Path) -> None:
    images, labels = digits.training
    model = Classifier(plugins=[plugin("rms")], optimizer="rms", hidden="12", epochs=1).fit(images, labels)
    model.save(tmp_path / "model.safetensors")
    wanted, pickled = model.predict(images), pickle.dumps(model)
    forget()
    with pytest.raises(UserError, match=r"model\.safetensors: optimizer rms is of the plugin rms\.py"):
        Classifier.load(tmp_path / "model.safetensors")
    assert np.array_equal(Classifier.load(tmp_path / "model.safetensors", plugins=[plugin("rms")]).predict(images), wanted)
    forget()
    assert np.array_equal(pickle.loads(pickled).predict(images), wanted)
    assert Classifier(**model.get_params()).get_params() == model.get_params()


def test_every_command_that_needs_it_takes_a_plugin_and_its_options(plugin: Write) -> None:
    path = plugin("rms")
    for command in ("", "lesson", "sweep", "lr-find", "preflight", "serve"):
        assert "--keep" in call(*command.split(), "--plugin", path, "--help").stdout, command
        forget()
    for command in ("paths", "watch", "predict", "export", "diagnose", "runs"):
        assert "--plugin FILE.py" in call(command, "--help").stdout, command
    assert "--keep" not in call("--help").stdout
    # Named before the command it is loaded too.
    done = call("--plugin", path, "paths", "--no-ui", "--optimizer", "rms", "--steps", "2")
    assert (done.returncode, done.stdout.count("rms")) == (0, 1)


def test_a_hyperparameter_that_a_command_has_as_an_option_is_refused(plugin: Write) -> None:
    path = plugin("rms", plugin("rms").read_text().replace("keep", "resume"))
    done = call("--no-ui", "--plugin", path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}, line 5: Rms: the hyperparameter resume needs another name: --resume is an option" in done.stderr
    assert loaded() == ()


def test_a_sweep_sends_its_plugins_and_knows_them_again(options: list[str], plugin: Write, tmp_path: Path) -> None:
    path = plugin("rms")
    swept: list[str | Path] = [
        "sweep",
        "--plugin",
        path,
        *options[1:],
        "--optimizer",
        "rms,sgd",
        "--workers",
        "1",
        "--output",
        tmp_path / "sweep",
    ]
    swept.remove("--format")
    swept.remove("quiet")
    done = call(*swept, "--format", "json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, [event["status"] for event in events if event["event"] == "run"]) == (0, ["completed"] * 2)
    forget()
    path.write_text(path.read_text() + "# another\n")
    for named in (list[str | Path](), ["--plugin", path]):
        done = call("sweep", "--output", tmp_path / "sweep", *named)
        assert done.returncode == 2
        assert "optimizer rms is of the plugin rms.py" in done.stderr
        forget()
    assert load(path).parts[0].name == "rms"
