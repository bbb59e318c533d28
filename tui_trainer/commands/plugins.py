"""`tui-trainer plugins`: the plugins that installed packages bring."""

from typing import Literal

import click


@click.command("plugins")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Lines of text, or one JSON object each.")
def plugins_command(form: Literal["text", "json"]) -> None:
    """List the plugins of installed packages, which are loaded with every command.

    With TUI_TRAINER_PLUGINS=0 in the environment none of them is imported, here or by any command; then their names are listed alone.
    """
    from tui_trainer.headless.tables import say, say_json, say_table  # noqa: PLC0415 --help need not wait for it
    from tui_trainer.plugins.entry_points import load_installed  # noqa: PLC0415
    from tui_trainer.plugins.installed import installed, is_wanted  # noqa: PLC0415
    from tui_trainer.plugins.loaded import loaded  # noqa: PLC0415
    from tui_trainer.system.folders import printable  # noqa: PLC0415
    from tui_trainer.system.streams import results  # noqa: PLC0415

    load_installed()
    parts = {plugin.entry_point: [f"{part.kind.name} {part.name}" for part in plugin.parts] for plugin in loaded()}
    with results():
        points = installed()
        if form == "json":
            for point in points:
                package = {"package": point.dist.name, "version": point.dist.version} if point.dist else {}
                say_json({"event": "plugin", "name": point.name, "module": point.module, **package, "parts": parts.get(point.name)})
        elif points:
            rows = [
                [
                    point.name,
                    point.module,
                    f"{point.dist.name} {point.dist.version}" if point.dist else "",
                    ", ".join(parts.get(point.name, ["not imported"])),
                ]
                for point in points
            ]
            say_table(("plugin", "module", "package", "parts"), [[printable(cell) for cell in row] for row in rows], whole=3)
        else:
            say("no installed package brings plugins")
        if form == "text" and points and not is_wanted():
            say("TUI_TRAINER_PLUGINS is 0: none of them is imported")
