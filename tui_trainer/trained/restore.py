"""From a snapshot or a checkpoint back to a network that answers: the one place where that is done."""

from pathlib import Path

import numpy as np

from tui_trainer.nn.network import Network
from tui_trainer.runs import checkpoint
from tui_trainer.training.events import Snapshot
from tui_trainer.training.model import build_network
from tui_trainer.training.run_state import read_model_state

BESIDE = ("optimizer.", "best.", "last.")
"""What the names of tensors begin with that are not the network's own."""


def network_alone(snapshot: Snapshot) -> Snapshot:
    """The snapshot without what is beside the network, which is twice as large again."""
    return Snapshot({name: tensor for name, tensor in snapshot.tensors.items() if not name.startswith(BESIDE)}, snapshot.scalars)


def read_network(path: Path) -> Snapshot:
    """The network in a checkpoint, without what is beside it. Raises UserError, which names the file."""
    return checkpoint.read(path, lambda scalars: read_model_state(scalars).model_shapes())


def restore(snapshot: Snapshot, network: Network | None = None) -> Network:
    """A network of its own with the snapshot's tensors: `network`, where it has the same layers. Raises UserError and MemoryError."""
    state = read_model_state(snapshot.scalars)
    if network is None or {name: tensor.shape for name, tensor in network.tensors.items()} != state.model_shapes():
        network = build_network(state.options, state.spec.features, state.spec.classes)
    for name, tensor in network.tensors.items():
        np.copyto(tensor, snapshot.tensors[name])
    return network
