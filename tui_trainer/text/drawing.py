"""Images, and what a network says about them, in the characters that a terminal has."""

from collections.abc import Iterable
from enum import Enum
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, OverflowMethod
from rich.table import Table
from rich.text import Text

from tui_trainer.nn.arrays import Array
from tui_trainer.text.cells import rjust

BAR = 24
ASCII_RAMP = " .:-=+*#%@"
HALVES = " ▄▀█"
EIGHTHS = "▏▎▍▌▋▊▉█"
HEIGHTS = " ▁▂▃▄▅▆▇█"

SIGNED = "=- +#"
"""From the lowest weight to the highest, where there are no colours to tell the sign."""

STEPS = 7
"""Shades on either side of 0: more would be seen by nobody, and make every picture longer to write."""

LOWEST, MIDDLE, HIGHEST = (16, 34, 110), (112, 112, 112), (255, 222, 150)
"""Colours of weights: dark blue below 0, light yellow above, so that the sign is seen as well where colours come out as grays."""

Row = list[tuple[str, str]]
"""Texts, each with its style, empty for the ordinary one."""


class Look(Enum):
    """What pictures can be drawn with."""

    SHADES = "shades"
    BLOCKS = "blocks"
    """No colours, and so no shades."""
    ASCII = "plain characters"


def draw(levels: NDArray[np.uint8], bars: list[tuple[str, float]], console: Console) -> Table:
    """The image (height, width), from 0 for black to 255, in half-blocks, beside a bar for each name and its probability.

    Of more bars than the picture has lines the likeliest are drawn.
    """
    look = look_of(console)
    picture = gray(levels, look)
    if len(bars) > max(len(picture), 10):
        bars = sorted(bars, key=lambda bar: -bar[1])[: max(len(picture), 10)]
    table = Table.grid(padding=(0, 2))
    table.add_row(_text(picture, "crop"), _text(bar_rows(bars, BAR, is_ascii=look is Look.ASCII), "ellipsis"))
    return table


def look_of(console: Console) -> Look:
    """What this console shows."""
    if not console.encoding.lower().startswith("utf"):
        return Look.ASCII
    return Look.BLOCKS if console.color_system is None or console.no_color else Look.SHADES


def gray(levels: NDArray[np.uint8], look: Look) -> list[Row]:
    """An image (height, width) of levels from 0 for black to 255, two pixels to a character."""
    upper, lower = _halves(levels)
    match look:
        case Look.SHADES:
            return [
                in_runs("▀", (f"rgb({above},{above},{above}) on rgb({below},{below},{below})" for above, below in zip(*pair, strict=True)))
                for pair in zip(upper.tolist(), lower.tolist(), strict=True)
            ]
        case Look.BLOCKS:
            return _lines(np.array(list(HALVES))[2 * (upper > 127) + (lower > 127)])
        case Look.ASCII:
            sums = upper.astype(np.intp) + lower
            return _lines(np.array(list(ASCII_RAMP))[sums * len(ASCII_RAMP) // 512])


def signed(weights: Array, look: Look) -> list[Row]:
    """Weights (height, width) around 0, two to a character, on a scale from the largest magnitude among them to its negative.

    With shades they are dark below 0 and light above; without them `=` and `-` stand for weights below 0, `+` and `#` for those above.
    """
    finite = np.where(np.isfinite(weights), weights, 0)
    shares = finite / max(float(np.abs(finite).max(initial=0)), np.finfo(np.float32).tiny)
    upper, lower = _halves(shares)
    if look is Look.SHADES:
        steps = (np.rint(half * STEPS).astype(np.intp) + STEPS for half in (upper, lower))
        return [
            in_runs("▀", (f"rgb{_SHADES[above]} on rgb{_SHADES[below]}" for above, below in zip(*pair, strict=True)))
            for pair in zip(*(half.tolist() for half in steps), strict=True)
        ]
    middle = len(SIGNED) // 2
    means = (upper + lower) / 2
    return _lines(np.array(list(SIGNED))[np.rint(means * 1.25 * middle).clip(-middle, middle).astype(np.intp) + middle])


def resized(image: NDArray[Any], size: int) -> Array:
    """An image that is about `size` pixels wide: a multiple of its own size, or a whole fraction, whose pixels are means."""
    height, width = image.shape
    if size >= width:
        times = size // width
        return image.astype(np.float32).repeat(times, 0).repeat(times, 1)
    times = -(-width // size)
    padded = np.pad(image.astype(np.float32), ((0, -height % times), (0, -width % times)))
    means: Array = padded.reshape(len(padded) // times, times, -1, times).mean(axis=(1, 3))
    return means


def resized_height(shape: tuple[int, int], size: int) -> int:
    """How high an image of this shape becomes by `resized`."""
    height, width = shape
    return height * (size // width) if size >= width else -(-height // -(-width // size))


def bar_rows(bars: list[tuple[str, float]], width: int, *, is_ascii: bool) -> list[Row]:
    """For each name and its probability a bar of at most `width` characters; the likeliest is bold."""
    longest = max((cell_len(name) for name, _ in bars), default=0)
    likeliest = max((probability for _, probability in bars), default=0.0)
    return [
        [(f"{rjust(name, longest)} {bar(share, width, is_ascii=is_ascii):<{width}} {share:>6.1%}", "bold" if share == likeliest else "")]
        for name, share in bars
    ]


def bar(share: float, width: int, *, is_ascii: bool) -> str:
    """A share of a bar of `width` characters."""
    if is_ascii:
        return "#" * round(share * width)
    whole, rest = divmod(round(share * width * 8), 8)
    return "█" * whole + (EIGHTHS[rest - 1] if rest else "")


def in_runs(character: str, styles: Iterable[str]) -> Row:
    """A row of one character in changing styles."""
    return [(character * len(list(same)), style) for style, same in groupby(styles)]


def _shade(step: int) -> str:
    pole = HIGHEST if step > 0 else LOWEST
    share = abs(step) / STEPS
    return "(" + ",".join(str(round(middle + share * (end - middle))) for middle, end in zip(MIDDLE, pole, strict=True)) + ")"


_SHADES = [_shade(step) for step in range(-STEPS, STEPS + 1)]


def _halves(image: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Its even rows, and as many odd ones."""
    if len(image) % 2:
        image = np.concatenate([image, np.zeros_like(image[:1])])
    return image[::2], image[1::2]


def _lines(characters: NDArray[np.str_]) -> list[Row]:
    return [[("".join(row), "")] for row in characters.tolist()]


def _text(rows: list[Row], overflow: OverflowMethod) -> Text:
    text = Text(no_wrap=True, overflow=overflow, end="")
    for number, row in enumerate(rows):
        text.append("\n" if number else "")
        for piece, style in row:
            text.append(piece, style)
    return text
