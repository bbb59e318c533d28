"""Plugins of installed packages, which name them as entry points of the group `tui_trainer.plugins`."""

import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from sys import stderr
from typing import Final

from tui_trainer.errors import UserError
from tui_trainer.plugins.loaded import loaded, take
from tui_trainer.plugins.plugin import Plugin
from tui_trainer.plugins.source import told

GROUP: Final = "tui_trainer.plugins"
VARIABLE: Final = "TUI_TRAINER_PLUGINS"
"""Where it is 0 no entry point is imported."""


def installed() -> tuple[EntryPoint, ...]:
    """The entry points, of which nothing is imported."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda each: each.name))


def is_wanted() -> bool:
    """Whether entry points may be imported."""
    return os.environ.get(VARIABLE, "") != "0"


def load_installed() -> None:
    """Import the entry points and register their parts. Raises UserError, which names the entry point."""
    if not is_wanted():
        return
    known = {plugin.entry_point for plugin in loaded()}
    for point in installed():
        if point.name not in known:
            try:
                for plugin in _plugins_of(point):
                    take(plugin)
            except UserError as error:
                error.option, error.context = "", f"the installed plugin {named(point)}"
                error.hint = error.hint or f"mend or uninstall it, or set {VARIABLE}=0"
                raise


def named(point: EntryPoint) -> str:
    """The entry point and its package: `lion of optimizers-extra 1.2`."""
    package = point.dist
    return f"{point.name} of {package.name} {package.version}" if package else point.name


def _plugins_of(point: EntryPoint) -> Iterator[Plugin]:
    try:
        with redirect_stdout(stderr):
            module = import_module(point.module)
    except (Exception, SystemExit) as error:
        raise UserError(f"cannot be imported: {told(error)}", value=point.module) from None
    path = Path(module.__file__ or point.module).absolute()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(told(error), path=path) from None
    yield Plugin.of(path, source, module, point.name)
