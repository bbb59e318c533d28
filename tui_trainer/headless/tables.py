"""Results on stdout: a table on a terminal, aligned columns in a pipe, or JSON lines."""

import sys
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from typing import Any

GAP = "  "


def say(text: str, end: str = "\n") -> None:
    """Print the text, which must be safe to show."""
    print(text, end=end)  # noqa: T201


def say_json(record: Mapping[str, Any]) -> None:
    """Print the object on a line of its own."""
    from tui_trainer.runs.directory import line  # noqa: PLC0415 --help need not wait for it

    say(line(dict(record)))


def say_table(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int] = (), whole: int = 0) -> None:
    """Print rows of cells, which must be safe to show; the columns in `numbers` are aligned to the right.

    On a terminal that is too narrow the first `whole` columns are the last to be folded; a pipe gets whole lines, and no colour.
    """
    if sys.stdout.isatty():
        _say_framed(heads, rows, numbers, whole)
        return
    from rich.cells import cell_len  # noqa: PLC0415

    cells = [heads, *rows]
    widths = [max(map(cell_len, column)) for column in zip_longest(*cells, fillvalue="")]
    for row in cells:
        padding = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        texts = [space + cell if index in numbers else cell + space for index, (cell, space) in enumerate(zip(row, padding, strict=True))]
        say(GAP.join(texts).rstrip())


def _say_framed(heads: Sequence[str], rows: Sequence[Sequence[str]], numbers: Collection[int], whole: int) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index, head in enumerate(heads):
        table.add_column(Text(head), justify="right" if index in numbers else "left", overflow="fold", no_wrap=index < whole)
    for row in rows:
        # Text, not str: square brackets in names are no markup.
        table.add_row(*map(Text, row))
    console = Console(file=sys.stdout)
    with console.capture() as captured:
        console.print(table)
    say(captured.get(), end="")
