"""Whether the error comes back to the first layer."""

import numpy as np

from tui_trainer.datasets.dataset import Batcher
from tui_trainer.diagnosis.preflight.outcome import Outcome, Span
from tui_trainer.diagnosis.preflight.subject import Subject
from tui_trainer.history.derived import gradient_ratio
from tui_trainer.history.quantities import FAR
from tui_trainer.training.health import norm
from tui_trainer.training.instruments.twin import twin_of

SAMPLES = 500

REACHED = Span(1 / FAR)
"""As on the map of the layers: below, gradients are called vanishing."""


@np.errstate(all="ignore")
def gradients_reach_first_layer(subject: Subject) -> Outcome:
    """The first layer's gradient norm over the output layer's, before the first step (Glorot & Bengio 2010, section 4.2.1)."""
    samples = subject.sample(SAMPLES)
    with subject.threads:
        # In float64 even 1e-40 is a number, and can be told.
        network = twin_of(subject.network(), subject.config.seed)
        rows = len(samples.labels)
        batch = network.workspace(rows, training=True)
        Batcher(samples, rows).fill(np.arange(rows), batch.inputs, batch.labels)
        batch.forward()
        batch.loss()
        batch.backward()
    norms = [norm(network.gradient_tensors[layer.weights]) for layer in network.layers if layer.weights is not None]
    ratio = gradient_ratio(norms)
    if len(norms) == 1 and ratio is not None:
        return Outcome(True, ratio, REACHED, "the only layer gets all of the gradient")
    if ratio is None or not np.isfinite(ratio):
        found = "the output layer's gradient is 0 or not finite: nothing comes back"
        return Outcome(False, None, REACHED, found, "see the scale of the inputs, and take --initializer auto")
    times = f"the first layer's gradient is {ratio:.2g} times the output layer's"
    if REACHED.holds(ratio):
        return Outcome(True, ratio, REACHED, times)
    hint = "take --activation relu or tanh with --initializer auto, or fewer layers; each layer on the way back makes it smaller"
    return Outcome(False, ratio, REACHED, f"{times}: it has vanished on the way", hint)
