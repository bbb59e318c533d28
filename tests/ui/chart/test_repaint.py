from hypothesis import given
from hypothesis import strategies as st
from textual.geometry import Region

from tui_trainer.system.terminal import look_alike
from tui_trainer.ui.chart.repaint import changed_parts

Row = list[tuple[str, object]]

rows = st.lists(st.tuples(st.sampled_from(["", "a", "bb", "ccc"]), st.integers(0, 1)), max_size=6)


def cells(row: Row, width: int) -> Row:
    return ([(letter, pen) for text, pen in row for letter in text] + [(" ", None)] * width)[:width]


@given(st.lists(st.tuples(rows, rows), max_size=4))
def test_writing_the_changed_parts_over_the_old_picture_gives_the_new_one(pictures: list[tuple[Row, Row]]) -> None:
    before, after = [old for old, _ in pictures], [new for _, new in pictures]
    width = 20
    screen = [cells(row, width) for row in before]
    for part in changed_parts(before, after):
        x, y, columns, lines = part
        assert lines == 1
        screen[y][x : x + columns] = cells(after[y], width)[x : x + columns]
    assert screen == [cells(row, width) for row in after]


def test_only_what_differs_is_written() -> None:
    before = [[("left ", 1), ("old", 2), (" right", 1)], [("same", 1)]]
    after = [[("left ", 1), ("new", 2), (" right", 1)], [("same", 1)]]
    assert changed_parts(before, after) == [Region(5, 0, 3, 1)]
    assert changed_parts(after, after) == []


def test_characters_have_look_alikes_of_the_same_width() -> None:
    assert [look_alike(character) for character in "─│▶×é\u2800⣿█σ漢"] == ["-", "|", ">", "x", "e", " ", "*", "#", "s", "??"]
