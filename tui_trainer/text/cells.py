"""Texts in columns of a terminal, of which a letter of Korean takes two."""

from rich.cells import cell_len, set_cell_size


def ljust(text: str, columns: int) -> str:
    """The text, with space after it up to so many columns."""
    return text + " " * (columns - cell_len(text))


def rjust(text: str, columns: int) -> str:
    """The text, with space before it up to so many columns."""
    return " " * (columns - cell_len(text)) + text


def cut(text: str, columns: int) -> str:
    """The text in exactly so many columns, its end left out or space after it."""
    return set_cell_size(text, columns)


def shorten(text: str, columns: int) -> str:
    """The text in at most so many columns, an ellipsis in place of its end where it is longer."""
    return text if cell_len(text) <= columns else f"{set_cell_size(text, max(columns - 1, 0))}…"


def wrap(text: str, columns: int) -> list[str]:
    """The text in lines of at most so many columns, cut between words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(longer) <= columns or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
