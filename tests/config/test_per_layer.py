"""Activations and initializers for each layer: what a list reads as, what it stands for, and what the run makes of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.shell_completion import CompletionItem
from hypothesis import given
from hypothesis import strategies as st

from tui_trainer import Classifier
from tui_trainer.commands.program import program
from tui_trainer.config.options import Config
from tui_trainer.config.per_layer import abridged
from tui_trainer.config.source import option, read_toml
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.nn.activations import ACTIVATIONS, Activation
from tui_trainer.nn.initializers import INITIALIZERS
from tui_trainer.runs import checkpoint
from tui_trainer.training.model import build_layers, build_network


@pytest.mark.parametrize(
    ("given_options", "expected"),
    [
        # One name is what it always was.
        ({"hidden": "8x3", "activation": "tanh"}, {"activation": "tanh", "activations": ("tanh",) * 3, "alpha": None}),
        ({"hidden": "none", "activation": "elu"}, {"activation": "elu", "activations": (), "initializers": ("he_normal",), "alpha": 1.0}),
        ({"hidden": "8x3"}, {"initializer": "he_normal", "initializers": ("he_normal",) * 4}),
        ({"hidden": "8x3", "activation": "tanh"}, {"initializer": "glorot_uniform", "initializers": ("glorot_uniform",) * 4}),
        # A list, however it is written.
        *(
            ({"hidden": "8x3", "activation": written}, {"activation": "tanh,relu,relu", "activations": ("tanh", "relu", "relu")})
            for written in ("tanh,relu,relu", "tanh,relux2", " tanh , relu x 2", "tanh,relu*2", "tanh,relu×2", ["tanh", "relu", "relu"])
        ),
        ({"hidden": "8x3", "activation": "relu,relu,relu"}, {"activation": "relu"}),
        ({"hidden": "8x3", "activation": "relux3"}, {"activation": "relu"}),
        ({"hidden": "8", "activation": ["relu"]}, {"activation": "relu"}),
        ({"hidden": "8x3", "activation": "leaky_relux2,elu"}, {"activation": "leaky_relu,leaky_relu,elu"}),
        # `auto` is each layer's own, and the last hidden layer's for the output.
        ({"hidden": "8,8", "activation": "tanh,relu"}, {"initializer": "glorot_uniform,he_normal,he_normal"}),
        ({"hidden": "8,8", "activation": "relu,tanh"}, {"initializer": "he_normal,glorot_uniform,glorot_uniform"}),
        ({"hidden": "8,8", "activation": "relu,elu"}, {"initializer": "he_normal"}),
        ({"hidden": "8,8", "initializer": "uniform,auto"}, {"initializer": "uniform,he_normal,he_normal"}),
        ({"hidden": "8,8", "activation": "tanh", "initializer": "he_normalx2"}, {"initializer": "he_normal,he_normal,glorot_uniform"}),
        (
            {"hidden": "8,8", "activation": "tanh,relu", "initializer": "auto,auto,uniform"},
            {"initializer": "glorot_uniform,he_normal,uniform"},
        ),
        ({"hidden": "8,8", "activation": "tanh", "initializer": "autox3"}, {"initializer": "glorot_uniform"}),
        ({"hidden": "8,8", "initializer": "uniformx3"}, {"initializer": "uniform"}),
        ({"hidden": "8", "initializer": "uniform"}, {"initializer": "uniform"}),
        ({"hidden": "8", "initializer": "uniform,auto"}, {"initializer": "uniform,he_normal"}),
        # One alpha where one serves all, none where each layer takes its own, and what is given for all that have it.
        ({"hidden": "8,8", "activation": "tanh,elu"}, {"alpha": 1.0}),
        ({"hidden": "8,8", "activation": "leaky_relu,elu"}, {"alpha": None}),
        ({"hidden": "8,8", "activation": "leaky_relu,elu", "alpha": "0.5"}, {"alpha": 0.5}),
    ],
    ids=str,
)
def test_what_a_list_stands_for(given_options: dict[str, Any], expected: dict[str, Any]) -> None:
    config = Config.parse(given_options)
    assert {name: getattr(config, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("given_options", "message"),
    [
        ({"hidden": "8x3", "activation": "tanh,relu"}, "--activation must be one name, or one for each hidden layer (3), not 'tanh,relu'"),
        ({"activation": "tanh,relu"}, "--activation must be one name, or one for each hidden layer (1), not 'tanh,relu'"),
        ({"hidden": "none", "activation": "relux2"}, "--activation must be one name, or one for each hidden layer (0), not 'relux2'"),
        ({"activation": "relux999999999"}, "--activation must be one name, or one for each hidden layer (1), not 'relux999999999'"),
        ({"hidden": "none", "activation": "relux0"}, "--activation must be one name, or one for each hidden layer (0), not 'relux0'"),
        (
            {"hidden": "8x3", "initializer": "uniform,auto"},
            "--initializer must be one name, or one for each hidden layer (3), or these and the output layer's (4), not 'uniform,auto'",
        ),
        (
            {"hidden": "8,8", "activation": "tanh,mish"},
            f"--activation must be, for each layer, one of {', '.join(ACTIVATIONS)}, not 'tanh,mish'",
        ),
        ({"hidden": "8,8", "activation": "tanh,"}, "--activation must be, for each layer, one of sigmoid, "),
        ({"hidden": "8,8", "activation": "auto,relu"}, "--activation must be, for each layer, one of sigmoid, "),
        ({"hidden": "8,8", "activation": ["tanh", 3]}, "--activation must be a text, not ['tanh', 3]"),
        ({"hidden": "wide", "activation": "relux7"}, "--hidden must be layer sizes"),
        ({"hidden": "8,8", "optimizer": "sgd,adam"}, "--optimizer must be one of sgd, "),
    ],
    ids=str,
)
def test_a_wrong_list_is_refused_and_told_how_many_are_wanted(given_options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as refused:
        Config.parse(given_options)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


names_for_layers = st.integers(0, 5).flatmap(
    lambda hidden: st.fixed_dictionaries(
        {
            "hidden": st.just((4,) * hidden),
            "activation": st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=max(hidden, 1), max_size=max(hidden, 1)),
            "initializer": st.lists(st.sampled_from(["auto", *INITIALIZERS]), min_size=hidden + 1, max_size=hidden + 1),
        },
        optional={"alpha": st.floats(0, 2)},
    )
)


@given(options=names_for_layers)
def test_any_lists_survive_the_record_toml_and_the_short_form(tmp_path_factory: pytest.TempPathFactory, options: dict[str, Any]) -> None:
    config = Config.parse(options)
    assert "auto" not in config.initializers
    assert len(config.initializers) == len(config.hidden) + 1
    assert config.activations == tuple(options["activation"] if config.hidden else ())
    assert Config.parse(json.loads(json.dumps(config.record()))) == config
    file = tmp_path_factory.mktemp("toml") / "c.toml"
    file.write_text(config.to_toml())
    assert Config.parse(read_toml(file)) == config
    short = {"activation": abridged(config.activation), "initializer": abridged(config.initializer)}
    assert Config.parse(config.record() | short) == config


def test_each_activation_is_built_with_its_own_alpha() -> None:
    options = {"hidden": "8x4", "activation": "leaky_relu,tanh,elu,relu"}

    def alphas(config: Config) -> dict[str, float]:
        return {layer.name: sum(layer.values()) for layer in build_layers(config, 5, 3) if isinstance(layer, Activation)}

    assert alphas(Config.parse(options)) == {"leaky_relu_1": 0.01, "tanh_1": 0, "elu_1": 1, "relu_1": 0}
    assert alphas(Config.parse(options | {"alpha": 0.3})) == {"leaky_relu_1": 0.3, "tanh_1": 0, "elu_1": 0.3, "relu_1": 0}


def test_each_dense_layer_starts_from_its_own_initializer() -> None:
    config = Config.parse({"hidden": "200,200,200", "activation": "relu", "initializer": "uniform,glorot_uniform,he_normal,he_uniform"})
    network = build_network(config, 200, 100)
    network.initialize(np.random.default_rng(0))
    weights = [network.tensors[f"dense_{number}.weight"] for number in (1, 2, 3, 4)]
    bounds = (0.05, (6 / 400) ** 0.5, np.inf, (6 / 200) ** 0.5)
    deviations = (0.05 / 3**0.5, (2 / 400) ** 0.5, (2 / 200) ** 0.5, (2 / 200) ** 0.5)
    for weight, bound, deviation in zip(weights, bounds, deviations, strict=True):
        assert np.abs(weight).max() <= bound
        assert weight.std() == pytest.approx(deviation, rel=0.05)


def test_a_mixed_run_says_so_and_its_config_toml_reproduces_it(digits_file: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "tui_trainer", "--no-ui", *arguments], capture_output=True, text=True, check=True)

    mixed = ("--hidden", "24,16x2", "--activation", "tanh,prelux2", "--initializer", "auto,uniform,auto")
    data = ("--data", str(digits_file), "--validation", "100", "--epochs", "8", "--threads", "1", "--lr", "0.003")
    done = run(*data, *mixed, "--output", str(tmp_path / "a"))
    assert done.stdout.startswith("24,16x2 tanh,prelux2, glorot_uniform,uniform,he_normalx2, adam 0.003, ")
    start, *_, end = (json.loads(line) for line in (tmp_path / "a" / "metrics.jsonl").read_text().splitlines())
    assert start["config"]["activation"] == "tanh,prelu,prelu"
    assert start["config"]["initializer"] == "glorot_uniform,uniform,he_normal,he_normal"
    assert start["config"]["alpha"] == 0.25
    assert end["test_accuracy"] > 0.9
    run("--config", str(tmp_path / "a" / "config.toml"), "--output", str(tmp_path / "b"))
    first, second = (tmp_path / name / "checkpoint.safetensors" for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    learned = checkpoint.read(first)
    assert {name for name in learned.tensors if name.endswith("alpha") and "optimizer" not in name} == {"prelu_1.alpha", "prelu_2.alpha"}
    config = Config.parse(learned.scalars["config"])
    assert (config.activations, config.record()) == (("tanh", "prelu", "prelu"), learned.scalars["config"])


def test_a_classifier_takes_lists(digits: Dataset, tmp_path: Path) -> None:
    x, y = digits.training
    model = Classifier(hidden=(16, 16), activation=["elu", "tanh"], initializer=["he_uniform", "auto"], epochs=2).fit(x, y)
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(Classifier.load(tmp_path / "m.safetensors").predict_proba(x), model.predict_proba(x))


def test_completion_goes_on_after_a_comma() -> None:
    def completed(name: str, text: str) -> list[str]:
        parameter = next(parameter for parameter in program.params if parameter.opts[0] == option(name))
        items: list[CompletionItem] = parameter.type.shell_complete(None, parameter, text)  # type: ignore[arg-type]
        return [str(item.value) for item in items]

    assert completed("activation", "t") == ["tanh"]
    assert completed("activation", "tanh,relux2,e") == ["tanh,relux2,elu"]
    assert completed("initializer", "auto,he") == ["auto,he_uniform", "auto,he_normal"]
    assert completed("optimizer", "sgd,a") == []
