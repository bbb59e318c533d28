"""Whether the network begins by guessing."""

from math import log

from tui_trainer.diagnosis.preflight.outcome import Outcome, Span, nats
from tui_trainer.diagnosis.preflight.subject import Subject
from tui_trainer.diagnosis.rules.bad_start import ABOVE
from tui_trainer.training.batch_loader import BatchLoader, evaluate

SAMPLES = 1000

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
