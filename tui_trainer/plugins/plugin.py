"""A plugin: its file's bytes, and the parts that are found in it by the classes that they derive from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from tui_trainer.config.origins import COPY, Origin
from tui_trainer.errors import UserError
from tui_trainer.nn.parts import Part
from tui_trainer.plugins.kinds import KINDS, Kind
from tui_trainer.plugins.source import line_of, module_of, refused, sha256_of

OPTION_NAME: Final = re.compile(r"[a-z]([a-z0-9_]*[a-z0-9])?")


@dataclass(frozen=True)
class PluginPart:
    """A class in a plugin that is a part."""

    kind: Kind
    name: str
    definition: type[Any] = field(repr=False)
    line: int
    """Where it begins in the file."""


@dataclass(frozen=True)
class Plugin:
    """A file that was executed, and its parts, which need not be registered."""

    path: Path
    """Absolute."""
    source: bytes = field(repr=False)
    module: ModuleType = field(repr=False)
    parts: tuple[PluginPart, ...]
    entry_point: str = ""
    """The name under which an installed package brings it; empty for a file that was named."""

    @property
    def origin(self) -> Origin:
        """What identifies it in the files of a run."""
        # A run's own copy is the file that it is a copy of.
        return Origin(
            f"{self.path.stem.removesuffix(COPY)}{self.path.suffix}", sha256_of(self.source), "" if self.entry_point else str(self.path)
        )

    @classmethod
    def read(cls, path: Path, source: bytes) -> "Plugin":
        """Execute the file's bytes. Raises UserError, which names the file and the line."""
        return cls.of(path, source, module_of(path, source))

    @classmethod
    def of(cls, path: Path, source: bytes, module: ModuleType, entry_point: str = "") -> "Plugin":
        """The plugin that a module makes, executed before. Raises UserError where it has no part, or one that lacks something."""
        parts = tuple(_parts_in(path, source, module))
        if not parts:
            bases = ", ".join(dict.fromkeys(kind.base.__name__ for kind in KINDS))
            raise refused(path, None, f"there is no part in it: no class derives from one of {bases}")
        return cls(path, source, module, parts, entry_point)


def _parts_in(path: Path, source: bytes, module: ModuleType) -> Iterator[PluginPart]:
    package = module.__name__.partition(".")[0]
    classes = [
        value
        for value in vars(module).values()
        # Of a package also those that its module brings from another of its modules.
        if isinstance(value, type) and issubclass(value, Part)
        if value.__module__ == module.__name__ or (_is_installed(module) and value.__module__.startswith(f"{package}."))
    ]
    for found in dict.fromkeys(classes):
        kind = next((kind for kind in KINDS if issubclass(found, kind.base)), None)
        if kind is None or found.__name__.startswith("_"):
            continue
        line = line_of(source, found.__qualname__)
        if missing := found.missing():
            if any(other is not found and issubclass(other, found) for other in classes):
                continue  # what others in the file derive from
            raise refused(path, line, f"{found.__name__} is {kind.article} {kind.name} without {' and without '.join(missing)}")
        for name in found.hyperparameters:
            reason = ""
            if not OPTION_NAME.fullmatch(name):
                reason = "an option is of a-z, 0-9 and _, a letter first"
            elif name in kind.attributes():
                reason = f"{kind.article} {kind.name} has something else of this one"
            if reason:
                raise refused(path, line, f"{found.__name__}: the hyperparameter {name} needs another name: {reason}")
        yield PluginPart(kind, found.name, found, line)


def _is_installed(module: ModuleType) -> bool:
    return module.__spec__ is not None


def described(plugin: Plugin) -> str:
    """The plugin's parts in words: `optimizer my_rule, activation bent`."""
    return ", ".join(f"{part.kind.name} {part.name}" for part in plugin.parts)


def name_taken(path: Path, part: PluginPart) -> UserError:
    """The error about a part of whose name there is one already."""
    error = refused(path, part.line, f"{part.definition.__name__}: {part.kind.name} {part.name!r}: the name is taken")
    error.hint = 'call the class otherwise, or write name = "…" in it'
    return error
