"""The plugins that installed packages name, of which nothing is imported."""

import os
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

GROUP: Final = "tui_trainer.plugins"
VARIABLE: Final = "TUI_TRAINER_PLUGINS"
"""Where it is 0 no entry point is imported."""


def installed() -> tuple[EntryPoint, ...]:
    """The entry points, by name."""
    return tuple(sorted(entry_points(group=GROUP), key=lambda each: each.name)) if _is_named() else ()


def is_wanted() -> bool:
    """Whether entry points may be imported."""
    return os.environ.get(VARIABLE, "") != "0"


def named(point: EntryPoint) -> str:
    """The entry point and its package: `lion of optimizers-extra 1.2`."""
    package = point.dist
    return f"{point.name} of {package.name} {package.version}" if package else point.name


def _is_named() -> bool:
    """Whether any package names the group: most do not, and to parse what all of them name takes every command a tenth of a second."""
    wanted = f"[{GROUP}]".encode()
    for folder in dict.fromkeys(sys.path):
        path = Path(folder or ".")
        if path.is_dir():
            for names in (*path.glob("*.dist-info/entry_points.txt"), *path.glob("*.egg-info/entry_points.txt")):
                try:
                    if wanted in names.read_bytes():
                        return True
                except OSError:
                    continue  # that of a package that is being removed
    return False
