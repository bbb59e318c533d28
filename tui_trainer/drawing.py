"""An image and what a network says about it, side by side in the characters that a terminal has."""

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

BAR = 24
ASCII_RAMP = " .:-=+*#%@"
HALVES = " ▄▀█"
EIGHTHS = "▏▎▍▌▋▊▉█"


def draw(levels: NDArray[np.uint8], bars: list[tuple[str, float]], console: Console) -> Table:
    """The image (height, width), from 0 for black to 255, in half-blocks, beside a bar for each name and its probability.

    Of more bars than the picture has lines the likeliest are drawn.
    """
    if len(levels) % 2:
        levels = np.concatenate([levels, np.zeros_like(levels[:1])])
    lines = len(levels) // 2
    if len(bars) > max(lines, 10):
        bars = sorted(bars, key=lambda bar: -bar[1])[: max(lines, 10)]
    is_ascii = not console.encoding.lower().startswith("utf")
    table = Table.grid(padding=(0, 2))
    table.add_row(_picture(levels, console, is_ascii=is_ascii), _bars(bars, is_ascii=is_ascii))
    return table


def _picture(levels: NDArray[np.uint8], console: Console, *, is_ascii: bool) -> Text:
    picture = Text(no_wrap=True, overflow="crop", end="")
    for number, (upper, lower) in enumerate(zip(levels[::2].tolist(), levels[1::2].tolist(), strict=True)):
        if number:
            picture.append("\n")
        for above, below in zip(upper, lower, strict=True):
            if is_ascii:
                picture.append(ASCII_RAMP[(above + below) * len(ASCII_RAMP) // 512])
            elif console.color_system is None or console.no_color:
                picture.append(HALVES[2 * (above > 127) + (below > 127)])
            else:
                picture.append("▀", f"rgb({above},{above},{above}) on rgb({below},{below},{below})")
    return picture


def _bars(bars: list[tuple[str, float]], *, is_ascii: bool) -> Text:
    width = max(len(name) for name, _ in bars)
    text = Text(no_wrap=True, overflow="ellipsis", end="")
    for number, (name, probability) in enumerate(bars):
        eighths = round(probability * BAR * 8)
        whole, rest = divmod(eighths, 8)
        bar = "#" * round(probability * BAR) if is_ascii else "█" * whole + (EIGHTHS[rest - 1] if rest else "")
        likeliest = probability == max(value for _, value in bars)
        text.append("\n" if number else "")
        text.append(f"{name:>{width}} {bar:<{BAR}} {probability:>6.1%}", "bold" if likeliest else "")
    return text
