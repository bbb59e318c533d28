"""A file to begin a plugin with."""

from importlib.resources import files
from keyword import iskeyword
from pathlib import Path
from typing import Final

from tui_trainer.errors import UserError
from tui_trainer.nn.parts import snake_case
from tui_trainer.nn.registry import NAME, REPEATED
from tui_trainer.plugins.kinds import KINDS
from tui_trainer.system.files import write_whole

TEMPLATES: Final = files("tui_trainer.plugins") / "templates"


def kinds() -> tuple[str, ...]:
    """The kinds of parts for which there is a file to begin with."""
    return tuple(kind.name for kind in KINDS)


def part_name(name: str) -> str:
    """The name of the part, from that of a class or one with dashes."""
    return snake_case(name).replace("-", "_")


def beginning(kind: str, name: str, file: str) -> str:
    """The text of a commented plugin that passes `tui-trainer check`. Raises UserError for a name that no part can have."""
    part = part_name(name)
    if not NAME.fullmatch(part) or REPEATED.fullmatch(part) or iskeyword(part) or part in ("auto", "none"):
        raise UserError("no name for a part: a-z, 0-9 and _, a letter first, not x2 or the like at its end", value=name)
    class_name = "".join(word[:1].upper() + word[1:] for word in part.split("_"))
    title = part.replace("_", " ").capitalize()
    text = (TEMPLATES / f"{kind}.txt").read_text(encoding="utf-8")
    text = text.format(name=part, class_name=class_name, title=title, file=file)
    if snake_case(class_name) == part:
        return text
    # A class of this name would be called otherwise.
    head, docstring_end, rest = text.partition('."""\n\n    #')
    return f'{head}."""\n\n    name = "{part}"{docstring_end[4:]}{rest}'


def write_beginning(kind: str, name: str, output: Path | None) -> Path:
    """Write such a file: NAME.py here unless `output` names another; what is there already stays. Raises UserError."""
    path = output or Path(f"{part_name(name)}.py")
    text = beginning(kind, name, path.name)
    if path.exists():
        raise _exists(path)
    if any(part_name(name) in each.names() for each in KINDS if each.name == kind):
        raise UserError(f"the program has {kind} {name} already", value=name, hint="take another name")
    try:
        write_whole(path, text.encode(), over=False)
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise UserError(str(error.strerror or error).lower(), path=path) from None
    return path


def _exists(path: Path) -> UserError:
    return UserError("the file exists", path=path, hint="give another with --output")
