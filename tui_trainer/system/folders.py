"""Every folder that the program reads or writes, and how the name of one may be shown."""

import os
from pathlib import Path

import platformdirs

APP = "tui-trainer"


def printable(text: str) -> str:
    """`text` with what a terminal would obey spelled out: names come from files and arguments, and may hold escape sequences."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def path_text(path: Path) -> str:
    """The path for a file of JSON, which is UTF-8: bytes of a name that are none are spelled out, as in `run\\xff`."""
    return os.fsencode(path).decode(errors="backslashreplace")


def bundled_mnist() -> Path:
    """The four MNIST files: inside an installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "data"
    return installed if installed.is_dir() else package.parent / "data"


def runs() -> Path:
    """Where runs go that were not told where to go: `runs/` in the current folder."""
    return Path("runs")


def sweeps() -> Path:
    """Where sweeps go that were not told where to go."""
    return Path("sweeps")


def settings() -> Path:
    """What the app remembers of its user."""
    return platformdirs.user_config_path(APP)


def cache() -> Path:
    """What can be measured again."""
    return platformdirs.user_cache_path(APP)
