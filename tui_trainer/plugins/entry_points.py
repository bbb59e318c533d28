"""Plugins of installed packages, which name them as entry points of the group `tui_trainer.plugins`."""

import sys
from contextlib import redirect_stdout
from importlib import import_module
from importlib.metadata import EntryPoint
from pathlib import Path

from tui_trainer.errors import UserError
from tui_trainer.plugins.installed import VARIABLE, installed, is_wanted, named
from tui_trainer.plugins.loaded import loaded, take
from tui_trainer.plugins.plugin import Plugin
from tui_trainer.plugins.source import told


def load_installed() -> None:
    """Import the entry points and register their parts. Raises UserError, which names the entry point."""
    if not is_wanted():
        return
    known = {plugin.entry_point for plugin in loaded()}
    for point in installed():
        if point.name not in known:
            try:
                take(_plugin_of(point))
            except UserError as error:
                error.option, error.context = "", f"the installed plugin {named(point)}"
                error.hint = error.hint or f"mend or uninstall it, or set {VARIABLE}=0"
                raise


def _plugin_of(point: EntryPoint) -> Plugin:
    try:
        with redirect_stdout(sys.stderr):
            module = import_module(point.module)
    except (Exception, SystemExit) as error:
        raise UserError(f"cannot be imported: {told(error)}", value=point.module) from None
    path = Path(module.__file__ or point.module).absolute()
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(told(error), path=path) from None
    return Plugin.of(path, source, module, point.name)
