"""A trained network as a short program in NumPy, PyTorch or Keras, which reads its weights from a file beside it."""

from collections.abc import Iterator
from typing import Final

from tui_trainer.errors import UserError
from tui_trainer.nn.layers import Layer
from tui_trainer.trained.estimator import Classifier

TOOLS: Final = ("keras", "pytorch", "numpy")

EVALUATED: Final = "numpy"
"""The tool whose programs do not train, and so leave out what is for training alone."""


def to_program(model: Classifier, tool: str, weights: str) -> str:
    """The source of a program for the tool that reads the tensors from the .npz called `weights`. Raises UserError where it cannot be."""
    network = model.network_
    layers = [run.layer for run in network.workspace(1).runs] if tool == EVALUATED else list(network.layers)
    spelled = {}
    for layer in layers:
        text = layer.spell(tool)
        if text is None and layer.source is None:
            raise UserError(f"nobody has said how {tool} has {layer.kind}", option="--to", value=tool, hint="take --to onnx or --to npz")
        spelled[layer] = text or ""
    write = {"keras": _keras, "pytorch": _pytorch, "numpy": _numpy}[tool]
    return "\n".join([*_head(model), *write(model, layers, spelled, weights), ""])


def _head(model: Classifier) -> Iterator[str]:
    spec = model.spec_
    scale = f", divided by {spec.scale:g}" if spec.scale != 1 else ""
    yield '"""A multilayer perceptron that tui-trainer trained; its weights are in the .npz beside it.'
    yield ""
    yield f"It takes float32 numbers of shape (samples, {spec.features}){scale}, and gives logits of shape (samples, {spec.classes})."
    yield '"""'
    yield ""


def _tail(model: Classifier) -> Iterator[str]:
    yield f"CLASSES = {model.classes_.tolist()!r}"


def _read(weights: str, name: str) -> Iterator[str]:
    yield f"with np.load(Path(__file__).with_name({weights!r})) as file:"
    yield f"    {name} = dict(file)"


def _sources(layers: list[Layer]) -> set[Layer]:
    return {layer.source for layer in layers if layer.source}


def _numpy(model: Classifier, layers: list[Layer], spelled: dict[Layer, str], weights: str) -> Iterator[str]:
    if any("math." in text for text in spelled.values()):
        yield "import math"
    yield "from pathlib import Path"
    yield ""
    yield "import numpy as np"
    yield ""
    yield from _read(weights, "weights")
    yield from _tail(model)
    yield ""
    yield ""
    yield "def logits(x):"
    for layer in layers:
        if layer.source:
            skip = f'{layer.source.name} @ weights["{layer.name}.weight"]' if layer.shapes() else layer.source.name
            yield f"    x = x + {skip}"
        else:
            yield f"    x = {spelled[layer]}"
        if layer in _sources(layers):
            yield f"    {layer.name} = x"
    yield "    return x"
    yield ""
    yield ""
    yield "def predict(x):"
    yield "    return [CLASSES[number] for number in logits(x).argmax(axis=1)]"


def _pytorch(model: Classifier, layers: list[Layer], spelled: dict[Layer, str], weights: str) -> Iterator[str]:
    yield "from pathlib import Path"
    yield ""
    yield "import numpy as np"
    yield "import torch"
    yield "from torch import nn"
    yield ""
    yield from _tail(model)
    yield ""
    yield ""
    yield "class Network(nn.Module):"
    yield "    def __init__(self):"
    yield "        super().__init__()"
    for layer in layers:
        if not layer.source:
            yield f"        self.{layer.name} = {spelled[layer]}"
        elif layer.shapes():
            yield f"        self.{layer.name} = nn.Linear({layer.source.units}, {layer.units}, bias=False)"
    yield ""
    yield "    def forward(self, x):"
    for layer in layers:
        if layer.source:
            yield f"        x = x + {f'self.{layer.name}({layer.source.name})' if layer.shapes() else layer.source.name}"
        else:
            yield f"        x = self.{layer.name}(x)"
        if layer in _sources(layers):
            yield f"        {layer.name} = x"
    yield "        return x"
    yield ""
    yield ""
    yield "def load():"
    yield "    network = Network()"
    yield from (f"    {line}" for line in _read(weights, "tensors"))
    yield "    # A slope that is learned is called weight here; matrices are (units, inputs)."
    yield '    state = {name.replace(".alpha", ".weight"): torch.tensor(tensor.T) for name, tensor in tensors.items()}'
    yield "    network.load_state_dict(state, strict=False)"
    yield "    return network.eval()"
    yield ""
    yield ""
    yield 'if __name__ == "__main__":'
    yield "    print(load())"


def _keras(model: Classifier, layers: list[Layer], spelled: dict[Layer, str], weights: str) -> Iterator[str]:
    yield "from pathlib import Path"
    yield ""
    yield "import keras"
    yield "import numpy as np"
    yield "from keras import layers"
    yield ""
    yield from _tail(model)
    yield ""
    if _sources(layers):
        yield f"images = x = keras.Input(({model.spec_.features},))"
        for layer in layers:
            if layer.source and layer.shapes():
                yield f'x = x + layers.Dense({layer.units}, use_bias=False, name="{layer.name}")({layer.source.name})'
            else:
                yield f"x = x + {layer.source.name}" if layer.source else f"x = {spelled[layer]}(x)"
            if layer in _sources(layers):
                yield f"{layer.name} = x"
        yield "network = keras.Model(images, x)"
    else:
        yield "network = keras.Sequential(["
        yield f"    keras.Input(({model.spec_.features},)),"
        yield from (f"    {spelled[layer]}," for layer in layers)
        yield "])"
    yield ""
    yield from _read(weights, "tensors")
    for layer in layers:
        if names := [*layer.shapes(), *layer.buffers()]:
            given = ", ".join(f'tensors["{layer.name}.{name}"]' for name in names)
            yield f'network.get_layer("{layer.name}").set_weights([{given}])'
    yield ""
    yield "network.compile("
    yield f"    optimizer=keras.optimizers.Adam({model.options_.learning_rate!r}),"
    yield "    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),"
    yield '    metrics=["accuracy"],'
    yield ")"
    yield ""
    yield 'if __name__ == "__main__":'
    yield "    network.summary()"
    yield "    # To train on: network.fit(x_train, y_train, batch_size=32, epochs=5)"
