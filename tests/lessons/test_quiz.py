"""Questions about parameters, and their answers."""

from itertools import islice

import pytest

from tui_trainer.lessons.quiz import computed, questions


@pytest.mark.parametrize("seed", range(20))
def test_the_arithmetic_gives_what_the_network_holds(seed: int) -> None:
    for question in questions(seed, 9):
        assert question.holds
        # What is written is what was computed.
        calculation, *_, answer = question.arithmetic.split(" = ")
        assert eval(calculation) == question.answer == int(answer.replace(",", ""))


def test_an_answer_computed_by_hand() -> None:
    # 784 to 16 to 10 with ReLU: 785 x 16 + 17 x 10.
    question = next(each for seed in range(100) for each in questions(seed, 3) if each.text.endswith("784 to 16 to 10?"))
    assert question.answer == 12_730
    assert "(784 + 1) * 16" in question.arithmetic


def test_prelu_learns_a_slope_for_each_unit() -> None:
    question = list(questions(0, 3))[2]
    assert {row.kind for row in question.rows} == {"Flatten", "Dense", "PReLU"}
    units = [row.units for row in question.rows if row.kind == "PReLU"][-1]
    assert question.counted == units * units + units + units


def test_the_same_seed_asks_the_same() -> None:
    assert list(questions(3, 6)) == list(questions(3, 6))
    assert list(questions(3, 6)) != list(questions(4, 6))
    assert list(islice(questions(3, 6), 2)) == list(questions(3, 2))


def test_what_is_counted_decides() -> None:
    wrong = next(questions(0, 1))
    assert not type(wrong)(wrong.text, wrong.rows, wrong.answer + 1, wrong.arithmetic, wrong.counted).holds


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("79510", 79_510),
        (" 79,510 ", 79_510),
        ("79 510", 79_510),
        ("785 * 100 + 1010", 79_510),
        ("(784+1)×100", 78_500),
        ("2 * (3 + (4 + 1) * 2) + 1", 27),
        ("785×100", 78_500),
        ("", None),
        ("a lot", None),
        ("(1 + 2", None),
        ("1 + 2)", None),
        ("1 +", None),
        ("* 2", None),
        ("()", None),
        ("1" * 201, None),
        ("-1", None),
        ("1e3", None),
        ("٣", None),
    ],
)
def test_what_counts_as_a_number(text: str, number: int | None) -> None:
    assert computed(text) == number
