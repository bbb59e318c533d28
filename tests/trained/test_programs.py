"""Networks as programs: each, where its library is there, gives what the network itself gives."""

import importlib.util
import os
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from program import call

from tui_trainer import Classifier, UserError
from tui_trainer.nn.activations import ACTIVATIONS, Activation
from tui_trainer.trained.export import to_npz
from tui_trainer.trained.programs import TOOLS, to_program

RNG = np.random.default_rng(0)
INPUTS = RNG.random((40, 12), np.float32)
LABELS = np.array(["ant", "bee", "cat's", '"dog"', "eel"])[RNG.integers(0, 5, 40)]

CASES: list[dict[str, Any]] = [
    *({"activation": name} for name in ACTIVATIONS),
    {"activation": "leaky_relu", "alpha": 0.3},
    {"hidden": "none"},
    {"hidden": "8x4", "normalization": "batch", "residual": 1},
    {"hidden": "8,6,8", "normalization": "layer", "residual": 1, "dropout": 0.2, "activation": "prelu"},
    {"hidden": "8,8", "normalization": "batch", "normalization_place": "after", "dropout": 0.3},
]


def trained(**options: Any) -> Classifier:
    return Classifier(**{"hidden": "9,7", "epochs": 5, "learning_rate": 0.01, "batch_size": 10, **options}).fit(INPUTS, LABELS)


def logits_of(model: Classifier) -> np.ndarray:
    batch = model.network_.workspace(len(INPUTS))
    batch.inputs[:] = INPUTS
    batch.forward()
    return batch.logits.copy()


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def asked(tool: str, program: ModuleType) -> np.ndarray:
    """The program's logits."""
    match tool:
        case "numpy":
            found: np.ndarray = program.logits(INPUTS)
            return found
        case "pytorch":
            torch = pytest.importorskip("torch")
            with torch.no_grad():
                return np.asarray(program.load()(torch.tensor(INPUTS)))
    return np.asarray(program.network.predict(INPUTS, verbose=0))


@pytest.mark.parametrize(("options", "tool"), product(CASES, TOOLS), ids=str)
def test_a_program_gives_the_networks_logits(options: dict[str, Any], tool: str, tmp_path: Path) -> None:
    model = trained(**options)
    program = to_program(model, tool, "weights.npz")
    compile(program, "program.py", "exec")
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    (tmp_path / "weights.npz").write_bytes(to_npz(model))
    if tool != "numpy":
        os.environ.setdefault("KERAS_BACKEND", "torch")
        pytest.importorskip("torch" if tool == "pytorch" else "keras")
    module = loaded(tmp_path / "program.py")
    assert model.classes_.tolist() == module.CLASSES
    np.testing.assert_allclose(asked(tool, module), logits_of(model), rtol=0, atol=1e-5)


def test_a_numpy_program_names_the_classes(tmp_path: Path) -> None:
    model = trained(epochs=30)
    (tmp_path / "p.py").write_text(to_program(model, "numpy", "w'\".npz"), encoding="utf-8")
    (tmp_path / "w'\".npz").write_bytes(to_npz(model))
    assert loaded(tmp_path / "p.py").predict(INPUTS) == model.predict(INPUTS).tolist()


def test_a_layer_that_nobody_has_spelled_is_refused() -> None:
    class Cube(Activation):
        def value(self, z: np.ndarray) -> np.ndarray:
            return z**3

        def derivative(self, z: np.ndarray) -> np.ndarray:
            return 3 * z**2

    ACTIVATIONS.register("cube", Cube)
    try:
        model = trained(activation="cube", learning_rate=1e-4)
        with pytest.raises(UserError, match="nobody has said how keras has Cube"):
            to_program(model, "keras", "w.npz")
    finally:
        ACTIVATIONS.unregister("cube")


def test_the_command_writes_program_and_weights_and_overwrites_neither(tmp_path: Path) -> None:
    trained().save(tmp_path / "model.safetensors")
    export = ("export", "model.safetensors", "--to", "numpy", "--output")
    assert call(*export, "net.py", cwd=tmp_path).returncode == 0
    assert loaded(tmp_path / "net.py").logits(INPUTS).shape == (40, 5)
    (tmp_path / "other.npz").touch()
    for name, said in (
        ("net.py", "--output net.py: the file exists"),
        ("other.py", "--output other.npz: the file exists"),
        ("net.txt", "--output net.txt: is no program's name; give it the ending .py"),
    ):
        refused = call(*export, name, cwd=tmp_path)
        assert (refused.returncode, refused.stderr.startswith(f"tui-trainer: {said}")) == (2, True), refused.stderr
    assert not (tmp_path / "other.py").exists()
