"""tags.toml: the user's tags of a run."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import tomli_w

from tui_trainer.errors import UserError, reason_of
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.system.files import replace
from tui_trainer.system.locks import alone_in
from tui_trainer.system.reading import read_table

LONGEST_TAG: Final = 50
MOST_TAGS: Final = 100
MOST_BYTES: Final = 1 << 16


def read_tags(run: Path) -> tuple[str, ...]:
    """The run's tags, in the order in which they were given; none where there is no file. Raises UserError when it is broken.

    What they hold is not checked: they are texts, but perhaps not such as may be shown.
    """
    path = RunDirectory(run).tags
    if not os.path.lexists(path):
        return ()
    tags = read_table(path, MOST_BYTES).get("tags")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags) or len(tags) > MOST_TAGS:
        raise UserError(f"tags must be a list of at most {MOST_TAGS} texts", path=path)
    return tuple(dict.fromkeys(tags))


def parse_tag(text: str) -> str:
    """The tag in a text with or without a `+`. Raises UserError where it is not valid."""
    tag = text.removeprefix("+")
    if not tag or len(tag) > LONGEST_TAG or not tag.isprintable() or tag[0] in "+-" or set(tag) & set(" ,"):
        raise UserError(
            f"a tag is up to {LONGEST_TAG} printable characters without spaces and commas, and does not begin with -", value=text
        )
    return tag


def change_tags(run: Path, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> tuple[str, ...]:
    """Add and remove tags, and return the run's tags. Raises UserError."""
    path, removed = RunDirectory(run).tags, set(remove)
    try:
        with alone_in(run):
            tags = read_tags(run)
            if missing := next((tag for tag in removed if tag not in tags), None):
                raise UserError(f"has no tag {missing}", path=run)
            now = tuple(tag for tag in dict.fromkeys((*tags, *add)) if tag not in removed)
            if len(now) > MOST_TAGS:
                raise UserError(f"a run has at most {MOST_TAGS} tags", path=run)
            if now != tags:
                replace(path, tomli_w.dumps({"tags": list(now)}).encode())
    except OSError as error:
        raise UserError(reason_of(error), path=path) from None
    return now
