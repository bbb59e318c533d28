"""What may be wrong with a run: a file for each rule. They are asked in this order, causes before symptoms."""

from typing import Final

from tui_trainer.diagnosis.finding import Rule
from tui_trainer.diagnosis.rules import (
    bad_scale,
    bad_start,
    bouncing,
    constant_features,
    decay_too_strong,
    diverged,
    early_stopping_early,
    exploding_gradients,
    flat_units,
    learning_rate_high,
    learning_rate_low,
    missing_class,
    no_learning,
    noisy,
    overfitting,
    plateau,
    schedule_early,
    symmetric_units,
    underfitting,
    vanishing_gradients,
)

RULES: Final[tuple[Rule, ...]] = (
    # The data
    bad_scale.RULE,
    constant_features.RULE,
    # The start
    symmetric_units.RULE,
    exploding_gradients.RULE,
    vanishing_gradients.RULE,
    bad_start.RULE,
    # The steps
    decay_too_strong.RULE,
    learning_rate_high.RULE,
    bouncing.RULE,
    learning_rate_low.RULE,
    noisy.RULE,
    schedule_early.RULE,
    early_stopping_early.RULE,
    # The network
    flat_units.DEAD,
    flat_units.SATURATED,
    underfitting.RULE,
    # What is seen of them
    overfitting.RULE,
    plateau.RULE,
    diverged.RULE,
    no_learning.RULE,
    missing_class.RULE,
)

NAMES: Final = tuple(rule.name for rule in RULES)
