"""Networks for other programs: ONNX Runtime gives what the network itself gives, and NumPy reads every tensor."""

import io
import json
import sys
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from tui_trainer import Classifier, UserError
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.trained.export import to_npz, to_onnx

RNG = np.random.default_rng(0)
IMAGES = RNG.random((40, 12), np.float32)
LABELS = RNG.integers(0, 5, 40)


def trained(**options: Any) -> Classifier:
    return Classifier(**{"hidden": "9,7", "epochs": 20, "learning_rate": 0.01, "batch_size": 10, **options}).fit(IMAGES, LABELS)


def outputs(model: Classifier, images: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(to_onnx(model), providers=["CPUExecutionProvider"])
    names = ["probabilities", "logits"]
    return dict(zip(names, session.run(names, {"images": images}), strict=True))


@pytest.mark.parametrize(
    "options",
    [
        *({"activation": name} for name in ACTIVATIONS),
        {"activation": "leaky_relu", "alpha": 0.3},
        {"activation": "elu", "alpha": 0.6},
        {"activation": "prelu,elu", "alpha": 0.4},
        {"hidden": "8x6", "activation": "sigmoid,tanh,relu,leaky_relu,prelu,elu"},
        {"hidden": "none"},
        {"activation": "tanh", "dropout": 0.4},
        {"hidden": "8x4", "normalization": "batch", "residual": 1},
        {"hidden": "8,8,6", "normalization": "layer", "normalization_place": "after", "residual": 1, "activation": "gelu"},
        {"hidden": "8,6,8", "normalization": "layer", "residual": 1, "dropout": 0.2},
    ],
    ids=str,
)
def test_onnx_gives_the_same(options: dict[str, Any]) -> None:
    model = trained(**options)
    # Far from what was trained on too, and one image as well as many.
    for images in (IMAGES, IMAGES[:1], RNG.normal(0, 20, (30, 12)).astype(np.float32)):
        found = outputs(model, images)
        # A share's relative error is a logit's absolute one.
        largest = max(1.0, float(np.abs(found["logits"]).max()))
        np.testing.assert_allclose(found["probabilities"], model.predict_proba(images), rtol=1e-5 * largest, atol=1e-6)
        logits = found["logits"] - found["logits"].max(axis=1, keepdims=True)
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-4, atol=1e-6)


def test_every_operator_is_that_of_the_activation_far_below_0_too() -> None:
    """With weights that are large, a wrong slope or scale cannot hide."""
    for name in ACTIVATIONS:
        model = trained(activation=name, epochs=1)
        model.network_.parameters[:] *= 4
        np.testing.assert_allclose(outputs(model, IMAGES)["probabilities"], model.predict_proba(IMAGES), rtol=1e-5, atol=1e-6)


def test_dropout_is_left_out_and_names_are_the_checkpoints() -> None:
    model = trained(dropout=0.5, activation="prelu")
    made = onnx.load_model_from_string(to_onnx(model))
    assert [node.op_type for node in made.graph.node] == ["Gemm", "PRelu", "Gemm", "PRelu", "Gemm", "Softmax"]
    assert {tensor.name: tuple(tensor.dims) for tensor in made.graph.initializer} == {
        name: tensor.shape for name, tensor in model.network_.tensors.items()
    }
    assert [entry.name for entry in made.graph.output] == ["probabilities", "logits"]
    assert made.opset_import[0].version == 13
    facts = {entry.key: json.loads(entry.value) for entry in made.metadata_props}
    assert facts["classes"] == model.classes_.tolist()
    assert facts["config"]["dropout"] == 0.5


def test_equal_networks_make_equal_files() -> None:
    for write in (to_npz, to_onnx):
        assert write(trained()) == write(trained())


def test_npz_holds_every_tensor_and_no_pickle() -> None:
    model = trained(activation="prelu")
    with np.load(io.BytesIO(to_npz(model)), allow_pickle=False) as found:
        assert set(found) == {"dense_1.weight", "dense_1.bias", "prelu_1.alpha", "dense_2.weight", "dense_2.bias", "prelu_2.alpha",
                              "dense_3.weight", "dense_3.bias"}  # fmt: skip
        for name, tensor in model.network_.tensors.items():
            np.testing.assert_array_equal(found[name], tensor)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UserError, match=r"^--to onnx needs a package that is missing here, onnx: pip install 'tui-trainer\[onnx\]'$"):
        to_onnx(trained(epochs=0))
