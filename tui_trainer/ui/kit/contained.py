"""Keeps what a plugin does wrong in a picture or a forecast from ending the app."""

from collections.abc import Iterator
from contextlib import contextmanager

from textual.dom import DOMNode

from tui_trainer.plugins.blame import blamed
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


def tell_again() -> None:
    """Tell also what was told before: the plugins are others now."""
    _told.clear()
