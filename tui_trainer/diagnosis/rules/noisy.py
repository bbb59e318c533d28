"""Batches so small for the rate that the network wanders instead of settling."""

from typing import Final

from tui_trainer.diagnosis.case import Case, worst
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import first_of
from tui_trainer.history.derived import loss_noise
from tui_trainer.history.series import STEP
from tui_trainer.text.language import N_

STEP_PER_IMAGE: Final = 100.0
"""The rate over the batch size, in times what the optimizer's usual rate takes at 32 images: below, a batch is not suspected."""

SMALL: Final = 4
"""Images in a batch, whose chance alone may kill units."""

LEARNED: Final = 0.95
TIMES: Final = 1.0
"""The noise over the mean loss."""


def find(case: Case) -> Evidence | None:
    """The batch is small, the loss jumps by as much as it is high, and the network has not settled."""
    config = case.config
    losses = case.history.loss.points(STEP)[1]
    per_image = config.learning_rate / case.usual_rate * 32 / config.batch_size
    if (
        per_image < STEP_PER_IMAGE
        or config.batch_size >= 32
        or not case.history.epochs
        or case.diverged
        or case.learned > LEARNED
        or len(losses) < 3
    ):
        return None
    noise, mean = loss_noise(losses), float(losses[len(losses) // 2 :].mean())
    jumps = noise is not None and mean > 0 and noise >= TIMES * mean
    if not jumps and (config.batch_size > SMALL or worst(case.last, "dead_fraction", "dead") is None):
        return None
    remedies = first_of(config, {"batch_size": 32}, {"batch_size": 32, "learning_rate": case.usual_rate})
    figures = {"batch_size": config.batch_size, "noise": noise, "mean": mean}
    return Evidence(figures, remedies[:1], step=case.history.steps, confidence=0.85, further=remedies[1:])


RULE = Rule(
    "noisy",
    N_("the batches are too small for the rate"),
    N_("The gradient of {batch_size} images is mostly chance, and the loss jumps by {noise:.2g}. Larger batches average it out."),
    N_("rate over batch size above 100 times the usual, noise of the loss from batch to batch above its mean, and less than 95% learned"),
    N_("gradient noise: McCandlish et al. 2018; the rate goes with the batch: Goyal et al. 2017; the limits are ours"),
    find,
    place=240,
)
