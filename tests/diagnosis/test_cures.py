"""Every remedy, tried: on the real images the run that was sick is well with it."""

import pytest

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Dataset, Split, load
from tui_trainer.diagnosis.remedies import Finding, diagnose
from tui_trainer.training.control import Control
from tui_trainer.training.events import Ended, EpochEnded, LayerHealth
from tui_trainer.training.loop import Training

pytestmark = pytest.mark.lessons

RATES = {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.01, "rmsprop": 0.001, "adam": 0.001, "adamw": 0.001, "nadam": 0.001}
SLOW = {"learning_rate": 0.01}
RELU = {"activation": "relu", "initializer": "he_normal"}
TANH = {"activation": "tanh", "initializer": "glorot_uniform"}
HE = {"initializer": "he_normal"}


@pytest.fixture(scope="module")
def images() -> Dataset:
    """3,000 to learn from, 2,000 to be examined on."""
    whole = load("mnist")
    assert whole.test
    (images, labels), (test_images, test_labels) = whole.training, whole.test
    return Dataset("mnist", Split(images[:3000], labels[:3000]), Split(test_images[:2000], test_labels[:2000]), whole.spec)


def train(config: Config, images: Dataset) -> tuple[float, Finding | None]:
    """The test accuracy and the finding of a run."""
    layers: tuple[LayerHealth, ...] = ()
    for event in Training(config, images).events(Control()):
        if isinstance(event, EpochEnded):
            layers = event.layers
        elif isinstance(event, Ended):
            assert event.test_accuracy is not None
            return event.test_accuracy, diagnose(config, event.status, event.test_accuracy, layers)
    raise AssertionError("a run ends")


WIDE = {"hidden": "100x10", "initializer": "uniform", "uniform_limit": 1.0}
NAIVE = {"hidden": "50x10", "initializer": "uniform"}

SICK = [
    ("vanishing_gradients", {**NAIVE, "activation": "sigmoid"}, [RELU, TANH]),
    ("vanishing_gradients", {"hidden": "50x10", "activation": "sigmoid"}, [RELU, TANH]),
    ("vanishing_gradients", {**NAIVE, "hidden": "50x3", "activation": "sigmoid", "optimizer": "sgd"}, [RELU, TANH]),
    ("vanishing_gradients", {**NAIVE, "activation": "sigmoid", "optimizer": "sgd", "learning_rate": 0.1}, [RELU | SLOW]),
    ("dead_units", {**NAIVE, "activation": "sigmoidx9,relu"}, [RELU, TANH]),
    ("dead_units", NAIVE, [HE]),
    ("dead_units", {"hidden": "256", "learning_rate": 0.1}, [{"learning_rate": 0.001}]),
    ("dead_units", {"hidden": "50x3", "activation": "elu", "learning_rate": 0.3}, [{"learning_rate": 0.001}]),
    ("dead_units", {"hidden": "10x20"}, [{"activation": "leaky_relu"}]),
    ("saturated_units", {"hidden": "50x5", "activation": "tanh", "learning_rate": 0.1}, [{"learning_rate": 0.001}]),
    (
        "saturated_units",
        {"hidden": "50x2", "activation": "sigmoid", "optimizer": "sgd", "learning_rate": 1e4},
        [RELU | SLOW],
    ),
    ("exploding_gradients", {**WIDE, "optimizer": "sgd"}, [HE]),
    ("exploding_gradients", {**WIDE, "optimizer": "momentum", "learning_rate": 1.0}, [HE | SLOW]),
    ("exploding_gradients", WIDE, [HE]),
    ("exploding_gradients", {**WIDE, "hidden": "50x5", "activation": "tanh", "uniform_limit": 3.0}, [{"initializer": "glorot_uniform"}]),
    ("learning_rate_high", {"hidden": "16,16", "initializer": "uniform", "optimizer": "sgd", "learning_rate": 1e6}, [HE | SLOW]),
    ("decay_too_strong", {"hidden": "50", "optimizer": "sgd", "weight_decay": 1000.0}, [{"weight_decay": 0.0}]),
    ("decay_too_strong", {"hidden": "50", "optimizer": "adamw", "weight_decay": 3000.0}, [{"weight_decay": 0.01}]),
    *(
        ("dead_units", {"hidden": "50x3", "optimizer": optimizer, "learning_rate": 3.0}, [{"learning_rate": rate}])
        for optimizer, rate in RATES.items()
    ),
    *(
        ("learning_rate_high", {"hidden": "50x3", "activation": "leaky_relu", "optimizer": optimizer, "learning_rate": 30.0}, [SLOW])
        for optimizer in ("sgd", "momentum", "nesterov")
    ),
    *(
        ("learning_rate_low", {"hidden": "50", "optimizer": optimizer, "learning_rate": 1e-8}, [{"learning_rate": rate}])
        for optimizer, rate in RATES.items()
    ),
    ("learning_rate_low", {"hidden": "50", "activation": "sigmoid", "optimizer": "sgd", "learning_rate": 1e-8}, [RELU | SLOW]),
]


@pytest.mark.parametrize(("name", "options", "remedies"), SICK, ids=lambda value: value if isinstance(value, str) else "")
def test_a_sick_run_is_found_out_and_every_remedy_cures_it(
    images: Dataset, name: str, options: dict[str, object], remedies: list[dict[str, object]]
) -> None:
    shared = {"validation": 0, "epochs": 3, "threads": 1}
    sick, finding = train(Config.parse({**shared, **options}), images)
    assert finding
    assert (finding.name, list(finding.remedies)) == (name, remedies)
    for remedy in remedies:
        well, then = train(Config.parse({**shared, **options, **remedy}), images)
        assert then is None, remedy
        assert well > max(sick, 0.3), remedy


@pytest.mark.parametrize("half", [{"activation": "relu"}, {"initializer": "glorot_uniform"}])
def test_half_of_a_remedy_does_not_cure_stacked_sigmoids(images: Dataset, half: dict[str, str]) -> None:
    options = {**NAIVE, "hidden": "100x10", "activation": "sigmoid", "optimizer": "sgd", "validation": 0, "epochs": 3, "threads": 1}
    accuracy, finding = train(Config.parse({**options, **half}), images)
    assert finding
    assert accuracy < 0.2
