"""Whether the inputs are of any use: a network that sees them has to do better than one that sees nothing."""

from math import inf, isfinite

import numpy as np

from tui_trainer.datasets.dataset import Split
from tui_trainer.diagnosis.preflight.outcome import Outcome, Span, nats
from tui_trainer.diagnosis.preflight.subject import Subject, Trial

STEPS = 200

TESTED = 1000
"""Samples that are not trained on, at most a fifth of all: they tell what was learned, where those that were seen may be known by heart."""

WORSE = 0.98
"""The share of the blank inputs' loss below which real ones have to come: over a thousand samples, a loss is known to about 1%."""


def blank_inputs_do_worse(subject: Subject) -> Outcome:
    """The loss on samples not trained on, in nats, after 200 steps on others, beside that of the same steps with all inputs 0.

    Blank inputs leave the biases alone to learn, and so how often each class occurs (Karpathy 2019, A Recipe for Training Neural Networks).
    """
    kept = min(TESTED, len(subject.training.labels) // 5)
    rows = min(subject.rows, len(subject.training.labels) - kept)
    seen, unseen = subject.sample(STEPS * rows, start=kept), subject.sample(kept)
    if not kept:
        return Outcome(True, None, Span(), "too few samples to keep some for a test")
    real, blank = (_loss_after(subject, *splits, rows) for splits in ((seen, unseen), (_blank(seen), _blank(unseen))))
    expected = Span(None, WORSE * blank if isfinite(blank) else None)
    if isfinite(real) and expected.holds(real):
        return Outcome(
            True, real, expected, f"loss {nats(real)} after {STEPS} steps, {nats(blank)} with blank inputs: it learns from what it sees"
        )
    if not isfinite(real):
        return Outcome(False, inf, expected, f"the loss is not finite within {STEPS} steps", "take a smaller --learning-rate")
    found = f"loss {nats(real)} after {STEPS} steps, {nats(blank)} with blank inputs: what it sees does not help it yet"
    hint = "see the failed checks above first; where there are none, see whether each label belongs to its image"
    return Outcome(False, real, expected, found, hint)


def _loss_after(subject: Subject, seen: Split, unseen: Split, rows: int) -> float:
    trial = Trial(subject, seen, STEPS, batch_size=rows)
    trained = sum(1 for _ in trial.steps())
    return trial.loss(unseen) if trained == STEPS else inf


def _blank(samples: Split) -> Split:
    return Split(np.zeros_like(samples.images), samples.labels)
