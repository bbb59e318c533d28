"""Options: their names and defaults, and one clear line for every kind of mistake."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tomli_w
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from program import call

from tui_trainer.__main__ import main
from tui_trainer.commands.program import program
from tui_trainer.config.layer_sizes import format_hidden, parse_hidden
from tui_trainer.config.options import Config, fields
from tui_trainer.config.source import option
from tui_trainer.errors import UserError
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.runs.run import Run

DEFAULTS: dict[str, Any] = {
    "hidden": (256,), "activation": "relu", "alpha": None, "initializer": "he_normal", "uniform_limit": 0.05, "optimizer": "adam",
    "learning_rate": 0.001, "momentum": 0.9, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7, "batch_size": 32, "epochs": 5,
    "validation": 5000, "seed": 0, "shuffle": True, "threads": "auto", "data": "mnist",
}  # fmt: skip


NUMBERS = [
    name
    for name, field in fields()
    if field.annotation is not bool and name not in {"hidden", "activation", "initializer", "optimizer", "schedule", "data", "label"}
]


def run(*arguments: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tui_trainer", *arguments], capture_output=True, text=True, check=False, **keywords)


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
    assert "preflight" in text


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
        (["--activation", "mish"], f"--activation must be one of {', '.join(ACTIVATIONS)}, not 'mish'"),
        (["--initializer", "ones"], "--initializer must be one of auto, uniform, "),
        (["--optimizer", "tiger"], "--optimizer must be one of sgd, momentum, "),
        (["--lr", "0"], "--learning-rate must be greater than 0, not '0'"),
        (["--lr", "nan"], "--learning-rate must be a finite number, not 'nan'"),
        (["--lr", "fast"], "--learning-rate must be a number, not 'fast'"),
        (["--momentum", "1"], "--momentum must be less than 1, not '1'"),
        (["--batch-size", "0"], "--batch-size must be at least 1, not '0'"),
        (["--batch-size", "60000", "--threads", "1"], "--batch-size must be at most the 55,000 training samples, not 60,000"),
        (["--epochs", "-1"], "--epochs must be at least 0, not '-1'"),
        (["--epochs", "1.5"], "--epochs must be a whole number, not '1.5'"),
        (["--validation", "60000", "--threads", "1"], "--validation must leave samples to train on: at most 59999 of 60,000, not 60000"),
        (["--seed", "-1"], "--seed must be at least 0, not '-1'"),
        (["--threads", "0"], "--threads must be at least 1, not '0'"),
        (["--hidden", "12y"], "--hidden must be layer sizes such as 256 or 128x8,64, or none, not '12y'"),
        (["--hidden", "0"], "--hidden must be at least 1, not 0"),
        (["--hidden", "5x100000000"], "--hidden must have at most 1000 layers"),
        (
            ["--data", "/nowhere"],
            "--data /nowhere: no such file or folder; give mnist, circles, xor, spiral, gaussians, moons, sklearn:NAME, a CSV file,",
        ),
        (["--depth", "3"], "No such option '--depth'."),
        (["--config", "/nowhere.toml"], "--config /nowhere.toml: no such file or directory"),
        (["--activation", "\x1b[31mred"], r"not '\x1b[31mred'"),
        (["--clip-norm", "0"], "--clip-norm must be greater than 0, not '0'"),
        (["--epsilon", "1e-46"], "--epsilon must be at least 1e-22, not '1e-46'"),
        (["--uniform-limit", "1e308"], "--uniform-limit must be at most 1e+30, not '1e308'"),
        (["--schedule", "step", "--decay-every", "1e-320"], "--decay-every must be at least 1e-30, not '1e-320'"),
        (["--dropout", "1"], "--dropout must be less than 1, not '1'"),
    ],
)
def test_a_mistake_ends_in_one_line_and_status_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = call("--no-ui", *arguments, cwd=tmp_path)
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
    done = call("--no-ui", "--config", str(file), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert str(file) in done.stderr
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    done = call("--no-ui", "--config", str(tmp_path))
    assert (done.returncode, done.stderr) == (2, f"tui-trainer: --config {tmp_path}: is a directory\n")


def test_a_format_is_for_no_ui_only() -> None:
    done = call("--format", "json")
    assert (done.returncode, done.stderr) == (2, "tui-trainer: --format: only --no-ui prints events; add --no-ui\n")


@given(st.lists(st.integers(1, 99), max_size=30).map(tuple))
def test_layer_sizes_survive_being_written_and_read(sizes: tuple[int, ...]) -> None:
    assert parse_hidden(format_hidden(sizes)) == sizes


class Outcome(NamedTuple):
    status: int
    stdout: str
    stderr: str
    config: Config | None


def outcome(*arguments: str) -> Outcome:
    """What the program makes of its arguments, up to where a run would begin."""
    made: list[Config] = []
    stdout, stderr = io.StringIO(), io.StringIO()

    def create(config: Config, _output: Path | None = None) -> None:
        made.append(config)
        raise SystemExit(0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "create", create)
        patch.setattr(sys, "argv", ["tui-trainer", "--no-ui", *arguments])
        patch.setattr(sys, "stdout", stdout)
        patch.setattr(sys, "stderr", stderr)
        with pytest.raises(SystemExit) as end:
            main()
    return Outcome(int(end.value.code or 0), stdout.getvalue(), stderr.getvalue(), made[0] if made else None)


GIVEN: dict[str, tuple[str, Any]] = {
    "--hidden": ("256,128x2", (256, 128, 128)), "--activation": ("prelu", "prelu"), "--alpha": ("0.5", 0.5),
    "--initializer": ("uniform", "uniform"), "--uniform-limit": ("0.1", 0.1), "--optimizer": ("sgd", "sgd"),
    "--learning-rate": ("1e-2", 0.01), "--lr": ("0.3", 0.3), "--momentum": ("0.5", 0.5), "--rho": ("0.5", 0.5), "--beta1": ("0", 0.0),
    "--beta2": ("0.99", 0.99), "--epsilon": ("1e-8", 1e-8), "--batch-size": ("64", 64), "--epochs": ("0", 0), "--validation": ("0", 0),
    "--seed": (str(2**70), 2**70), "--threads": ("2", 2), "--data": ("some/where", "some/where"),
}  # fmt: skip

BESIDE = {
    "--alpha": ("--activation", "elu"),
    "--uniform-limit": ("--initializer", "uniform"),
    "--momentum": ("--optimizer", "momentum"),
    "--rho": ("--optimizer", "rmsprop"),
}
"""What it takes for these to have an effect."""


@pytest.mark.parametrize("name", GIVEN)
def test_every_option_of_the_contract_reaches_the_run(name: str, tmp_path: Path) -> None:
    text, value = GIVEN[name]
    field = "learning_rate" if name == "--lr" else name[2:].replace("-", "_")
    beside = BESIDE.get(name, ())
    found = outcome(name, text, *beside)
    assert (found.status, found.stderr) == (0, "")
    assert getattr(found.config, field) == value
    (tmp_path / "c.toml").write_text(f"{field} = {text if text.isdecimal() or '.' in text or 'e-' in text else repr(text)}")
    assert outcome("--config", str(tmp_path / "c.toml"), *beside).config == found.config


def test_shuffle_is_a_switch_with_two_names() -> None:
    configs = [outcome(*arguments).config for arguments in ((), ("--shuffle",), ("--no-shuffle",))]
    assert [config.shuffle for config in configs if config] == [True, True, False]


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("epochs = 3\nseed = 4\nshuffle = false\nlearning_rate = -1")
    config = outcome("--config", str(file), "--seed", "9", "--shuffle", "--lr", "0.2").config
    assert config is not None
    assert (config.epochs, config.seed, config.shuffle, config.learning_rate) == (3, 9, True, 0.2)
    # A value in the file is blamed on the file, one on the command line on the option.
    assert outcome("--config", str(file)).stderr.startswith(f"tui-trainer: {file}: learning_rate must be greater than 0")
    assert outcome("--config", str(file), "--lr", "-2").stderr.startswith("tui-trainer: --learning-rate must be greater than 0")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        *(([option(name), text], option(name)) for name in NUMBERS for text in ("", "x", "nan", "-inf", "1e999", "0x10", "1,5", "-1")),
        *(([option(name), text], option(name)) for name in ("activation", "initializer", "optimizer") for text in ("", "ReLU", "adam ")),
        (["--hidden", ""], "--hidden"),
        (["--hidden", "256,,3"], "--hidden"),
        (["--hidden", "x8"], "--hidden"),
        (["--hidden", "8x-1"], "--hidden"),
        (["--hidden", "none,3"], "--hidden"),
        (["--hidden", "65537"], "--hidden"),
        (["--data", ""], "--data"),
        (["--shuffle=yes"], "--shuffle"),
        (["--seed"], "--seed"),
        (["--epoch", "3"], "--epoch"),
        (["--format", "xml"], "--format"),
        (["--config", ""], "--config"),
        (["extra"], "extra"),
        (["\x1b[2J"], r"\x1b[2J"),
        (["--\x1b[2J"], r"\x1b[2J"),
        (["--config", "\x1b[2J"], r"\x1b[2J"),
        (["--data", "\udcff"], "--data"),
    ],
    ids=str,
)
def test_a_bad_value_is_named_in_one_printable_line(arguments: list[str], named: str) -> None:
    found = outcome(*arguments)
    assert found.status == 2
    assert found.config is None
    assert found.stdout == ""
    assert named in found.stderr
    assert found.stderr.startswith("tui-trainer: ")
    assert found.stderr.endswith("\n")
    assert found.stderr[:-1].isprintable()


# An argument cannot hold NUL; what is not UTF-8 in it arrives as these surrogates.
arguments_text = st.text(
    st.one_of(st.characters(exclude_characters="\0"), st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)), max_size=20
)


@settings(deadline=None)
@given(name=st.sampled_from(["config", "format", "no_ui", "version", "nonsense", *Config.model_fields]), text=arguments_text)
def test_any_text_for_any_option_ends_in_0_or_in_one_line(name: str, text: str) -> None:
    found = outcome(f"{option(name)}={text}")
    assert found.status in (0, 2)
    assert found.stdout == ""
    assert (found.status == 0) == (found.config is not None)
    # What is accepted may have no effect beside the others.
    warned = all(line.startswith("tui-trainer: warning: ") for line in found.stderr.splitlines())
    assert warned if found.status == 0 else found.stderr
    assert not found.stderr or found.stderr[:-1].isprintable()


toml_values = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=9),
        st.dates(),
        st.times(),
        st.integers().map(lambda n: 10 ** (n % 4000)),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.one_of(st.sampled_from(sorted(Config.model_fields)), st.text(max_size=9)), value=toml_values)
def test_any_toml_value_ends_in_0_or_in_one_line(tmp_path: Path, key: str, value: Any) -> None:
    file = tmp_path / "c.toml"
    file.write_text(tomli_w.dumps({key: value}), encoding="utf-8")
    found = outcome("--config", str(file))
    assert found.status in (0, 2)
    assert (found.status == 0) == (found.stderr == "")
    if found.stderr:
        assert str(file) in found.stderr
        assert found.stderr[:-1].isprintable()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=40), st.text("[]{}=\"'.,#\n\\\te1 ", max_size=40).map(str.encode)))
def test_any_file_is_toml_or_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "c.toml"
    file.write_bytes(content)
    found = outcome("--config", str(file))
    assert found.status in (0, 2)
    if found.status:
        assert str(file) in found.stderr
        assert found.stderr[:-1].isprintable()


@pytest.mark.parametrize("number", ["1" * 5000, "0x" + "f" * 5000], ids=["decimal", "hexadecimal"])
def test_an_integer_that_python_will_not_print_is_refused(tmp_path: Path, number: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f"seed = {number}")
    found = outcome("--config", str(file))
    assert found.status == 2
    assert str(file) in found.stderr


@pytest.mark.parametrize("number", ["0x10", "0o20", "0b1_0000", "1_6"])
def test_an_integer_of_toml_is_that_number_whatever_its_base(tmp_path: Path, number: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(
        f"seed = {number}\nlearning_rate = {number}\nhidden = [{number}, 8]\nchanges = [{{ step = {number}, epochs = {number} }}]"
    )
    config = outcome("--config", str(file)).config
    assert config is not None
    assert config == Config.parse({"seed": 16, "learning_rate": 16, "hidden": "16,8", "changes": "16 epochs=16"})
    assert "seed = 16\n" in config.to_toml()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("threads = 0x401", "threads must be at most 1024, not 1025"),
        ("batch_size = 0b0", "batch_size must be at least 1, not 0"),
        ("momentum = 0x10", "momentum must be "),
        # As on the command line: 20 layers of no units.
        ("hidden = '0x20'", "hidden must be at least 1, not 0"),
        ("seed = '0x10'", "seed must be a whole number, not '0x10'"),
        *((f"seed = {text}", "not a TOML file") for text in ("0X10", "-0x10", "016", "0x", "0b2", "0x1.8", "0x1p4")),
    ],
)
def test_an_integer_of_toml_is_held_to_the_limits_and_to_toml(tmp_path: Path, line: str, named: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(line)
    found = outcome("--config", str(file))
    assert found.status == 2
    assert str(file) in found.stderr
    assert named in found.stderr
    assert found.stderr[:-1].isprintable()


def test_options_before_a_command_are_refused_not_dropped() -> None:
    for before in (["--hidden", "64"], ["--no-shuffle"], ["--lr", "1"], ["--output", "x"], ["--no-ui"]):
        done = CliRunner().invoke(program, [*before, "lr-find"], standalone_mode=False)
        assert isinstance(done.exception, UserError)
        assert "come after it: tui-trainer lr-find" in str(done.exception)


@pytest.mark.parametrize("rates", [("nan", "1"), ("1e-6", "nan"), ("1e-6", "inf"), ("1", "1"), ("2", "1"), ("-inf", "1"), ("x", "1")])
def test_the_rates_of_a_range_test_are_finite_and_rise(rates: tuple[str, str], digits_file: Path) -> None:
    done = call("lr-find", "--data", str(digits_file), "--threads", "1", "--from", rates[0], "--to", rates[1])
    assert done.returncode == 2
    assert "--from" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_chart_of_a_range_test_is_ascii_where_it_must_be(digits_file: Path) -> None:
    options = ["--data", str(digits_file), "--hidden", "8", "--threads", "1", "--steps", "30"]
    done = run("lr-find", *options, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\" not in done.stdout
    assert "+---" in done.stdout
    assert "try --learning-rate" in done.stdout


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
