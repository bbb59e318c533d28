"""What tests have in common: English, no deadlines, and a data set that is small and easily learned, ten noisy prototypes."""

import gc
import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tui_trainer.datasets.dataset import Dataset, load
from tui_trainer.text.language import ENGLISH, VARIABLE, speak

# A machine that has other work to do is no fault of the program's.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tell pytest of an option of these tests' own."""
    parser.addoption("--approve", action="store_true", help="approve of the screens as they are now: tests/ui/test_every_screen.py")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the engine once, before there are several processes that each would."""
    if not hasattr(config, "workerinput") and find_spec("numba"):
        from compiled_engine import compile_all

        compile_all()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it in the end, and mix long tests among the others.

    Many of the long ones wait for processes of their own: side by side with one another they would leave the machine idle.
    """
    longest = [item for item in items if item.get_closest_marker("timeout")]
    long = [item for item in items if item.get_closest_marker("long") and item not in longest]
    others = [item for item in items if item not in longest and item not in long]
    each = max(len(others) * 3 // 4 // max(len(long), 1), 1)
    mixed = [item for place, one in enumerate(long) for item in (one, *others[place * each : (place + 1) * each])]
    items[:] = [*longest, *mixed, *others[len(long) * each :]]


def pytest_collection_finish() -> None:
    """Spare the collector what lives to the suite's end anyway: going through it again and again takes a fifth of the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _english() -> Iterator[None]:
    """Tests read what programs say in English, whatever language their user's locale asks for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, ENGLISH)
        yield


@pytest.fixture
def korean() -> Iterator[None]:
    """Texts are in Korean."""
    speak("ko")
    yield
    speak(ENGLISH)


@pytest.fixture(scope="session")
def digits_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(7)
    prototypes = rng.integers(0, 256, (10, 28, 28))

    def draw(samples: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(samples) % 10
        noisy = prototypes[labels] + rng.normal(0, 60, (samples, 28, 28))
        return np.clip(noisy, 0, 255).astype(np.uint8), labels.astype(np.uint8)

    path = tmp_path_factory.mktemp("data") / "digits.npz"
    (x_train, y_train), (x_test, y_test) = draw(600), draw(100)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


@pytest.fixture(scope="session")
def digits(digits_file: Path) -> Dataset:
    return load(str(digits_file))


TINY = """
title = "Learning at all"
claim = "With a rate there is learning, with hardly any there is none."
watch = "the loss"
why = "A step of nearly nothing leads nowhere."
therefore = "Choose a rate."
passage = "spread"
samples = 400
varies = ["learning_rate"]
options = {{ data = {data}, hidden = "16x2", activation = "tanh", validation = 100, batch_size = 20, epochs = {epochs} }}
runs = [
  {{ name = "none", options = {{ learning_rate = 1e-9 }} }},
  {{ name = "some", options = {{ learning_rate = 3e-3 }} }},
]
charts = [ {{ shows = "loss" }}, {{ shows = "spread", over = "layers" }} ]
criteria = [
  {{ run = "some", quantity = "validation_accuracy", is = "above", value = {accuracy} }},
  {{ run = "none", quantity = "validation_loss", is = "above", than = "some", times = 1.5 }},
]
tries = [ {{ name = "three layers", options = {{ hidden = "16x3" }} }}, {{ name = "no such thing", options = {{ batch_size = 4000 }} }} ]
measured = [ {{ text = "It learns.", command = "tui-trainer lesson tiny" }} ]
"""


@pytest.fixture
def tiny_lesson(tmp_path: Path, digits_file: Path) -> Callable[..., Path]:
    """Writes the file of a lesson of two short runs."""

    def write(*, accuracy: float = 0.8, epochs: int = 2) -> Path:
        path = tmp_path / "tiny.toml"
        path.write_text(TINY.format(data=json.dumps(str(digits_file)), accuracy=accuracy, epochs=epochs))
        return path

    return write
