"""Holding a test set out of samples that come without one."""

import numpy as np
from numpy.typing import NDArray

from tui_trainer.nn.arrays import Labels

SEED = 0
"""Of the order in which samples are drawn: the test set is the same for every run, whatever its own seed."""


def divide(labels: Labels, share: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The samples to train on and those to test with, one of `share` of each class; both in an order that chance decides, once for all.

    A class with a single sample is trained on.
    """
    order = np.random.default_rng(SEED).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    starts = np.cumsum(counts) - counts
    rank = np.arange(len(labels)) - np.repeat(starts, counts)
    of_class = np.repeat(counts, counts)
    # At least one sample of a class is tested with, where it has two.
    tested = np.zeros(len(labels), np.bool_)
    tested[by_class] = (rank < np.maximum(of_class // share, 1)) & (of_class > 1)
    return order[~tested[order]], order[tested[order]]
