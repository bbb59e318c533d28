"""Whether every class is there, and about as often."""

from math import inf

import numpy as np

from tui_trainer.diagnosis.preflight.outcome import Outcome, Span
from tui_trainer.diagnosis.preflight.subject import Subject

MOST = 10.0
"""How many times as often as the rarest class the most frequent one may occur. The number is ours: beyond it, accuracy hardly tells whether
the rarest class is ever recognized."""


def labels_in_balance(subject: Subject) -> Outcome:
    """The samples of the most frequent class over those of the rarest one, among the training labels."""
    names = subject.spec.names
    counts = np.bincount(subject.training.labels, minlength=subject.spec.classes)
    least, most = int(counts.argmin()), int(counts.argmax())
    expected = Span(1.0, MOST)
    if missing := [names[label] for label in np.flatnonzero(counts == 0)]:
        everywhere = np.bincount(subject.all_labels, minlength=subject.spec.classes)
        held_out = not np.any((counts == 0) & (everywhere == 0))
        hint = (
            "the samples held out are the last in file order: shuffle the file, or take a smaller --validation"
            if held_out
            else "a class without samples is never learned: add some, or expect every such image to be taken for another class"
        )
        found = f"no training sample is labelled {', '.join(missing)}; the most frequent label is {names[most]}, with {counts[most]:,}"
        return Outcome(False, inf, expected, found, hint)
    ratio = counts[most] / counts[least]
    found = f"label {names[most]} has {ratio:.3g} times as many samples as {names[least]} ({counts[most]:,} and {counts[least]:,})"
    if expected.holds(ratio):
        return Outcome(True, float(ratio), expected, found)
    hint = f"add samples of {names[least]}, or leave out some of {names[most]}; and look at each class's accuracy, not at that of all"
    return Outcome(False, float(ratio), expected, found, hint)
