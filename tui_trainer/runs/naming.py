"""Names of runs, made of what they are: `sigmoid-100x10-uniform-adam-lr0.1`; and of what tells runs apart."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePath
from typing import Final

from pydantic import JsonValue

from tui_trainer.config.hyperparameters import KINDS
from tui_trainer.config.options import Config
from tui_trainer.config.per_layer import abridged
from tui_trainer.config.relevance import hindrance
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.comparison import option_text
from tui_trainer.runs.listing import differences, usual_options
from tui_trainer.system.folders import printable

LONGEST: Final = 40
"""Characters of a name, all of them ASCII; a number that makes it unique comes on top."""

LONGEST_LIST: Final = 16
"""Characters of a value for each layer; a longer one is told in a word."""

ALWAYS: Final = ("activation", "hidden", "optimizer")

LAST: Final = ("seed", "epochs", "early_stopping", "validation", "shuffle", "changes")
"""What a name leaves out first, where it becomes too long."""

UNSAID: Final = ("threads", "checkpoint_every")
"""They change none of a run's figures."""

WORDS: Final[Mapping[str, str]] = {
    "learning_rate": "lr",
    "uniform_limit": "limit",
    "decay_every": "every",
    "weight_decay": "wd",
    "normalization_place": "norm",
    "clip_norm": "clip",
    "batch_size": "batch",
    "early_stopping": "patience",
}
"""What stands before a value. Any other option stands there by its own name."""


def _order() -> list[str]:
    """The options from the most important on, as they are now: those of parts come and go."""
    first = ("data", "activation", "hidden")
    return [*first, *(name for name in Config.model_fields if name not in (*first, *LAST, *UNSAID)), *LAST]


def name_of(config: Config) -> str:
    """The name of a run with these options: what always matters, and what else is not as it would be by itself."""
    values = config.record()
    said = {*ALWAYS, *unusual(values)} - ({"activation"} if not config.hidden else set())
    name = ""
    for part in (_ascii(short(option, values[option]).removeprefix("hidden")) for option in _order() if option in said):
        if len(name) + 1 + len(part) <= LONGEST:
            name = f"{name}-{part}" if name else part
    return name


def unusual(values: Mapping[str, JsonValue]) -> list[str]:
    """The options with an effect whose values follow neither from the defaults nor from other options, the most important first."""
    try:
        usual = _usual(option_text(values["hidden"]), str(values["activation"]), str(values["optimizer"]))
        return [name for name in _order() if name in values and values[name] != usual.get(name) and hindrance(name, values) is None]
    except (UserError, KeyError):  # options of another version
        return [name for name in values if name not in UNSAID]


@lru_cache(256)
def _usual(hidden: str, activation: str, optimizer: str) -> dict[str, JsonValue]:
    """Every option's value with these three; the network's own are usual where they are the first run's."""
    defaults = Config.parse({})
    found = Config.parse({"hidden": hidden, "activation": activation, "optimizer": optimizer})
    return found.record() | {name: value for name, value in defaults.record().items() if name in ("hidden", "activation", "optimizer")}


for _kind in KINDS.values():
    _kind.parts.listeners.append(_usual.cache_clear)


def short(option: str, value: JsonValue) -> str:
    """An option's value as one word that says which option it is of: `he_normal`, `lr0.1`, `batch64`."""
    text, word = option_text(value), WORDS.get(option, printable(option).replace("_", ""))
    match option:
        case "hidden":
            many = f"{len(value) if isinstance(value, list) else 0}layers"
            return "softmax" if text == "none" else f"hidden{text if len(text) <= LONGEST_LIST else many}"
        case "activation" | "initializer" | "optimizer" | "schedule" | "normalization":
            text = abridged(text) if len(abridged(text)) <= LONGEST_LIST else "mixed"
            return f"{text}norm" if option == "normalization" else text
        case "data":
            return printable(PurePath(text).stem)
        case "changes":
            first = value[0] if isinstance(value, list) and value else None
            return f"changed{first.get('step', '')}" if isinstance(first, dict) else "unchanged"
    if value is None or isinstance(value, bool):
        return word if value else f"no{word}"
    number = f"{value:g}" if isinstance(value, float) else text
    return f"{word}_{number}" if word[-1:].isdigit() else f"{word}{number}"


def said_differences(runs: Sequence[RunRecord]) -> list[dict[str, JsonValue]]:
    """Of each run the options that are not as in most of them, without those that only follow from others."""
    usual, said = usual_options(runs), [unusual(run.config) for run in runs]
    often = {name for name, count in Counter(name for names in said for name in names).items() if 2 * count >= len(runs)}
    found = [differences(run, usual) for run in runs]
    return [{name: each[name] for name in _in_order({*names, *often}) if name in each} for each, names in zip(found, said, strict=True)]


def told_apart(runs: Sequence[RunRecord]) -> list[str]:
    """What each run is called beside the others: what it differs in, where that tells them apart and is shorter than their names."""
    names = [run.name for run in runs]
    said = {option for run in runs for option in unusual(run.config)}
    options = [name for name in _in_order(said) if any(run.config.get(name) != runs[0].config.get(name) for run in runs)]
    texts = [" ".join(short(option, run.config.get(option)) for option in options) for run in runs]
    is_shorter = max(map(len, texts), default=0) < max(map(len, names), default=0)
    return texts if is_shorter and all(texts) and len(set(texts)) == len(texts) else names


def _in_order(options: Collection[str]) -> list[str]:
    order = _order()
    return [*(name for name in order if name in options), *sorted(set(options).difference(order))]


def _ascii(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.,_+-]+", "_", text).strip(".-_")
