from textual.geometry import Region
from textual.widget import Widget
from textual.widgets._footer import FooterKey

from tui_trainer.ui.run.run_panel import Phase

from .desk import LARGE, LONG, SMALL, USUAL, Desk, Desks


def keys(desk: Desk) -> list[str]:
    return [key.key for key in desk.app.screen.query(FooterKey)]


async def test_a_wider_terminal_shows_more_keys_after_those_that_a_small_one_has_room_for(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        few = keys(desk)
        await desk.resize(USUAL)
        await desk.until(lambda: len(keys(desk)) > len(few))
        assert keys(desk) == [*few, "f3", "p", "y"]
        await desk.resize(LARGE)
        await desk.until(lambda: keys(desk) == [*few, "f3", "p", "y", "v"])
        await desk.resize(SMALL)
        await desk.until(lambda: keys(desk) == few)


async def test_no_key_is_cut(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        for width in range(80, 200, 9):
            await desk.resize((width, 24))
            palette = desk.app.screen.query_one(".-command-palette", FooterKey)
            assert all(key.region.right <= palette.region.x for key in desk.app.screen.query(FooterKey) if key is not palette)


async def test_keys_that_a_field_would_take_as_text_are_not_offered_in_it(sit_down: Desks) -> None:
    async with sit_down(LARGE) as desk:
        assert "p" in keys(desk)
        await desk.press("tab")
        await desk.until(lambda: "p" not in keys(desk))
        assert "f3" in keys(desk)


async def test_only_what_can_be_done_now_is_offered_and_another_key_says_why_not(sit_down: Desks) -> None:
    async with sit_down(SMALL, **LONG) as desk:
        assert keys(desk) == ["ctrl+r", "c", "f2", "ctrl+q", "f1", "ctrl+p", "f"]
        for key in ("space", "s", "t", "n", "comma", "r", "h", "i", "x"):
            await desk.press(key)
            assert desk.notes == ["There is no run yet: ctrl+r starts one."]
            desk.app.clear_notifications()
        await desk.press("ctrl+r")
        await desk.until_phase(Phase.TRAINING)
        assert keys(desk)[:3] == ["space", "s", "t"]
        assert "ctrl+r" not in keys(desk)
        await desk.press("ctrl+r")
        assert desk.is_noted("A run is going on: s stops it first.")
        desk.app.clear_notifications()
        await desk.press("s")
        await desk.until_phase(Phase.ENDED)
        await desk.until(lambda: keys(desk)[0] == "ctrl+r")
        await desk.press("s")
        assert desk.is_noted("No run is going on: ctrl+r starts one.")


async def test_a_notice_has_the_footers_line_alone(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        # It says why not.
        await desk.press("h")
        await desk.until(lambda: bool(desk.notes))
        toast = desk.app.screen.query_one("Toast", Widget)
        for width, height in (SMALL, USUAL):
            await desk.resize((width, height))
            assert toast.region == Region(0, height - 1, width, 1)
