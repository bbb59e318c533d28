"""Whose fault an exception is: one that a plugin raised is told in one line, with its file and line."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from tui_trainer.errors import UserError
from tui_trainer.plugins.loaded import loaded
from tui_trainer.plugins.plugin import Plugin
from tui_trainer.plugins.source import line_of, told


def blamed(error: BaseException) -> UserError | None:
    """The error as one of the plugin that raised it, or whose class was called wrongly; None where no plugin had part in it."""
    plugins = {str(plugin.path): plugin for plugin in loaded()}
    place, culprit = "", ""
    for frame, line in _frames(error.__traceback__):
        code = frame.f_code
        if code.co_filename in plugins:
            place, culprit = f"{code.co_filename}, line {line}", f"in {code.co_qualname}"
        elif not place and (found := _called_on(frame, plugins.values())):
            plugin, definition = found
            place, culprit = f"{plugin.path}, line {line_of(plugin.source, definition.__qualname__)}", f"in {definition.__qualname__}"
    return UserError(f"{culprit}: {told(error)}", path=place) if place else None


@contextmanager
def blaming_plugins() -> Iterator[None]:
    """Inside, an exception that a plugin raised becomes a UserError."""
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        if found := blamed(error):
            # A cause would say that the system refused something, which may pass.
            raise found from None
        raise


def _frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _called_on(frame: FrameType, plugins: Any) -> tuple[Plugin, type[Any]] | None:
    """The plugin's class whose method of ours was executed, or of which our function was about to make something."""
    for own in (frame.f_locals.get(name) for name in ("self", "cls", "part")):
        definition = own if isinstance(own, type) else type(own)
        for plugin in plugins:
            if plugin.module.__name__ == definition.__module__:
                return plugin, definition
    return None
