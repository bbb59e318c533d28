"""What to try next after a run that failed to learn."""

from collections.abc import Sequence

from tui_trainer.config.options import Config
from tui_trainer.config.per_layer import made_for
from tui_trainer.text.language import _
from tui_trainer.training.events import LayerHealth
from tui_trainer.ui.run.messages import RunEnded

GUESSING = 0.2
"""Ten classes guessed at random are right in a tenth of cases; twice that is still no learning."""

VANISHED = 1e-3
"""How much smaller than the last layer's the first layer's gradient is when it has vanished on its way back."""


def advice(config: Config, event: RunEnded, layers: Sequence[LayerHealth]) -> str:
    """One line, or nothing when the run went well or was cut short."""
    better = made_for(config.activation, len(config.hidden))
    one_for_all = "," not in better
    initializer = ""
    if config.initializer != better:
        initializer = _(" or {initializer}").format(initializer=better) if one_for_all else _(" or each activation's own initializer")
    if event.divergence:
        return _("try a lower learning rate, say {rate:g}{initializer}").format(rate=config.learning_rate / 10, initializer=initializer)
    learned = event.test_accuracy is None or event.test_accuracy > GUESSING
    if event.status != "completed" or not config.epochs or learned:
        return ""
    if len(layers) > 1 and layers[0].gradient_norm < VANISHED * layers[-1].gradient_norm:
        return _("vanished gradients: try relu{initializer}").format(initializer=initializer)
    return _("nothing was learned: try another rate{initializer}").format(initializer=initializer)
