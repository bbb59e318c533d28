from tui_trainer.ui.kit.pace import SHARE, Ration


def test_what_takes_long_is_asked_for_seldom() -> None:
    """Thirty seconds of training, looked at twice a second."""
    for cost in (0.0, 0.001, 0.1):
        ration = Ration()
        asked = [second / 2 for second in range(60) if ration.is_due(second / 2, cost)]
        assert asked[0] == 0
        assert len(asked) == (60 if cost < SHARE / 2 else 6)
        assert len(asked) * cost < SHARE * 30.5
