"""Plugins in the app: read again when their files have changed, and kept from ending it by what they do wrong in a picture."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.dom import DOMNode

from tui_trainer.errors import UserError
from tui_trainer.plugins.blame import blamed
from tui_trainer.plugins.loaded import changed, take
from tui_trainer.plugins.plugin import Plugin
from tui_trainer.system.folders import printable

_told: set[str] = set()


@contextmanager
def contained(node: DOMNode) -> Iterator[None]:
    """Inside, an exception that a plugin raised is told in a notification, once, and what is inside ends there."""
    try:
        yield
    except Exception as error:
        told = blamed(error)
        if told is None:
            raise
        if (text := printable(str(told))) not in _told:
            _told.add(text)
            node.app.notify(text, severity="error", timeout=20, markup=False)


async def read_again(node: DOMNode) -> list[str] | None:
    """Take the plugins whose files have changed as they are now, and return these files' names.

    None where one is broken, which is told in a notification; all of them then stay as they were. No run may be going on here.
    """
    try:
        sources = changed()
        # What a file does as it is executed may take its time.
        plugins = [await asyncio.to_thread(Plugin.read, Path(each.path), each.source) for each in sources]
        for plugin in plugins:
            take(plugin)
    except UserError as error:
        node.app.notify(printable(str(error)), severity="error", timeout=30, markup=False)
        return None
    if plugins:
        _told.clear()
    return [printable(plugin.path.name) for plugin in plugins]
