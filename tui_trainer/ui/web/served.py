"""The app's end of being served to a browser: whether it is, and not to outlive the server."""

import os
import sys
import threading
from collections.abc import Callable
from typing import Final

from tui_trainer.system.terminal import wait_for_hang_up

WEB_DRIVER: Final = "textual.drivers.web_driver:WebDriver"
"""What textual-serve puts into TEXTUAL_DRIVER of the processes that it starts."""


def is_served() -> bool:
    """Whether keys come from a browser and the screen goes to one: by pipes, with the driver that textual-serve asks for."""
    pipes = (stream is not None and not stream.isatty() for stream in (sys.__stdin__, sys.__stdout__))
    return os.environ.get("TEXTUAL_DRIVER") == WEB_DRIVER and all(pipes)


def when_the_server_is_gone(tell: Callable[[], object]) -> None:
    """Call `tell`, from another thread, once the pipe from the server has no other end any more: it was killed."""

    def wait() -> None:
        wait_for_hang_up(sys.__stdin__.fileno())  # type: ignore[union-attr] # it is a pipe
        tell()

    threading.Thread(target=wait, name="server-watch", daemon=True).start()
