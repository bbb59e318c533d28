"""The finding that explains how a run ended, with the options that cure it.

Words have the same thresholds as on the layers' map: both use `FIGURES`. A remedy is named only if a test trains it and shows that it
works (`tests/diagnosis/test_cures.py`); otherwise the finding has none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan, prod
from typing import Any, Final

from tui_trainer.config.options import Config
from tui_trainer.config.per_layer import made_for, split
from tui_trainer.history.quantities import FAR, FIGURES, table
from tui_trainer.nn.activations import ACTIVATIONS
from tui_trainer.nn.initializers import initializer
from tui_trainer.nn.optimizers import OPTIMIZERS
from tui_trainer.text.language import N_
from tui_trainer.training.events import LayerHealth, Status

GUESSING: Final = 0.2
"""The accuracy up to which nothing was learned: twice that of guessing among ten classes."""

Options = Mapping[str, Any]

SYMPTOMS: Final = {
    "dead_units": N_("dead units: {value:.0%} of {layer}"),
    "saturated_units": N_("saturated units: {value:.0%} of {layer}"),
    "exploding_gradients": N_("exploding gradients"),
    "vanishing_gradients": N_("vanishing gradients"),
    "learning_rate_high": N_("the learning rate is too high"),
    "learning_rate_low": N_("the learning rate is too low"),
    "decay_too_strong": N_("the weight decay is too strong"),
    "no_learning": N_("nothing was learned"),
    "diverged": N_("no cause is known"),
}
"""Each finding's text for users."""


@dataclass(frozen=True)
class Finding:
    """A problem by its name in `SYMPTOMS`, its evidence, and sets of options each of which cures it."""

    name: str
    evidence: Mapping[str, Any]
    remedies: tuple[Options, ...] = ()

    def symptom(self, say: Callable[[str], str] = str) -> str:
        """The problem in words, translated by `say`."""
        return say(SYMPTOMS[self.name]).format(**self.evidence)


def diagnose(config: Config, status: Status, test_accuracy: float | None, layers: Sequence[LayerHealth]) -> Finding | None:
    """The finding that explains best how a run ended; None when it went well or was cut short.

    `config` holds the options as they were at the end, `layers` what was measured last, if anything was.
    """
    if status == "diverged":
        return _divergence(config)
    if status != "completed" or not config.epochs:
        return None
    return _flat(config, layers) or _explosion(config, layers) or _idleness(config, test_accuracy, layers)


def _divergence(config: Config) -> Finding:
    cures = _cures(config)
    remedies = _remedies(config) if cures else ()
    if growth(config) >= FAR:
        return Finding("exploding_gradients", {"growth": growth(config)}, remedies)
    if config.learning_rate > cures.get("learning_rate", inf):
        return Finding("learning_rate_high", {"learning_rate": config.learning_rate}, remedies)
    if "weight_decay" in cures:
        return Finding("decay_too_strong", {"weight_decay": config.weight_decay}, remedies)
    return Finding("diverged", {}, remedies)


def _flat(config: Config, layers: Sequence[LayerHealth]) -> Finding | None:
    """Units whose function is flat for every image: no gradient passes through them, and they do not recover."""
    evidence = _worst(layers[: len(config.hidden)], "dead_fraction", "dead")
    if evidence is None:
        return None
    remedies = _remedies(config)
    if not remedies and config.activation == "relu" and config.initializer == made_for("relu", len(config.hidden)):
        remedies = ({"activation": "leaky_relu"},)
    names = {layer.name: activation for layer, activation in zip(layers, config.activations, strict=False)}
    bounded = ACTIVATIONS[names[evidence["layer"]]].bounds is not None
    return Finding("saturated_units" if bounded else "dead_units", evidence, remedies)


def _explosion(config: Config, layers: Sequence[LayerHealth]) -> Finding | None:
    evidence = _worst(layers, "gradient_norm", "exploding")
    remedies = _remedies(config) if _cures(config) else ()
    return Finding("exploding_gradients", evidence, remedies) if evidence else None


