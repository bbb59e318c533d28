"""Whether the inputs are of a size that initial weights are made for."""

import numpy as np

from tui_trainer.datasets.dataset import Batcher
from tui_trainer.diagnosis.preflight.outcome import Outcome, Span
from tui_trainer.diagnosis.preflight.subject import Subject
from tui_trainer.diagnosis.rules.bad_scale import LEAST, MOST

SAMPLES = 2000

USUAL = Span(LEAST, MOST)
"""Root mean squares. Initial weights are made for 1 (Glorot & Bengio 2010, He et al. 2015), and MNIST has 0.3."""


def input_scale(subject: Subject) -> Outcome:
    """The root mean square of the inputs as the network gets them; how many features are the same in all samples is told."""
    samples = subject.sample(SAMPLES)
    rows = len(samples.labels)
    inputs = np.empty((rows, subject.spec.features), np.float32)
    Batcher(samples, rows).fill(np.arange(rows), inputs, np.empty(rows, np.intp))
    scale = float(np.sqrt(np.mean(np.square(inputs, dtype=np.float64))))
    images = subject.training.images
    constant = float(np.mean(images.min(axis=0) == images.max(axis=0)))
    found = f"inputs have a root mean square of {scale:.3g}" + (f"; {constant:.0%} of them never change" if constant else "")
    if USUAL.holds(scale):
        return Outcome(True, scale, USUAL, found)
    low, high = float(inputs.min()), float(inputs.max())
    between = f"they lie between {low:.3g} and {high:.3g}"
    if scale > 1:
        hint = f"{between}: divide them by {max(-low, high):.3g}, or give pixels as bytes, which are divided by 255"
        return Outcome(False, scale, USUAL, f"{found}: far from the 1 that initial weights are made for", hint)
    hint = "the images are blank" if not scale else f"{between}: scale them up to about 1"
    return Outcome(False, scale, USUAL, f"{found}: too small for a signal to get through", hint)
