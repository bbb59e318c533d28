"""A trained network in the formats of other programs: .npz and ONNX."""

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tui_trainer.errors import UserError
from tui_trainer.nn.layers import Composed
from tui_trainer.nn.network import buffer_shapes, parameter_shapes
from tui_trainer.trained.estimator import Classifier
from tui_trainer.version import __version__

if TYPE_CHECKING:
    from onnx import ModelProto

OPSET: Final = 13
"""Of ONNX's operators: the first in which Softmax means what it does today; every runtime since 2021 has it."""

IR_VERSION: Final = 7
"""Of ONNX's file format: the one of that time."""

MOST_BYTES: Final = (2 << 30) - (1 << 20)
"""Of the tensors in one ONNX file: it may not be longer than 2 GiB."""


def to_npz(model: Classifier) -> bytes:
    """Every tensor by its name, in a zip of .npy files."""
    buffer = io.BytesIO()
    tensors: dict[str, Any] = model.network_.tensors
    np.savez(buffer, **tensors)
    return buffer.getvalue()


def to_onnx(model: Classifier) -> bytes:
    """A graph from `images` (batch, features) to `probabilities` and `logits` (batch, classes). Raises UserError where it cannot be.

    `images` are what training saw: pixels from 0 to 1 where they were bytes.
    """
    if sum(tensor.nbytes for tensor in model.network_.tensors.values()) > MOST_BYTES:
        raise UserError("this network is larger than the 2 GiB that the format allows", option="--to", value="onnx", hint="take --to npz")
    try:
        import onnx  # noqa: PLC0415 an optional extra
    except ModuleNotFoundError as error:
        raise UserError(
            f"needs a package that is missing here, {error.name}: pip install 'tui-trainer[onnx]'", option="--to", value="onnx", colon=False
        ) from None
    graph = _graph(model, onnx)
    made: ModelProto = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="tui-trainer",
        producer_version=__version__,
    )
    onnx.helper.set_model_props(made, {"config": json.dumps(model.options_.record()), "classes": json.dumps(model.classes_.tolist())})
    onnx.checker.check_model(made)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _graph(model: Classifier, onnx: Any) -> Any:
    helper, network = onnx.helper, model.network_
    nodes, constants = [], []
    value = "images"
    # What an evaluation runs: some layers are there for training alone.
    for layer in (run.layer for run in network.workspace(1).runs):
        operator = layer.operator()
        if operator is None:
            raise UserError(f"there is no operator for {layer.kind}", option="--to", value="onnx")
        learned = [*parameter_shapes([layer]), *buffer_shapes([layer])]
        out = "logits" if layer is network.layers[-1] else f"{layer.name}.out"
        if isinstance(operator, Composed):
            named = {"x": value, "out": out} | ({"source": f"{layer.source.name}.out"} if layer.source else {})
            composed, numbers = _composed(operator, layer.name, named, onnx)
            nodes += composed
            constants += numbers
        else:
            nodes.append(helper.make_node(operator.name, [value, *learned], [out], layer.name, **operator.attributes))
        value = out
    nodes.append(helper.make_node("Softmax", ["logits"], ["probabilities"], "softmax", axis=1))

    def values(name: str, width: int) -> Any:
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", width])

    return helper.make_graph(
        nodes,
        "perceptron",
        [values("images", network.inputs)],
        [values("probabilities", network.classes), values("logits", network.classes)],
        [*(onnx.numpy_helper.from_array(np.ascontiguousarray(tensor), name) for name, tensor in network.tensors.items()), *constants],
    )


def _composed(composed: Composed, layer: str, called: Mapping[str, str], onnx: Any) -> tuple[list[Any], list[Any]]:
    """The nodes of a layer that is several operators, and the numbers that they take."""
    nodes, numbers = list[Any](), list[Any]()
    for place, (name, inputs, output, attributes) in enumerate(composed.operators):
        given = []
        for each in inputs:
            if isinstance(each, str):
                given.append(called.get(each, f"{layer}.{each}"))
            else:
                given.append(f"{layer}.number_{len(numbers)}")
                numbers.append(onnx.numpy_helper.from_array(np.float32(each), given[-1]))
        nodes.append(onnx.helper.make_node(name, given, [called.get(output, f"{layer}.{output}")], f"{layer}.{place}", **attributes))
    return nodes, numbers
