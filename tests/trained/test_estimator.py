"""The Python interface: what a scikit-learn user expects of it."""

from pathlib import Path

import numpy as np
import pytest

from tui_trainer import Classifier, Config, Control, Run, UserError, load_data
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.training.events import Ended, EpochEnded, Started


def test_fit_predict_score_save_load(digits: Dataset, tmp_path: Path) -> None:
    (x, y), (x_test, y_test) = digits.training, digits.test or digits.training
    model = Classifier(hidden="16", epochs=5, learning_rate=0.01).fit(x, y)
    assert model.score(x_test, y_test) > 0.9
    probabilities = model.predict_proba(x_test)
    assert probabilities.shape == (100, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    model.save(tmp_path / "model.safetensors")
    again = Classifier.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict_proba(x_test), probabilities)
    np.testing.assert_array_equal(again.predict(x_test), model.predict(x_test))


def test_train_yields_the_events_of_a_run(digits: Dataset) -> None:
    kinds = [type(event) for event in Classifier(hidden="8", epochs=2, validation=100).train(*digits.training)]
    assert kinds[0] is Started
    assert kinds.count(EpochEnded) == 2
    assert kinds[-1] is Ended


def test_any_labels_and_any_shape_of_samples() -> None:
    rng = np.random.default_rng(0)
    y = np.array(["cat", "dog", "eel"])[rng.integers(0, 3, 90)]
    x = rng.normal(size=(90, 2, 3)) + 3 * (y[:, None, None] == "dog") - 3 * (y[:, None, None] == "eel")
    model = Classifier(hidden="8", epochs=30, learning_rate=0.01).fit(x, y)
    assert model.classes_.tolist() == ["cat", "dog", "eel"]
    assert model.n_features_in_ == 6
    assert model.score(x, y) > 0.9
    assert set(model.predict(x[:5])) <= {"cat", "dog", "eel"}


def test_one_class_only_is_learned_at_once() -> None:
    x = np.zeros((20, 4))
    assert Classifier(hidden="3", epochs=1).fit(x, np.full(20, 7)).predict(x).tolist() == [7] * 20


def test_params_are_kept_and_a_second_fit_starts_anew(digits: Dataset) -> None:
    model = Classifier(hidden="8", epochs=1, seed=5)
    assert {name: value for name, value in model.get_params().items() if value is not None} == {"hidden": "8", "epochs": 1, "seed": 5}
    assert model.get_params().keys() >= set(Config.model_fields)
    assert model.set_params(epochs=2) is model
    first = model.fit(*digits.training).predict_proba(digits.training.images)
    second = model.fit(*digits.training).predict_proba(digits.training.images)
    np.testing.assert_array_equal(first, second)


def test_a_runs_checkpoint_can_be_loaded(digits_file: Path, tmp_path: Path) -> None:
    from tui_trainer import Config, Control, Run

    config = Config.parse({"data": str(digits_file), "hidden": "8", "epochs": 2, "validation": 100, "threads": 1})
    run = Run.create(config, tmp_path / "run")
    *_, end = run.events(Control())
    data = load_data(str(digits_file))
    assert data.test is not None
    assert isinstance(end, Ended)
    assert Classifier.load(tmp_path / "run" / "checkpoint.safetensors").score(*data.test) == end.test_accuracy


@pytest.mark.parametrize(
    ("options", "x", "y", "message"),
    [
        ({"hidden": "x"}, np.zeros((4, 2)), [0, 1, 0, 1], "--hidden must be layer sizes"),
        ({"depth": 3}, np.zeros((4, 2)), [0, 1, 0, 1], "--depth is not an option"),
        ({"batch_size": 4}, np.zeros((4, 2)), [0, 1], "y has shape (2,)"),
        ({"batch_size": 4}, np.zeros(4), [0, 1, 0, 1], "x has shape (4,)"),
        ({"batch_size": 4}, np.array([["a"], ["b"]]), [0, 1], "x has shape (2, 1)"),
        ({"batch_size": 4, "optimizer": "sgd", "learning_rate": 1e30, "epochs": 9}, np.eye(4), [0, 1, 0, 1], "training diverged"),
    ],
)
def test_what_cannot_be_is_said(options: dict[str, object], x: np.ndarray, y: list[int], message: str) -> None:
    with pytest.raises(UserError) as refused:
        Classifier(**options).fit(x, y)
    assert message in str(refused.value)


