"""Figures of a trained network that are measured on demand: what they are, and where they come from."""

from collections.abc import Iterator
from math import isfinite
from typing import Final, NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split
from tui_trainer.nn.network import Network
from tui_trainer.training.instruments.effective_rank import effective_ranks
from tui_trainer.training.instruments.noise_scale import SMALL_BATCH, noise_scale
from tui_trainer.training.instruments.sharpness import sharpness, stability

MOST: Final = 500
"""Samples for sharpness and ranks."""

MOST_NOISE: Final = 2000
"""Samples for the noise scale."""


class Figure(NamedTuple):
    """A figure's value, with its words."""

    name: str
    value: float | None
    """None where it is not finite."""
    words: str
    source: str
    layer: str | None = None


def measure(network: Network, config: Config, training: Split) -> Iterator[Figure]:
    """Measure the network on its training samples; some seconds for a large one."""
    some = Split(training.images[:MOST], training.labels[:MOST])
    curve = sharpness(network, some).value
    yield _figure("sharpness", curve, "largest curvature of the loss, in nats per squared unit of the weights", "Lanczos 1950")
    ratio = stability(config.learning_rate, curve)
    yield _figure("stability", ratio, "rate times sharpness over 2: from 1 on plain descent bounces", "Cohen et al. 2021")
    more = Split(training.images[:MOST_NOISE], training.labels[:MOST_NOISE])
    if len(more.labels) >= 2 * SMALL_BATCH:
        noise = noise_scale(network, more).value
        words = "gradient noise scale: the batch size, in samples, up to which larger ones save steps"
        yield _figure("noise_scale", noise, words, "McCandlish et al. 2018")
    for layer, rank in effective_ranks(network, some).items():
        words = "effective rank: in how many directions the layer's outputs differ"
        yield _figure("effective_rank", rank, words, "Roy & Vetterli 2007", layer)


def _figure(name: str, value: float, words: str, source: str, layer: str | None = None) -> Figure:
    return Figure(name, value if isfinite(value) else None, words, source, layer)
