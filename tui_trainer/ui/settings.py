"""What the app remembers from one time to the next: theme, sizes of panes, the last run's options, and how the lessons came out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError

from tui_trainer.config.command_line import essentials
from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.lessons.outcome import Outcome
from tui_trainer.system import folders
from tui_trainer.system.files import write_whole
from tui_trainer.system.reading import read_table

LARGEST = 1 << 16
"""Bytes that are read: what is larger was not written here."""


@dataclass
class Settings:
    """Kept in settings.toml in the user's folder for this program. A file that cannot be read is as good as none."""

    theme: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    lessons: Mapping[str, Outcome] = field(default_factory=dict)
    """By the lessons' names: those that were put to the test here."""
    panes: dict[str, dict[str, int]] = field(default_factory=dict)
    """Columns or lines, by the class of the terminal's size and the pane."""

    @classmethod
    def load(cls) -> "Settings":
        """What was remembered, as far as it can still be used."""
        try:
            values = read_table(_file(), LARGEST)
            options, theme, lessons = values.get("options", {}), values.get("theme", ""), values.get("lessons", {})
            if not (isinstance(options, dict) and isinstance(lessons, dict)):
                return cls()
            options = _readable(options)
            outcomes = {name: Outcome.model_validate(outcome) for name, outcome in lessons.items()}
        except (UserError, ValidationError):
            return cls()
        return cls(theme if isinstance(theme, str) else "", options, outcomes, _sizes(values.get("panes")))

    def remember(
        self,
        *,
        theme: str | None = None,
        config: Config | None = None,
        lessons: Mapping[str, Outcome] | None = None,
        panes: Mapping[str, Mapping[str, int]] | None = None,
    ) -> None:
        """Keep another theme, the options of another run, how lessons came out, or other sizes of panes. Raises OSError."""
        self.theme = self.theme if theme is None else theme
        if panes is not None:
            self.panes = {size: dict(known) for size, known in panes.items() if known}
        if config is not None:
            # What was changed in one run is no wish for the next one.
            self.options = essentials(config.model_copy(update={"changes": ()}))
        self.lessons = {**self.lessons, **(lessons or {})}
        _file().parent.mkdir(parents=True, exist_ok=True)
        options = {name: list(value) if isinstance(value, tuple) else value for name, value in self.options.items()}
        outcomes = {name: outcome.model_dump() for name, outcome in self.lessons.items()}
        kept = {"theme": self.theme, "options": options, "lessons": outcomes, "panes": self.panes}
        write_whole(_file(), tomli_w.dumps(kept).encode())


def _sizes(known: Any) -> dict[str, dict[str, int]]:
    """The sizes among what a file has."""
    tables = {size: panes for size, panes in known.items() if isinstance(panes, dict)} if isinstance(known, dict) else {}
    return {size: {name: cells for name, cells in panes.items() if type(cells) is int and cells > 0} for size, panes in tables.items()}


def _file() -> Path:
    return folders.settings() / "settings.toml"


def _readable(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the form takes them, however they were written; none where a plugin of theirs is not loaded now."""
    try:
        config = Config.parse(options)
    except UserError:
        return {}
    return {name: getattr(config, name) for name in options}