def test_a_wrong_number_of_features_is_refused() -> None:
    model = Classifier(hidden="3", epochs=0, batch_size=4).fit(np.zeros((4, 2)), [0, 1, 0, 1])
    with pytest.raises(UserError, match="X has 3 features, but Classifier is expecting 2 features as input"):
        model.predict(np.zeros((1, 3)))


def test_importing_the_package_loads_nothing() -> None:
    import subprocess
    import sys

    code = "import tui_trainer, sys; assert 'numpy' not in sys.modules; tui_trainer.Classifier; assert 'textual' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("scalars", "message"),
    [
        ({"features": 3}, "a sample of shape 2 has not 3 features"),
        ({"sample_shape": [0, 2]}, "sample_shape"),
        ({"sample_shape": [1] * 9}, "sample_shape"),
        ({"scale": 0}, "scale: "),
        ({"features": 3, "sample_shape": [3]}, "dense_1.weight is F32 of shape (2, 4), not F32 of shape (3, 4)"),
        ({"features": -1}, "features: "),
        ({"classes": 2**31}, "dense_2.weight is F32"),
        ({"config": {"hidden": [65536] * 1000}}, "dense_1.weight is F32"),
        ({"config": {"hidden": [4], "self": 1}}, "--self is not an option"),
        ({"config": 5}, "config: "),
        ({"labels": ["a"]}, "labels must be a list of 2 texts or numbers"),
        ({"labels": [[], []]}, "labels must be a list of 2 texts or numbers"),
        ({"labels": [0, 10**30]}, "labels holds a number that is too large"),
        ({"labels": ["a" * 2000, "b"]}, "more than 1,000 characters"),
    ],
)
def test_a_file_whose_scalars_lie_is_refused(tmp_path: Path, scalars: dict[str, object], message: str) -> None:
    from tui_trainer.runs import checkpoint
    from tui_trainer.training.events import Snapshot

    path = tmp_path / "model.safetensors"
    Classifier(hidden="4", epochs=0, batch_size=2).fit(np.eye(2), [0, 1]).save(path)
    honest = checkpoint.read(path)
    checkpoint.write(path, Snapshot(honest.tensors, {**honest.scalars, **scalars}))
    with pytest.raises(UserError) as refused:
        Classifier.load(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)


def test_the_shape_of_a_sample_is_kept_by_save_and_by_a_run(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (40, 2, 8), dtype=np.uint8), np.arange(40) % 10
    model = Classifier(hidden="4", epochs=1).fit(images, labels)
    model.save(tmp_path / "model.safetensors")
    assert Classifier.load(tmp_path / "model.safetensors").spec_ == model.spec_ == DataSpec((2, 8))
    np.savez(tmp_path / "d.npz", x_train=images / 255, y_train=labels, x_test=images / 255, y_test=labels)
    config = Config.parse({"data": str(tmp_path / "d.npz"), "hidden": "4", "epochs": 1, "validation": 0, "batch_size": 8, "threads": 1})
    for _ in Run.create(config, tmp_path / "run").events(Control()):
        pass
    assert Classifier.load(tmp_path / "run" / "checkpoint.safetensors").spec_ == DataSpec((2, 8), scale=1.0)


def test_a_checkpoint_that_tells_no_shape_is_taken_for_squares_or_rows() -> None:
    earlier = Classifier.load(Path(__file__).parents[1] / "runs" / "earlier" / "run" / "checkpoint.safetensors")
    assert earlier.spec_.sample_shape == (earlier.n_features_in_,)
