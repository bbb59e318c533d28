"""A network's twin in float64, on which it can be measured without touching it."""

from copy import copy

import numpy as np

from tui_trainer.nn.network import Network


def twin_of(network: Network, seed: int = 0) -> Network:
    """The same layers with the same parameters and buffers in memory of their own, which draw their masks from `seed`."""
    # Layers keep nothing but their settings and what `bind` gives them, so that a shallow copy bound elsewhere is independent.
    copies = {layer: copy(layer) for layer in network.layers}
    for layer, copied in copies.items():
        copied.source = copies[layer.source] if layer.source else None
    twin = Network(list(copies.values()), np.float64)
    np.copyto(twin.state, network.state)
    twin.draw_from(np.random.default_rng(seed))
    return twin
