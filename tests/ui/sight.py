"""What nobody should see on a screen: things that cover one another, texts that are cut, too faint, or in another language."""

import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.style import Style
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Button, DataTable, Static
from textual.widgets._footer import FooterKey

from tui_trainer.ui.chart.painted import Painted
from tui_trainer.ui.descent.relief_map import ReliefMap

from .desk import Desk

CORNERS = 4
"""Columns of a border on both sides of its title."""

GIVES_WAY = {"architecture", "outcome", "directory", "brand", "heads"}
"""What ends where what matters more needs the room, for names and options may be of any length; the layer table leaves columns out."""

ENOUGH = 4.5
"""The contrast that WCAG 2.2 asks of a text, in success criterion 1.4.3."""


def overlaps(widget: Widget) -> list[str]:
    """Pairs of a widget's children that cover one another, and children that stick out of it, all the way down."""
    found = []
    children = [child for child in widget.children if child.is_on_screen and child.region.area and child.styles.overlay != "screen"]
    scrolls = isinstance(widget, VerticalScroll) or widget.allow_vertical_scroll
    for index, child in enumerate(children):
        if not scrolls and child.region.intersection(widget.region) != child.region:
            found.append(f"{child} {child.region} sticks out of {widget} {widget.region}")
        found += [f"{child} {child.region} covers {other}" for other in children[index + 1 :] if child.region.intersection(other.region)]
        if not scrolls:
            found += overlaps(child)
    return found


def cut_keys(screen: Screen[object]) -> Iterator[str]:
    """The keys in the footer that do not end before the palette's begins, or the screen does."""
    whole = Region(0, 0, *screen.size)
    palettes = [key.region.x for key in screen.query(FooterKey) if key.has_class("-command-palette")]
    for key in screen.query(FooterKey):
        is_covered = not key.has_class("-command-palette") and any(key.region.right > x for x in palettes)
        if is_covered or not whole.contains_region(key.region):
            yield f"{key}: {key.render()}"


def cut(screen: Screen[object]) -> Iterator[str]:
    """The texts that have less room than they take."""
    for widget in screen.query(Widget):
        if not (widget.is_on_screen and widget.size.width):
            continue
        for title in (widget.border_title, widget.border_subtitle):
            if title and cell_len(Content.from_markup(str(title)).plain) + CORNERS > widget.outer_size.width:
                yield f"{widget}: {title}"
        if isinstance(widget, Button) and cell_len(str(widget.label)) > widget.content_size.width:
            yield f"{widget}: {widget.label}"
        elif isinstance(widget, Static) and widget.id not in GIVES_WAY:  # labels and tabs among them
            size, text = widget.content_size, str(widget.visual)
            is_wide = (
                widget.styles.text_wrap == "nowrap" and max((cell_len(line.rstrip()) for line in text.splitlines()), default=0) > size.width
            )
            if is_wide or widget.visual.get_height(widget.styles.get_rules(), size.width) > size.height:
                yield f"{widget}: {text}"
        elif isinstance(widget, DataTable):
            labels = ((column.label.plain, column.get_render_width(widget)) for column in widget.ordered_columns)
            yield from (label for label, room in labels if cell_len(label) > room)
        elif isinstance(widget, Painted) and not isinstance(widget, ReliefMap):
            rows = ("".join(text for text, _style in row).rstrip() for row in widget.draw(*widget.size))
            yield from (row for row in rows if cell_len(row) > widget.size.width)


def english(desk: Desk) -> list[str]:
    """Phrases in English; what is typed, and where files are, is no language."""
    lines = [line for line in desk.screen.splitlines() if "tui-trainer" not in line and "/" not in line]
    shown = re.sub(r"--[a-z-]+ \S+", "", "\n".join(lines))
    return re.findall(r"\b[A-Za-z]{2,} [a-z]{2,}\b", shown)


def luminance(color: Color) -> float:
    """Relative luminance, as WCAG defines it."""
    channels = [value / 255 for value in color.get_truecolor()]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(style: Style) -> float:
    """The ratio of the lighter colour's luminance to the darker one's."""
    assert style.color is not None
    assert style.bgcolor is not None
    fore, back = luminance(style.color), luminance(style.bgcolor)
    return (max(fore, back) + 0.05) / (min(fore, back) + 0.05)


def faint(desk: Desk) -> Iterator[str]:
    """Texts on the screen that are too hard to read, but for those of controls that are switched off, which WCAG leaves out."""
    screen, console = desk.app.screen, Console()
    for y, line in enumerate(desk.lines):
        x = 0
        for text, style, _ in line.render(console):
            width = cell_len(text)
            widget, _region = screen.get_widget_at(min(x + width // 2, desk.app.size.width - 1), y)
            # What lies under a dialog is faded on purpose.
            behind = widget is screen and isinstance(screen, ModalScreen)
            off = widget.disabled or "-disabled" in widget.classes
            if style and any(letter.isalnum() for letter in text) and not behind and not off:
                found = contrast(style)
                if found < ENOUGH:
                    yield f"{text.strip()!r} at ({x}, {y}) in {widget!r}: {found:.1f}"
            x += width
