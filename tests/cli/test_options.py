"""Options: their names and defaults, and one clear line for every kind of mistake."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer.cli import program
from tui_trainer.config import Config, format_hidden, option, parse_hidden
from tui_trainer.errors import UserError

DEFAULTS: dict[str, Any] = {
    "hidden": (256,), "activation": "relu", "alpha": None, "initializer": "he_normal", "uniform_limit": 0.05, "optimizer": "adam",
    "learning_rate": 0.001, "momentum": 0.9, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7, "batch_size": 32, "epochs": 5,
    "validation": 5000, "seed": 0, "shuffle": True, "threads": "auto", "data": "mnist",
}  # fmt: skip


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tui_trainer", *arguments], capture_output=True, text=True, check=False, cwd=cwd)


def test_defaults_are_those_of_the_contract() -> None:
    config = Config.parse({})
    assert {name: getattr(config, name) for name in DEFAULTS} == DEFAULTS


def test_help_lists_every_option() -> None:
    text = CliRunner().invoke(program, ["--help"]).output
    for name in [*Config.model_fields, "no_ui", "config", "output", "format", "version"]:
        assert option(name) in text, name
    assert "--lr" in text
    assert "--no-shuffle" in text
    assert "lr-find" in text


@pytest.mark.parametrize(
    ("given_options", "expected"),
    [
        ({"activation": "tanh"}, {"initializer": "glorot_uniform", "alpha": None}),
        ({"activation": "sigmoid"}, {"initializer": "glorot_uniform"}),
        ({"activation": "leaky_relu"}, {"initializer": "he_normal", "alpha": 0.01}),
        ({"activation": "prelu"}, {"initializer": "he_normal", "alpha": 0.25}),
        ({"activation": "elu"}, {"initializer": "he_normal", "alpha": 1.0}),
        ({"activation": "tanh", "initializer": "he_uniform"}, {"initializer": "he_uniform"}),
        *(({"optimizer": name}, {"learning_rate": 0.01}) for name in ("sgd", "momentum", "nesterov", "adagrad")),
        *(({"optimizer": name}, {"learning_rate": 0.001}) for name in ("rmsprop", "adam", "nadam", "adamw")),
        ({"optimizer": "adamw"}, {"weight_decay": 0.01}),
        ({"optimizer": "sgd", "learning_rate": "0.5"}, {"learning_rate": 0.5}),
        ({"hidden": "128x8,64"}, {"hidden": (128,) * 8 + (64,)}),
        ({"hidden": "none"}, {"hidden": ()}),
        ({"hidden": [3, 4]}, {"hidden": (3, 4)}),
    ],
)
def test_what_depends_on_other_options_is_resolved(given_options: dict[str, Any], expected: dict[str, Any]) -> None:
    config = Config.parse(given_options)
    assert {name: getattr(config, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--activation", "gelu"], "--activation must be one of sigmoid, tanh, relu, leaky_relu, prelu, elu, not 'gelu'"),
        (["--initializer", "zeros"], "--initializer must be one of auto, uniform, "),
        (["--optimizer", "lion"], "--optimizer must be one of sgd, momentum, "),
        (["--lr", "0"], "--learning-rate must be greater than 0, not '0'"),
        (["--lr", "nan"], "--learning-rate must be a finite number, not 'nan'"),
        (["--lr", "fast"], "--learning-rate must be a number, not 'fast'"),
        (["--momentum", "1"], "--momentum must be less than 1, not '1'"),
        (["--batch-size", "0"], "--batch-size must be at least 1, not '0'"),
        (["--batch-size", "60000"], "--batch-size must be at most the 55,000 training samples, not 60,000"),
        (["--epochs", "-1"], "--epochs must be at least 0, not '-1'"),
        (["--epochs", "1.5"], "--epochs must be a whole number, not '1.5'"),
        (["--validation", "60000"], "--validation must leave samples to train on: at most 59999 of 60,000, not 60000"),
        (["--seed", "-1"], "--seed must be at least 0, not '-1'"),
        (["--threads", "0"], "--threads must be at least 1, not '0'"),
        (["--hidden", "12y"], "--hidden must be layer sizes such as 256 or 128x8,64, or none, not '12y'"),
        (["--hidden", "0"], "--hidden must be at least 1, not 0"),
        (["--hidden", "5x100000000"], "--hidden must have at most 1000 layers"),
        (["--data", "/nowhere"], "--data /nowhere: no such file or folder; give mnist, a folder of four IDX files, or an .npz"),
        (["--depth", "3"], "No such option '--depth'."),
        (["--config", "/nowhere.toml"], "--config /nowhere.toml: no such file or directory"),
        (["--activation", "\x1b[31mred"], r"not '\x1b[31mred'"),
        (["--clip-norm", "0"], "--clip-norm must be greater than 0, not '0'"),
        (["--dropout", "1"], "--dropout must be less than 1, not '1'"),
    ],
)
def test_a_mistake_ends_in_one_line_and_status_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = run("--no-ui", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.startswith("tui-trainer: ")
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"batch_size = 0", "batch_size must be at least 1, not 0"),
        (b"bach_size = 3", "bach_size is not an option"),
        (b"epochs = true", "epochs must be a number, not True"),
        (b"learning_rate = inf", "learning_rate must be a finite number"),
        (b"epochs = ", "not a TOML file"),
        (b"\xff\xfe", "not a TOML file"),
        (b'hidden = "\\u001b[31m"', r"not '\x1b[31m'"),
        (b'"\\u001b[31m" = 1', r"\x1b[31m is not an option"),
    ],
)
def test_a_mistake_in_a_file_names_the_file_and_the_key(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "run.toml"
    file.write_bytes(content)
    done = run("--no-ui", "--config", str(file))
    assert done.returncode == 2
    assert str(file) in done.stderr
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    done = run("--no-ui", "--config", str(tmp_path))
    assert (done.returncode, done.stderr) == (2, f"tui-trainer: --config {tmp_path}: is a directory\n")


def test_the_app_is_refused_where_there_is_no_terminal() -> None:
    done = run()
    assert done.returncode == 2
    assert "--no-ui" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_format_is_for_no_ui_only() -> None:
    done = run("--format", "json")
    assert (done.returncode, done.stderr) == (2, "tui-trainer: --format: only --no-ui prints events; add --no-ui\n")


@given(st.lists(st.integers(1, 99), max_size=30).map(tuple))
def test_layer_sizes_survive_being_written_and_read(sizes: tuple[int, ...]) -> None:
    assert parse_hidden(format_hidden(sizes)) == sizes


@given(name=st.sampled_from(sorted(Config.model_fields)), text=st.text(max_size=20))
def test_any_text_is_an_option_or_a_one_line_error(name: str, text: str) -> None:
    complaint = problem(name, text)
    assert complaint == "" or complaint.startswith(option(name))
    assert len(complaint.splitlines()) <= 1


def problem(name: str, text: str) -> str:
    try:
        Config.parse({name: text})
    except UserError as error:
        return str(error)
    return ""
