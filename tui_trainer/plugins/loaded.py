"""The plugins of this process: loaded when a person names their files, and read again when these have changed."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tui_trainer.config import origins
from tui_trainer.errors import UserError
from tui_trainer.plugins.plugin import Plugin, PluginPart, name_taken
from tui_trainer.plugins.source import OPTION, read_source, refused, sha256_of, told


class PluginSource(NamedTuple):
    """A plugin as it goes to another process."""

    path: str
    source: bytes
    sha256: str


_loaded: dict[Path, Plugin] = {}
_lock = threading.RLock()


def loaded() -> tuple[Plugin, ...]:
    """All plugins, in the order in which they were loaded."""
    return tuple(_loaded.values())


def load(path: Path) -> Plugin:
    """Execute a plugin's file and register its parts, unless that is done and the file has not changed since.

    Raises UserError, which names the file and the line; nothing is registered then, and what was loaded before stays.
    """
    path = _located(path)
    with _lock:
        return load_source(path, read_source(path))


def load_source(path: Path, source: bytes) -> Plugin:
    """As `load`, with the file's bytes given: the file itself need not be on this machine."""
    with _lock:
        known = next((plugin for plugin in loaded() if plugin.source == source), None)
        return known or take(Plugin.read(path, source))


def take(plugin: Plugin) -> Plugin:
    """Register a plugin's parts, in place of those of the same file. Raises UserError as `load` does."""
    with _lock:
        namesake = next((each for each in loaded() if each.path.name == plugin.path.name and each.path != plugin.path), None)
        if namesake:
            raise refused(plugin.path, None, f"{namesake.path} has the same name, by which runs know a plugin: rename one of them")
        before = _loaded.get(plugin.path)
        if before:
            _withdraw(before)
        try:
            _register(plugin)
        except BaseException:
            if before:
                _register(before)
            raise
        _loaded[plugin.path] = plugin
        return plugin


def unload(plugin: Plugin) -> None:
    """Take the plugin's parts out of the registries."""
    with _lock:
        if _loaded.pop(plugin.path, None):
            _withdraw(plugin)


def refuse_hyperparameter(name: str, reason: str) -> UserError:
    """The error about a hyperparameter that one of the plugins declares."""
    for plugin in loaded():
        for part in plugin.parts:
            if name in getattr(part.definition, "hyperparameters", ()):
                return refused(
                    plugin.path, part.line, f"{part.definition.__name__}: the hyperparameter {name} needs another name: {reason}"
                )
    raise KeyError(name)


def changed() -> list[PluginSource]:
    """The plugins whose files are not as they were loaded; one that is gone stays. Raises UserError for one that cannot be read."""
    found = []
    for plugin in loaded():
        if not plugin.entry_point and plugin.path.exists():
            source = read_source(plugin.path)
            if source != plugin.source:
                found.append(PluginSource(str(plugin.path), source, sha256_of(source)))
    return found


def sources() -> tuple[PluginSource, ...]:
    """The loaded plugins for another process."""
    return tuple(PluginSource(str(plugin.path), plugin.source, plugin.origin.sha256) for plugin in loaded())


def take_over(sent: Iterable[PluginSource]) -> None:
    """Load what another process has sent, unless the same bytes are loaded here, and in place of what was sent before under such names.

    Raises UserError also where the bytes are not those of the SHA-256.
    """
    for path, source, sha256 in sent:
        if sha256_of(source) != sha256:
            raise refused(Path(path), None, "it is not the file that was sent: its SHA-256 is another")
        with _lock:
            if any(plugin.source == source for plugin in loaded()):
                continue
            plugin = Plugin.read(Path(path), source)
            for other in loaded():
                if not other.entry_point and (other.path.name == plugin.path.name or _names(other) & _names(plugin)):
                    unload(other)
            take(plugin)


def _names(plugin: Plugin) -> set[tuple[str, str]]:
    return {(part.kind.name, part.name) for part in plugin.parts}


def _located(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except (OSError, RuntimeError) as error:
        raise UserError(str(error), option=OPTION, path=path) from None


def _register(plugin: Plugin) -> None:
    origin = plugin.origin
    done: list[PluginPart] = []
    for part in plugin.parts:
        try:
            if part.name in part.kind.names():
                raise name_taken(plugin.path, part)
            done.append(part)
            part.kind.add(part.name, part.definition)
        except Exception as error:
            for each in reversed(done):
                with suppress(KeyError):
                    each.kind.remove(each.name)
                origins.forget(each.kind.option, each.name)
            if isinstance(error, UserError):
                raise
            reason = str(error) if isinstance(error, ValueError) else told(error)
            raise refused(plugin.path, part.line, f"{part.definition.__name__}: {reason}") from None
        if part.kind.option:
            origins.know(part.kind.option, part.name, origin)


def _withdraw(plugin: Plugin) -> None:
    for part in reversed(plugin.parts):
        with suppress(KeyError):
            part.kind.remove(part.name)
        origins.forget(part.kind.option, part.name)
