"""Units whose function is flat for every image: no gradient passes through them, and they do not recover."""

from typing import Final

from tui_trainer.diagnosis.case import Case, flattest, worst
from tui_trainer.diagnosis.finding import Evidence, Rule
from tui_trainer.diagnosis.remedies import TEXTBOOK, carried, first_of, good_initializer, of_options, wider
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.text.language import N_

LEARNED: Final = 0.9
"""What has learned more bears it that nearly all outputs are flat, each unit at another end for other images."""


def _find(case: Case, *, bounded: bool) -> Evidence | None:
    if not case.is_judged or case.last is None:
        return None
    hidden = len(case.config.hidden)
    found = worst(case.last, "dead_fraction", "dead", slice(0, hidden))
    flat = flattest(case, case.last) if bounded and case.learned < LEARNED else None
    seen = found or (flat and flat[::-1])
    if not seen:
        return None
    layer, share = seen
    name = case.config.activations[case.last.names.index(layer)]
    if (ACTIVATIONS[name].bounds is not None) != bounded:
        return None
    config = case.config
    broad = wider(config)
    leaky = first_of(config, {"activation": "leaky_relu", "initializer": "he_normal"}) if config.activation == "relu" else ()
    others = first_of(config, {"initializer": good_initializer(config)}, {"learning_rate": config.learning_rate / 10}, TEXTBOOK)
    skips = carried(config)
    remedies = of_options(config) or skips or broad or leaky or others[:1]
    return Evidence({"layer": layer, "value": share}, remedies, layer, case.last.step, further=(*skips, *broad, *leaky, *others))


DEAD = Rule(
    "dead_units",
    N_("dead units: {value:.0%} of {layer}"),
    N_(
        "These units give the same for every image. Where a function is flat its slope is 0, no gradient passes, and they stay as they are."
    ),
    N_("share of units that are flat for all probe images above 40%"),
    N_("40% where the rate is too high: Karpathy, CS231n"),
    lambda case: _find(case, bounded=False),
    place=300,
)

SATURATED = Rule(
    "saturated_units",
    N_("saturated units: {value:.0%} of {layer}"),
    N_("These units are at the end of their range for every image, where their function is flat: no gradient passes through them."),
    N_("share of units of sigmoid or tanh that are flat for all probe images above 40%, or of all outputs above 75%"),
    N_("Glorot & Bengio 2010, 3; the limit as for dead units"),
    lambda case: _find(case, bounded=True),
    place=310,
)
