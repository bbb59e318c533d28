"""`tui-trainer` and `python -m tui_trainer`."""

import sys

import click

from tui_trainer.cli import program
from tui_trainer.errors import UserError


def main() -> None:
    """Run the command line; whatever a person got wrong ends in one line on stderr and status 2."""
    try:
        sys.exit(program.main(prog_name="tui-trainer", standalone_mode=False))
    except UserError as error:
        _refuse(str(error))
    except click.UsageError as error:
        _refuse(f"{error.format_message()} (`tui-trainer --help` lists the options)")
    except click.Abort:
        sys.exit(130)


def _refuse(message: str) -> None:
    # A name from a file or an argument must not reach the terminal as an escape sequence.
    clean = "".join(character if character.isprintable() else repr(character)[1:-1] for character in message)
    sys.stderr.write(f"tui-trainer: {clean}\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
