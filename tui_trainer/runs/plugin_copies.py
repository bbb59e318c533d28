"""A run's own copies of the plugins that it was made with. They are data: nothing loads them from there by itself."""

from tui_trainer.config.options import Config
from tui_trainer.config.origins import KEY, copy_name
from tui_trainer.plugins.loaded import loaded
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.system.files import replace


def keep_plugins(folder: RunDirectory, config: Config) -> None:
    """Copy the plugins that the run's options come from, and those that were named beside them. Raises OSError."""
    used = {origin["sha256"] for origin in config.record().get(KEY, ())}
    for plugin in loaded():
        if plugin.origin.sha256 in used or not plugin.entry_point:
            copy = folder.path / copy_name(plugin.path.name)
            if not (copy.is_file() and copy.read_bytes() == plugin.source):
                replace(copy, plugin.source)
