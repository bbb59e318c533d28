"""A figure of a plugin is on the map and in criteria, also of a run that was measured before it was there."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from history import story

from tui_trainer.history.history import History
from tui_trainer.history.quantities import FIGURES
from tui_trainer.lessons.criteria import Criterion
from tui_trainer.plugins.loaded import load, unload
from tui_trainer.plugins.new import beginning


def test_it_is_there_as_long_as_its_plugin_is(plugin: Callable[..., Path]) -> None:
    history = History()
    for step in (1, 2, 3):
        history.add(story.progress(step, layers=(story.health("dense_1", 0.5), story.health("dense_2", 0.1))))
    history.drain()
    before = len(FIGURES)
    assert history.health.kept[1].low.shape[2] == before
    loaded = load(plugin("gradient_share", beginning("figure", "gradient_share", "gradient_share.py")))
    figure = FIGURES["gradient_share"]
    cells = history.health.cells(figure, 3, 3)
    layer = history.layers[0]
    assert np.allclose(cells.values[0], layer.gradient_norm / layer.weight_norm, rtol=1e-6)
    asked = Criterion.model_validate(
        json.loads('{"run": "a", "quantity": "gradient_share", "layer": "first", "is": "below", "value": 1e9}')
    )
    assert asked.judge({"a": history}).holds
    unload(loaded)
    assert len(FIGURES) == before == history.health.kept[1].low.shape[2]
