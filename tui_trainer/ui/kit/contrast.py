"""A theme's colours, moved as little as it takes for everything to be readable: WCAG asks for a contrast of 4.5 : 1."""

from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.color import BLACK, WHITE, Color, ColorParseError

ENOUGH = 4.6
"""A little more than is asked for: what is drawn is rounded."""

STEP = 0.05

GROUNDS = ("background", "surface", "panel")

TEXTS = ("text-primary", "text-secondary", "text-warning", "text-error", "text-success", "text-accent", "footer-key-foreground")

CURSORS = ("block-cursor-background",)
"""Grounds of white or black text, whichever stands out."""

CURSOR_TEXT = 0.87
"""How much of white or black such text is."""


def legible(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a theme that have to be other than it says. Colours that a terminal defines itself are left alone."""
    grounds = [color for color in (_color(variables.get(name)) for name in GROUNDS) if color]
    moved: dict[str, str] = {}
    for name in TEXTS:
        color = _color(variables.get(name))
        if color and grounds:
            moved[name] = _apart(color, grounds).hex
    for name in CURSORS:
        color = _color(variables.get(name))
        if color:
            moved[name] = _under_text(color).hex
    return moved


def ratio(one: Color, other: Color) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in color.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _color(text: str | None) -> Color | None:
    try:
        color = Color.parse(text or "")
    except ColorParseError:
        return None
    return None if color.ansi is not None or color.a < 1 else color


def _apart(color: Color, grounds: list[Color]) -> Color:
    """The colour, towards black or white as far as it has to go to stand out from all of the grounds."""
    end = max((BLACK, WHITE), key=lambda pole: min(ratio(pole, ground) for ground in grounds))
    factor = 0.0
    moved = color
    while factor < 1 and min(ratio(moved, ground) for ground in grounds) < ENOUGH:
        factor = min(1.0, factor + STEP)
        moved = color.blend(end, factor)
    return moved


def _under_text(color: Color) -> Color:
    """The colour, away from that of the text that is drawn on it, as far as it has to go for the text to stand out."""
    text = color.get_contrast_text(1.0)
    end = BLACK if text.brightness > 0.5 else WHITE
    factor = 0.0
    moved = color
    while factor < 1 and ratio(moved.blend(text, CURSOR_TEXT), moved) < ENOUGH:
        factor = min(1.0, factor + STEP)
        moved = color.blend(end, factor)
    return moved


def best_mark(app: App[Any]) -> str:
    """What marks the best of several where colour alone would not tell: one character, which this terminal can show."""
    return "*" if app.has_class("-plain") else "✦"
