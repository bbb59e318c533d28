"""The effective rank of a layer's outputs: in how many directions they differ."""

from collections.abc import Mapping
from math import nan

import numpy as np

from tui_trainer.datasets.dataset import Batcher, Split
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.network import Network
from tui_trainer.training.instruments.twin import twin_of


@np.errstate(all="ignore")
def effective_ranks(network: Network, samples: Split) -> Mapping[str, float]:
    """The effective rank of every hidden layer's outputs for `samples`, by the layer's name, from the input to the output.

    Outputs are those after the activation, in evaluation. Near 1 the layer tells samples hardly apart, whatever its number of units.
    """
    twin, rows = twin_of(network), len(samples.labels)
    batch = twin.workspace(rows)
    Batcher(samples, rows).fill(np.arange(rows), batch.inputs, batch.labels)
    batch.forward()
    *hidden, _ = batch.measured()
    return {layer.name: effective_rank(layer.units.out) for layer in hidden}


def effective_rank(matrix: Array) -> float:
    """exp of the entropy of the singular values as shares of their sum (Roy & Vetterli 2007), between 1 and the matrix's rank.

    0 where all of `matrix` (rows, columns) is 0, NaN where it is not finite.
    """
    if not np.isfinite(matrix).all():
        return nan
    values = np.linalg.svd(matrix, compute_uv=False)
    if not values.any():
        return 0.0
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
