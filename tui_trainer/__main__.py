"""`tui-trainer` and `python -m tui_trainer`."""

import io
import os
import sys

import click

from tui_trainer.commands.program import program
from tui_trainer.errors import UserError
from tui_trainer.system.folders import printable


def main() -> None:
    """Run the command line; whatever a person got wrong ends in one line on stderr and status 2."""
    _make_streams_writable()
    try:
        sys.exit(program.main(prog_name="tui-trainer", standalone_mode=False))
    except UserError as error:
        _refuse(str(error))
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "tui-trainer"
        _refuse(f"{error.format_message()} (`{command} --help` lists the options)")
    except MemoryError:
        _refuse("out of memory: free some, or take a smaller network, batch or file")
    except click.Abort:
        sys.exit(130)
    except Exception as error:
        from tui_trainer.plugins.blame import blamed  # noqa: PLC0415 only a fault needs it

        told = blamed(error)
        if told is None:
            raise
        _refuse(str(told))


def _refuse(message: str) -> None:
    sys.stderr.write(f"tui-trainer: {printable(message)}\n")
    sys.exit(2)


def _make_streams_writable() -> None:
    """A stream that the caller closed takes text and loses it; one that is not UTF-8 escapes what it cannot write."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 it is open as long as the process is
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
