"""The sources of options' values, the command line or a file, and the options' names there."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tui_trainer.config.error_messages import shortened
from tui_trainer.errors import UserError, reason_of
from tui_trainer.system.toml_file import parse_toml, read_given

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {"learning_rate": ("--lr",)}


def option(name: str) -> str:
    """A field's option on the command line."""
    return "--" + name.replace("_", "-")


def spellings(name: str) -> tuple[str, ...]:
    """Every spelling of a field that the command line takes, its own first."""
    return option(name), *ALIASES.get(name, ())


@dataclass(frozen=True)
class Source:
    """Where each value came from, so that an error can name the option or the file."""

    file: Path | None = None
    from_file: frozenset[str] = frozenset()

    def error(self, name: str, problem: str, *, hint: str = "", colon: bool = True) -> UserError:
        """The error about an option's value, with the option named as it was given."""
        is_in_file = name in self.from_file
        called, path = (shortened(name), self.file) if is_in_file else (option(shortened(name)), None)
        return UserError(problem, option=called, path=path, hint=hint, colon=colon)


def merged(file: Path | None, given: Mapping[str, Any]) -> tuple[dict[str, Any], Source]:
    """The values in a file and those that are given, which win where they are not None; unchecked. Raises UserError as `read_toml` does."""
    said = {name: value for name, value in given.items() if value is not None}
    from_file = read_toml(file) if file else {}
    return {**from_file, **said}, Source(file, frozenset(from_file.keys() - said.keys()))


def read_toml(path: Path) -> dict[str, Any]:
    """The values in a TOML file, unchecked. Raises UserError when it cannot be read or is no TOML."""
    try:
        return parse_toml(read_given(path))
    except OSError as error:
        raise UserError(reason_of(error), option="--config", path=path) from None
    except ValueError as error:
        raise UserError(str(error), option="--config", path=path) from None
