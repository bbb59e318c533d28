"""Remedies: sets of options that differ from a run's own, and are worth a try."""

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any, Final

from tui_trainer.config.hyperparameters import uses
from tui_trainer.config.options import Config
from tui_trainer.config.per_layer import made_for, split
from tui_trainer.diagnosis.finding import Options
from tui_trainer.history.quantities import FAR
from tui_trainer.nn.initializers import INITIALIZERS, initializer
from tui_trainer.nn.optimizers import OPTIMIZERS

TEXTBOOK: Final[Options] = {
    "activation": "relu",
    "initializer": "he_normal",
    "optimizer": "adam",
    "learning_rate": 0.001,
    "schedule": "constant",
    "warmup": 0.0,
    "weight_decay": 0.0,
    "clip_norm": None,
    "dropout": 0.0,
    "batch_size": 32,
}
"""What learns nearly everywhere: the last resort."""

WIDE: Final = 64
"""Units."""

DEEP: Final = 20
"""Hidden layers."""


def first_of(config: Config, *remedies: Options) -> tuple[Options, ...]:
    """The remedies without what the config has already, each once, the empty ones left out."""
    found: list[Options] = []
    for remedy in remedies:
        changed = {name: value for name, value in remedy.items() if getattr(config, name) != value}
        if changed and changed not in found:
            found.append(changed)
    return tuple(found)


def of_options(config: Config) -> tuple[Options, ...]:
    """The usual values of options that are out of their usual range, all together.

    With sigmoid also another activation with its initializer: stacked sigmoids let gradients vanish whatever their weights, and a single
    one learns slowly.
    """
    cures = out_of_range(config)
    if "sigmoid" not in config.activations:
        return first_of(config, cures)
    others = {name: value for name, value in cures.items() if name != "initializer"}
    # A line of 80 columns fits one remedy with a learning rate, or two without.
    activations = ("relu",) if others else ("relu", "tanh")
    replaced = [{"activation": name, "initializer": made_for(name, len(config.hidden)), **others} for name in activations]
    return first_of(config, *replaced)


def out_of_range(config: Config) -> dict[str, Any]:
    """The options that are out of their usual range, with usual values."""
    cures: dict[str, Any] = {}
    if not 1 / FAR < growth(config) < FAR:
        cures["initializer"] = good_initializer(config)
    optimizer = OPTIMIZERS[config.optimizer]
    usual, rate = optimizer.default_learning_rate, config.learning_rate
    if not usual / 10 <= rate <= usual:
        cures["learning_rate"] = rate = usual
    # From 1 on, a step subtracts the whole weight or more.
    if rate * config.weight_decay >= 1:
        cures["weight_decay"] = optimizer.default_weight_decay
    return cures


def good_initializer(config: Config) -> str:
    """The initializer made for the activations."""
    made = made_for(config.activation, len(config.hidden))
    return "auto" if "," in made else made


def growth(config: Config) -> float:
    """The factor by which the outputs' standard deviation exceeds that with each layer's recommended initializer.

    The first layer is left out and the output layer taken as square: the options do not contain the numbers of inputs and classes.
    """
    return prod(factors(config))


def factors(config: Config) -> list[float]:
    """The layers' factors of `growth`, from the second hidden layer to the output layer."""
    fans = zip(config.hidden, [*config.hidden[1:], *config.hidden[-1:]], strict=True)
    made = split(made_for(config.activation, len(config.hidden)), len(config.hidden) + 1)
    names = zip(config.initializers[1:], made[1:], strict=True)
    return [
        initializer(name, **config.own(INITIALIZERS[name])).deviation(*fan) / initializer(good).deviation(*fan)
        for fan, (name, good) in zip(fans, names, strict=True)
    ]


def carried(config: Config) -> tuple[Options, ...]:
    """Normalization and skips, which carry signal and gradient through any number of layers (He et al. 2016); for a deep network."""
    if len(config.hidden) < DEEP:
        return ()
    normalization = "batch" if config.normalization == "none" else config.normalization
    return first_of(config, {"normalization": normalization, "residual": config.residual or 2})


def wider(config: Config) -> tuple[Options, ...]:
    """Layers that are never dead as a whole: of few units all may be at once, and cut off the layers behind them (Lu et al. 2020)."""
    return first_of(config, {"hidden": tuple(max(size, WIDE) for size in config.hidden)})


def briefly(remedies: Iterable[Options], say: Callable[[str], str] = str) -> str:
    """The remedies in short, such as `relu + he_normal / tanh + glorot_uniform`; `say` translates the options' names."""
    return " / ".join(" + ".join(_brief(name, value, say) for name, value in options.items()) for options in remedies)


def _brief(name: str, value: Any, say: Callable[[str], str]) -> str:
    words = say(name.replace("_", " "))
    match value:
        case bool():
            return words
        case int() | float():
            return f"{words} {value:g}"
        case tuple():
            return f"{words} {','.join(map(str, value))}"
        case "auto" | None:
            return f"{words} {'none' if value is None else value}"
    # Names of functions and initializers need no option name.
    return str(value)


def changed(config: Config, remedy: Mapping[str, Any]) -> Config:
    """The config with a remedy's options, and without changes in mid-run of these."""
    kept = []
    for change in config.record()["changes"]:
        rest = {name: value for name, value in change.items() if name not in remedy}
        kept += [rest] if rest.keys() - {"step"} else []
    values = {**config.record(), **remedy, "changes": kept}
    # What follows from the activation is worked out anew with another one.
    if "activation" in remedy:
        values |= dict.fromkeys(name for name, found in uses().items() if any(use.option == "activation" for use in found))
    return Config.parse({name: value for name, value in values.items() if value is not None or name == "clip_norm"})
