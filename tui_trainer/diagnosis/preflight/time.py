"""How long the run will take."""

from itertools import pairwise
from math import sqrt
from statistics import mean, stdev
from time import perf_counter

from tui_trainer.diagnosis.preflight.outcome import Outcome, Span
from tui_trainer.diagnosis.preflight.subject import Subject, Trial

SAMPLES = 4000
"""About how many are trained on."""

WARM_UP = 2
"""Steps before the first that counts: arrays are made, and loops compiled, in them."""

LEAST_BLOCKS, MOST_BLOCKS = 4, 10
"""The steps are timed in blocks, whose means differ by what else the machine does."""

UNITS = ((3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"))


def time(subject: Subject) -> Outcome:
    """The seconds that the run will take, evaluation included: measured on some batches, with twice the standard error of the mean."""
    config = subject.config
    block = max(1, SAMPLES // (config.batch_size * MOST_BLOCKS))
    blocks = max(LEAST_BLOCKS, min(MOST_BLOCKS, SAMPLES // (config.batch_size * block)))
    steps = WARM_UP + block * blocks
    trial = Trial(subject, subject.sample(steps * config.batch_size), steps)
    moments = [perf_counter()]
    moments += [perf_counter() for _ in trial.steps()]
    took = [after - before for before, after in pairwise(moments)][WARM_UP:]
    if len(took) < 2 * block:
        return Outcome(True, None, Span(), "the loss is not finite after a few steps, so that no run could be timed")
    means = [mean(took[start : start + block]) for start in range(0, len(took) - block + 1, block)]
    step, error = mean(means), 2 * stdev(means) / sqrt(len(means))
    batches = -(-len(subject.training.labels) // config.batch_size)
    evaluation = _evaluation(subject, trial)
    epoch = batches * step + evaluation
    whole, off = config.epochs * epoch, config.epochs * batches * error
    parts = f"epochs: {config.epochs:,}, batches in each: {batches:,}, a batch: {describe(step)}"
    told = f"about {describe(whole)}, give or take {describe(off)} ({parts})"
    return Outcome(True, whole, Span(), told, error=off)


def _evaluation(subject: Subject, trial: Trial) -> float:
    """The seconds to evaluate the validation set."""
    if subject.validation is None:
        return 0.0
    few = subject.sample(1000)
    trial.loss(few)
    started = perf_counter()
    trial.loss(few)
    return (perf_counter() - started) * len(subject.validation.labels) / len(few.labels)


def describe(seconds: float) -> str:
    """A duration as people say it."""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds >= size), UNITS[-1])
    number = seconds / size
    return f"{number:.2g} {unit}" if number < 10 else f"{number:,.0f} {unit}"
