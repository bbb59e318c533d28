"""Everything that is to be read can be read: a contrast of 4.5 : 1 at least (WCAG 2.2, success criterion 1.4.3), in both default themes."""

from collections.abc import Iterator

import pytest
from rich.color import Color
from rich.style import Style
from textual.screen import ModalScreen

from tui_trainer.ui.run.change import ChangeScreen
from tui_trainer.ui.run.run_panel import Phase

from .desk import LONG, SMALL, Desk, Desks

ENOUGH = 4.5


def luminance(color: Color) -> float:
    """Relative luminance, as WCAG defines it."""
    channels = [value / 255 for value in color.get_truecolor()]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(style: Style) -> float:
    assert style.color is not None
    assert style.bgcolor is not None
    fore, back = luminance(style.color), luminance(style.bgcolor)
    return (max(fore, back) + 0.05) / (min(fore, back) + 0.05)


def faint(desk: Desk) -> Iterator[str]:
    """Texts on the screen that are too hard to read, but for those of controls that are switched off, which WCAG leaves out."""
    screen = desk.app.screen
    for y, strip in enumerate(screen._compositor.render_strips(desk.app.size)):
        x = 0
        for text, style, _ in strip:
            widget, _ = screen.get_widget_at(min(x + len(text) // 2, desk.app.size.width - 1), y)
            # What lies under a dialog is faded on purpose.
            behind = widget is screen and isinstance(screen, ModalScreen)
            off = widget.disabled or "-disabled" in widget.classes
            if style and any(letter.isalnum() for letter in text) and not behind and not off:
                found = contrast(style)
                if found < ENOUGH:
                    yield f"{text.strip()!r} at ({x}, {y}) in {widget!r}: {found:.1f}"
            x += len(text)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast(Style.parse("#000000 on #ffffff")) == pytest.approx(21)
    assert contrast(Style.parse("#777777 on #ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.long
@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_every_text_stands_out(sit_down: Desks, theme: str) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        desk.app.theme = theme
        found: dict[str, list[str]] = {}

        async def look(moment: str) -> None:
            await desk.pilot.pause(0.1)
            found[moment] = list(faint(desk))

        await look("form")
        await desk.type("wrong")
        await look("a wrong value")
        await desk.press("tab", "enter")
        await look("an open list")
        await desk.press("escape", "escape", "f1")
        await look("help")
        await desk.press("escape", "p")
        await look("presets")
        await desk.press("escape", "a")
        desk.app.main.query_one("#hidden").value = "16"  # type: ignore[attr-defined]
        await desk.pilot.pause()
        for key, moment in (("d", "layers"), ("k", "copy"), ("v", "save")):
            await desk.press("escape", key)
            await look(moment)
            await desk.press("escape")
        await desk.press("ctrl+r")
        await desk.until(lambda: desk.app.main.runner is not None and len(desk.app.main.runner.history.training_loss) > 1)
        await desk.press("space")
        await look("charts")
        for key in ("g", "2", "3"):
            await desk.press(key)
            await look(f"view {key}")
        await desk.press("t")
        assert isinstance(desk.app.screen, ChangeScreen)
        await look("change")
        await desk.press("escape", "ctrl+q")
        await look("leave")
        await desk.press("escape", "s")
        await desk.until_phase(Phase.ENDED)
        await look("ended")
        assert [f"{moment}: {text}" for moment, texts in found.items() for text in texts] == []
