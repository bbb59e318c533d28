"""Rules side by side: what a step, another rate, another start and another surface do to them."""

import pytest

from tui_trainer.descent.landscape import SURFACES
from tui_trainer.descent.race import Race


def test_steps_end_at_the_start_and_at_the_last() -> None:
    race = Race("valley", ["sgd"])
    race.go(-1)
    assert race.step == 0
    race.go(7)
    race.go(-2)
    assert race.step == 5
    race.go(10_000)
    assert race.step == race.surface.steps
    assert race.is_over


def test_another_rate_goes_from_the_start_to_the_step_that_is_looked_at() -> None:
    race = Race("valley", ["sgd", "adam"], {"sgd": 0.01})
    race.go(20)
    before = race.path("adam").state_at(20)
    assert race.path("sgd").state_at(20).x == pytest.approx(-4.5 * 0.99**20)
    race.set_rate("sgd", 0.015)
    assert race.step == 20
    assert race.path("sgd").state_at(20).x == pytest.approx(-4.5 * 0.985**20)
    assert race.path("adam").state_at(20) == before


def test_another_start_begins_again() -> None:
    race = Race("valley", ["sgd"])
    race.go(20)
    race.set_start((1.0, 0.25))
    assert race.step == 0
    assert race.path("sgd").points(0).tolist() == [[1.0, 0.25]]
    race.set_start((float("nan"), 0.0))
    assert race.start == (1.0, 0.25)


def test_surfaces_come_in_turn_with_what_suits_them_and_the_same_rules() -> None:
    race = Race("valley", ["sgd", "nadam"], {"sgd": 0.03})
    seen = []
    for _ in SURFACES:
        race.go(3)
        race.next_surface()
        seen.append(race.surface.name)
        assert (race.step, race.start, race.shown) == (0, race.surface.start, {"sgd", "nadam"})
        assert race.rates["sgd"] == race.surface.descent_rate
    assert seen == ["tilted", "rosenbrock", "valley"]
    race.set_start((1.0, 0.0))
    race.reset()
    assert race.start == race.surface.start


def test_it_is_over_when_all_that_are_shown_are_lost() -> None:
    race = Race("valley", ["sgd", "adam"], {"sgd": 0.04})
    race.go(50)
    assert race.catch_up(1000)
    assert not race.is_over
    race.shown = {"sgd"}
    assert race.is_over
    race.go(-48)
    assert not race.is_over
    race.shown = set()
    assert not race.is_over


def test_catching_up_takes_so_many_steps_at_a_time() -> None:
    race = Race("rosenbrock", ["sgd", "adam"])
    race.go(500)
    assert [race.catch_up(300) for _ in range(4)] == [False, False, False, True]
    assert race.path("sgd").taken == race.path("adam").taken == 500
    assert race.catch_up(0)
