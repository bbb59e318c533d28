"""Restores networks from snapshots and checkpoints."""

from pathlib import Path

import numpy as np

from tui_trainer.nn.network import Network
from tui_trainer.runs import checkpoint
from tui_trainer.training.events import Snapshot
from tui_trainer.training.model import build_network
from tui_trainer.training.run_state import read_model_state

BESIDE = ("optimizer.", "best.", "last.")
"""Prefixes of tensors that are not the network's own."""


def network_alone(snapshot: Snapshot) -> Snapshot:
    """The snapshot's network alone: its other tensors are twice as large again."""
    return Snapshot({name: tensor for name, tensor in snapshot.tensors.items() if not name.startswith(BESIDE)}, snapshot.scalars)


def read_network(path: Path) -> Snapshot:
    """The network's tensors in a checkpoint. Raises UserError, which names the file."""
    return checkpoint.read(path, lambda scalars: read_model_state(scalars).model_shapes())


def restore(snapshot: Snapshot, network: Network | None = None) -> Network:
    """A network of its own with the snapshot's tensors: `network`, where it has the same layers. Raises UserError and MemoryError."""
    state = read_model_state(snapshot.scalars)
    if network is None or {name: tensor.shape for name, tensor in network.tensors.items()} != state.model_shapes():
        network = build_network(state.options, state.spec.features, state.spec.classes)
    for name, tensor in network.tensors.items():
        np.copyto(tensor, snapshot.tensors[name])
    return network
