"""AdamW."""

from typing import final

from tui_trainer.nn.optimizers.adam import Adam


@final
class AdamW(Adam):
    """Adam with decoupled weight decay: p ← p - ηλp before the step (Loshchilov & Hutter 2019)."""

    name = "adamw"
    year = 2019
    summary = "Adam with weight decay that shrinks weights directly"
    default_weight_decay = 0.01
    decoupled_decay = True
