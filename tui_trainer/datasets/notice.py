"""What is worth knowing of data before it is trained on."""

from typing import NamedTuple


class Notice(NamedTuple):
    """One thing that was found."""

    name: str
    """What scripts know it by: `sorted_file`."""
    text: str
    """The thing in a line, English."""
    warns: bool = True
    """Whether it may spoil a training; else it tells what was chosen."""
