"""A run's options that are not defaults, as a command line or TOML."""

import shlex
from typing import Any

import tomli_w

from tui_trainer.config.options import Config, as_text, fields
from tui_trainer.config.origins import KEY
from tui_trainer.config.per_layer import abridged
from tui_trainer.config.source import option


def essentials(config: Config) -> dict[str, Any]:
    """The values that differ from their defaults, in the order of the options; `Config.parse` makes the same Config of them."""
    # A default depends at most on options that stand before its own.
    found: dict[str, Any] = {}
    defaults = Config.parse(found)
    for name, _ in fields():
        value = getattr(config, name)
        if value != getattr(defaults, name):
            found[name] = value
            defaults = Config.parse(found)
    return found


def command_line(config: Config, *, no_ui: bool = True) -> str:
    """The command line of the run, quoted for a shell."""
    words = ["tui-trainer", "--no-ui"] if no_ui else ["tui-trainer"]
    for path in config.plugin_files:
        words += ["--plugin", path]
    for name, value in essentials(config).items():
        if isinstance(value, bool):
            words.append(option(name) if value else f"--no-{name}")
        else:
            words += [option(name), _short(value)]
    return shlex.join(words)


def toml(config: Config) -> str:
    """A file for `--config`."""
    values = {name: value if isinstance(value, bool | int | float) else _short(value) for name, value in essentials(config).items()}
    plugins = config.record().get(KEY)
    return tomli_w.dumps({**values, KEY: plugins} if plugins else values)


def _short(value: Any) -> str:
    return abridged(value) if isinstance(value, str) and "," in value else as_text(value)