def _idleness(config: Config, test_accuracy: float | None, layers: Sequence[LayerHealth]) -> Finding | None:
    if test_accuracy is None or test_accuracy > GUESSING:
        return None
    remedies = _remedies(config)
    evidence = _worst(layers[:-1], "gradient_norm", "vanishing", reference=layers[-1:])
    if evidence:
        return Finding("vanishing_gradients", evidence, remedies)
    usual = _cures(config).get("learning_rate")
    if usual is not None:
        name = "learning_rate_high" if config.learning_rate > usual else "learning_rate_low"
        return Finding(name, {"learning_rate": config.learning_rate}, remedies)
    return Finding("no_learning", {"test_accuracy": test_accuracy}, remedies)


def _worst(layers: Sequence[LayerHealth], name: str, word: str, reference: Sequence[LayerHealth] = ()) -> dict[str, Any] | None:
    """The layer, and its value, with the figure's largest value among those for which the map has this word."""
    everyone = [*layers, *reference]
    if not everyone:
        return None
    figure, values = FIGURES[name], table(everyone)[:, list(FIGURES).index(name)]
    found = [
        (float(value), layer.name)
        for layer, value, judged in zip(layers, values, figure.judged(values), strict=False)
        # NaN: an earlier version did not measure the figure.
        if figure.band(float(judged)).word == word and not isnan(getattr(layer, name))
    ]
    return dict(zip(("value", "layer"), max(found), strict=True)) if found else None


def _remedies(config: Config) -> tuple[Options, ...]:
    """The cures of the options; with sigmoid, also another activation and its recommended initializer.

    Stacked sigmoids let gradients vanish whatever their weights, and a single one learns slowly.
    """
    cures = _cures(config)
    if "sigmoid" not in config.activations:
        return _if_any(cures)
    others = {name: value for name, value in cures.items() if name != "initializer"}
    # A line of 80 columns fits one remedy with a learning rate, or two without.
    activations = ("relu",) if others else ("relu", "tanh")
    return tuple({"activation": name, "initializer": made_for(name, len(config.hidden)), **others} for name in activations)


def _cures(config: Config) -> dict[str, Any]:
    """The options that are out of their usual range, with usual values."""
    cures: dict[str, Any] = {}
    if not 1 / FAR < growth(config) < FAR:
        made = made_for(config.activation, len(config.hidden))
        cures["initializer"] = "auto" if "," in made else made
    optimizer = OPTIMIZERS[config.optimizer]
    usual, rate = optimizer.default_learning_rate, config.learning_rate
    if not usual / 10 <= rate <= usual:
        cures["learning_rate"] = rate = usual
    # From 1 on, a step subtracts the whole weight or more.
    if rate * config.weight_decay >= 1:
        cures["weight_decay"] = optimizer.default_weight_decay
    return cures


def growth(config: Config) -> float:
    """The factor by which the outputs' standard deviation exceeds that with each layer's recommended initializer.

    The first layer is left out and the output layer taken as square: the options do not contain the numbers of inputs and classes.
    """
    fans = zip(config.hidden, [*config.hidden[1:], *config.hidden[-1:]], strict=True)
    made = split(made_for(config.activation, len(config.hidden)), len(config.hidden) + 1)
    names = zip(config.initializers[1:], made[1:], strict=True)
    return prod(
        initializer(name, uniform_limit=config.uniform_limit).deviation(*fan) / initializer(good).deviation(*fan)
        for fan, (name, good) in zip(fans, names, strict=True)
    )


def _if_any(cures: Options) -> tuple[Options, ...]:
    return (cures,) if cures else ()


def briefly(remedies: Iterable[Options], say: Callable[[str], str] = str) -> str:
    """The remedies in short, such as `relu + he_normal / tanh + glorot_uniform`; `say` translates the options' names."""
    return " / ".join(" + ".join(_brief(name, value, say) for name, value in options.items()) for options in remedies)


def _brief(name: str, value: Any, say: Callable[[str], str]) -> str:
    # Names of functions and initializers need no option name.
    return f"{say(name.replace('_', ' '))} {value:g}" if isinstance(value, float) else f"{name} {value}" if value == "auto" else str(value)
