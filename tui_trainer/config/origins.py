"""The plugins that a run's choices come from: their files' names and SHA-256, by which a run knows its code again."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any, Final, NamedTuple, Self, TypeAlias

from tui_trainer.config.source import Source
from tui_trainer.errors import UserError

KEY: Final = "plugins"
"""The key of a config.toml, and of a run's options in its other files."""

MOST_FILES: Final = 100
"""Plugins of a run, and parts of one of them."""

LONGEST_NAME: Final = 255
COPY: Final = ".plugin"
"""What the name of a run's own copy has before its end."""

SHOWN: Final = 12
"""Digits of a SHA-256 in a message."""


class Origin(NamedTuple):
    """A plugin's file: its name without a folder, and the SHA-256 of its bytes in hexadecimal digits."""

    file: str
    sha256: str
    path: str = ""
    """Where it was found here; no run's files say so."""

    def __str__(self) -> str:
        return f"{self.file} (SHA-256 {self.sha256[:SHOWN]}…)"


def copy_name(file: str) -> str:
    """The name of a run's own copy of a plugin's file."""
    return f"{PurePath(file).stem.removesuffix(COPY)}{COPY}.py"


class MissingPluginError(UserError):
    """A run needs a plugin that is not loaded, or is loaded from another file. `wanted` is the one that it needs."""

    wanted: Origin

    @classmethod
    def of(cls, what: str, wanted: Origin, here: Origin | None) -> Self:
        """The error about a part, which is `here` of another file, or of none."""
        problem = f"{what} is of the plugin {wanted}, " + (f"and not of {here}" if here else "which is not loaded")
        error = cls(problem, hint=f"give that file with --plugin {wanted.file}")
        error.wanted = wanted
        return error

    def look_beside(self, folder: Path) -> None:
        """Name the run's own copy of the file, where the folder has it."""
        copy = folder / copy_name(self.wanted.file)
        with suppress(OSError, ValueError):
            if copy.is_file() and sha256(copy.read_bytes()).hexdigest() == self.wanted.sha256:
                self.hint = f"give that file with --plugin; the run has a copy, {copy}: look at it first, it is a program"


Origins: TypeAlias = Mapping[tuple[str, str], Origin]
"""Where choices come from, by option and name; of those that are not the program's own."""

_origins: Origins = {}


def known_origins() -> Origins:
    """The origins as they are now; what is loaded later makes others."""
    return _origins


def know(option: str, name: str, origin: Origin) -> None:
    """From now on this choice of an option is a plugin's."""
    global _origins  # noqa: PLW0603 a run that was described before keeps those of then
    _origins = {**_origins, (option, name): origin}


def forget(option: str, name: str) -> None:
    """The choice is gone."""
    global _origins  # noqa: PLW0603
    _origins = {key: origin for key, origin in _origins.items() if key != (option, name)}


def origins_of(values: Mapping[str, Any], known: Origins | None = None) -> list[dict[str, Any]]:
    """The plugins that these options' values come from, as plain data; `refuse_others` reads it."""
    found: dict[Origin, list[str]] = {}
    for (option, name), origin in sorted((_origins if known is None else known).items()):
        if name in _chosen(option, values):
            found.setdefault(origin, []).append(f"{option} {name}")
    return [{"file": origin.file, "sha256": origin.sha256, "parts": parts} for origin, parts in found.items()]


def paths_of(values: Mapping[str, Any], known: Origins) -> list[str]:
    """Where the files are that these options' values come from."""
    used = (origin.path for (option, name), origin in sorted(known.items()) if is_chosen(option, name, values))
    return [path for path in dict.fromkeys(used) if path]


def refuse_others(needed: Any, values: Mapping[str, Any], source: Source) -> None:
    """Raise UserError where a choice among `values` is of another file than `needed` says, what `origins_of` gave; it may be anything."""
    if not isinstance(needed, list) or len(needed) > MOST_FILES:
        raise source.error(KEY, "must be a list of tables")
    for each in needed:
        origin, parts = _read(each, source)
        for option, name in parts:
            here = _origins.get((option, name))
            if name not in _chosen(option, values):
                continue
            if here is None or here.sha256 != origin.sha256:
                error = MissingPluginError.of(f"{option} {name}", origin, here)
                error.path = source.file
                if source.file:
                    error.look_beside(source.file.parent)
                raise error


def plugin_options(needed: Any) -> set[str]:
    """The options that only these plugins have, as `record` says; what `refuse_others` has let pass."""
    lists = (each.get("options") for each in needed)
    return {name for options in lists if isinstance(options, list) for name in options if isinstance(name, str)}


def refuse_loaded_others(needed: Any, folder: Path) -> None:
    """Raise UserError where a part that is loaded is of another file than `needed` says, of a run in the folder; it may be anything."""
    loaded = [each for each in needed if isinstance(each, dict)] if isinstance(needed, list) else []
    for each in loaded:
        origin, parts = _read(each, Source())
        for option, name in parts:
            here = _origins.get((option, name))
            if here is not None and here.sha256 != origin.sha256:
                error = MissingPluginError.of(f"{option} {name}", origin, here)
                error.path = folder
                error.look_beside(folder)
                raise error


def _read(each: Any, source: Source) -> tuple[Origin, Iterable[tuple[str, str]]]:
    match each:
        case {"file": str(file), "sha256": str(sha256), "parts": list(parts)}:
            pairs = [(option, name) for part in parts if isinstance(part, str) for option, _, name in (part.partition(" "),)]
            if len(pairs) == len(parts) <= MOST_FILES and file.isprintable() and len(file) <= LONGEST_NAME and sha256.isalnum():
                return Origin(file, sha256), pairs
    raise source.error(KEY, "must name for each plugin its file, sha256 and parts")


def is_chosen(option: str, name: str, values: Mapping[str, Any]) -> bool:
    """Whether an option has this choice from the start, or by a change."""
    return name in _chosen(option, values)


def _chosen(option: str, values: Mapping[str, Any]) -> list[str]:
    """The names that an option has from the start, or by a change."""
    changes = values.get("changes")
    changed = [change.get(option) for change in changes if isinstance(change, Mapping)] if isinstance(changes, list) else []
    return [name for value in (values.get(option), *changed) for name in _names(value)]


def _names(value: Any) -> list[str]:
    """The names in a text or a list; `relux2` is relu."""
    texts = value.split(",") if isinstance(value, str) else [str(each) for each in value] if isinstance(value, list | tuple) else []
    return [re.sub(r"[x×*]\d+$", "", text.strip()) for text in texts]
