"""Figures of a trained network that are measured on demand: what they are, what their values say, and where they come from."""

from collections.abc import Iterator
from math import isfinite
from typing import Final, NamedTuple

from tui_trainer.config.options import Config
from tui_trainer.datasets.dataset import Split
from tui_trainer.diagnosis.case import borne
from tui_trainer.nn.network import Network
from tui_trainer.text.language import N_
from tui_trainer.training.instruments.effective_rank import effective_ranks
from tui_trainer.training.instruments.noise_scale import SMALL_BATCH, noise_scale
from tui_trainer.training.instruments.sharpness import sharpness, stability

MOST: Final = 500
"""Samples for sharpness and ranks."""

MOST_NOISE: Final = 2000
"""Samples for the noise scale."""

FAR: Final = 4
"""How many times another batch size has to be the noise scale, or the other way round, to be called too large or small: ours."""

WORDS: Final = {
    "sharpness": N_("largest curvature of the loss, in nats per squared unit of the weights"),
    "stability": N_("rate times sharpness over 2: from 1 on plain descent bounces"),
    "noise_scale": N_("the batch size, in samples, up to which larger ones save steps"),
    "effective_rank": N_("in how many directions the layer's outputs differ; near 1 it tells samples hardly apart"),
}

SOURCES: Final = {
    "sharpness": "Lanczos 1950",
    "stability": N_("Cohen et al. 2021"),
    "noise_scale": N_("McCandlish et al. 2018"),
    "effective_rank": "Roy & Vetterli 2007",
}


class Figure(NamedTuple):
    """A figure's value, with its words."""

    name: str
    value: float | None
    """None where it is not finite."""
    words: str
    source: str
    layer: str | None = None
    meaning: str = ""
    """What this value says of the run, in a sentence; empty where it says nothing by itself."""
    most: int | None = None
    """The highest value that it could have, if there is one."""


def measure(network: Network, config: Config, training: Split) -> Iterator[Figure]:
    """Measure the network on its training samples; some seconds for a large one."""
    some = Split(training.images[:MOST], training.labels[:MOST])
    curve = sharpness(network, some).value
    yield _figure("sharpness", curve)
    ratio = stability(config.learning_rate, curve)
    yield _figure("stability", ratio)._replace(meaning=_bounces(ratio, config))
    more = Split(training.images[:MOST_NOISE], training.labels[:MOST_NOISE])
    if len(more.labels) >= 2 * SMALL_BATCH:
        noise = noise_scale(network, more).value
        yield _figure("noise_scale", noise)._replace(meaning=_batches(noise, config.batch_size))
    units = {layer.name: layer.units for layer in network.layers}
    for layer, rank in effective_ranks(network, some).items():
        yield _figure("effective_rank", rank)._replace(layer=layer, most=min(units[layer], len(some.labels)))


def _bounces(ratio: float, config: Config) -> str:
    if not isfinite(ratio):
        return ""
    most = borne(config)
    if most is None:
        return N_("this optimizer scales the step of each weight and has a limit of its own")
    if ratio < 1:
        return N_("below 1 the steps stay inside the valley")
    if most == 1:
        return N_("above 1 the loss bounces across the valley from step to step")
    return N_("above 1 plain descent would bounce across the valley; momentum allows somewhat more")


def _batches(noise: float, batch_size: int) -> str:
    if noise > FAR * batch_size:
        return N_("far above the batch size: a larger batch would need fewer steps")
    if noise * FAR < batch_size:
        return N_("far below the batch size: smaller batches would learn as much from each step")
    return N_("about the batch size: noise and signal are in balance") if isfinite(noise) else ""


def _figure(name: str, value: float) -> Figure:
    return Figure(name, value if isfinite(value) else None, WORDS[name], SOURCES[name])
