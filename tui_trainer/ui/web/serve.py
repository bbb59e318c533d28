"""`tui-trainer serve`: what is served, and what is said when it cannot be."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tui_trainer.config.source import option
from tui_trainer.errors import UserError


def served_command(
    values: Mapping[str, Any],
    config_file: Path | None = None,
    output: Path | None = None,
    language: str | None = None,
    plugins: Sequence[Path] = (),
) -> str:
    """The shell's line for the app with these options, run by this very interpreter.

    `exec`, so that no shell stands between the server and the app; `--name=value`, because a value may begin with a dash.
    """
    arguments = [sys.executable, "-m", "tui_trainer"]
    arguments += [f"--plugin={path}" for path in plugins]
    arguments += [f"--{name}={given}" for name, given in (("config", config_file), ("output", output), ("language", language)) if given]
    for name, value in values.items():
        if isinstance(value, bool):
            arguments.append(option(name if value else f"no_{name}"))
        else:
            arguments.append(f"{option(name)}={value}")
    return "exec " + shlex.join(arguments)


def serve_app(command: str, host: str, port: int) -> int:
    """Serve until a signal comes, and return the exit status. Raises UserError where it cannot."""
    try:
        from tui_trainer.ui.web.browser import run_server  # noqa: PLC0415 its libraries are an optional extra
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "tui_trainer":
            raise
        raise UserError(f"serve needs a package that is missing here, {missing}: pip install 'textual-serve>=1.1'") from None
    return run_server(command, host, port)
