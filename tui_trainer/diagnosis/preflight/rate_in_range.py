"""Whether the learning rate is one at which the loss falls."""

from math import nan

from tui_trainer.config.value_types import LEAST_FACTOR, MOST_FACTOR
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.diagnosis.preflight.outcome import Outcome, Span
from tui_trainer.diagnosis.preflight.subject import Subject, plain_run
from tui_trainer.training.control import Control
from tui_trainer.training.lr_finder import MARGIN, range_test

LOWEST, HIGHEST = 1e-6, 100.0
STEPS = 200

SETTLED = 20
"""Steps after which the smoothed loss is that of many batches: it forgets as fast."""

FALL = 0.95
"""The share of the loss at the lowest rates below which it has to come, for a rate to be suggested: less is the noise of batches."""

TRIFLE = 0.1
"""The share of the loss's fall that is left when a rate counts as that of the lowest loss."""

TOO_SLOW = 1000.0
"""How many times below the suggested rate a rate may lie. The number is ours: it learns in a thousand epochs what that one does in one."""


def rate_in_range(subject: Subject) -> Outcome:
    """The learning rate, which a quick range test (Smith 2017) finds too high where the loss bursts, or hopelessly low."""
    rate, rows = subject.config.learning_rate, subject.rows
    config = plain_run(subject.config, batch_size=rows)
    data = Dataset("trial", subject.sample(STEPS * rows), None, subject.spec)
    lowest, highest = max(min(LOWEST, rate), LEAST_FACTOR), min(max(HIGHEST, 10 * rate), MOST_FACTOR)
    points = list(range_test(config, data, Control(), lowest=lowest, highest=highest, steps=STEPS))
    if not points:
        found = "the loss is not finite from the first step on, at any rate"
        return Outcome(False, rate, Span(nan, nan), found, "see the scale of the inputs and the initial weights first")
    losses = [point.smoothed_loss for point in points]
    start, lowest_loss = losses[min(SETTLED, len(losses)) - 1], min(losses)
    bursts = points[-1].learning_rate if len(points) < STEPS else None
    if lowest_loss > FALL * start and (bursts is None or rate < bursts):
        found = "no rate makes the loss fall at once, so that none can be suggested"
        return Outcome(True, rate, Span(None, bursts), found if bursts is None else f"{found}; it bursts at {bursts:.1g}")
    # The rate of the lowest loss says nothing where few samples are soon known by heart, and any further rate takes a trifle off the loss.
    fallen = lowest_loss + TRIFLE * abs(start - lowest_loss)
    suggestion = next(point.learning_rate for point in points if point.smoothed_loss <= fallen) / MARGIN
    expected = Span(suggestion / TOO_SLOW, bursts)
    told = f"--learning-rate {rate:g}; a quick range test suggests {suggestion:.1g}"
    hint = f"try --learning-rate {suggestion:.1g}; `tui-trainer lr-find` with the same options draws the loss over the rate"
    if bursts is not None and rate >= bursts:
        return Outcome(False, rate, expected, f"{told}, and the loss bursts at {bursts:.1g}: steps leap over the valley", hint)
    if not expected.holds(rate):
        return Outcome(False, rate, expected, f"{told}: at so small a rate hardly anything changes", hint)
    return Outcome(True, rate, expected, told if bursts is None else f"{told}, and the loss bursts at {bursts:.1g}")
