"""Texts by their width in terminal columns; a Korean letter takes two."""

from rich.cells import cell_len, set_cell_size


def ljust(text: str, columns: int) -> str:
    """The text, padded on the right to a width in columns."""
    return text + " " * (columns - cell_len(text))


def rjust(text: str, columns: int) -> str:
    """The text, padded on the left to a width in columns."""
    return " " * (columns - cell_len(text)) + text


def cut(text: str, columns: int) -> str:
    """The text cut or padded to a width in columns."""
    return set_cell_size(text, columns)


def shorten(text: str, columns: int) -> str:
    """The text in at most a width in columns, cut with an ellipsis."""
    return text if cell_len(text) <= columns else f"{set_cell_size(text, max(columns - 1, 0))}…"


def wrap(text: str, columns: int) -> list[str]:
    """The text wrapped between words into lines of at most a width in columns."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(longer) <= columns or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def in_ascii(text: str) -> str:
    """The text with the signs of arithmetic as a terminal has them that knows ASCII alone."""
    return text.replace("÷", "/").replace("≥", ">=").replace("×", "*")
