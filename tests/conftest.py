"""A data set small enough for a test and easy enough to learn: ten noisy prototypes."""

from pathlib import Path

import numpy as np
import pytest

from tui_trainer.dataset import Dataset, load


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
