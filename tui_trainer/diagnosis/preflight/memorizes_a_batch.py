"""Whether the run can learn at all: one batch, again and again, until it knows it by heart."""

from tui_trainer.config.options import Config
from tui_trainer.config.per_layer import made_for, split
from tui_trainer.diagnosis.preflight.outcome import Outcome, Span, nats
from tui_trainer.diagnosis.preflight.subject import Subject, Trial

STEPS = 500

KNOWN = Span(0.9, 1.0)
"""The share of the batch that has to be right: images that look alike but have other labels cannot all be."""


def memorizes_a_batch(subject: Subject) -> Outcome:
    """The share of one batch that is right after up to 500 steps on it alone, without dropout, which is there to prevent just this.

    What cannot learn 32 images by heart will not learn 60,000 (Karpathy 2019, A Recipe for Training Neural Networks).
    """
    share, loss, step, rows = 0.0, float("nan"), 0, subject.rows
    for event in Trial(subject, subject.sample(rows), STEPS, dropout=0.0, batch_size=rows).steps():
        share, loss, step = event.accuracy, event.loss, event.step
        if share == 1 and step > 1:
            return Outcome(True, share, KNOWN, f"knows a batch of {rows} by heart after {step - 1} steps")
    told = f"of a batch of {rows} it has {share:.0%} right after {step} steps on nothing else, with a loss of {nats(loss)}"
    if KNOWN.holds(share) and step == STEPS:
        return Outcome(True, share, KNOWN, told)
    if step < STEPS:
        found = f"learning one batch of {rows} by heart, its loss is no longer finite after {step} steps"
        return Outcome(False, share, KNOWN, found, "take a smaller --learning-rate")
    return Outcome(False, share, KNOWN, told, f"see the failed checks above first; where there are none, take {_remedies(subject.config)}")


def _remedies(config: Config) -> str:
    remedies = ["a rate nearer to the one suggested above"]
    if config.initializers != split(made_for(config.activation, len(config.hidden)), len(config.hidden) + 1):
        remedies.append("--initializer auto")
    if config.weight_decay:
        remedies.append("less --weight-decay")
    if len(config.hidden) > 1:
        remedies.append("fewer layers")
    return ", or ".join(remedies)
