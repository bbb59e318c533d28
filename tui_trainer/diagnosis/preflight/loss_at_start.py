"""Whether the network begins by guessing."""

from math import log

from tui_trainer.diagnosis.preflight.outcome import Outcome, Span, nats
from tui_trainer.diagnosis.preflight.subject import Subject
from tui_trainer.training.batch_loader import BatchLoader, evaluate

SAMPLES = 1000

ABOVE = 2.0
"""Nats above ln(classes). Logits that differ by a standard deviation of σ cost σ²/2 nats: here σ may be 2, twice the variance that the
weights of He et al. 2015 give them on inputs of variance 1. Networks of eight ELU layers come to 1 nat, and learn."""

BELOW = 0.5
"""The share of ln(classes) below which no guess comes, so that the network must know the answers."""


def loss_at_start(subject: Subject) -> Outcome:
    """The loss of the first network, in nats: near ln(classes), that of giving each class the same probability."""
    with subject.threads:
        loss, _ = evaluate(subject.network(), BatchLoader(subject.sample(SAMPLES)))
    classes = subject.spec.classes
    guessing = log(classes)
    expected = Span(BELOW * guessing, guessing + ABOVE)
    if expected.holds(loss):
        return Outcome(
            True, loss, expected, f"starts at a loss of {nats(loss)}; guessing among {classes} classes is ln {classes} = {nats(guessing)}"
        )
    if loss < guessing:
        found = f"starts at a loss of {nats(loss)}, though guessing among {classes} classes is {nats(guessing)}: it knows before it learned"
        return Outcome(False, loss, expected, found, "look for the label among the inputs")
    found = f"starts at a loss of {nats(loss)}, though guessing among {classes} classes is {nats(guessing)}: it is sure, and wrong"
    hint = "start with smaller outputs: inputs between 0 and 1, and the initial weights made for the activation (--initializer auto)"
    return Outcome(False, loss, expected, found, hint)
