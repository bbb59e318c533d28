from textual.widgets._footer import FooterKey

from .desk import LARGE, SMALL, USUAL, Desk, Desks


def keys(desk: Desk) -> list[str]:
    return [key.key for key in desk.app.screen.query(FooterKey)]


async def test_a_wider_terminal_shows_more_keys_after_those_that_a_small_one_has_room_for(sit_down: Desks) -> None:
    async with sit_down(SMALL) as desk:
        few = keys(desk)
        await desk.resize(USUAL)
        await desk.until(lambda: len(keys(desk)) > len(few))
        assert keys(desk) == [*few, "x", "f3", "h", "p"]
        await desk.resize(LARGE)
        await desk.until(lambda: keys(desk) == [*few, "x", "f3", "h", "i", "p", "y", "v"])
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
