"""Points in the plane: what they are, and where they may stand in place of a data set."""

from pathlib import Path

import numpy as np
import pytest
from program import call

from tui_trainer.datasets.dataset import load, locate, peek
from tui_trainer.datasets.points import SHAPES, read_points


@pytest.mark.parametrize("name", SHAPES)
def test_points_lie_where_they_should(name: str) -> None:
    data = load(name, noise=0.0)
    points, labels = data.training
    assert points.shape == (1000, 2)
    assert points.dtype == np.float32
    assert np.abs(points).max() <= 1.25
    assert data.test is not None
    assert len(data.test.labels) == 500
    counts = np.bincount(labels)
    assert counts.min() > 0.8 * counts.max()
    assert len(counts) == data.classes == len(SHAPES[name].classes)
    assert peek(name) == data.spec
    assert locate(name) == name
    # The test set is drawn anew.
    assert not {tuple(point) for point in points.tolist()} & {tuple(point) for point in data.test.images.tolist()}
    x, y = points.astype(np.float64).T
    match name:
        case "circles":
            assert (np.hypot(x, y) < 0.6).tolist() == (labels == 0).tolist()
        case "xor":
            assert (x * y < 0).tolist() == (labels == 1).tolist()
        case "gaussians":
            assert np.mean((x + y < 0) == (labels == 1)) > 0.98


def test_they_are_always_the_same_and_noise_moves_them() -> None:
    first, second = read_points("moons", 0.1), read_points("moons", 0.1)
    np.testing.assert_array_equal(first.x_train, second.x_train)
    far = read_points("moons", 1.0)
    assert not np.array_equal(first.x_train, far.x_train)
    assert 0.7 < np.std(far.x_train - read_points("moons", 0.0).x_train) < 1.3
    assert load("moons", noise=0.3).fingerprint != load("moons", noise=0.1).fingerprint


def test_a_run_keeps_the_noise_that_it_was_trained_with(tmp_path: Path) -> None:
    options = ("--hidden", "6", "--epochs", "5", "--learning-rate", "0.01", "--format", "quiet", "--output", "run")
    assert call("--no-ui", "--data", "moons", "--noise", "0.25", *options, cwd=tmp_path).returncode == 0
    assert "noise = 0.25" in (tmp_path / "run" / "config.toml").read_text(encoding="utf-8")
    more = call("--no-ui", "--resume", "run", "--epochs", "6", "--format", "quiet", cwd=tmp_path)
    assert (more.returncode, more.stderr) == (0, "")
    other = call("--no-ui", "--resume", "run", "--noise", "0.1", "--epochs", "8", cwd=tmp_path)
    assert other.returncode == 2


def test_noise_is_for_points_and_not_swept(tmp_path: Path) -> None:
    idle = call("--no-ui", "--noise", "0.5", "--epochs", "0", "--output", "run", cwd=tmp_path)
    assert "--noise has no effect with --data mnist" in idle.stderr
    swept = call("sweep", "--data", "xor", "--noise", "0.1,0.2", "--output", "sweep", cwd=tmp_path)
    assert (swept.returncode, "--noise cannot be swept" in swept.stderr) == (2, True)
