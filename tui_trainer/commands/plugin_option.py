"""`--plugin`, which every command takes that trains, resumes, watches, predicts or exports.

What a plugin declares are options too, so that its file is loaded before the rest of the command line is parsed.
"""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from tui_trainer.commands.run_options import OfRun, OfSweep, Renewed, RenewedCommand, RenewedGroup
from tui_trainer.config.options import fields
from tui_trainer.config.source import option

OPTION = "--plugin"


class PluginOption(click.Option):
    """Its files are loaded when it is parsed."""

    def __init__(self) -> None:
        super().__init__(
            [OPTION, "plugins"],
            type=click.Path(path_type=Path),
            multiple=True,
            metavar="FILE.py",
            expose_value=False,
            help="A Python file with parts of your own; may be repeated. It is a program: give only what you trust.",
        )


class _TakesPlugins(Renewed):
    """What both kinds of commands do with plugins."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        after = [place for place, each in enumerate(self.params) if each.name == "config_file" or isinstance(each, click.Argument)]
        self.params.insert(max(after, default=-1) + 1, PluginOption())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Load the plugins first: what they declare are options too."""
        if not ctx.resilient_parsing:
            load_plugins(_named_in(args), _spellings(ctx.find_root().command))
        rest: list[str] = super().parse_args(ctx, args)  # type: ignore[misc] # that of the command which this is mixed into
        return rest


class PluginCommand(_TakesPlugins, RenewedCommand):
    """A command that takes plugins; where it takes options of a run, also those that plugins declare."""


class PluginGroup(_TakesPlugins, RenewedGroup):
    """A group of which the same holds; what is named before a command is loaded for it too."""


def load_plugins(paths: Iterable[Path], taken: Collection[str] = ()) -> None:
    """Load installed plugins and these. Raises UserError, also where one declares an option that is spelled as one of those `taken`."""
    from tui_trainer.plugins.installed import installed  # noqa: PLC0415 --help need not wait for it

    paths = list(paths)
    if not (paths or installed()):
        return
    from tui_trainer.plugins.entry_points import load_installed  # noqa: PLC0415
    from tui_trainer.plugins.loaded import load, loaded, refuse_hyperparameter, unload  # noqa: PLC0415

    before = {name for name, _ in fields()}
    load_installed()
    for path in paths:
        load(path)
    for name in (name for name, _ in fields() if name not in before and option(name) in taken):
        error = refuse_hyperparameter(name, f"{option(name)} is an option of a command already")
        for plugin in loaded():
            unload(plugin)
        raise error


def _spellings(command: click.Command) -> set[str]:
    """How the options of a command, and of those below it, are spelled."""
    # Those of a plugin that was loaded before, and is no more, are renewed when they are asked for.
    present = {name for name, _ in fields()}
    params = [each for each in command.params if not isinstance(each, OfRun | OfSweep) or each.name in present]
    own = {spelling for each in params for spelling in (*each.opts, *each.secondary_opts)}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union({"--help"}, *map(_spellings, below))


def named_plugins() -> tuple[Path, ...]:
    """The files of the plugins that were named, without those of installed packages."""
    from tui_trainer.plugins.loaded import loaded  # noqa: PLC0415

    return tuple(plugin.path for plugin in loaded() if not plugin.entry_point)


def _named_in(arguments: Iterable[str]) -> Iterator[Path]:
    following = iter(arguments)
    for argument in following:
        if argument == "--":
            return
        if argument == OPTION:
            if (path := next(following, None)) is not None:
                yield Path(path)
        elif argument.startswith(f"{OPTION}="):
            yield Path(argument.removeprefix(f"{OPTION}="))
