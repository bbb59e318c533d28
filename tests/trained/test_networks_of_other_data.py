"""Networks of data that is not MNIST: the same answer by every door, in the classes' own names."""

from pathlib import Path

import numpy as np
import pytest
from program import call

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import load
from tui_trainer.runs.run import Run, settle
from tui_trainer.trained.estimator import Classifier
from tui_trainer.trained.export import to_onnx
from tui_trainer.training.control import Control

RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run on a table with texts, missing values and features of scales of their own."""
    folder = tmp_path_factory.mktemp("flowers")
    rows = []
    for row in range(90):
        kind = row % 3
        width, name = "" if row == 9 else f"{kind / 100:.4f}", ["rose", "lily", "iris"][kind]
        rows.append(f"{row},{100 + 30 * kind + RNG.normal():.2f},{width},{'ab'[row % 2]},{name}")
    (folder / "t.csv").write_text("id,height,width,soil,species\n" + "\n".join(rows))
    config = Config.parse({"data": str(folder / "t.csv"), "hidden": "16", "threads": 1})
    for _ in Run.create(config, folder / "run").events(Control()):
        pass
    return folder


def test_a_table_is_trained_long_enough_and_its_classes_keep_their_names(flowers: Path) -> None:
    config, data = settle(Config.parse({"data": str(flowers / "t.csv"), "threads": 1}))
    assert config.epochs == 150
    assert settle(Config.parse({"data": str(flowers / "t.csv"), "threads": 1, "epochs": 5}))[0].epochs == 5
    model = Classifier.load(flowers / "run" / "checkpoint.safetensors")
    assert model.spec_ == data.spec
    assert model.spec_.scaling == data.spec.scaling
    assert model.spec_.feature_names == ("height", "width", "soil=a", "soil=b")
    assert model.classes_.tolist() == ["iris", "lily", "rose"]
    assert data.test is not None
    numbers = data.spec.scaler.numbers(data.test.images)
    assert np.mean(model.predict(numbers) == np.array(data.spec.names)[data.test.labels]) > 0.9


def test_predict_reads_a_table_by_the_names_of_its_columns(flowers: Path) -> None:
    (flowers / "new.csv").write_text("species,soil,height,extra,width\n?,a,101,9,0.0\n?,b,161,9,\n?,b,130,9,0.01\n")
    done = call("predict", str(flowers / "run"), str(flowers / "new.csv"))
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["rose", "iris", "lily"], done.stderr
    (flowers / "other.csv").write_text("soil,width\na,0.0\nb,0.02\n")
    done = call("predict", str(flowers / "run"), str(flowers / "other.csv"))
    assert (done.returncode, "it has no column height" in done.stderr) == (2, True)


def test_onnx_takes_the_numbers_as_the_data_has_them(flowers: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    model = Classifier.load(flowers / "run" / "checkpoint.safetensors")
    numbers = np.array([[101, 0.0, 1, 0], [161, 0.02, 0, 1]], np.float32)
    session = onnxruntime.InferenceSession(to_onnx(model), providers=["CPUExecutionProvider"])
    probabilities, _logits = session.run(None, {"images": numbers})
    np.testing.assert_allclose(probabilities, model.predict_proba(numbers), atol=1e-5)


def test_data_is_shown_before_training(flowers: Path) -> None:
    done = call("data", str(flowers / "t.csv"), "--format", "json")
    assert done.returncode == 0
    for part in (
        '"event": "data"',
        '"reader": "csv_file"',
        '"classes": 3',
        '"class_names": ["iris", "lily", "rose"]',
        '"image_shape": null',
        '"scale": "standard"',
    ):
        assert part in done.stdout
    assert '"name": "missing_values"' in done.stdout
    done = call("data", "mnist")
    assert "samples   60,000 training, 10,000 test" in done.stdout
    assert "images of 28×28: 784 numbers from 0 to 255" in done.stdout
    (flowers / "one.csv").write_text("a,class\n1.5,x\n2.5,x\n3.5,x\n")
    done = call("data", str(flowers / "one.csv"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is nothing to tell apart" in done.stderr


def test_one_network_answers_bytes_shares_and_whole_numbers_alike() -> None:
    data = load("sklearn:digits")
    numbers = data.spec.scaler.numbers(data.training.images)
    levels = np.rint(numbers * 255 / 16).astype(np.uint8)
    for given in (levels, levels.astype(np.int64), (levels / 255).astype(np.float32)):
        model = Classifier(hidden="16", epochs=3).fit(given.reshape(-1, 8, 8), data.training.labels)
        answers = [
            model.predict_proba(each.reshape(-1, 8, 8)) for each in (levels, levels.astype(np.int64), (levels / 255).astype(np.float32))
        ]
        if given.dtype != np.int64:  # that a whole number is a share of 255 such a network has not been told
            np.testing.assert_allclose(answers[2], answers[0], atol=1e-4)
        np.testing.assert_allclose(answers[1], answers[0], atol=1e-4)
